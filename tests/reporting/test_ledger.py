"""A ledger's contents as text."""

from __future__ import annotations

import json
from datetime import UTC
from zoneinfo import ZoneInfo

from llmcost.core.instants import parse_timestamp
from llmcost.ledger.protocol import BatchInfo, LedgerInfo
from llmcost.reporting.ledger import info_json, info_text

NOON, _ = parse_timestamp("2026-11-20T12:00:00.5Z")
INFO = LedgerInfo(
    "/x/ledger.db", 1, 1, NOON, NOON + 1_000_000, 0, 3 * 2**20,
    (BatchInfo(1, NOON, "a\x1b[2J.jsonl", 1_234, False), BatchInfo(12, NOON, "sk-proj-abcdefghijklmnop", 0, True)),
)  # fmt: skip
EMPTY = LedgerInfo("/x/ledger.db", 1, 0, None, None, 0, 4096, ())


def test_text() -> None:
    shown = info_text(INFO, ZoneInfo("Asia/Shanghai"), width=None, color=False)
    assert shown.split("\n") == [
        "/x/ledger.db (version 1, 3.0 MiB)",
        "1 request, 0 unpriced; 2026-11-20T20:00:00.500000+08:00 to 2026-11-20T20:00:01.500000+08:00",
        "",
        "batch   started                rows            what",
        "────────────────────────────────────────────────────────────",
        "    1   2026-11-20 20:00:00   1,234            a\ufffd[2J.jsonl",
        "   12   2026-11-20 20:00:00       0   undone   sk-p…redacted",
    ]


def test_empty() -> None:
    assert info_text(EMPTY, UTC, width=80, color=False).split("\n") == [
        "/x/ledger.db (version 1, 0.0 MiB)",
        "0 requests, 0 unpriced; empty",
    ]
    document = json.loads(info_json(EMPTY, UTC))
    assert (document["first_request"], document["last_request"], document["batches"]) == (None, None, [])


def test_rows_that_were_compacted() -> None:
    compacted = INFO._replace(raw_since_us=1_763_596_800_000_000)
    assert "rows before 2025-11-20T00:00:00Z were compacted: their totals are kept" in info_text(
        compacted, ZoneInfo("Asia/Shanghai"), width=None, color=False
    )
    assert json.loads(info_json(compacted, ZoneInfo("Asia/Shanghai")))["raw_since"] == "2025-11-20T00:00:00Z"


def test_json() -> None:
    document = json.loads(info_json(INFO, UTC))
    assert document == {
        "schema_version": 1, "location": "/x/ledger.db", "version": 1, "requests": 1,
        "first_request": "2026-11-20T12:00:00.500000Z", "last_request": "2026-11-20T12:00:01.500000Z",
        "unpriced_requests": 0, "raw_since": None, "size_bytes": 3_145_728,
        "batches": [
            {"batch": 1, "started": "2026-11-20T12:00:00.500000Z", "what": "a\x1b[2J.jsonl", "rows": 1234,
             "undone": False},
            {"batch": 12, "started": "2026-11-20T12:00:00.500000Z", "what": "sk-p…redacted", "rows": 0, "undone": True},
        ],
    }  # fmt: skip
