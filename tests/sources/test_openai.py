from __future__ import annotations

from typing import Any

import pytest

from llmcost.core.usage import Usage
from llmcost.sources.openai import matches, parse


def chat(usage: dict[str, Any], **rest: Any) -> dict[str, Any]:
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_790_000_000, "model": "gpt-5-mini"}
    return {**body, "choices": [], "usage": usage, **rest}


def test_totals_include_their_parts() -> None:
    usage = {
        "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 40, "audio_tokens": 10},
        "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 5},
    }  # fmt: skip
    found = parse(chat(usage)).usage
    assert found == Usage(input=50, cached=40, input_audio=10, output=25, reasoning=20, output_audio=5)
    assert (found.input_total, found.output_total) == (100, 50)


@pytest.mark.parametrize(
    "cached",
    [
        {"prompt_tokens_details": {"cached_tokens": 64}},
        {"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36},
        {"cached_tokens": 64},
        {"num_cached_tokens": 64, "prompt_tokens_details": {"cached_tokens": 64}},
    ],
)
def test_every_spelling_of_cached_tokens_counts_once(cached: dict[str, Any]) -> None:
    found = parse(chat({"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101, **cached})).usage
    assert found == Usage(input=36, cached=64, output=1)


def test_reasoning_outside_the_completion_is_told_by_the_total() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 7}}
    assert parse(chat({**usage, "total_tokens": 22}, model="grok-4")).usage == Usage(10, output=5, reasoning=7)
    assert parse(chat({**usage, "completion_tokens": 9, "total_tokens": 19})).usage == Usage(10, output=2, reasoning=7)


def test_google_counts_thoughts_only_in_the_total() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115}
    assert parse(chat(usage, model="gemini-2.5-flash")).usage == Usage(10, output=5, reasoning=100)
    assert parse(chat(usage)).usage == Usage(10, output=5)


def test_reasoning_beyond_its_completion_is_cut_to_what_is_billed() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 9}}
    assert parse(chat({**usage, "total_tokens": 15})).usage == Usage(10, reasoning=5)


def test_cached_tokens_may_be_audio_or_image_tokens_at_once() -> None:
    usage = {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 90, "audio_tokens": 30}}
    assert parse(chat(usage)).usage == Usage(cached=70, cached_audio=20, input_audio=10)
    usage = {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 90, "image_tokens": 80}}
    assert parse(chat(usage)).usage == Usage(cached=90, input_image=10)


def test_parts_that_fit_nowhere_are_refused() -> None:
    for details in ({"cached_tokens": 101}, {"audio_tokens": 101}, {"image_tokens": 101}):
        with pytest.raises(ValueError, match="exceed the input tokens"):
            parse(chat({"prompt_tokens": 100, "prompt_tokens_details": details}))


def test_responses_api() -> None:
    body = {
        "id": "resp_1", "object": "response", "created_at": 1_790_000_000, "status": "completed",
        "model": "gpt-5", "service_tier": "flex",
        "output": [
            {"type": "web_search_call", "status": "completed", "action": {"type": "search"}},
            {"type": "web_search_call", "status": "completed", "action": {"type": "open_page"}},
            {"type": "web_search_call", "status": "completed"},
            {"type": "web_search_call", "status": "failed", "action": {"type": "search"}},
            {"type": "message"}, 7,
        ],
        "usage": {
            "input_tokens": 80, "input_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 20},
            "output_tokens": 12, "output_tokens_details": {"reasoning_tokens": 8}, "total_tokens": 92,
        },
    }  # fmt: skip
    found = parse(body)
    assert found.usage == Usage(input=30, cached=30, write_5m=20, output=4, reasoning=8, web_searches=2)
    assert (found.provider, found.tier, found.status, found.operation) == ("openai", "flex", "ok", "chat")
    failed = parse({**body, "status": "failed", "usage": None, "error": {"code": "server_error", "message": "no"}})
    assert (failed.status, failed.usage, failed.error) == ("error", Usage(), "server_error: no")


def test_embeddings_images_and_speech() -> None:
    body: dict[str, Any] = {"object": "list", "data": [{"object": "embedding"}], "model": "text-embedding-3-small"}
    found = parse({**body, "usage": {"prompt_tokens": 7, "total_tokens": 7}})
    assert (found.usage, found.operation) == (Usage(7), "embeddings")
    image = {"created": 1, "data": [{"b64_json": ""}], "usage": {
        "input_tokens": 20, "input_tokens_details": {"text_tokens": 8, "image_tokens": 12}, "output_tokens": 272,
    }}  # fmt: skip
    assert parse(image).usage == Usage(input=8, input_image=12, output_image=272)
    speech = {"text": "hi", "usage": {
        "type": "tokens", "input_tokens": 14, "input_token_details": {"audio_tokens": 14}, "output_tokens": 3,
    }}  # fmt: skip
    assert (parse(speech).usage, parse(speech).operation) == (Usage(input_audio=14, output=3), "transcription")
    with pytest.raises(ValueError, match="by duration"):
        parse({"text": "hi", "usage": {"type": "duration", "seconds": 9}})


