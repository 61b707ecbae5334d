"""What a round of watching brought, on one line."""

from __future__ import annotations

import json
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from llmcost.ingest.pipeline import Ingested
from llmcost.ledger.protocol import Added
from llmcost.reporting.watched import as_json, as_line

AT = 1_763_974_800_000_000  # 2025-11-24T09:00:00Z


def result(added: Added, batch: int = 7) -> Ingested:
    made = Ingested(batch=batch, added=added)
    made.count("codex", 0)
    made.count("claude-code", 1_200)
    made.count("jsonl", 2)
    return made


@pytest.mark.parametrize(
    ("added", "want"),
    [
        (Added(new=1, cost=12_345_678), "added 1 request, worth $0.0123"),
        (Added(new=12, updated=3, unpriced=2, cost=10**9), "added 12 requests, updated 3, worth $1.00, 2 unpriced"),
        (Added(updated=1), "updated 1, worth $0.00"),
    ],
)  # fmt: skip
def test_a_line(added: Added, want: str) -> None:
    told = " (claude-code 1,200, jsonl 2; batch 7)"
    assert as_line(result(added), AT, UTC) == f"09:00:00  {want}{told}"
    assert as_line(result(added), AT, ZoneInfo("Asia/Kolkata")) == f"14:30:00  {want}{told}"


def test_a_document_on_one_line() -> None:
    text = as_json(result(Added(new=1, cost=12_345_678)), AT, ZoneInfo("America/New_York"))
    assert "\n" not in text
    found = json.loads(text)
    assert (found["at"], found["schema_version"]) == ("2025-11-24T04:00:00-05:00", 1)
    assert (found["new"], found["cost_usd"], found["batch"]) == (1, "0.012345678", 7)
