"""Helicone's export tool and its request query."""

import json
from typing import Any

import pytest

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources.helicone import SOURCE
from tests.sources.reading import read

COLUMNS = ("response_id", "response_created_at", "response_status", "request_created_at", "request_body",
           "request_properties", "request_user_id", "model", "prompt_tokens", "completion_tokens", "latency",
           "cost_usd")  # fmt: skip
NO_HIT = "00000000-0000-0000-0000-000000000000"
POOR = (
    1,
    "the CSV has no columns for cached tokens: what used a prompt cache counts too little; export with --format jsonl",
)


def request(**changes: Any) -> dict[str, Any]:
    return {
        "response_id": "r1", "response_created_at": "2026-10-04T10:00:03Z", "response_status": 200,
        "response_model": "gpt-4o-2024-08-06", "request_id": "q1", "request_created_at": "2026-10-04T10:00:00.250Z",
        "request_body": {"messages": ["hi"]}, "request_user_id": "u1", "provider": "OPENAI", "delay_ms": 2500,
        "request_properties": {"Helicone-Session-Id": "s1", "env": "prod", "api_key": "sk-1"}, "model": "gpt-4o",
        "time_to_first_token": 400, "prompt_tokens": 700, "prompt_cache_read_tokens": 300, "completion_tokens": 50,
        "prompt_cache_write_tokens": 0, "prompt_audio_tokens": 20, "completion_audio_tokens": 10, "total_tokens": 1080,
        "cost": 0.0123, "costUSD": 0.0123, "cache_reference_id": NO_HIT, "prompt_id": "p1", **changes,
    }  # fmt: skip


RECORD = Record(
    1_791_108_000_250_000, "helicone:r1", "openai", "gpt-4o",
    Usage(input=700, cached=300, input_audio=20, output=50, output_audio=10), user="u1", session="s1",
    operation="chat", source="helicone", cache_hit=False, latency_us=2_500_000, ttft_us=400_000,
    reported_nano=12_300_000, tags=(("env", "prod"),), prompt_id="p1",
)  # fmt: skip


def as_tool(value: dict[str, Any]) -> bytes:
    """A row as the export tool writes it: objects' quotes are doubled twice."""
    cells = []
    for name in COLUMNS:
        cell = value.get(name)
        if isinstance(cell, dict):
            cell = json.dumps(cell).replace('"', '""')
        cells.append("" if cell is None else '"' + str(cell).replace('"', '""') + '"')
    return ",".join(cells).encode() + b"\n"


def table(*rows: dict[str, Any]) -> bytes:
    return ",".join(COLUMNS).encode() + b"\n" + b"".join(map(as_tool, rows))


def test_json_lines_and_a_page() -> None:
    assert read(SOURCE, request()) == ([RECORD], [], 0)
    assert read(SOURCE, {"data": [request()], "error": None}) == ([RECORD], [], 0)


def test_the_tool_s_csv_says_what_it_lacks() -> None:
    assert read(SOURCE, table(request())) == ([
        RECORD._replace(usage=Usage(input=700, output=50), cache_hit=None, latency_us=None, ttft_us=None,
                        reported_nano=None, prompt_id=""),
    ], [POOR], 0)  # fmt: skip


def test_a_cost_or_latency_in_the_csv_is_read() -> None:
    records, _, _ = read(SOURCE, table(request(latency=1500, cost_usd=0.5)))
    assert (records[0].latency_us, records[0].reported_nano) == (1_500_000, 500_000_000)


def test_an_answer_from_helicone_s_own_cache() -> None:
    nothing = dict.fromkeys(("prompt_tokens", "prompt_cache_read_tokens", "completion_tokens", "prompt_audio_tokens",
                             "completion_audio_tokens", "costUSD", "cost"), 0)  # fmt: skip
    records, problems, _ = read(SOURCE, request(cache_reference_id="11", **nothing), request(**nothing))
    assert [(record.cache_hit, record.usage, record.reported_nano) for record in records] == [(True, Usage(), 0)]
    assert problems == [(2, "unmetered: no token counts")]


@pytest.mark.parametrize(
    ("told", "status"),
    [(200, "ok"), (429, "error"), (-1, "timeout"), (-3, "cancelled"), (-4, "blocked"), ("", "ok"), (None, "ok")],
)
def test_the_status(told: Any, status: str) -> None:
    assert read(SOURCE, request(response_status=told))[0][0].status == status


def test_a_failure_used_nothing_and_a_pending_request_is_unmetered() -> None:
    silent = {"prompt_tokens": None, "completion_tokens": None, "prompt_cache_read_tokens": None, "costUSD": None,
              "prompt_audio_tokens": None, "completion_audio_tokens": None, "cost": None, "model": ""}  # fmt: skip
    records, problems, _ = read(
        SOURCE, request(response_status=500, response_model=None, **silent), request(response_status=-2, **silent)
    )
    assert [(record.status, record.usage) for record in records] == [("error", Usage())]
    assert problems == [(2, "unmetered: no token counts")]


@pytest.mark.parametrize(
    ("provider", "name"),
    [("ANTHROPIC", "anthropic"), ("X", "x-ai"), ("google-ai-studio", "google"), ("CUSTOM", "openai"), ("", "openai"),
     ("BEDROCK", "aws"), ("GROQ", "groq")],
)  # fmt: skip
def test_the_provider(provider: str, name: str) -> None:
    assert read(SOURCE, request(provider=provider))[0][0].provider == name


def test_what_makes_no_sense_is_skipped() -> None:
    records, problems, _ = read(
        SOURCE, request(request_created_at=None), request(model="", response_model=""), request(costUSD=-1),
        request(prompt_tokens=-5), {"data": [7, request()]},
    )  # fmt: skip
    assert records == [RECORD]
    assert [reason for _, reason in problems] == [
        "no timestamp", "no model", "cost is negative: '-1'", "prompt_tokens is negative: '-5'",
        "not a JSON object: '7'",
    ]  # fmt: skip
