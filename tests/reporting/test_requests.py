"""Single requests as text."""

from __future__ import annotations

import json
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from llmcost.core.instants import parse_timestamp
from llmcost.core.record import Record
from llmcost.core.usage import COST_PARTS, Usage
from llmcost.ledger.protocol import UNPRICED, Basis, PricedRecord, StoredRequest
from llmcost.reporting.columns import width_of
from llmcost.reporting.requests import COLUMNS, as_json, as_markdown, as_record, as_table, csv_lines, jsonl
from llmcost.sources.columns import FIELDS

NOON, _ = parse_timestamp("2026-11-20T12:00:00Z")
PARTS = tuple(range(1, len(COST_PARTS) + 1))
FULL = StoredRequest(
    PricedRecord(
        Record(
            NOON + 250_000, "openai:chatcmpl-1", "openai", "gpt-4o",
            Usage(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 3),
            tier="batch", app="聊天", environment="prod", team="t", operation="chat", user="ann", project="p",
            session="s", branch="main", machine="m", region="eu", status="error", error="429", source="openai",
            sidechain=True, partial=True, cache_hit=False, unmetered=True, latency_us=1_500_250, ttft_us=200_000,
            reported_nano=10**9, tags=(("a", "b"),), prompt_id="i", prompt_digest="d", prefix_digest="e",
            language="cjk", prompt_chars=0,
        ),
        sum(PARTS), PARTS, Basis("card", "exact", "catalogue", "", assumed=True),
    ),
    1,
)  # fmt: skip
BARE = StoredRequest(
    PricedRecord(Record(NOON, "~ab12", "", "m", Usage()), None, (), Basis(UNPRICED)), 1
)  # fmt: skip


def test_a_full_record_has_every_column() -> None:
    record = as_record(FULL, UTC)
    assert tuple(record) == COLUMNS
    assert record == {
        "timestamp": "2026-11-20T12:00:00.250000Z", "request_id": "chatcmpl-1", "provider": "openai",
        "model": "gpt-4o", "app": "聊天", "environment": "prod", "team": "t", "user": "ann", "operation": "chat",
        "session": "s", "project": "p", "branch": "main", "machine": "m", "region": "eu", "status": "error",
        "error": "429", "tier": "batch", "input_tokens": 127, "cached_input_tokens": 34, "cache_write_tokens": 4,
        "cache_write_1h_tokens": 8, "input_audio_tokens": 16, "cached_audio_tokens": 32, "image_tokens": 64,
        "output_tokens": 1920, "reasoning_tokens": 256, "output_audio_tokens": 512, "output_image_tokens": 1024,
        "web_searches": 3, "latency_ms": 1500.25, "time_to_first_token_ms": 200, "cache_hit": False,
        "unmetered": True, "sidechain": True, "partial": True, "reported_cost_usd": "1", "tags": {"a": "b"},
        "prompt_id": "i", "prompt_digest": "d", "prefix_digest": "e", "language": "cjk", "prompt_chars": 0,
        "source": "openai", "identity": "openai:chatcmpl-1", "cost_usd": "0.000000091", "cost_nano_usd": 91,
        "cost_parts_nano": dict(zip(COST_PARTS, PARTS, strict=True)), "priced_as": "card exact assumed",
    }  # fmt: skip


def test_every_column_is_one_that_ingest_reads() -> None:
    assert set(COLUMNS) <= set(FIELDS)


def test_a_bare_record_says_only_what_is_known() -> None:
    assert as_record(BARE, ZoneInfo("Asia/Shanghai")) == {
        "timestamp": "2026-11-20T20:00:00+08:00", "model": "m", "status": "ok", "tier": "standard",
        "input_tokens": 0, "output_tokens": 0, "identity": "~ab12", "cost_usd": None, "cost_nano_usd": None,
        "priced_as": "unpriced",
    }  # fmt: skip


def test_a_cost_in_one_lump_has_no_parts() -> None:
    lump = (*(0,) * (len(COST_PARTS) - 1), 5)
    priced = FULL.priced._replace(cost=5, parts=lump)
    assert "cost_parts_nano" not in as_record(FULL._replace(priced=priced), UTC)


def test_lines() -> None:
    one, two = list(jsonl([FULL, BARE], UTC))
    assert json.loads(one) == as_record(FULL, UTC)
    assert "聊天" in one
    assert two.endswith('"priced_as":"unpriced"}\n')
    header, first, second = list(csv_lines([FULL, BARE], UTC))
    assert header == ",".join(COLUMNS) + "\n"
    assert '"{""a"": ""b""}"' in first
    assert ",false,true,true,true,1," in first
    assert second.count(",") == len(COLUMNS) - 1
    assert second.endswith(",~ab12,,,,unpriced\n")


def test_json() -> None:
    document = json.loads(as_json([BARE], UTC))
    assert document == {"schema_version": 1, "requests": [as_record(BARE, UTC)]}


@pytest.mark.parametrize(
    ("width", "missing", "identity"),
    [
        (None, set(), "openai:chatcmpl-1"),
        (200, set(), "openai:chatcmpl-1"),
        (90, {"id"}, ""),
        (80, {"id", "cached"}, ""),
        (70, {"id", "cached", "latency"}, ""),
        (60, {"id", "cached", "latency", "status", "input"}, ""),
    ],
)
def test_a_narrow_terminal_leaves_columns_out(width: int | None, missing: set[str], identity: str) -> None:
    shown = as_table([FULL, BARE], UTC, width=width, color=False).split("\n")
    full = {"time", "app", "model", "cost", "input", "cached", "output", "latency", "status", "id"}
    assert set(shown[0].split()) == full - missing
    assert identity in shown[2]
    assert all(width_of(line) <= (width or 1_000) for line in shown)
    assert "…" not in "".join(shown)


def test_what_a_table_is_ordered_by_is_never_left_out() -> None:
    head = as_table([FULL, BARE], UTC, order="latency", width=70, color=False).split("\n")[0]
    assert "latency" in head
    assert "status" not in head


def test_a_long_id_is_shortened_only_in_a_terminal() -> None:
    long = FULL._replace(priced=FULL.priced._replace(record=FULL.priced.record._replace(id="openai:" + "x" * 300)))
    assert "x" * 300 in as_table([long], UTC, width=None, color=False)
    assert "x" * 300 in as_markdown([long], UTC)
    assert "openai:xxxxxxxxxxxxxxxx…" in as_table([long], UTC, width=130, color=False)


def test_the_empty_table_has_its_header() -> None:
    assert as_table([], UTC, width=None, color=False).split()[0] == "time"
    assert as_table([], UTC, width=40, color=False).split()[0] == "time"
