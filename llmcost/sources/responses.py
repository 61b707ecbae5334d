"""Raw provider responses, as a gateway or an application logs them: bare, wrapped, or streamed.

A wrapper is an object around the response (`response`, `response_body` or `body`), often with the request, a
time, and the interchange record's dimensions. A log may mix providers: each object is read by its own shape,
whatever source recognised the file.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage
from llmcost.sources import anthropic, bedrock, cohere, gemini, openai
from llmcost.sources.eventstream import frames, is_eventstream
from llmcost.sources.interchange import flat
from llmcost.sources.parsed import (
    NO_USAGE,
    Body,
    Parsed,
    error_text,
    identifier,
    section,
    text,
)
from llmcost.sources.reader import LogFile, Source, Value, decode_json
from llmcost.sources.sse import Assembler, Stream, event_kind, is_sse, streams
from llmcost.sources.wrapper import REQUESTS, records, status_of

_BODIES = ("response", "response_body", "responseBody", "body")
_Item = TypeVar("_Item", Value, Stream)

#: kind -> (recognise, read); the first that recognises a body reads it.
_KINDS: dict[str, tuple[Callable[[Body], bool], Callable[[Body], Parsed]]] = {
    "gemini": (gemini.matches, gemini.parse),
    "cohere": (cohere.matches, cohere.parse),
    "anthropic": (anthropic.matches, anthropic.parse),
    "bedrock": (bedrock.matches, bedrock.parse),
    "openai": (openai.matches, openai.parse),
}


def kind_of(body: Body) -> str:
    """Whose response `body` is; empty: none that carries usage."""
    return next((kind for kind, (matches, _) in _KINDS.items() if matches(body)), "")


def _error_kind(body: Body) -> str:
    for kind, is_error in (("anthropic", anthropic.is_error), ("gemini", gemini.is_error), ("openai", openai.is_error)):
        if is_error(body):
            return kind
    return ""


def parse_body(body: Body) -> Parsed:
    """One decoded response.

    Raises:
        ValueError: no response, or one whose numbers make no sense.
    """
    kind = kind_of(body)
    if not kind:
        raise ValueError(NO_USAGE)
    return _KINDS[kind][1](body)


# --- recognising ---------------------------------------------------------------------------------------------


def _sniffed(file: LogFile) -> Iterator[str]:
    if is_eventstream(file.head):
        yield "bedrock"
        return
    values = file.sample
    if is_sse(file.head):
        lines = enumerate(file.head.splitlines()[:200], 1)
        found = streams((number, line.strip()) for number, line in lines if line.strip())
        values = [item.body for item in found if isinstance(item, Stream)]
    for value in values:
        if _foreign(value):
            continue
        if bedrock.is_invocation_log(value):
            yield "bedrock"
            continue
        inner = _inner(value)
        body = inner.body if inner is not None else value
        yield _EVENTS.get(event_kind(value), "")
        yield kind_of(body) or (_error_kind(body) if inner is not None or body.keys() <= _BARE_ERROR else "")


#: Kind of a stream's event -> kind of response. Gemini's chunks and Anthropic's pings have no place here:
#: the former are responses themselves, the latter anyone's.
_EVENTS = {"chat": "openai", "responses": "openai", "converse": "bedrock", "anthropic": "anthropic"}
_BARE_ERROR = {"error", "type", "request_id", "user_id"}


def _foreign(value: Body) -> bool:
    """Lines other sources own: a coding tool's session, a batch's output, a flat interchange record."""
    if "custom_id" in value or ("sessionId" in value and "type" in value) or value.get("type") == "ping":
        return True
    return "usage" not in value and bool(value.keys() & {"input_tokens", "output_tokens", "prompt_tokens"})


def _sniffer(*kinds: str) -> Callable[[LogFile], bool]:
    def sniff(file: LogFile) -> bool:
        return any(kind in kinds for kind in _sniffed(file))

    return sniff


# --- reading -------------------------------------------------------------------------------------------------


def read(file: LogFile) -> Iterator[Record | Problem]:
    if is_eventstream(file.head):
        yield from _read_frames(file)
    elif is_sse(file.head):
        yield from _read_sse(file)
    else:
        yield from _read_values(file)


def _read_values(file: LogFile) -> Iterator[Record | Problem]:
    assembler = Assembler()
    for item in file.values():
        if isinstance(item, Problem):
            yield item
            continue
        value = item.value
        if isinstance(value, dict) and event_kind(value) not in ("", "error") and _inner(value) is None:
            yield from _from_streams(file, assembler.feed(item.line, value, item.raw))
            continue
        yield from _from_streams(file, assembler.close())
        if isinstance(value, dict):
            yield from _guarded(file, item.line, _from_object, item)
        elif isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
            yield from _from_list(file, item)
        else:
            yield file.problem(item.line, "not a JSON object")
    yield from _from_streams(file, assembler.close())


def _from_list(file: LogFile, item: Value) -> Iterator[Record | Problem]:
    """A list of stream chunks, or of whole responses, on one line."""
    assembler = Assembler()
    for place, part in enumerate(item.value):
        raw = item.raw + b"#%d" % place
        if event_kind(part) not in ("", "error"):
            yield from _from_streams(file, assembler.feed(item.line, part, raw))
        else:
            yield from _from_streams(file, assembler.close())
            part_of = Value(item.line, raw, part)
            yield from _guarded(file, item.line, _from_object, part_of)
    yield from _from_streams(file, assembler.close())


def _read_sse(file: LogFile) -> Iterator[Record | Problem]:
    empty = True
    for item in streams(file.lines()):
        empty = False
        if isinstance(item, Problem):
            yield item
        else:
            yield from _from_streams(file, [item])
    if empty:
        yield file.problem(0, "server-sent events without a response")


def _read_frames(file: LogFile) -> Iterator[Record | Problem]:
    assembler = Assembler()
    emitted, number, reason = 0, 0, ""
    try:
        for number, frame in enumerate(frames(file.text()), 1):
            for event, raw in _frame_events(frame.headers, frame.payload):
                for found in _from_streams(file, assembler.feed(number, event, raw), skip_unknown=True):
                    emitted += 1
                    yield found
    except ValueError as error:
        reason = str(error)
        assembler.damage()
    for found in _from_streams(file, assembler.close()):
        emitted += 1
        yield found
        if reason == "event stream cut short":
            return
    if reason or not emitted:
        yield file.problem(number, reason or "event stream without a response's usage")


def _frame_events(headers: dict[str, str], payload: bytes) -> Iterator[tuple[Body, bytes]]:
    value = decode_json(payload)
    if headers.get(":message-type") in ("exception", "error"):
        kind = headers.get(":exception-type") or headers.get(":error-code", "")
        message = value.get("message") if isinstance(value, dict) else headers.get(":error-message")
        yield {"type": "error", "error": {"type": kind, "message": message}}, payload
        return
    if not isinstance(value, dict):
        raise ValueError("event stream damaged: a payload is no JSON object")
    if isinstance(value.get("bytes"), str):
        try:
            raw = base64.b64decode(value["bytes"], validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("event stream damaged: a chunk is not base64") from None
        native = decode_json(raw)
        if not isinstance(native, dict):
            raise ValueError("event stream damaged: a chunk is no JSON object")
        yield native, raw
    else:
        yield {headers.get(":event-type", ""): value}, payload


def _from_streams(
    file: LogFile, found: Iterator[Stream] | list[Stream], *, skip_unknown: bool = False
) -> Iterator[Record | Problem]:
    for stream in found:
        if stream.problem:
            yield file.problem(stream.line, stream.problem)
        elif skip_unknown and not kind_of(stream.body) and not _error_kind(stream.body):
            file.ignored += 1
        else:
            yield from _guarded(file, stream.line, _from_stream, stream)


def _from_stream(file: LogFile, stream: Stream) -> list[Record]:
    body = stream.body
    if not kind_of(body) and _error_kind(body):
        raise ValueError(f"error response: {error_text(body['error'])}")
    return records(file, stream.raw, {}, parse_body(body)._replace(partial=stream.partial), bare=body)


def _guarded(
    file: LogFile, line: int, make: Callable[[LogFile, _Item], list[Record]], item: _Item
) -> Iterator[Record | Problem]:
    try:
        made = make(file, item)
    except ValueError as error:
        yield file.problem(line, str(error))
    except RecursionError:
        yield file.problem(line, "nested too deeply")
    else:
        yield from made


def _from_object(file: LogFile, item: Value) -> list[Record]:
    value: Body = item.value
    if bedrock.is_invocation_log(value):
        return records(file, item.raw, {**value, "status": value.get("errorCode") and "error"}, _invocation(value))
    inner = _inner(value)
    if inner is None:
        if kind_of(value):
            return records(file, item.raw, {}, parse_body(value), bare=value)
        if (record := flat(file, item.raw, value)) is not None:
            return [record]
        if any(name in value for name in (*REQUESTS, *_BODIES)):
            return [_failed(file, item.raw, value, {})]
        if _error_kind(value):
            raise ValueError(f"error response: {error_text(value['error'])}")
        raise ValueError(NO_USAGE)
    if inner.problem:
        raise ValueError(inner.problem)
    if kind_of(inner.body):
        parsed = parse_body(inner.body)
        return records(file, item.raw, value, parsed._replace(partial=inner.partial))
    return [_failed(file, item.raw, value, inner.body)]


def _inner(value: Body) -> Stream | None:
    """The response within a wrapper, put together if it was streamed; None when `value` is no wrapper."""
    if str(value.get("type")).startswith("response."):
        return None
    for name in _BODIES:
        inner = value.get(name)
        if isinstance(inner, str):
            inner = _decoded_text(inner)
        if isinstance(inner, list):
            inner = _assembled(inner)
        if isinstance(inner, Stream):
            return inner
        if not isinstance(inner, dict):
            continue
        for body in (inner, *(inner.get(deeper) for deeper in _BODIES)):
            if isinstance(body, dict) and (kind_of(body) or _error_kind(body)):
                return Stream(0, b"", body)
    return None


def _decoded_text(value: str) -> Any:
    """A response logged as text: its JSON, or the stream it is."""
    raw = value.strip().encode("utf-8", "replace")
    if raw.startswith((b"{", b"[")):
        return decode_json(raw)
    if is_sse(raw):
        lines = ((number, line.strip()) for number, line in enumerate(raw.split(b"\n"), 1) if line.strip())
        return _first(item for item in streams(lines) if isinstance(item, Stream))
    return None


def _assembled(chunks: list[Any]) -> Stream | None:
    """The response of a list of stream events."""
    assembler = Assembler()
    found: list[Stream] = []
    for chunk in chunks:
        if isinstance(chunk, dict):
            found += assembler.feed(0, chunk, b"")
    found += assembler.close()
    return _first(found)


def _first(found: Iterable[Stream]) -> Stream | None:
    """The first response that could be put together; else why the first could not."""
    all_found = [item for item in found if item.problem or kind_of(item.body) or _error_kind(item.body)]
    return next((item for item in all_found if not item.problem), all_found[0] if all_found else None)


def _invocation(value: Body) -> Parsed:
    """Bedrock's model invocation log: counts stand beside the bodies (docs.aws.amazon.com)."""
    given, made = section(value, "input"), section(value, "output")
    body = made.get("outputBodyJson")
    if isinstance(body, list):
        stream = _assembled(body)
        body = stream.body if stream is not None and not stream.problem else None
    counted = bool(given.keys() & {"inputTokenCount"} or made.keys() & {"outputTokenCount"})
    usage = bedrock.invocation_counts(given, made)
    failure = text(value.get("errorCode"))
    parsed = Parsed("aws", "", usage, operation="chat", error=failure)
    if isinstance(body, dict) and kind_of(body):
        parsed = parse_body(body)._replace(provider="aws", error=failure)
        if counted and parsed.usage.tokens != usage.tokens:
            parsed = parsed._replace(usage=usage)
    elif not counted and not failure:
        raise ValueError(NO_USAGE)
    return parsed._replace(model=bedrock.model_id(value.get("modelId")), response_id=identifier(value.get("requestId")))


def _failed(file: LogFile, raw: bytes, wrapper: Body, inner: Body) -> Record:
    """A request that got no usage: an error with a time and a model is a record, at no cost."""
    failure = error_text(inner.get("error")) or error_text(wrapper.get("error"))
    status = status_of(wrapper)
    if not failure and status == "ok":
        raise ValueError(NO_USAGE)
    parsed = Parsed(
        "", text(inner.get("model")), Usage(), identifier(inner.get("id") or inner.get("request_id")),
        status="error", error=failure,
    )  # fmt: skip
    try:
        return records(file, raw, wrapper, parsed)[0]
    except ValueError as error:
        raise ValueError(f"error response ({error}): {failure or status}") from None


BEDROCK = Source("bedrock", _sniffer("bedrock"), read)
ANTHROPIC = Source("anthropic", _sniffer("anthropic"), read)
GEMINI = Source("gemini", _sniffer("gemini"), read)
OPENAI = Source("openai", _sniffer("openai", "cohere"), read)
