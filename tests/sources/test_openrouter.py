"""OpenRouter's activity export and answers about single generations."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources import source_named
from llmcost.sources.openrouter import SOURCE
from tests.sources.reading import read, read_path

SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "samples" / "openrouter" / "activity_columns.csv"
WHEN = "2026-10-04 10:00:00.250"


def row(**changes: Any) -> dict[str, Any]:
    return {
        "generation_id": "gen-1", "created_at": WHEN, "cost_total": "0.0123", "cost_web_search": "0",
        "cost_cache": "-0.001", "cost_file_processing": "0", "byok_usage_inference": "0", "tokens_prompt": "1000",
        "tokens_completion": "50", "tokens_reasoning": "20", "tokens_cached": "300",
        "model_permaslug": "openai/gpt-4.1-2025-04-14", "provider_name": "OpenAI", "variant": "standard",
        "cancelled": "false", "streamed": "true", "user": "u1", "finish_reason_raw": "stop",
        "finish_reason_normalized": "stop", "generation_time_ms": "2500", "time_to_first_token_ms": "400",
        "app_name": "shop", "api_key_name": "nightly", **changes,
    }  # fmt: skip


def table(*rows: dict[str, Any]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(row()))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def generation(**changes: Any) -> dict[str, Any]:
    return {"data": {
        "id": "gen-1", "created_at": "2026-10-04T10:00:00.250Z", "model": "openai/gpt-4.1-2025-04-14",
        "total_cost": 0.0123, "usage": 0.0123, "upstream_inference_cost": 0.02, "is_byok": False, "tokens_prompt": 990,
        "tokens_completion": 47, "native_tokens_prompt": 1000, "native_tokens_completion": 50,
        "native_tokens_reasoning": 20, "native_tokens_cached": 300, "native_tokens_completion_images": None,
        "cancelled": False, "latency": 400, "generation_time": 2500, "finish_reason": "stop", "provider_name": "OpenAI",
        "external_user": "u1", "api_type": "completions", **changes,
    }}  # fmt: skip


RECORD = Record(
    1_791_108_000_250_000, "openrouter:gen-1", "openrouter", "openai/gpt-4.1-2025-04-14",
    Usage(input=700, cached=300, output=30, reasoning=20), app="shop", operation="chat", user="u1", source="openrouter",
    latency_us=2_500_000, ttft_us=400_000, reported_nano=12_300_000,
    tags=(("provider_name", "OpenAI"),),
)  # fmt: skip


def test_a_row_of_the_export() -> None:
    assert read(SOURCE, table(row())) == ([RECORD], [], 0)


def test_a_generation_is_counted_by_its_own_tokenizer() -> None:
    expected = RECORD._replace(app="")
    assert read(SOURCE, generation()) == ([expected], [], 0)
    assert read(SOURCE, generation()["data"]) == ([expected], [], 0)
    fallback = generation(native_tokens_prompt=None, native_tokens_completion=None, native_tokens_reasoning=None,
                          native_tokens_cached=None)  # fmt: skip
    assert read(SOURCE, fallback)[0][0].usage == Usage(input=990, output=47)


def test_the_app_s_own_log_of_it_is_the_same_request() -> None:
    used = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050, "cost": 0.0123}
    answer = {"id": "gen-1", "object": "chat.completion", "created": 1_791_108_000, "model": "openai/gpt-4.1",
              "choices": [], "usage": used}  # fmt: skip
    assert read(source_named("openai"), answer)[0][0].id == RECORD.id


def test_what_one_s_own_key_paid_upstream_is_part_of_the_cost() -> None:
    assert read(SOURCE, table(row(byok_usage_inference="0.5")))[0][0].reported_nano == 512_300_000
    assert read(SOURCE, generation(is_byok=True))[0][0].reported_nano == 32_300_000


def test_reasoning_is_never_more_than_the_completion() -> None:
    records, problems, _ = read(SOURCE, table(row(tokens_completion="16", tokens_reasoning="19")))
    assert (records[0].usage, problems) == (Usage(input=700, cached=300, reasoning=16), [])


@pytest.mark.parametrize(
    ("variant", "model", "tier"),
    [
        ("free", "openai/gpt-4.1-2025-04-14:free", "standard"), ("nitro", "openai/gpt-4.1-2025-04-14", "standard"),
        ("batch", "openai/gpt-4.1-2025-04-14:batch", "batch"), ("", "openai/gpt-4.1-2025-04-14", "standard"),
    ],
)  # fmt: skip
def test_a_variant_with_prices_of_its_own_is_part_of_the_model(variant: str, model: str, tier: str) -> None:
    record = read(SOURCE, table(row(variant=variant)))[0][0]
    assert (record.model, record.tier) == (model, tier)


def test_how_it_ended() -> None:
    records, _, _ = read(SOURCE, table(row(cancelled="true"), row(finish_reason_normalized="error"),
                                       row(finish_reason_normalized="content_filter")))  # fmt: skip
    assert [record.status for record in records] == ["cancelled", "error", "ok"]


def test_a_failure_needs_no_counts() -> None:
    silent = row(finish_reason_normalized="error", tokens_prompt="", tokens_completion="", tokens_reasoning="",
                 tokens_cached="", cost_total="0")  # fmt: skip
    record = read(SOURCE, table(silent))[0][0]
    assert (record.status, record.usage, record.reported_nano) == ("error", Usage(), 0)


def test_a_day_s_total_is_no_request() -> None:
    day = {"date": "2026-10-04", "model": "openai/gpt-4.1", "model_permaslug": "openai/gpt-4.1-2025-04-14",
           "provider_name": "OpenAI", "usage": 0.015, "byok_usage_inference": 0.012, "requests": 5, "prompt_tokens": 50,
           "completion_tokens": 125, "reasoning_tokens": 25}  # fmt: skip
    reason = "a day's total of '5' requests, not a request"
    assert read(SOURCE, {"data": [day, day]}) == ([], [(1, reason), (1, reason)], 0)
    header = ",".join(day)
    line = ",".join(map(str, day.values()))
    assert read(SOURCE, f"{header}\n{line}\n".encode()) == ([], [(2, reason)], 0)


def test_what_makes_no_sense_is_skipped() -> None:
    records, problems, _ = read(
        SOURCE, table(row(created_at=""), row(model_permaslug=""), row(cost_total="-1"), row(tokens_prompt="many"),
                      row(tokens_prompt="", tokens_completion=""), row(tokens_cached="1001"), row()),
    )  # fmt: skip
    assert records == [RECORD]
    assert problems == [
        (2, "no timestamp"), (3, "no model"), (4, "cost_total is negative: '-1'"),
        (5, "tokens_prompt is not a count: 'many'"), (6, "unmetered: no token counts"),
        (7, "cached, cache-write, audio and image tokens exceed the input tokens"),
    ]  # fmt: skip


def test_a_bad_answer_in_a_list_costs_itself_only() -> None:
    records, problems, _ = read(SOURCE, {"data": [generation()["data"], 5, generation(created_at=None)["data"]]})
    assert [record.id for record in records] == ["openrouter:gen-1"]
    assert problems == [(1, "not a JSON object: '5'"), (1, "no timestamp")]


def test_another_gateway_s_answer_of_the_same_names_is_not_taken() -> None:
    from llmcost.sources import detect
    from llmcost.sources.reader import LogFile

    vercel = generation(native_tokens_cache_creation=0, billable_web_search_calls=0)
    assert detect(LogFile(io.BytesIO(json.dumps(vercel).encode()), "log")) is None


@pytest.mark.skipif(not SAMPLE.exists(), reason="the samples are not here")
def test_the_sample() -> None:
    records, problems, _ = read_path(SOURCE, SAMPLE)
    assert problems == []
    assert [(each.model, each.usage, each.reported_nano) for each in records] == [
        ("anthropic/claude-4.5-sonnet-20250929", Usage(input=16_527, output=95), 5_100_600)
    ]
