from __future__ import annotations

from typing import Any

import pytest

from llmcost.core.usage import Usage
from llmcost.sources.gemini import finished, is_error, matches, merged, parse


def body(usage: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"candidates": [], "usageMetadata": usage, "modelVersion": "gemini-2.5-pro", "responseId": "r1", **rest}


def part(modality: str, tokens: Any) -> dict[str, Any]:
    return {"modality": modality, "tokenCount": tokens}


def test_the_four_counts() -> None:
    usage = {
        "promptTokenCount": 100, "cachedContentTokenCount": 40, "toolUsePromptTokenCount": 30,
        "candidatesTokenCount": 20, "thoughtsTokenCount": 50, "totalTokenCount": 200, "trafficType": "ON_DEMAND",
    }  # fmt: skip
    found = parse(body(usage, createTime="2026-10-01T10:00:00Z"))
    assert found.usage == Usage(input=90, cached=40, output=20, reasoning=50)
    assert found.usage.tokens == 200
    assert (found.provider, found.model, found.tier) == ("google", "gemini-2.5-pro", "standard")
    assert (found.response_id, found.created) == ("r1", "2026-10-01T10:00:00Z")


def test_modalities() -> None:
    usage = {
        "promptTokenCount": 1000, "cachedContentTokenCount": 300, "candidatesTokenCount": 1300,
        "promptTokensDetails": [part("TEXT", 100), part("AUDIO", 400), part("IMAGE", 300), part("VIDEO", 200)],
        "cacheTokensDetails": [part("AUDIO", 150), part("IMAGE", 100), part("TEXT", 50)],
        "candidatesTokensDetails": [part("IMAGE", 1290)],
    }  # fmt: skip
    found = parse(body(usage)).usage
    assert found == Usage(50, 150, 0, 0, 250, 150, 400, 10, 0, 0, 1290)
    assert (found.input_total, found.cached_total, found.output_total) == (1000, 300, 1300)


def test_embedding_and_tiers() -> None:
    found = parse({"embedding": {}, "usageMetadata": {"promptTokenCount": 7, "promptTokenDetails": [part("TEXT", 7)]}})
    assert (found.usage, found.operation, found.model) == (Usage(7), "embeddings", "")
    assert parse(body({"promptTokenCount": 1, "serviceTier": "flex"})).tier == "flex"
    assert parse(body({"promptTokenCount": 1, "serviceTier": "Galactic"})).tier == "galactic"
    reserved = parse(body({"promptTokenCount": 1, "trafficType": "PROVISIONED_THROUGHPUT"}))
    assert (reserved.tier, reserved.unmetered) == ("standard", True)
    assert parse(body({"promptTokenCount": 1}, modelVersion="models/gemini-3-pro")).model == "gemini-3-pro"


def test_searches_are_billed_by_prompt_and_from_gemini_3_by_query() -> None:
    grounded = [{"groundingMetadata": {"webSearchQueries": ["a", "b", "", 7]}}, {"groundingMetadata": "x"}]
    usage = {"promptTokenCount": 1}
    assert parse(body(usage, candidates=grounded)).usage.web_searches == 1
    assert parse(body(usage, candidates=grounded, modelVersion="gemini-3-flash")).usage.web_searches == 2


def test_the_chunks_of_a_stream_are_one_body() -> None:
    first = body({"promptTokenCount": 9, "cachedContentTokenCount": 4}, candidates=[{"content": {}}])
    last = {
        "candidates": [{"finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 5},
    }
    assert parse(merged([first, last])).usage == Usage(5, 4, output=5)
    assert finished(last)
    assert not finished(first)
    assert finished({"promptFeedback": {"blockReason": "SAFETY"}})


@pytest.mark.parametrize(
    "usage",
    [
        {"promptTokenCount": 5, "cachedContentTokenCount": 6}, {"promptTokenCount": "x"}, {"promptTokenCount": True},
        {"promptTokenCount": 5, "promptTokensDetails": [part("AUDIO", 6)]}, {}, "u", {"promptTokenCount": -1},
        {"promptTokenCount": 5, "promptTokensDetails": [part("AUDIO", [])]},
        {"promptTokenCount": 5, "serviceTier": 7},
        {"promptTokenCount": 5, "thoughtsTokenCount": -1, "candidatesTokenCount": 3},
        {"promptTokenCount": 5, "promptTokensDetails": [part("AUDIO", -1)]},
        {"promptTokenCount": 5, "candidatesTokenCount": -1, "responseTokenCount": 2},
    ],
)  # fmt: skip
def test_nonsense_is_refused(usage: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(body(usage))


def test_recognised() -> None:
    assert matches({"candidates": [{"content": {}}]})
    assert not matches({"candidates": [{"name": "a person"}]})
    assert is_error({"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}})
