"""Google's generateContent and embedContent responses, of the Gemini API and of Vertex AI.

`promptTokenCount` includes `cachedContentTokenCount` but not `toolUsePromptTokenCount`; `candidatesTokenCount`
excludes `thoughtsTokenCount`; `totalTokenCount` is the sum of the four (ai.google.dev, UsageMetadata). The
`...Details` lists split each count by modality. A document is read as images of its pages.

Grounding with Google Search is billed per search query from Gemini 3 on, per grounded prompt before
(ai.google.dev, pricing).
"""

from __future__ import annotations

import re
from typing import Any

from llmcost.core.usage import Usage, usage_from_totals
from llmcost.sources.parsed import NO_USAGE, Body, Parsed, count, identifier, items, section, text, tier_named

_IMAGES = ("IMAGE", "VIDEO", "DOCUMENT")


def matches(body: Body) -> bool:
    if "usageMetadata" in body:
        return True
    if "modelVersion" in body or isinstance(body.get("promptFeedback"), dict):
        return True
    return any(item.keys() & {"content", "finishReason"} for item in items(body, "candidates"))


def is_error(body: Body) -> bool:
    error = body.get("error")
    return isinstance(error, dict) and isinstance(error.get("code"), int) and isinstance(error.get("status"), str)


def merged(chunks: list[Body]) -> Body:
    """The chunks of one stream as one body: later values replace earlier ones, usage field by field.

    Usage is cumulative; search queries may stand in any chunk.
    """
    body: Body = {}
    usage: Body = {}
    candidates: list[Any] = []
    for chunk in chunks:
        body.update((key, value) for key, value in chunk.items() if value is not None)
        found = chunk.get("usageMetadata")
        if isinstance(found, dict):
            usage.update(found)
        elif found is not None:
            raise ValueError("usageMetadata is not an object")
        candidates += [item for item in items(chunk, "candidates") if "groundingMetadata" in item]
    if usage:
        body["usageMetadata"] = usage
    return {**body, "candidates": candidates}


def finished(body: Body) -> bool:
    blocked = body.get("promptFeedback")
    return any(item.get("finishReason") for item in items(body, "candidates")) or (
        isinstance(blocked, dict) and "blockReason" in blocked
    )


def parse(body: Body) -> Parsed:
    """Raises ValueError for counts that make no sense."""
    usage = section(body, "usageMetadata")
    if not usage:
        raise ValueError(NO_USAGE)
    model = text(body.get("modelVersion") or body.get("model")).removeprefix("models/")
    traffic = usage.get("trafficType")
    return Parsed(
        "google",
        model,
        _usage(body, usage, model),
        identifier(body.get("responseId")),
        body.get("createTime"),
        tier_named(usage.get("serviceTier")) or tier_named(body.get("serviceTier")) or tier_named(traffic),
        operation="embeddings" if body.keys() & {"embedding", "embeddings", "predictions"} else "chat",
        unmetered=traffic == "PROVISIONED_THROUGHPUT",
    )


def _usage(body: Body, usage: Body, model: str) -> Usage:
    given = [
        *_details(usage, "promptTokensDetails", "promptTokenDetails"),
        *_details(usage, "toolUsePromptTokensDetails"),
    ]
    kept = _details(usage, "cacheTokensDetails")
    made = [*_details(usage, "candidatesTokensDetails", "responseTokensDetails")]
    thoughts = count(usage, "thoughtsTokenCount")
    cached_audio = _modality(kept, "AUDIO")
    return usage_from_totals(
        input_total=count(usage, "promptTokenCount") + count(usage, "toolUsePromptTokenCount"),
        cached=count(usage, "cachedContentTokenCount"),
        cached_audio=cached_audio,
        input_audio=max(0, _modality(given, "AUDIO") - cached_audio),
        input_image=max(0, _modality(given, *_IMAGES) - _modality(kept, *_IMAGES)),
        output_total=count(usage, "candidatesTokenCount", "responseTokenCount") + thoughts,
        reasoning=thoughts,
        output_audio=_modality(made, "AUDIO"),
        output_image=_modality(made, "IMAGE", "VIDEO"),
        web_searches=_searches(body, model),
    )


def _details(usage: Body, *names: str) -> list[Body]:
    return next((items(usage, name) for name in names if usage.get(name)), [])


def _modality(details: list[Body], *modalities: str) -> int:
    return sum(count(part, "tokenCount") for part in details if part.get("modality") in modalities)


def _searches(body: Body, model: str) -> int:
    queries = 0
    for candidate in items(body, "candidates"):
        grounding = candidate.get("groundingMetadata")
        found = grounding.get("webSearchQueries") if isinstance(grounding, dict) else None
        if isinstance(found, list):
            queries += sum(isinstance(query, str) and bool(query.strip()) for query in found)
    version = re.match(r"gemini-([0-9]+)", model)
    return queries if version is not None and int(version[1][:3]) >= 3 else min(queries, 1)
