"""OpenAI's responses (chat, completions, embeddings, images, audio, Responses) and those made in their shape.

`prompt_tokens`/`input_tokens` include cached, cache-write, audio and image tokens; `completion_tokens`/
`output_tokens` include reasoning and audio (platform.openai.com, API reference, "usage"). Where others differ:

- DeepSeek, Moonshot, Mistral and LiteLLM write the cached count under names of their own, beside the details.
- xAI counts reasoning outside `completion_tokens`: `total_tokens` = prompt + completion + reasoning. So does
  Google's compatible endpoint, without naming it: there the rest of the total is reasoning. The total decides.
- Reasoning beyond the completion it is a part of (several hosts estimate it) is cut to the completion, which is
  what is billed.
- Cached tokens may be audio or image tokens at once: what does not fit is taken to be such an overlap.
- OpenRouter's `cost` leaves out what a caller's own key paid upstream: it is added when `is_byok`.
"""

from __future__ import annotations

from collections.abc import Mapping

from llmcost.core.money import round_half_even
from llmcost.core.usage import Usage, usage_from_totals
from llmcost.sources.parsed import (
    NO_USAGE,
    Body,
    Parsed,
    amount,
    count,
    error_text,
    family_provider,
    identifier,
    items,
    section,
    text,
    tier_named,
)

_CHAT = {"prompt_tokens", "completion_tokens"}
_RESPONSES = {"input_tokens", "output_tokens"}
_OBJECTS = ("chat.completion", "text_completion", "response", "completion")


def matches(body: Body) -> bool:
    usage = body.get("usage")
    if isinstance(usage, dict) and (
        usage.keys() & _CHAT or usage.keys() & _RESPONSES or usage.get("type") == "duration"
    ):
        return True
    return body.get("object") in _OBJECTS or ("choices" in body and "created" in body)


def is_error(body: Body) -> bool:
    return isinstance(body.get("error"), dict) and body.get("usage") is None


def parse(body: Body) -> Parsed:
    """Raises ValueError for counts that make no sense."""
    usage = section(body, "usage")
    failure = error_text(body.get("error"))
    if not usage and not failure:
        raise ValueError(NO_USAGE)
    if usage.get("type") == "duration":
        raise ValueError("usage by duration, not by tokens")
    model = text(body.get("model"))
    provider = _provider(body, usage, model)
    status = "error" if body.get("status") in ("failed", "cancelled") or (failure and not usage) else "ok"
    return Parsed(
        provider,
        model,
        _responses_usage(body, usage) if usage.keys() & _RESPONSES else _chat_usage(usage, provider),
        identifier(body.get("id")),
        body.get("created_at") or body.get("created") or None,
        tier_named(body.get("service_tier")),
        status,
        _operation(body, usage),
        _reported(usage),
        error=failure,
    )


def _chat_usage(usage: Body, provider: str) -> Usage:
    details = section(usage, "prompt_tokens_details")
    spent = section(usage, "completion_tokens_details")
    prompt, completion = count(usage, "prompt_tokens"), count(usage, "completion_tokens")
    reasoning = max(count(spent, "reasoning_tokens"), count(usage, "reasoning_tokens"))
    rest = count(usage, "total_tokens") - prompt - completion
    if provider == "google" and not reasoning and rest > 0 and "completion_tokens" in usage:
        reasoning = rest
    if reasoning and rest == reasoning:
        completion += reasoning
    cached = max(
        count(details, "cached_tokens"),
        count(usage, "prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cache_read_input_tokens"),
    )
    searches = count(section(usage, "server_tool_use"), "web_search_requests")
    return _split(usage, details, spent, prompt, cached, completion, reasoning, searches)


def _responses_usage(body: Body, usage: Body) -> Usage:
    details = section(usage, "input_tokens_details", "input_token_details")
    spent = section(usage, "output_tokens_details", "output_token_details")
    output = count(usage, "output_tokens")
    if not spent and any(item.keys() & {"b64_json", "url"} for item in items(body, "data")):
        spent = {"image_tokens": output}
    cached = count(details, "cached_tokens")
    reasoning = count(spent, "reasoning_tokens")
    return _split(usage, details, spent, count(usage, "input_tokens"), cached, output, reasoning, _searches(body))


def _split(
    usage: Body, details: Body, spent: Body, prompt: int, cached: int, completion: int, reasoning: int, searches: int
) -> Usage:
    written = max(
        count(details, "cache_write_tokens", "cache_creation_tokens"), count(usage, "cache_creation_input_tokens")
    )
    audio = count(details, "audio_tokens")
    image = count(details, "image_tokens") + count(details, "video_tokens")
    cached_audio = count(section(details, "cached_tokens_details"), "audio_tokens")
    if not cached_audio:
        cached_audio = min(max(0, cached + written + audio - prompt), audio, cached)
    room = max(0, prompt - cached - written - (audio - cached_audio))
    return usage_from_totals(
        input_total=prompt,
        cached=cached,
        write_5m=written,
        input_audio=audio - cached_audio,
        cached_audio=cached_audio,
        input_image=room if room < image <= room + cached else image,
        output_total=completion,
        reasoning=min(reasoning, completion),
        output_audio=count(spent, "audio_tokens"),
        output_image=count(spent, "image_tokens"),
        web_searches=searches,
    )


def _searches(body: Body) -> int:
    """Search calls; opening a page and finding in one are free (platform.openai.com, web search)."""
    calls = 0
    for item in items(body, "output"):
        action = item.get("action")
        kind = action.get("type") if isinstance(action, dict) else None
        if item.get("type") == "web_search_call" and kind in (None, "search") and item.get("status") != "failed":
            calls += 1
    return calls


def _reported(usage: Body) -> int | None:
    """What the provider says it charged: OpenRouter's and Perplexity's `cost`, xAI's ticks of 10**-10 USD."""
    cost = usage.get("cost")
    if isinstance(cost, Mapping):
        cost = cost.get("total_cost")
    if cost is not None:
        nano = amount(cost, "cost")
        upstream = section(usage, "cost_details").get("upstream_inference_cost")
        if usage.get("is_byok") is True and upstream is not None:
            nano += amount(upstream, "upstream_inference_cost")
        return nano
    if "cost_in_usd_ticks" in usage:
        return round_half_even(count(usage, "cost_in_usd_ticks"), 10)
    return None


def _operation(body: Body, usage: Body) -> str:
    if "choices" in body or "output" in body or body.get("object") in _OBJECTS:
        return "chat"
    first = next(iter(items(body, "data")), {})
    if "embedding" in first or first.get("object") == "embedding":
        return "embeddings"
    if first.keys() & {"b64_json", "url"}:
        return "image"
    return "transcription" if isinstance(body.get("text"), str) and "input_tokens" in usage else ""


def _provider(body: Body, usage: Body, model: str) -> str:
    """Who answered, by what only that provider writes; else the family of the model."""
    if body.keys() & {"prompt_filter_results", "content_filters"} or any(
        "content_filter_results" in choice for choice in items(body, "choices")
    ):
        return "azure"
    if usage.keys() & {"is_byok", "cost_details"} or identifier(body.get("id")).startswith("gen-"):
        return "openrouter"
    if "x_groq" in body or "queue_time" in usage:
        return "groq"
    if "time_info" in body:
        return "cerebras"
    if identifier(body.get("id")).startswith("resp_") and not model.startswith("grok"):
        return "openai"
    return family_provider(model)
