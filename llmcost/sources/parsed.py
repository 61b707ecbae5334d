"""One provider response as its parser read it, and the small checks every parser shares.

A parser raises `ValueError` with the offending value; the reader turns it into a `Problem`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from llmcost.core.money import decimal_of
from llmcost.core.text import clean_field
from llmcost.core.usage import Usage

Body = dict[str, Any]

NO_USAGE = "not a provider response: no usage"


class Parsed(NamedTuple):
    """What a response body says about its request. Empty text and None mean that it does not say."""

    provider: str
    model: str
    usage: Usage
    response_id: str = ""
    created: object = None
    """The body's own time, as written."""
    tier: str = ""
    status: str = "ok"
    operation: str = ""
    reported_nano: int | None = None
    partial: bool = False
    error: str = ""
    unmetered: bool = False
    latency_us: int | None = None
    ttft_us: int | None = None
    extra: tuple[tuple[str, Usage], ...] = ()
    """(model, usage) of work another model did within this response, billed at that model's rates."""


def section(body: Mapping[str, Any], *names: str) -> Body:
    """The first object found under `names`; an absent or null one is empty.

    Raises:
        ValueError: it is something else than an object.
    """
    for name in names:
        value = body.get(name)
        if isinstance(value, dict):
            return value
        if value is not None:
            raise ValueError(f"{name} is not an object: {_shown(value)}")
    return {}


def items(body: Mapping[str, Any], name: str) -> list[Body]:
    """The objects of the list under `name`; anything else in it, or no list, gives none."""
    value = body.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def count(body: Mapping[str, Any], *names: str) -> int:
    """The largest count under `names`, which are spellings of one number; absent and null are 0.

    Raises:
        ValueError: a value is no whole number (integral floats and digits in text are accepted).
    """
    return max(_count(body.get(name), name) for name in names)


def _count(value: Any, name: str) -> int:
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    raise ValueError(f"{name} is not a count: {_shown(value)}")


def text(value: object) -> str:
    """A name from a log, made safe; what is neither text nor a number is no name."""
    if isinstance(value, str):
        return clean_field(value.strip())
    if isinstance(value, int) and not isinstance(value, bool):
        return clean_field(str(value)) if abs(value) < 10**100 else ""
    return ""


def identifier(value: object) -> str:
    return value[:256] if isinstance(value, str) else ""


def microseconds(value: Any, name: str) -> int | None:
    """Milliseconds to microseconds; None stays None.

    Raises:
        ValueError: not a number of milliseconds, or not plausible.
    """
    if value is None:
        return None
    try:
        number = decimal_of(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is not a number: {_shown(value)}") from None
    if not 0 <= number < 10**10:
        raise ValueError(f"{name} is out of range: {_shown(value)}")
    return int(number * 1000)


def added(one: Usage, other: Usage) -> Usage:
    return Usage(*(a + b for a, b in zip(one, other, strict=True)))


_TIERS = {
    **dict.fromkeys(("", "auto", "unspecified", "service_tier_unspecified", "traffic_type_unspecified"), ""),
    **dict.fromkeys(("standard", "default", "on_demand", "standard_only", "scale", "reserved"), "standard"),
    **dict.fromkeys(("provisioned_throughput", "service_tier_standard"), "standard"),
    **dict.fromkeys(("flex", "on_demand_flex", "service_tier_flex"), "flex"),
    **dict.fromkeys(("priority", "on_demand_priority", "service_tier_priority", "performance"), "priority"),
    "batch": "batch",
    "fast": "fast",
}


def tier_named(value: object) -> str:
    """Our tier for a provider's service tier or traffic type; `auto` and absence name none.

    Raises:
        ValueError: a tier nobody has documented, whose price we cannot know.
    """
    if value is None:
        return ""
    tier = _TIERS.get(value.lower()) if isinstance(value, str) else None
    if tier is None:
        raise ValueError(f"unknown service tier {_shown(value)}")
    return tier


_FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("openai", ("gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-", "codex-", "computer-use-", "davinci",
                "babbage", "ft:gpt-", "ft:o", "omni-moderation", "dall-e", "whisper-1", "tts-1", "sora-")),
    ("anthropic", ("claude-",)),
    ("google", ("gemini-", "models/gemini-", "imagen-", "gemini-embedding")),
    ("x-ai", ("grok-",)),
    ("deepseek", ("deepseek-chat", "deepseek-reasoner", "deepseek-v")),
    ("mistral", ("mistral-", "ministral-", "magistral-", "codestral-", "devstral-", "pixtral-", "voxtral-",
                 "open-mistral-", "open-mixtral-")),
    ("cohere", ("command-", "command", "embed-english", "embed-multilingual", "embed-v", "c4ai-")),
    ("moonshotai", ("kimi-", "moonshot-")),
    ("perplexity", ("sonar",)),
)  # fmt: skip


def family_provider(model: str) -> str:
    """The provider whose own API serves models of this name, or empty: hosts share open models."""
    lowered = model.lower()
    for provider, prefixes in _FAMILIES:
        if lowered.startswith(prefixes):
            return provider
    return ""


def error_text(error: object) -> str:
    """A provider's error as `type: message`."""
    if isinstance(error, str):
        return text(error)
    if not isinstance(error, dict):
        return ""
    kind = text(error.get("type") or error.get("code") or error.get("status"))
    return text(": ".join(part for part in (kind, text(error.get("message"))) if part))


def _shown(value: object) -> str:
    return repr(text(value) or str(value)[:40])[:60]