@pytest.mark.parametrize(
    ("usage", "nano"),
    [
        ({"cost": 0.000151, "is_byok": False}, 151_000),
        ({"cost": 0.00001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0003}}, 310_000),
        ({"cost": {"total_cost": 0.005}}, 5_000_000),
        ({"cost_in_usd_ticks": 37_756_000}, 3_775_600),
        ({}, None),
    ],
)
def test_reported_cost(usage: dict[str, Any], nano: int | None) -> None:
    assert parse(chat({"prompt_tokens": 1, **usage})).reported_nano == nano


@pytest.mark.parametrize("cost", [True, [1], "1e-999999999", "free", -1e12, {"total_cost": "x"}, "0,0123"])
def test_a_cost_that_is_none_is_refused(cost: Any) -> None:
    with pytest.raises(ValueError, match=r"amount|comma"):
        parse(chat({"prompt_tokens": 1, "cost": cost}))


@pytest.mark.parametrize(
    ("rest", "provider"),
    [
        ({}, "openai"),
        ({"prompt_filter_results": []}, "azure"),
        ({"choices": [{"content_filter_results": {}}]}, "azure"),
        ({"id": "gen-1", "provider": "Google"}, "openrouter"),
        ({"x_groq": {"id": "r"}, "model": "openai/gpt-oss-120b"}, "groq"),
        ({"time_info": {}, "model": "zai-glm-4.7"}, "cerebras"),
        ({"model": "mistral-large-latest"}, "mistral"),
        ({"model": "grok-4"}, "x-ai"),
        ({"model": "deepseek-chat"}, "deepseek"),
        ({"model": "sonar-pro"}, "perplexity"),
        ({"model": "kimi-k2"}, "moonshotai"),
        ({"model": "meta-llama/llama-4"}, ""),
        ({"model": "my-own-model"}, ""),
    ],
)
def test_provider(rest: dict[str, Any], provider: str) -> None:
    assert parse(chat({"prompt_tokens": 1}, **rest)).provider == provider


@pytest.mark.parametrize(
    ("tier", "ours"),
    [
        ("default", "standard"),
        ("auto", ""),
        (None, ""),
        ("priority", "priority"),
        ("batch", "batch"),
        ("Ultra\n2", "ultra\ufffd2"),
    ],
)
def test_served_tier(tier: str | None, ours: str) -> None:
    assert parse(chat({"prompt_tokens": 1}, service_tier=tier)).tier == ours


@pytest.mark.parametrize("bad", [True, 1.5, "many", [1], {}, -1, 10**13, float("nan"), float("inf")])
def test_a_count_that_is_none_is_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match=r"not a count|negative|implausibly"):
        parse(chat({"prompt_tokens": bad}))


def test_counts_as_text_and_integral_floats_are_read() -> None:
    assert parse(chat({"prompt_tokens": "12", "completion_tokens": 3.0})).usage == Usage(12, output=3)


def test_other_bodies() -> None:
    assert not matches({"model": "gpt-5", "messages": []})
    assert not matches({"usage": "none"})
    with pytest.raises(ValueError, match="no usage"):
        parse(chat({}))


@pytest.mark.parametrize(
    "usage",
    [
        {"cached_tokens": -500}, {"prompt_tokens_details": {"cached_tokens": -500}, "cached_tokens": 3},
        {"reasoning_tokens": -3}, {"completion_tokens_details": {"reasoning_tokens": -3}},
        {"cache_creation_input_tokens": -50}, {"prompt_tokens_details": {"cache_write_tokens": -1}},
        {"prompt_tokens_details": {"audio_tokens": -1}}, {"prompt_tokens_details": {"image_tokens": "-1"}},
        {"total_tokens": -1}, {"completion_tokens": -2.0},
    ],
)  # fmt: skip
def test_no_negative_count_is_hidden_by_another(usage: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"tokens is negative: '-[0-9.]+'"):
        parse(chat({"prompt_tokens": 100, **usage}))


def test_a_negative_cost_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cost is negative: '-0\.5'"):
        parse(chat({"prompt_tokens": 1, "cost": -0.5}))
