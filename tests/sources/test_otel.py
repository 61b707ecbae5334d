"""OTLP JSON with GenAI attributes, of old and new spelling."""

from typing import Any

import pytest

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources.otel import SOURCE
from tests.sources.reading import read

NEW = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18", "gen_ai.response.id": "chatcmpl-1",
    "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 500,
    "gen_ai.usage.cache_read.input_tokens": 200, "gen_ai.usage.reasoning_tokens": 40,
    "gen_ai.conversation.id": "c1", "openai.response.service_tier": "flex",
}  # fmt: skip
OLD = {
    "gen_ai.system": "OpenAI", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.prompt_tokens": 10,
    "gen_ai.usage.completion_tokens": 5,
}  # fmt: skip


def listed(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in attributes.items()
    ]


def span(told: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "traceId": "t1", "spanId": "s1", "name": "chat", "startTimeUnixNano": "1791108000250000001",
        "endTimeUnixNano": "1791108001250000001", "attributes": listed(told), "status": {}, **changes,
    }  # fmt: skip


def export(*spans: dict[str, Any], service: str = "shop") -> dict[str, Any]:
    about = {"service.name": service, "deployment.environment.name": "production", "host.name": "h1"}
    return {"resourceSpans": [{"resource": {"attributes": listed(about)}, "scopeSpans": [{"spans": list(spans)}]}]}


RECORD = Record(
    1_791_108_000_250_000, "openai:chatcmpl-1", "openai", "gpt-4o-mini-2024-07-18",
    Usage(input=800, cached=200, output=460, reasoning=40), "flex", app="shop", environment="production",
    operation="chat", session="c1", machine="h1", source="otel", latency_us=1_000_000,
)  # fmt: skip


def test_new_spelling() -> None:
    assert read(SOURCE, export(span(NEW))) == ([RECORD], [], 0)


def test_old_spelling() -> None:
    records, _, _ = read(SOURCE, export(span(OLD), service="unknown_service:python"))
    assert records == [
        RECORD._replace(id="otel:t1/s1", model="gpt-4o", usage=Usage(input=10, output=5), tier="standard", app="",
                        session=""),
    ]  # fmt: skip


def test_one_export_a_line() -> None:
    other = span(NEW, spanId="s2")
    other["attributes"] = listed({**NEW, "gen_ai.response.id": "chatcmpl-2"})
    records, _, _ = read(SOURCE, export(span(NEW)), export(other))
    assert [record.id for record in records] == ["openai:chatcmpl-1", "openai:chatcmpl-2"]


def test_spans_that_are_no_calls() -> None:
    agent = span({**NEW, "gen_ai.operation.name": "invoke_agent"})
    workflow = span({**NEW, "traceloop.span.kind": "workflow"})
    records, problems, ignored = read(SOURCE, export(agent, workflow, span({"http.method": "GET"}), span(NEW)))
    assert (records, problems, ignored) == ([RECORD], [], 3)


def test_a_stream_without_usage_is_unmetered() -> None:
    silent = {key: value for key, value in NEW.items() if "usage" not in key}
    records, problems, _ = read(SOURCE, export(span(silent), span(NEW)))
    assert records == [RECORD]
    assert problems == [(1, "span s1: unmetered: the call has no usage; a stream tells it with include_usage")]


@pytest.mark.parametrize("failure", [{"status": {"code": 2}}, {"status": {"code": "STATUS_CODE_ERROR"}}])
def test_a_failed_call_used_nothing(failure: dict[str, Any]) -> None:
    silent = {key: value for key, value in NEW.items() if "usage" not in key}
    records, problems, _ = read(SOURCE, export(span(silent, **failure)))
    assert problems == []
    assert (records[0].status, records[0].usage) == ("error", Usage())


def test_hostile_spans_cost_themselves_only() -> None:
    bad = [span({**NEW, "gen_ai.usage.input_tokens": -1}), span(NEW, startTimeUnixNano="soon"), span(OLD, traceId=None),
           span(NEW, attributes="x"), span(NEW, attributes=[1, {"key": 5, "value": {"intValue": 1}}])]  # fmt: skip
    records, problems, _ = read(SOURCE, export(*bad, span(NEW)))
    assert records == [RECORD]
    assert len(problems) == 3
