"""One provider response as its parser read it, and the small checks every parser shares.

A parser raises `ValueError` with the offending value; the reader turns it into a `Problem`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from llmcost.core.money import decimal_of, nano_from_usd
from llmcost.core.text import clean_field, redact
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
    region: str = ""


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
            raise ValueError(f"{name} is not an object: {shown(value)}")
    return {}


def items(body: Mapping[str, Any], name: str) -> list[Body]:
    """The objects of the list under `name`; anything else in it, or no list, gives none."""
    value = body.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def count(body: Mapping[str, Any], *names: str) -> int:
    """The largest count under `names`, which are spellings of one number; absent and null are 0.

    Raises:
        ValueError: a value is no whole number (see `whole`), or below 0.
    """
    return max(0 if (value := body.get(name)) is None else whole(value, name) for name in names)


_WHOLE = re.compile(r"-?[0-9]{1,30}(?:\.00?)?")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")


_ONE_GROUP = re.compile(r"^[^,]*,[0-9]{3}$")


def whole(value: Any, name: str) -> int:
    """A count: an integer, an integral float, or text as CSV and JavaScript write them (`12`, `12.0`, `1,234`).

    Raises:
        ValueError: something else (`12.000` may be twelve thousand), or below 0.
    """
    number = None
    if type(value) is int:
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    elif isinstance(value, str):
        digits = ungrouped(value.strip())
        number = int(digits.partition(".")[0]) if _WHOLE.fullmatch(digits) else None
    if number is None:
        raise ValueError(f"{name[:_SHOWN]} is not a count: {shown(value)}")
    if number < 0:
        raise ValueError(f"{name[:_SHOWN]} is negative: {shown(value)}")
    return number


def ungrouped(number: str) -> str:
    """`1,234.5` as `1234.5`; what is not grouped by thousands stays as it is."""
    return number.replace(",", "") if _GROUPED.fullmatch(number) else number


def text(value: object) -> str:
    """A name from a log, made safe; what is neither text nor a number is no name."""
    if isinstance(value, str):
        return clean_field(value.strip())
    if isinstance(value, int) and not isinstance(value, bool):
        return clean_field(str(value)) if abs(value) < 10**100 else ""
    return ""


def amount(value: Any, name: str) -> int:
    """A cost in USD as nano-USD, perhaps with `$` and grouped by thousands.

    Raises:
        ValueError: no amount, below 0, or one whose comma may be a decimal one.
    """
    number = ungrouped(value.strip().removeprefix("$")) if isinstance(value, str) else value
    if not isinstance(number, str | int | float):
        raise ValueError(f"{name} is not an amount: {shown(value)}")
    # One group alone, `1,234`, is more likely a decimal comma's thousandth than a request of a thousand dollars.
    if isinstance(number, str) and ("," in number or (isinstance(value, str) and _ONE_GROUP.search(value))):
        raise ValueError(f"{name} has a comma that may be decimal or group thousands: {shown(value)}")
    nano = nano_from_usd(number)
    if nano < 0:
        raise ValueError(f"{name} is negative: {shown(value)}")
    return nano


def scalar(value: object) -> str | None:
    """A text, number or truth value as text, null as none; None for an object or a list."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else None


def identifier(value: object) -> str:
    return value if isinstance(value, str) else ""


def microseconds(value: Any) -> int | None:
    """Milliseconds to microseconds; what is no plausible duration (-1, "n/a") is none: it must not cost the request."""
    if type(value) is int and 0 <= value < 10**10:
        return value * 1000
    try:
        number = decimal_of(value)
    except (TypeError, ValueError):
        return None
    return int(number * 1000) if 0 <= number < 10**10 else None


_TRUE = {"true", "1", "1.0", "yes", "hit", "t", "y"}
_FALSE = {"false", "0", "0.0", "no", "miss", "f", "n"}


def flag(value: Any) -> bool | None:
    """True, false, or none where it is neither: a flag must not cost the request."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


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

    Another word is kept: its request is priced at standard rates, and counted as assumed.

    Raises:
        ValueError: no word.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"a service tier is not text: {shown(value)}")
    word = value.strip().lower()
    tier = _TIERS.get(word)
    return clean_field(word) if tier is None else tier


_OK = {
    "ok", "success", "successful", "succeeded", "true", "completed", "complete", "finished", "done", "no_error",
    "stop", "stop_sequence", "length", "end_turn", "tool_use", "tool_calls", "function_call", "max_tokens",
}  # fmt: skip
_FAILED = {"false", "failed", "failure", "error"}
#: Words of failure that are kept as the log has them.
_OWN_FAILED = {
    "errored", "exception", "timeout", "timed_out", "timedout", "cancelled", "canceled", "aborted", "rejected",
    "refused", "denied", "blocked", "expired", "rate_limit", "rate_limited", "rate_limit_exceeded", "throttled",
    "overloaded", "unavailable", "service_unavailable", "unauthorized", "forbidden", "not_found", "bad_request",
    "invalid_request", "quota_exceeded", "context_length_exceeded", "interrupted", "crashed", "disconnected",
}  # fmt: skip
_HTTP = re.compile(r"([0-9]{1,6})(?:\.00?)?")


@lru_cache(4096)
def outcome(status: str) -> str:
    """`ok`, `error`, or the log's own word; empty for none. An HTTP status below 400 is ok (also pandas' `200.0`)."""
    word = status.strip().lower()
    if http := _HTTP.fullmatch(word):
        return "ok" if int(http[1]) < 400 else "error"
    plain = word.replace(" ", "_").replace("-", "_")
    return "ok" if plain in _OK else "error" if plain in _FAILED else status.strip()


def is_failure(status: str) -> bool:
    """Whether a status that `outcome` gave is known to be a failure's, not merely a word that nobody knows."""
    word = status.lower().replace(" ", "_").replace("-", "_")
    return word in _FAILED or word in _OWN_FAILED or word.endswith(("_error", "_failed", "_failure", "_timeout"))


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


_SHOWN = 40


def shown(value: object) -> str:
    """The start of an offending value, for a message."""
    return repr(redact(str(value)[:256])[:_SHOWN])
