"""The log of Simon Willison's `llm`: `logs.db`, a SQLite database.

Up to version 0.35 every call is a row of `responses`; 0.36 writes `turns` and leaves `responses` empty. Both are read,
a row by its id once. `token_details` is JSON in the provider's words, as the plugin kept it:

- OpenAI's, and plugins in its shape: `input_tokens` includes cached input, `output_tokens` reasoning (but for
  xAI's own API, which counts it beside); `cost` is kept.
- llm-anthropic (only where caching or a web search was on): `input_tokens` excludes cached and cache-written tokens.
- llm-gemini: input includes cached and (since 0.25) tool tokens, output (since 0.19.1) thoughts; before, those stood
  beside the totals, which the counts themselves show.

A number of another name may be money: its call is skipped with that name. So is one whose provider told no tokens.
Prompts and answers are not read, and so neither are Gemini's search queries, which stand in its answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmcost.core.providers import known_provider
from llmcost.core.record import Problem, Record
from llmcost.sources import anthropic, gemini, openai
from llmcost.sources.each import moment, told
from llmcost.sources.foreign_db import opened, rows, tables
from llmcost.sources.parsed import (
    Body,
    Parsed,
    count,
    family_provider,
    items,
    microseconds,
    section,
    shown,
    text,
    whole,
)
from llmcost.sources.reader import LogFile, Source, decode_json

_COLUMNS = ("id", "model", "resolved_model", "input_tokens", "output_tokens", "token_details", "duration_ms",
            "datetime_utc")  # fmt: skip
_SESSION = {"turns": "thread_id", "responses": "conversation_id"}


def sniff(file: LogFile) -> bool:
    found = tables(file)
    return any({f"{table}.input_tokens", f"{table}.datetime_utc"} <= found for table in _SESSION)


def read(file: LogFile) -> Iterator[Record | Problem]:
    found = tables(file)
    seen: set[str] = set()
    with opened(file) as db:
        for table, session in _SESSION.items():
            if f"{table}.input_tokens" not in found:
                continue
            # Older versions lack some of these.
            names = [name if f"{table}.{name}" in found else f"NULL AS {name}" for name in (*_COLUMNS, session)]
            for number, row in enumerate(rows(db, table, names), 1):
                value = dict(zip((*_COLUMNS, "session"), row, strict=True))
                identity = text(value["id"])
                if identity and identity in seen:
                    file.ignored += 1
                    continue
                seen.add(identity)
                yield from told(file, number, lambda value=value: _row(file, value))  # type: ignore[misc]


#: Names that only Anthropic's usage has, and those that tell another's shape beside them.
_ANTHROPIC = {
    "cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation", "server_tool_use", "inference_geo",
}  # fmt: skip
_CHAT = {"prompt_tokens_details", "completion_tokens_details", "cost", "cost_details"}
_RESPONSES = {"input_tokens_details", "input_token_details", "output_token_details"}
_GEMINI = ("TokenCount", "TokensDetails", "trafficType")

_SPLIT = "cached_tokens cache_write_tokens cache_creation_tokens audio_tokens image_tokens video_tokens text_tokens"
_MADE = "reasoning_tokens audio_tokens image_tokens text_tokens accepted_prediction_tokens rejected_prediction_tokens"
_SHARED = {"cached_tokens_details": "audio_tokens text_tokens"}
_CHARGED = "cache_creation_input_tokens total_tokens cost cost_in_usd_ticks"
#: words -> section -> its numbers that are read, or tell a part that is billed like the rest of its total.
_READ = {
    "chat": {
        "": f"{_CHARGED} cache_read_input_tokens cached_tokens num_cached_tokens prompt_cache_hit_tokens "
            "prompt_cache_miss_tokens reasoning_tokens",
        "prompt_tokens_details": _SPLIT, "completion_tokens_details": _MADE,
        "server_tool_use": "web_search_requests web_fetch_requests", **_SHARED,
    },
    "responses": {
        "": _CHARGED, "input_tokens_details": _SPLIT, "input_token_details": _SPLIT, "output_tokens_details": _MADE,
        "output_token_details": _MADE, **_SHARED,
    },
    "anthropic": {
        "": "cache_read_input_tokens cache_creation_input_tokens", "output_tokens_details": "thinking_tokens",
        "cache_creation": "ephemeral_5m_input_tokens ephemeral_1h_input_tokens",
        "server_tool_use": "web_search_requests web_fetch_requests",
    },
    "gemini": {
        "": "candidatesTokenCount thoughtsTokenCount cachedContentTokenCount toolUsePromptTokenCount",
        "promptTokensDetails": "tokenCount", "candidatesTokensDetails": "tokenCount",
        "cacheTokensDetails": "tokenCount", "toolUsePromptTokensDetails": "tokenCount",
    },
}  # fmt: skip
#: Sections that are read whole, and endings of names that are no money.
_WHOLE = {"chat": {"cost", "cost_details"}, "responses": {"cost", "cost_details"}, "anthropic": {"iterations"}}
_TIMES = ("_time", "_duration", "_ms")


def _row(file: LogFile, value: dict[str, Any]) -> Iterator[Record | str]:
    name = text(value["resolved_model"]) or text(value["model"])
    if not name:
        raise ValueError("no model")
    if value["input_tokens"] is None and value["output_tokens"] is None:
        raise ValueError("unmetered: no token counts")
    prefix, slash, rest = name.partition("/")
    served = known_provider(prefix) if slash else None
    provider, model = (served, rest) if served and rest else (family_provider(name), name)
    found = _parsed(
        provider,
        model,
        whole(value["input_tokens"] or 0, "input_tokens"),
        whole(value["output_tokens"] or 0, "output_tokens"),
        _details(value["token_details"]),
    )
    raw = repr(value).encode()
    record = Record(
        moment(file, value["datetime_utc"]), file.identity("llm", text(value["id"]), raw), provider, model, found.usage,
        found.tier or "standard", session=text(value["session"]), region=found.region, operation="chat", source="llm",
        reported_nano=found.reported_nano, latency_us=microseconds(value["duration_ms"]),
    )  # fmt: skip
    yield record
    for number, (other, used) in enumerate(found.extra, 1):
        yield record._replace(id=f"{record.id}#{number}", model=other, usage=used, latency_us=None)


def _details(raw: object) -> Body:
    """The provider's own counts; none where the row has none.

    Raises:
        ValueError: they are no JSON object.
    """
    if raw is None or raw in ("", "null"):
        return {}
    found = decode_json(raw.encode("utf-8", "replace")) if isinstance(raw, str) else None
    if not isinstance(found, dict):
        raise ValueError(f"token_details is not an object: {shown(raw)}")
    return found


def _words(details: Body) -> str:
    """In whose words they are."""
    if any(name.endswith(_GEMINI) for name in details):
        return "gemini"
    if details.keys() & _RESPONSES:
        return "responses"
    if details.keys() & _ANTHROPIC and not details.keys() & _CHAT:
        return "anthropic"
    return "responses" if "output_tokens_details" in details else "chat"


def _refuse_unread(body: Body, words: str, of: str = "") -> None:
    """Raises ValueError where a number is told that is not read."""
    for name, value in body.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            if value and name not in _READ[words].get(of, "").split() and not name.endswith(_TIMES):
                raise ValueError(f"token_details has {shown(name)}, which is not read: {shown(value)}")
        elif of or name not in _WHOLE.get(words, ()):
            for each in [value] if isinstance(value, dict) else items(body, name):
                _refuse_unread(each, words, name)


def _parsed(provider: str, model: str, given: int, made: int, details: Body) -> Parsed:
    """The usage of a call in whatever words its details are.

    Raises:
        ValueError: counts that make no sense, or one that nobody here reads.
    """
    words = _words(details)
    _refuse_unread(details, words)
    if words == "gemini":
        return gemini.parse({"modelVersion": model, "usageMetadata": _gemini(given, made, details)})
    if words == "chat":
        usage: Body = {**details, "prompt_tokens": given, "completion_tokens": made}
        if provider == "x-ai":
            # xAI counts reasoning beside the completion, which only the total shows, and llm leaves that out.
            spent = count(section(details, "completion_tokens_details"), "reasoning_tokens")
            usage.setdefault("total_tokens", given + made + spent)
        return openai.parse({"model": model, "usage": usage})
    usage = {**details, "input_tokens": given, "output_tokens": made}
    if words == "responses":
        return openai.parse({"model": model, "usage": usage})
    used, extra = anthropic.billed(usage, model)
    tier = anthropic.served_tier(details.get("speed"), details.get("service_tier"))
    region = anthropic.region_of(details.get("inference_geo"))
    return Parsed("anthropic", model, used, tier=tier, region=region, extra=extra)


def _gemini(given: int, made: int, details: Body) -> Body:
    """Gemini's usage as the API gave it, before llm-gemini took the totals out.

    Raises:
        ValueError: the parts do not fit the totals.
    """
    thoughts, tools = count(details, "thoughtsTokenCount"), count(details, "toolUsePromptTokenCount")
    if "candidatesTokenCount" in details:
        answered = count(details, "candidatesTokenCount")
        if made not in {answered, answered + thoughts}:
            raise ValueError(f"output_tokens {made} is neither candidatesTokenCount nor that and the thoughts")
    else:
        # Left out where there was no answer but thoughts, and by versions that took it as the output.
        answered = 0 if made == thoughts else made
    listed = sum(count(part, "tokenCount") for part in items(details, "promptTokensDetails"))
    prompt = given if tools > given or listed == given else given - tools
    return {**details, "promptTokenCount": prompt, "candidatesTokenCount": answered}


SOURCE = Source("llm", sniff, read, default_app="llm", version=2)
