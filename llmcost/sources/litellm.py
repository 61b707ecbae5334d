"""LiteLLM's SpendLogs rows as JSON (also a page of its API), JSON Lines or CSV.

`metadata` and `request_tags` are JSON in a string (or already decoded), `cache_hit` is a word. `prompt_tokens` includes
cached and cache-written tokens, `completion_tokens` reasoning; their parts stand in `metadata.usage_object`, else in
`metadata.additional_usage_values`; parts that exceed the prompt were counted beside it. `spend` is kept as the reported
cost. A row is known by `request_id`, the provider's response id. API keys, addresses, messages and responses are not
read. Shape of LiteLLM 1.106 (`get_logging_payload`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmcost.core.providers import canonical_provider
from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage, usage_from_totals
from llmcost.sources import tabular
from llmcost.sources.each import moment
from llmcost.sources.parsed import (
    Body,
    amount,
    count,
    error_text,
    family_provider,
    flag,
    is_failure,
    outcome,
    section,
    text,
)
from llmcost.sources.reader import LogFile, Source, decode_json
from llmcost.sources.tags import MAX_TAGS, tags

_MARKS = {"request_id", "call_type", "startTime", "spend", "model"}


def sniff(file: LogFile) -> bool:
    return tabular.sniff(file, lambda names: names >= _MARKS)


def read(file: LogFile) -> Iterator[Record | Problem]:
    return tabular.requests(file, _row)


def _row(file: LogFile, raw: bytes, value: Body) -> Iterator[Record | str]:
    about = _object(value.get("metadata"))
    start = moment(file, value.get("startTime"))
    model = text(value.get("model"))
    word = text(value.get("status")) or text(about.get("status"))
    status = outcome(word) or "ok"
    failed = is_failure(status)
    if not model and not failed:
        raise ValueError("no model")
    named = text(value.get("custom_llm_provider"))
    provider = canonical_provider(named) if named else family_provider(model)
    first = value.get("completionStartTime")
    cost = value.get("spend")
    error = error_text(_object(about.get("error_information")))
    given = value.get("request_tags")
    yield Record(
        start,
        file.identity(provider, text(value.get("request_id")), raw),
        provider,
        model,
        _usage(value, about),
        user=text(value.get("end_user")) or text(value.get("user")) or text(about.get("user_api_key_user_id")),
        team=text(about.get("user_api_key_team_alias")) or text(value.get("team_id")),
        project=text(about.get("user_api_key_project_alias")),
        session=text(value.get("session_id")),
        operation=text(value.get("call_type")).removeprefix("a").replace("completion", "chat"),
        source="litellm",
        status=status,
        error=error,
        cache_hit=flag(value.get("cache_hit")),
        reported_nano=None if cost is None or cost == "" else amount(cost, "spend"),
        latency_us=_between(file, start, value.get("endTime")),
        ttft_us=_between(file, start, first) if first != value.get("endTime") else None,
        tags=tags(decode_json(given.encode()) if isinstance(given, str) else given, (), MAX_TAGS),
    )


def _object(value: Any) -> Body:
    """An object, or JSON text of one; anything else is empty."""
    found = decode_json(value.encode("utf-8", "replace")) if isinstance(value, str) else value
    return found if isinstance(found, dict) else {}


def _usage(value: Body, about: Body) -> Usage:
    if value.get("prompt_tokens") is None and value.get("completion_tokens") is None:
        raise ValueError("no token counts")
    found = _object(about.get("usage_object")) or _object(about.get("additional_usage_values"))
    prompt, completion = section(found, "prompt_tokens_details"), section(found, "completion_tokens_details")
    cached = max(count(prompt, "cached_tokens"), count(found, "cache_read_input_tokens"))
    written = max(count(prompt, "cache_creation_tokens"), count(found, "cache_creation_input_tokens"))
    total = count(value, "prompt_tokens")
    return usage_from_totals(
        input_total=total if cached + written <= total else total + cached + written,
        cached=cached,
        write_5m=written,
        input_audio=count(prompt, "audio_tokens"),
        output_total=count(value, "completion_tokens"),
        reasoning=count(completion, "reasoning_tokens"),
        output_audio=count(completion, "audio_tokens"),
    )


def _between(file: LogFile, start: int, when: object) -> int | None:
    """A duration; one that makes no sense must not cost the request."""
    naive = file.naive_times
    try:
        return max(0, moment(file, when) - start)
    except ValueError:
        return None
    finally:
        file.naive_times = naive


SOURCE = Source("litellm", sniff, read)
