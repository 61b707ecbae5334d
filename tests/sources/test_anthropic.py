from __future__ import annotations

from typing import Any

import pytest

from llmcost.core.usage import Usage
from llmcost.sources.anthropic import matches, parse


def message(usage: dict[str, Any], **rest: Any) -> dict[str, Any]:
    body = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-5", "content": []}
    return {**body, "stop_reason": "end_turn", "usage": usage, **rest}


def test_input_excludes_cache_reads_and_writes() -> None:
    usage = {
        "input_tokens": 10, "output_tokens": 30, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
        "output_tokens_details": {"thinking_tokens": 12}, "server_tool_use": {"web_search_requests": 2},
        "service_tier": "priority",
    }  # fmt: skip
    found = parse(message(usage))
    assert found.usage == Usage(10, 200, 20, 30, output=18, reasoning=12, web_searches=2)
    assert (found.provider, found.tier, found.response_id) == ("anthropic", "priority", "msg_1")


def test_without_the_split_writes_live_five_minutes() -> None:
    found = parse(message({"input_tokens": 1, "cache_creation_input_tokens": 7, "cache_creation": None}))
    assert found.usage == Usage(1, write_5m=7)


def test_tiers_and_bedrock_ids() -> None:
    assert parse(message({"input_tokens": 1, "speed": "fast", "service_tier": "standard"})).tier == "fast"
    assert parse(message({"input_tokens": 1, "service_tier": "batch"})).tier == "batch"
    assert parse(message({"input_tokens": 1, "service_tier": "Turbo"})).tier == "turbo"
    assert parse(message({"input_tokens": 1}, id="msg_bdrk_1")).provider == "aws"


@pytest.mark.parametrize(
    ("geo", "region"), [("us", "us"), ("global", "global"), ("not_available", ""), (None, ""), ({}, "")]
)
def test_where_it_was_processed_is_the_region(geo: Any, region: str) -> None:
    assert parse(message({"input_tokens": 1, "inference_geo": geo})).region == region


def step(kind: str, given: int, made: int, **rest: Any) -> dict[str, Any]:
    return {"type": kind, "input_tokens": given, "output_tokens": made, **rest}


def test_compaction_is_billed_beside_the_top_level_counts() -> None:
    usage = {**step("", 220, 8), "iterations": [step("compaction", 55_000, 125), step("message", 220, 8)]}
    assert parse(message(usage)).usage == Usage(55_220, output=133)


def test_an_advisor_is_billed_at_its_own_model() -> None:
    steps = [
        step("message", 1000, 100),
        step("advisor_message", 2500, 40, model="claude-opus-5"),
        step("message", 9, 1),
    ]
    found = parse(message({**step("", 1009, 101), "iterations": steps}))
    assert found.usage == Usage(1009, output=101)
    assert found.extra == (("claude-opus-5", Usage(2500, output=40)),)


def test_steps_that_the_top_level_counts_cover_add_nothing() -> None:
    for steps in ([step("message", 5, 2)], [step("compaction", 3, 1), step("message", 2, 1)], [], "none", [7]):
        assert parse(message({**step("", 5, 2), "iterations": steps})).usage == Usage(5, output=2)


def test_a_fallback_model_that_the_top_level_counts_leave_out() -> None:
    steps = [step("message", 50, 5, model="claude-other"), step("fallback_message", 60, 6, model="claude-sonnet-5")]
    found = parse(message({**step("", 60, 6), "iterations": steps}))
    assert (found.usage, found.extra) == (Usage(60, output=6), (("claude-other", Usage(50, output=5)),))


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": "x"}, {"input_tokens": -1}, {"input_tokens": 1, "cache_creation": 3}, {"input_tokens": False},
        {"input_tokens": 1, "service_tier": 7}, {"output_tokens": 1, "output_tokens_details": {"thinking_tokens": 2}},
        {"input_tokens": 1, "cache_creation_input_tokens": -50},
        {"input_tokens": 1, "cache_creation_input_tokens": 9, "cache_creation": {"ephemeral_5m_input_tokens": -3}},
        {"input_tokens": 1, "output_tokens": 5, "output_tokens_details": {"thinking_tokens": -2}},
        {"input_tokens": 1, "server_tool_use": {"web_search_requests": -1}},
        {}, None, [], "u",
    ],
)  # fmt: skip
def test_nonsense_is_refused(usage: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(message(usage))


def test_it_leaves_the_responses_api_alone() -> None:
    assert not matches({"usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}})
    assert not matches({"object": "response", "usage": {"input_tokens": 1}})
    assert matches({"usage": {"input_tokens": 1, "output_tokens": 1}})
