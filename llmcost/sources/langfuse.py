"""Langfuse's observations: what its API (v1 and v2), its traces with observations, and its exports give as JSON.

A page (`data`), a trace (`observations`), an ingestion batch (`batch`) and its events (`generation-create`, `body`) are
opened; names may be camel or snake case. GENERATION and EMBEDDING are requests; RETRIEVER, EVALUATOR and GUARDRAIL are
where they have a model and usage; spans, events, agents, chains and tools, whose calls are observations of their own,
are not. Keys of `usageDetails` are disjoint, except where their sum exceeds `total` by just the cached, cache-written
or reasoning tokens: LiteLLM's input holds those that Anthropic wrote. An observation is known by its `id`, whatever
file it is read from; where the provider's response id is known (LiteLLM puts it into `id`, OpenTelemetry's attributes
into `metadata`), by that. Inputs and outputs are not read. Shape of Langfuse 4.16 (public API types, usage schemas).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from llmcost.core.instants import parse_timestamp
from llmcost.core.money import decimal_of
from llmcost.core.providers import canonical_provider
from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage, usage_from_parts
from llmcost.sources.each import moment, told
from llmcost.sources.parsed import (
    Body,
    amount,
    count,
    error_text,
    family_provider,
    flag,
    identifier,
    section,
    shown,
    text,
    tier_named,
)
from llmcost.sources.reader import LogFile, Source, decode_json
from llmcost.sources.tags import tags

_REQUESTS = {"GENERATION", "EMBEDDING"}
#: Requests where they name a model and its usage, else steps of a program.
_PERHAPS = {"RETRIEVER", "EVALUATOR", "GUARDRAIL"}
_NO_REQUESTS = {"SPAN", "EVENT", "AGENT", "TOOL", "CHAIN", "TRACE", "SCORE", "SDK", "DATASET-RUN-ITEM"}
_KINDS = _REQUESTS | _PERHAPS | _NO_REQUESTS
_EVENT = re.compile(r"([a-z-]+)-(?:create|update|log)")
_MARKS = {"id", "traceId", "type", "startTime"}
_TRACE = {"id", "timestamp", "sessionId"}
_LITELLM_ID = re.compile(r"time-[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{6}_(.+)", re.DOTALL)
_SNAKE = re.compile(r"_([a-z])")

#: bucket, and spellings of one count; counts of one bucket add up.
_COUNTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("input", ("input", "input_tokens", "prompt_tokens")),
    ("input", ("input_text", "input_text_tokens")),
    ("cached", ("input_cached_tokens", "input_cache_read", "cache_read_input_tokens", "input_cached_text_tokens")),
    ("write_5m", ("input_cache_creation", "cache_creation_input_tokens", "cache_write_tokens")),
    ("write_5m", ("input_cache_creation_5m",)),
    ("write_1h", ("input_cache_creation_1h",)),
    ("input_audio", ("input_audio", "input_audio_tokens")),
    ("cached_audio", ("input_cached_audio", "input_cached_audio_tokens")),
    ("input_image", ("input_image", "input_image_tokens")),
    ("output", ("output", "output_tokens", "completion_tokens")),
    ("output", ("output_text", "output_text_tokens")),
    ("output", ("output_accepted_prediction_tokens",)),
    ("output", ("output_rejected_prediction_tokens",)),
    ("reasoning", ("output_reasoning_tokens", "output_reasoning", "reasoning_tokens")),
    ("output_audio", ("output_audio", "output_audio_tokens")),
    ("output_image", ("output_image", "output_image_tokens")),
    ("web_searches", ("web_search_requests", "web_search_queries")),
)
_TOTALS = ("total", "total_tokens")
_KNOWN = {*_TOTALS, *(name for _, names in _COUNTS for name in names)}


class _Part(NamedTuple):
    """An observation, and the trace it stood in."""

    value: Any
    trace: Body


def sniff(file: LogFile) -> bool:
    if b'"traceId"' not in file.head and b'"trace_id"' not in file.head and b"-create" not in file.head:
        return False
    return any(_is_ours(part.value) for value in file.sample for part in _parts(value))


def read(file: LogFile) -> Iterator[Record | Problem]:
    for item in file.values(_holds_ours):
        if isinstance(item, Problem):
            yield item
            continue
        for part in _parts(item.value):
            if isinstance(part.value, dict):
                one = (file, item.raw, _camel(part.value), part.trace)
                yield from told(file, item.line, lambda one=one: _requests(*one))  # type: ignore[misc]
            else:
                yield file.problem(item.line, "not a JSON object")


def _holds_ours(value: Body) -> bool:
    return any(_is_ours(part.value) for part in _parts(value))


def _is_ours(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    kind = _kind(value)
    if isinstance(value.get("body"), dict):
        return kind in _KINDS and "timestamp" in value
    return kind in _KINDS and _camel(value).keys() >= _MARKS


def _parts(value: Any) -> Iterator[_Part]:
    """The observations, events and traces an export's value holds, or the value itself."""
    pages = [value.get(name) for name in ("data", "batch")] if isinstance(value, dict) else []
    page = next((each for each in pages if isinstance(each, list)), None)
    for one in [value] if page is None else page:
        held = one.get("observations") if isinstance(one, dict) else None
        # A list of traces has only the ids of their observations.
        if isinstance(held, list) and any(isinstance(each, dict) for each in held):
            trace = _camel(one)
            yield from (_Part(each, trace) for each in held)
        else:
            yield _Part(one, {})


