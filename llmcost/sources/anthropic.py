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
        "total_tokens", "input_tokens_details", "input_token_details", "type",
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
    total = _usage(usage)
    extra: list[tuple[str, Usage]] = []
    for step in _uncovered(usage, model):
        name = text(step.get("model")) or model
        if name == model:
            total = added(total, _usage(step))
        else:
            extra.append((name, _usage(step)))
    tier = "fast" if usage.get("speed") == "fast" else tier_named(usage.get("service_tier"))
    metrics, failure = section(body, METRICS), error_text(body.get("error"))
    return Parsed(
        "aws" if metrics or response_id.startswith("msg_bdrk_") else "anthropic",
        model,
        usage_from_parts(total),
        response_id,
        body.get("created_at"),
        tier,
        "error" if failure else "ok",
        "chat",
        error=failure,
        latency_us=microseconds(metrics.get("invocationLatency"), "invocationLatency"),
        ttft_us=microseconds(metrics.get("firstByteLatency"), "firstByteLatency"),
        extra=tuple(extra),
    )


def _usage(usage: Body) -> Usage:
    written = count(usage, "cache_creation_input_tokens")
    split = section(usage, "cache_creation")
    hour = count(split, "ephemeral_1h_input_tokens")
    written = max(written, hour + count(split, "ephemeral_5m_input_tokens"))
    output = count(usage, "output_tokens")
    thinking = count(section(usage, "output_tokens_details"), "thinking_tokens")
    if thinking > output:
        raise ValueError("thinking tokens exceed the output tokens")
    return usage_from_parts(
        Usage(
            input=count(usage, "input_tokens"),
            cached=count(usage, "cache_read_input_tokens"),
            write_5m=written - hour,
            write_1h=hour,
            output=output - thinking,
            reasoning=thinking,
            web_searches=count(section(usage, "server_tool_use"), "web_search_requests"),
        )
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
