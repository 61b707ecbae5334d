"""OpenTelemetry traces as OTLP JSON (`resourceSpans`, one document or one per line) with GenAI attributes.

Old and new spellings are read (`gen_ai.system` and `gen_ai.provider.name`, `prompt_tokens` and `input_tokens`, …).
Input includes cached and cache-written tokens, output includes reasoning, as the GenAI conventions say. A span without
a model or a GenAI operation, and one of an agent, a tool or a workflow, whose model calls have spans of their own, is
no request. A call without usage (a stream whose caller did not ask for it) is skipped as unmetered, never taken as
zero. A request is known by `gen_ai.response.id`, else by its trace and span.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmcost.core.providers import canonical_provider
from llmcost.core.record import Problem, Record
from llmcost.core.usage import usage_from_totals
from llmcost.sources.each import moment, requests
from llmcost.sources.parsed import Body, family_provider, items, section, text, tier_named, whole
from llmcost.sources.reader import LogFile, Source

_NESTED = {"invoke_agent", "create_agent", "execute_tool", "invoke_workflow", "agent", "tool", "workflow", "task"}
#: parameter -> spellings, the newest first.
_COUNTS = {
    "input_total": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens"),
    "output_total": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"),
    "cached": ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
    "write_5m": (
        "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
    ),
    "reasoning": (
        "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_output_tokens", "gen_ai.usage.reasoning_tokens",
    ),
}  # fmt: skip
_FAILED = ("STATUS_CODE_ERROR", 2)


def sniff(file: LogFile) -> bool:
    return any(isinstance(value.get("resourceSpans"), list) for value in file.sample)


def read(file: LogFile) -> Iterator[Record | Problem]:
    return requests(file, _spans)


def _spans(file: LogFile, raw: bytes, value: Body) -> Iterator[Record | str]:
    del raw
    for resource in items(value, "resourceSpans"):
        about = attributes(section(resource, "resource"))
        for scope in items(resource, "scopeSpans") or items(resource, "instrumentationLibrarySpans"):
            for span in items(scope, "spans"):
                try:
                    record = request(file, span, {**about, **attributes(span)}, "otel")
                except ValueError as error:
                    yield f"span {text(span.get('spanId'))}: {error}"
                    continue
                if record is None:
                    file.ignored += 1
                else:
                    yield record


def attributes(holder: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a span or resource, plain or as OTLP's list of keys and typed values."""
    found = holder.get("attributes")
    if isinstance(found, dict):
        return found
    plain = {}
    for item in items(holder, "attributes"):
        value = item.get("value")
        if isinstance(value, dict) and isinstance(item.get("key"), str) and len(value) == 1:
            plain[item["key"]] = next(iter(value.values()))
    return plain


def request(file: LogFile, span: Body, told: Mapping[str, Any], source: str) -> Record | None:
    """The request a span with these attributes tells of; None where it tells of none.

    Raises:
        ValueError: it should tell of one.
    """
    operation = text(told.get("gen_ai.operation.name"))
    model = text(told.get("gen_ai.response.model")) or text(told.get("gen_ai.request.model"))
    if operation in _NESTED or text(told.get("traceloop.span.kind")) in _NESTED or not (model or operation):
        return None
    used = {
        parameter: whole(value, parameter)
        for parameter, names in _COUNTS.items()
        if (value := next((told[name] for name in names if told.get(name) is not None), None)) is not None
    }
    error = text(told.get("error.type"))
    failed = bool(error) or section(span, "status").get("code") in _FAILED
    if not used.keys() & {"input_total", "output_total"} and not failed:
        raise ValueError("unmetered: the call has no usage; a stream tells it with include_usage")
    if not model:
        raise ValueError("no model")
    named = text(told.get("gen_ai.provider.name")) or text(told.get("gen_ai.system"))
    provider = canonical_provider(named) if named else family_provider(model)
    response, trace = text(told.get("gen_ai.response.id")), text(span.get("traceId"))
    if not response and not (trace and text(span.get("spanId"))):
        raise ValueError("a span without its ids")
    start = _at(file, span, "startTimeUnixNano", "startTime")
    end = span.get("endTimeUnixNano") or span.get("endTime")
    return Record(
        start,
        file.identity(provider if response else "otel", response or f"{trace}/{text(span.get('spanId'))}", b""),
        provider, model, usage_from_totals(**used),
        tier_named(told.get("openai.response.service_tier") or told.get("gen_ai.openai.response.service_tier"))
        or "standard",
        app=_service(told), environment=text(told.get("deployment.environment.name")) or
        text(told.get("deployment.environment")),
        operation=operation or "chat", user=text(told.get("enduser.id")) or text(told.get("user.id")),
        session=text(told.get("gen_ai.conversation.id")) or text(told.get("session.id")),
        machine=text(told.get("host.name")), region=text(told.get("cloud.region")),
        status="error" if failed else "ok", error=error, source=source,
        latency_us=max(0, _at(file, span, "endTimeUnixNano", "endTime") - start) if end else None,
    )  # fmt: skip


def _at(file: LogFile, span: Body, *names: str) -> int:
    when = next((span[name] for name in names if span.get(name)), None)
    return moment(file, int(when) if isinstance(when, str) and when.isascii() and when.isdigit() else when)


def _service(told: Mapping[str, Any]) -> str:
    name = text(told.get("service.name"))
    return "" if name.startswith("unknown_service") else name


SOURCE = Source("otel", sniff, read)