def _camel(value: Body) -> Body:
    """The object with its own names in camel case, as the API writes them."""
    return {_SNAKE.sub(lambda match: match[1].upper(), name): item for name, item in value.items()}


def _kind(value: Body) -> str:
    """An observation's type; of an ingestion event, what it creates."""
    kind = identifier(value.get("type"))
    if (event := _EVENT.fullmatch(kind)) is None:
        return kind
    body = value.get("body")
    named = body.get("type") if event[1] == "observation" and isinstance(body, dict) else event[1]
    return identifier(named).upper()


def _requests(file: LogFile, raw: bytes, value: Body, trace: Body) -> Iterator[Record | str]:
    kind = _kind(value)
    if isinstance(value.get("body"), dict):
        value = _camel(value["body"])
    elif not kind and value.keys() >= _TRACE:
        return
    if kind in _NO_REQUESTS:
        return
    if kind not in _KINDS:
        raise ValueError(f"not an observation: type {shown(kind)}" if kind else "not an observation: no type")
    model = text(value.get("providedModelName")) or text(value.get("model"))
    used = _usage(value, kind)
    if kind in _PERHAPS and (not model or used is None):
        return
    failed = value.get("level") == "ERROR"
    if not failed:
        _complete(value, model, used)
    yield _record(file, raw, value, trace, kind, model, used or Usage(), failed)


def _complete(value: Body, model: str, used: Usage | None) -> None:
    """Raises ValueError: the observation lacks what makes it a request."""
    if not model:
        left_out = "providedModelName" not in value and "model" not in value
        raise ValueError("no model" + (": export the fields model and usage" if left_out else ""))
    if used is None:
        left_out = "usageDetails" not in value and "usage" not in value
        raise ValueError("no token counts" + (": export the field usage" if left_out else ""))


def _record(
    file: LogFile, raw: bytes, value: Body, trace: Body, kind: str, model: str, used: Usage, failed: bool
) -> Record:
    about = _object(value.get("metadata"))
    attributes = _object(about.get("attributes"))
    named = text(attributes.get("gen_ai.provider.name")) or text(attributes.get("gen_ai.system"))
    provider = canonical_provider(named) if named else family_provider(model)
    hit = flag(about.get("cache_hit"))
    start = moment(file, value.get("startTime"))
    first = value.get("completionStartTime")
    environment = text(value.get("environment")) or text(trace.get("environment"))
    tier = _object(value.get("modelParameters")).get("service_tier")
    return Record(
        start,
        _identity(file, raw, value, attributes, "" if hit else provider),
        provider,
        model,
        used,
        (tier_named(tier) if isinstance(tier, str) else "") or "standard",
        # Langfuse's word for none.
        environment="" if environment == "default" else environment,
        operation="embeddings" if kind == "EMBEDDING" else "chat",
        user=text(value.get("userId")) or text(trace.get("userId")),
        project=text(value.get("projectId")) or text(trace.get("projectId")),
        session=text(value.get("sessionId")) or text(trace.get("sessionId")),
        status="error" if failed else "ok",
        error=error_text(value.get("statusMessage")) if failed else "",
        source="langfuse",
        cache_hit=hit,
        latency_us=_between(start, value.get("endTime")),
        # LiteLLM writes the end for calls that did not stream.
        ttft_us=_between(start, first) if first != value.get("endTime") else None,
        reported_nano=_cost(value),
        tags=tags(_labels(value.get("tags"), trace.get("tags"), about.get("tags"))),
        prompt_id=text(value.get("promptName")),
    )


