"""Organisation pages of OpenAI and Anthropic: totals, exactly as told."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.billed import Billed
from llmcost.core.record import Problem
from llmcost.core.usage import Usage
from llmcost.sources import detect
from llmcost.sources.pages import buckets
from llmcost.sources.reader import LogFile

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "samples"
#: 2026-05-01 and the day after, in seconds.
DAY, NEXT = 1_777_593_600, 1_777_680_000
START, END = DAY * 1_000_000, NEXT * 1_000_000


def read(content: bytes | str) -> tuple[str, list[Billed], list[str], int]:
    """Name of the format, lines, reasons, lines left out."""
    file = LogFile(io.BytesIO(content.encode() if isinstance(content, str) else content), "page")
    source = detect(file)
    assert source is not None
    items: list[Any] = list(source.read(file))
    lines = [item for item in items if isinstance(item, Billed)]
    return source.name, lines, [item.reason for item in items if isinstance(item, Problem)], file.ignored


def openai(*results: str) -> str:
    return f'{{"object":"bucket","start_time":{DAY},"end_time":{NEXT},"results":[{",".join(results)}]}}'


COST = (
    '{"object":"organization.costs.result","amount":{"value":123.4567890123456789,"currency":"usd"},'
    '"line_item":"gpt-4o-2024-08-06, cached input","project_id":"proj_a","organization_id":"org_1",'
    '"quantity":1234567890123456789}'
)
CREDIT = (
    '{"object":"organization.costs.result","amount":{"value":-3.25,"currency":"usd"},"line_item":"credit, promotional"}'
)
USED = (
    '{"object":"organization.usage.completions.result","model":"gpt-4o","num_model_requests":10,"input_tokens":1000,'
    '"input_cached_tokens":400,"input_audio_tokens":5,"output_tokens":200,"output_audio_tokens":3,"batch":true,'
    '"project_id":"p","user_id":"u","api_key_id":"key_secret"}'
)
OPENAI_COST = Billed(
    "openai-admin", f"openai-admin/costs/{START}/{END}", START, END, "openai", Decimal("123.4567890123456789"), "USD",
    quantity=Decimal(1234567890123456789), model="gpt-4o-2024-08-06", account="org_1", project="proj_a",
    line_item="gpt-4o-2024-08-06, cached input",
)  # fmt: skip
OPENAI_USED = Billed(
    "openai-admin", f"openai-admin/usage.completions/{START}/{END}", START, END, "openai",
    usage=Usage(input=600, cached=400, input_audio=5, output=200, output_audio=3), requests=10, model="gpt-4o",
    tier="batch", project="p", user="u", line_item="usage.completions",
)  # fmt: skip


def test_openai_costs_and_usage_to_the_last_digit() -> None:
    name, lines, reasons, _ = read(openai(COST, CREDIT, USED))
    assert (name, reasons) == ("openai-admin", [])
    assert lines[0] == OPENAI_COST
    assert (lines[1].cost, lines[1].model, lines[1].quantity) == (Decimal("-3.25"), "", None)
    assert lines[2] == OPENAI_USED


@pytest.mark.parametrize("wrap", ["[{}]", '{{"object":"page","data":[{}],"has_more":false}}', "{}\n{}"])
def test_a_page_a_list_and_a_bucket_to_a_line_are_the_same(wrap: str) -> None:
    bucket = openai(COST, USED)
    content = wrap.format(bucket, bucket) if wrap.count("{}") == 2 else wrap.format(bucket)
    lines = read(content)[1]
    assert lines[:2] == [OPENAI_COST, OPENAI_USED]
    # Indented, it is no log of lines, and its digits are the same.
    if "\n" not in wrap:
        shown = json.dumps(json.loads(content, parse_float=lambda text: f"@{text}@"), indent=2)
        assert read(shown.replace('"@', "").replace('@"', ""))[1] == lines


@pytest.mark.parametrize(
    ("result", "quantity", "unit", "requests"),
    [
        ('{"object":"organization.usage.images.result","images":7,"num_model_requests":3}', 7, "images", 3),
        ('{"object":"organization.usage.vector_stores.result","usage_bytes":12}', 12, "usage_bytes", None),
        (
            '{"object":"organization.usage.audio_transcriptions.result","seconds":600,"num_model_requests":4}', 600,
            "seconds", 4,
        ),
    ],
)  # fmt: skip
def test_what_is_not_tokens_keeps_its_quantity(result: str, quantity: int, unit: str, requests: int | None) -> None:
    (line,) = read(openai(result))[1]
    assert line == line._replace(quantity=Decimal(quantity), unit=unit, requests=requests, usage=None, cost=None)


def anthropic(*results: dict[str, Any]) -> str:
    return json.dumps({
        "data": [
            {"starting_at": "2026-05-01T00:00:00Z", "ending_at": "2026-05-02T00:00:00Z", "results": list(results)},
        ],
        "has_more": False, "next_page": None,
    })  # fmt: skip


BILLED = {"amount": "1234.5678", "currency": "USD", "description": "Claude Usage - Input", "model": "claude-opus-4-6",
          "workspace_id": "wrk", "cost_type": "tokens", "service_tier": "standard"}  # fmt: skip
COUNTED = {"model": "claude-opus-4-6", "workspace_id": None, "service_tier": "batch", "inference_geo": "us",
           "uncached_input_tokens": 700, "cache_read_input_tokens": 300, "output_tokens": 9, "api_key_id": "key",
           "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
           "server_tool_use": {"web_search_requests": 2}}  # fmt: skip


def test_anthropics_amounts_are_cents_and_its_tokens_disjoint() -> None:
    name, lines, reasons, _ = read(anthropic(BILLED, COUNTED))
    assert (name, reasons) == ("anthropic-admin", [])
    assert lines == [
        Billed(
            "anthropic-admin", f"anthropic-admin/cost/{START}/{END}", START, END, "anthropic", Decimal("12.345678"),
            "USD", model="claude-opus-4-6", tier="standard", project="wrk", line_item="Claude Usage - Input",
        ),
        Billed(
            "anthropic-admin", f"anthropic-admin/usage/{START}/{END}", START, END, "anthropic",
            usage=Usage(input=700, cached=300, write_5m=10, write_1h=20, output=9, web_searches=2),
            model="claude-opus-4-6", tier="batch", region="us", line_item="messages",
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (openai(COST, COST.replace("123.4567890123456789", "null")), "a cost without its amount"),
        (openai(COST, COST.replace("123.4567890123456789", "NaN")), "a cost without its amount"),
        (openai(COST, COST.replace("123.4567890123456789", '"a lot"')), "amount is no number: 'a lot'"),
        (openai(COST, COST.replace("123.4567890123456789", "1e99999999")), "amount is no number: '1E+99999999'"),
        (openai(COST, COST.replace('"usd"', '"dollars"')), "not a currency: 'dollars'"),
        (openai(COST, COST.replace("organization.costs.result", "other")), "not a result of OpenAI's: 'other'"),
        (openai(COST, USED.replace('"input_tokens":1000', '"input_tokens":-1')), "input_tokens is negative: '-1'"),
        (openai(COST, USED.replace('"input_cached_tokens":400', '"input_cached_tokens":1400')), "cached, cache-write"),
        (openai(COST, "7"), "not a result: '7'"),
        (openai(COST) + "\n" + '{"start_time":1}', "not a bucket: "),
        (openai(COST) + "\n" + '{"cut', "not JSON: the page is cut short or malformed"),
        (
            openai(COST, USED.replace('"num_model_requests":10', f'"num_model_requests":{10**20}')),
            "a number of requests",
        ),
        (anthropic(BILLED, {**BILLED, "amount": None}), "not an amount: "),
        (anthropic(BILLED, {**BILLED, "currency": "$"}), "not an amount: "),
        (anthropic(BILLED, {"model": "m"}), "neither a cost nor tokens: "),
        (anthropic(BILLED, {**COUNTED, "output_tokens": 1.5}), "output_tokens is not a count: '1.5'"),
        (anthropic(BILLED).replace("2026-05-02T00:00:00Z", "soon"), "not a timestamp: 'soon'"),
    ],
)
def test_what_makes_no_sense_costs_itself_only_and_is_told(content: str, why: str) -> None:
    _, lines, reasons, _ = read(content)
    assert len(reasons) == 1
    assert reasons[0].startswith(why)
    assert len(lines) == (0 if "soon" in content else 1)


def test_lists_in_lists_are_looked_through() -> None:
    assert buckets(json.loads("[" * 900 + "1" + "]" * 900)) == [1]
    assert buckets([{"data": [1, [2, {"data": [3]}]]}, 4]) == [1, 2, 3, 4]


def test_a_line_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmcost.sources.reader.MAX_LINE", 2_000)
    _, lines, reasons, _ = read(openai(COST) + "\n" + openai(COST.replace("org_1", "x" * 3_000)) + "\n")
    assert (len(lines), len(reasons)) == (1, 1)


def test_other_logs_are_not_claimed() -> None:
    for other in ('{"timestamp":"2026-05-01T00:00:00Z","model":"gpt-4o","input_tokens":1}', '{"data":[{"id":"x"}]}'):
        source = detect(LogFile(io.BytesIO(other.encode()), "log"))
        assert source is None or not source.name.endswith("admin")


@pytest.mark.skipif(not SAMPLES.exists(), reason="the shared samples are not here")
@pytest.mark.parametrize(
    ("folder", "cost", "lines"),
    [
        ("openai_org/fixture", "192.3856890123456789", 15), ("openai_org/restated", "166.4289", 7),
        ("anthropic_admin/fixture", "209.850678", 23),
    ],
)  # fmt: skip
def test_the_samples(folder: str, cost: str, lines: int) -> None:
    found = [read(path.read_bytes()) for path in sorted((SAMPLES / folder).glob("*.json"))]
    assert [reason for _, _, reasons, _ in found for reason in reasons] == []
    every = [line for _, part, _, _ in found for line in part]
    assert (sum(line.cost or 0 for line in every), len(every)) == (Decimal(cost), lines)
