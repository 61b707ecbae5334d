"""Anthropic's Messages responses.

`input_tokens` excludes cache reads and writes; total input is the sum of the three (docs.claude.com, prompt
caching). `cache_creation` splits the writes by lifetime; without it they live five minutes, the default.
Thinking is a part of `output_tokens`.

`iterations` lists each sampling step. The top-level counts are those of the `message` steps alone: compaction
and advisor steps are billed in addition (docs.claude.com, "Compaction" and "Advisor tool"), an advisor's at its
own model's rates.
"""

from __future__ import annotations

from llmcost.core.usage import Usage, usage_from_parts
from llmcost.sources.bedrock import METRICS
from llmcost.sources.parsed import (
    NO_USAGE,
    Body,
    Parsed,
    added,
    count,
    error_text,
    identifier,
    items,
    microseconds,
    section,
    text,
    tier_named,
)


def matches(body: Body) -> bool:
    usage = body.get("usage")
    if body.get("type") == "message" and (isinstance(usage, dict) or "stop_reason" in body):
        return True
    if not isinstance(usage, dict) or body.get("object") is not None:
        return False
    return "input_tokens" in usage and not usage.keys() & {
        "total_tokens", "input_tokens_details", "input_token_details", "cached_input_tokens", "type",
    }  # fmt: skip


def is_error(body: Body) -> bool:
    return body.get("type") == "error" and isinstance(body.get("error"), dict)


def parse(body: Body) -> Parsed:
    """Raises ValueError for counts that make no sense."""
    usage = section(body, "usage")
    if not usage:
        raise ValueError(NO_USAGE)
    model = text(body.get("model"))
    response_id = identifier(body.get("id"))
    total, extra = billed(usage, model)
    metrics, failure = section(body, METRICS), error_text(body.get("error"))
    return Parsed(
        "aws" if metrics else provider_of(response_id),
        model,
        total,
        response_id,
        body.get("created_at"),
        served_tier(usage.get("speed"), usage.get("service_tier")),
        "error" if failure else "ok",
        "chat",
        error=failure,
        latency_us=microseconds(metrics.get("invocationLatency")),
        ttft_us=microseconds(metrics.get("firstByteLatency")),
        extra=extra,
        region=region_of(usage.get("inference_geo")),
    )


def provider_of(response_id: str) -> str:
    """Who served a message, by its id: Bedrock's own begin with `msg_bdrk_`."""
    return "aws" if response_id.startswith("msg_bdrk_") else "anthropic"


def served_tier(speed: object, service_tier: object) -> str:
    """The tier that served a message; empty where it does not say."""
    return "fast" if speed == "fast" else tier_named(service_tier)


def region_of(inference_geo: object) -> str:
    """Where a message was processed (`us`, `global`); Claude Code writes `not_available` where it does not know."""
    region = text(inference_geo)
    return "" if region == "not_available" else region


def billed(usage: Body, model: str) -> tuple[Usage, tuple[tuple[str, Usage], ...]]:
    """What a message of `model` used, and (model, usage) of what other models did within it.

    Raises:
        ValueError: counts that make no sense.
    """
    total = _usage(usage)
    others: list[tuple[str, Usage]] = []
    for step in _uncovered(usage, model):
        name = text(step.get("model")) or model
        if name == model:
            total = added(total, _usage(step))
        else:
            others.append((name, _usage(step)))
    return usage_from_parts(total), tuple(others)


def has_steps(iterations: object) -> bool:
    """Whether a usage's `iterations` may add to its counts: a single `message` step is the message itself."""
    if not isinstance(iterations, list) or not iterations:
        return False
    first = iterations[0]
    return not (len(iterations) == 1 and isinstance(first, dict) and first.get("type") == "message")


def disjoint(
    given: int, cached: int, written: int, minutes: int, hour: int, output: int, thinking: int, searches: int
) -> Usage:
    """A message's buckets. `written` is all cache writes; what their split by lifetime leaves over lives five minutes.

    Raises:
        ValueError: a negative or implausible count, or more thinking than output.
    """
    if written < 0 or minutes < 0 or hour < 0:
        raise ValueError("a token count is negative")
    if thinking > output:
        raise ValueError("thinking tokens exceed the output tokens")
    written = max(written, hour + minutes)
    return usage_from_parts(
        Usage(given, cached, written - hour, hour, 0, 0, 0, output - thinking, thinking, 0, 0, searches)
    )


def _usage(usage: Body) -> Usage:
    split = section(usage, "cache_creation")
    return disjoint(
        count(usage, "input_tokens"),
        count(usage, "cache_read_input_tokens"),
        count(usage, "cache_creation_input_tokens"),
        count(split, "ephemeral_5m_input_tokens"),
        count(split, "ephemeral_1h_input_tokens"),
        count(usage, "output_tokens"),
        count(section(usage, "output_tokens_details"), "thinking_tokens"),
        count(section(usage, "server_tool_use"), "web_search_requests"),
    )


def _uncovered(usage: Body, model: str) -> list[Body]:
    """The sampling steps the top-level counts leave out, told by which steps add up to them."""
    steps = items(usage, "iterations")
    if not steps:
        return []
    messages = [step for step in steps if step.get("type") == "message"]
    own = [step for step in steps if step.get("model") in (None, model)]
    for covered in (steps, messages, own):
        if covered and _sums(covered) == _sums([usage]):
            break
    else:
        covered = messages
    return [step for step in steps if not any(step is other for other in covered)]


def _sums(steps: list[Body]) -> tuple[int, ...]:
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return tuple(sum(count(step, name) for step in steps) for name in names)