def _identity(file: LogFile, raw: bytes, value: Body, attributes: Body, provider: str) -> str:
    """By the response's own id where its provider is known, so that a gateway's row of the call is the same request.

    An answer from a caller's cache (no provider here) repeats the id of the response it was.
    """
    own = identifier(value.get("id"))
    gateway = _LITELLM_ID.fullmatch(own)
    response_id = identifier(attributes.get("gen_ai.response.id")) or (gateway[1] if gateway else "")
    if provider and response_id and response_id != "None":
        return file.identity(provider, response_id, raw)
    return file.identity("langfuse", own, raw)


def _usage(value: Body, kind: str) -> Usage | None:
    """None: the observation tells no counts. Zeros in the older fields are what the API writes for that."""
    details = {name: number for name, number in section(value, "usageDetails").items() if number is not None}
    if not details:
        return _older_usage(value)
    for name, number in details.items():
        if name not in _KNOWN and number != 0:
            raise ValueError(f"usage of an unknown type: {shown(name)}")
    found = dict.fromkeys(Usage._fields, 0)
    for bucket, names in _COUNTS:
        found[bucket] += count(details, *names)
    total, told_total = count(details, *_TOTALS), any(name in details for name in _TOTALS)
    if told_total and details.keys() <= set(_TOTALS):
        if kind != "EMBEDDING" and total:
            raise ValueError("only a total of tokens, not what was input and what output")
        found["input"] = total
    used = usage_from_parts(Usage(**found))
    return _fitted(used, total) if told_total else used


def _fitted(used: Usage, total: int) -> Usage:
    """`used`, less what its input and output count a second time where the total shows that they do.

    Raises:
        ValueError: the total holds tokens that no key does.
    """
    over = used.tokens - total
    if over < 0:
        raise ValueError(f"the total of tokens, {shown(total)}, exceeds its parts: {used.tokens}")
    written = used.write_5m + used.write_1h
    for inside in (0, used.cached, written, used.cached + written):
        for thought in (0, used.reasoning):
            if over and inside + thought == over and inside <= used.input and thought <= used.output:
                return used._replace(input=used.input - inside, output=used.output - thought)
    return used


def _older_usage(value: Body) -> Usage | None:
    given = section(value, "usage")
    unit = given.get("unit", value.get("unit"))
    used = Usage(
        input=max(count(given, "input", "promptTokens"), count(value, "promptTokens")),
        output=max(count(given, "output", "completionTokens"), count(value, "completionTokens")),
    )
    if not used.tokens:
        return None
    if unit not in (None, "", "TOKENS"):
        raise ValueError(f"usage is not in tokens: {shown(unit)}")
    return usage_from_parts(used)


def _cost(value: Body) -> int | None:
    """What Langfuse or its caller reckoned; a zero without details is what the API writes for none."""
    details = {name: cost for name, cost in section(value, "costDetails").items() if cost is not None}
    if details.get("total") is not None:
        return amount(details["total"], "costDetails.total")
    if details:
        parts = [decimal_of(cost) for cost in details.values()]
        if min(parts) < 0:
            raise ValueError("costDetails has a negative cost")
        return amount(str(sum(parts)), "costDetails")
    places = ((value, "totalCost"), (value, "calculatedTotalCost"), (section(value, "usage"), "totalCost"))
    costs = [amount(place[name], name) for place, name in places if place.get(name) is not None]
    return max(costs, default=0) or None


def _labels(*given: Any) -> list[str]:
    """The names in lists of tags; anything else under that name is none."""
    lists = [each for each in given if isinstance(each, list)]
    return [label for each in lists for name in each if isinstance(name, str) and (label := text(name))]


def _object(value: Any) -> Body:
    """An object, or JSON text of one; anything else is empty."""
    found = decode_json(value.encode("utf-8", "replace")) if isinstance(value, str) else value
    return found if isinstance(found, dict) else {}


def _between(start: int, when: object) -> int | None:
    """A duration; one that makes no sense must not cost the request."""
    try:
        end, _ = parse_timestamp(when)
    except ValueError:
        return None
    return end - start if end >= start else None


SOURCE = Source("langfuse", sniff, read, resumes=True)
