"""Output files of OpenAI's and Anthropic's batch APIs: one line per request, at batch rates.

OpenAI: `{"id", "custom_id", "response": {"status_code", "request_id", "body"}, "error"}`. A failed or expired
line is not billed (platform.openai.com, "Batch API"). Anthropic: `{"custom_id", "result": {"type", "message"}}`;
an errored, canceled or expired result is not billed (docs.claude.com, "Batch processing"). The tier is batch
whatever `service_tier` the body repeats.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage
from llmcost.sources.parsed import Body, Parsed, error_text, identifier, section, text
from llmcost.sources.reader import LogFile, Source, Value
from llmcost.sources.responses import kind_of, parse_body
from llmcost.sources.wrapper import records


def sniff(file: LogFile) -> bool:
    return any(_is_line(value) for value in file.sample)


def _is_line(value: Body) -> bool:
    if "custom_id" not in value:
        return False
    result = value.get("result")
    return ("response" in value and "error" in value) or (isinstance(result, dict) and "type" in result)


def read(file: LogFile) -> Iterator[Record | Problem]:
    for item in file.values():
        if isinstance(item, Problem):
            yield item
        elif not isinstance(item.value, dict):
            yield file.problem(item.line, "not a JSON object")
        else:
            try:
                made = _line(file, item)
            except ValueError as error:
                yield file.problem(item.line, str(error))
            else:
                yield from made


def _line(file: LogFile, item: Value) -> list[Record]:
    value: Body = item.value
    if not _is_line(value):
        raise ValueError("not a batch output line: no custom_id with a response or result")
    body, failure = _anthropic(value) if "result" in value else _openai(value)
    custom = text(value.get("custom_id"))
    around: Body = {"tags": {"custom_id": custom}} if custom else {}
    if not failure and kind_of(body):
        return records(file, item.raw, around, parse_body(body)._replace(tier="batch"))
    failure = failure or "no usage"
    parsed = Parsed(
        "",
        text(body.get("model")),
        Usage(),
        identifier(body.get("id") or value.get("id")),
        body.get("created") or body.get("created_at"),
        "batch",
        "error",
        error=failure,
    )
    try:
        return records(file, item.raw, around, parsed)
    except ValueError as error:
        raise ValueError(f"failed batch request, not billed ({error}): {failure}") from None


def _openai(value: Body) -> tuple[Body, str]:
    """The body of a line, and why it failed; empty: it did not."""
    response = section(value, "response")
    body = section(response, "body")
    failure = error_text(value.get("error")) or error_text(body.get("error"))
    status = response.get("status_code")
    if not failure and isinstance(status, int) and status >= 400:
        failure = f"status {status}"
    return body, failure


def _anthropic(value: Body) -> tuple[Body, str]:
    result = section(value, "result")
    if result.get("type") == "succeeded":
        return section(result, "message"), ""
    error = section(result, "error")
    return {}, error_text(error.get("error") or error) or text(result.get("type")) or "failed"


SOURCE = Source("openai-batch", sniff, read)
