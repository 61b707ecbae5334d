"""Streamed responses put together again: server-sent events, and the same events as JSON values or frames.

Each provider's stream becomes the body a plain request would have had:

- OpenAI chat: usage stands in the last chunk, and only with `stream_options.include_usage`.
- OpenAI Responses: the last event (`response.completed`, `.incomplete`, `.failed`) carries the whole response.
- Anthropic: `message_start` has the message, each `message_delta` cumulative usage: its fields replace earlier
  ones, missing ones keep (docs.claude.com, "Streaming messages").
- Gemini: each chunk is a body; its usage is cumulative.
- Bedrock Converse: the last event, `metadata`, has the usage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from llmcost.core.record import Problem
from llmcost.sources import gemini
from llmcost.sources.bedrock import METRICS
from llmcost.sources.parsed import Body, items
from llmcost.sources.reader import MAX_LINE, decode_json

NO_STREAM_USAGE = "stream has no usage (request stream_options.include_usage)"
CUT = "stream is cut before its usage"
HEADLESS = "stream without its start"
_ANTHROPIC = ("message_", "content_block_")
_CONVERSE = {"messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"}
_LAST_RESPONSE = {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
#: An event of more lines, or of more bytes than a line may have, is damaged.
_MAX_LINES = 100_000
_LINE = re.compile(rb"(?:data|event|id|retry):|:")


class Stream(NamedTuple):
    """One response put together; `problem` says why it cannot be read."""

    line: int
    raw: bytes
    body: Body
    partial: bool = False
    problem: str = ""


@dataclass
class _Open:
    kind: str
    line: int
    body: Body = field(default_factory=dict)
    started: bool = False
    ended: bool = False
    damaged: bool = False
    only_pings: bool = True
    raws: int = 0
    first: bytes = b""
    digest: Any = field(default_factory=lambda: blake2b(digest_size=16))

    def add_raw(self, raw: bytes) -> None:
        self.raws += 1
        if self.raws == 1:
            self.first = raw
        self.digest.update(raw)


def is_sse(head: bytes) -> bool:
    """Whether the first line that is not blank is a server-sent event's."""
    return _LINE.match(head[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()) is not None


def event_kind(value: Body) -> str:
    """Which provider's stream a JSON object is an event of; empty: none."""
    kind = value.get("type")
    if isinstance(kind, str):
        if kind.startswith(_ANTHROPIC) or kind == "ping":
            return "anthropic"
        if kind.startswith("response."):
            return "responses"
        if kind == "error":
            return "error"
    if value.get("object") == "chat.completion.chunk" or (
        value.get("usage") is None and any("delta" in choice for choice in items(value, "choices"))
    ):
        return "chat"
    if gemini.matches(value):
        return "gemini"
    return "converse" if len(value) == 1 and value.keys() <= _CONVERSE else ""


class Assembler:
    """Puts events together into the responses they are parts of. One stream is open at a time."""

    def __init__(self) -> None:
        self._open: _Open | None = None

    def feed(self, line: int, value: Body, raw: bytes) -> Iterator[Stream]:
        """One event; the responses it completes."""
        kind = event_kind(value)
        if not kind:
            kind = "chat" if "choices" in value else "error" if "error" in value else ""
        if kind == "error" and self._open is not None:
            self._open.body["error"] = value.get("error") or value
            yield from self.close()
        elif kind in ("", "error"):
            yield from self.close()
            yield Stream(line, raw, value)
        else:
            if self._begins(kind, value):
                yield from self.close()
            if self._open is None:
                self._open = _Open(kind, line)
            self._open.add_raw(raw)
            self._open.only_pings &= value.get("type") == "ping"
            if getattr(self, f"_{kind}")(self._open, value):
                yield from self.close()

    def done(self) -> Iterator[Stream]:
        """OpenAI's `[DONE]`."""
        if self._open is not None:
            self._open.ended = True
        yield from self.close()

    def damage(self) -> bool:
        """An event could not be read; whether it belongs to an open stream, which is then partial."""
        if self._open is None:
            return False
        self._open.damaged = True
        return True

    def close(self) -> Iterator[Stream]:
        """The open stream as far as it got."""
        stream, self._open = self._open, None
        if stream is None:
            return
        raw = stream.first if stream.raws == 1 else stream.digest.digest()
        partial = stream.damaged or not stream.ended
        problem = ""
        if not stream.started:
            problem = HEADLESS
        elif not _has_usage(stream.body) and "error" not in stream.body:
            problem = NO_STREAM_USAGE if stream.kind == "chat" and not partial else CUT
        yield Stream(stream.line, raw, stream.body, partial, problem)

    def _begins(self, kind: str, value: Body) -> bool:
        """Whether `value` belongs to another stream than the open one."""
        current = self._open
        if current is None:
            return False
        if current.kind != kind:
            return value.get("type") != "ping"
        match kind:
            case "anthropic":
                return value.get("type") == "message_start" and not current.only_pings
            case "responses":
                response = value.get("response")
                return isinstance(response, dict) and _differ(current.body.get("id"), response.get("id"))
            case "converse":
                return "messageStart" in value
            case "gemini":
                ids = current.body.get("responseId"), value.get("responseId")
                return _differ(*ids) or (current.ended and not (ids[0] and ids[1]))
            case _:
                return _differ(current.body.get("id"), value.get("id"))

    @staticmethod
    def _chat(stream: _Open, value: Body) -> bool:
        stream.started = True
        body = stream.body
        kept = {key: item for key, item in value.items() if item not in (None, "") and key != "choices"}
        body.update(kept)
        body["object"] = "chat.completion"
        groq = value.get("x_groq")
        if isinstance(groq, dict) and isinstance(groq.get("usage"), dict):
            body.setdefault("usage", groq["usage"])
        body.setdefault("choices", [])
        for choice in items(value, "choices"):
            stream.ended |= bool(choice.get("finish_reason"))
            if "content_filter_results" in choice and not body["choices"]:
                body["choices"] = [{"content_filter_results": {}}]
        return False

    @staticmethod
    def _responses(stream: _Open, value: Body) -> bool:
        response = value.get("response")
        if isinstance(response, dict):
            stream.started = True
            stream.body = response
        stream.ended = value.get("type") in _LAST_RESPONSE
        return stream.ended

    @staticmethod
    def _anthropic(stream: _Open, value: Body) -> bool:
        kind, message, body = value.get("type"), value.get("message"), stream.body
        if kind == "message_start" and isinstance(message, dict):
            stream.started = True
            stream.body = {**message, "type": "message"}
            if isinstance(message.get("usage"), dict):
                stream.body["usage"] = dict(message["usage"])
        elif kind == "message_delta":
            usage = value.get("usage")
            if isinstance(usage, dict) and isinstance(body.get("usage", {}), dict):
                body.setdefault("usage", {}).update((key, item) for key, item in usage.items() if item is not None)
            elif usage is not None:
                stream.damaged = True
            delta = value.get("delta")
            stream.ended |= isinstance(delta, dict) and bool(delta.get("stop_reason"))
        elif kind == "message_stop":
            stream.ended = True
            if METRICS in value:
                body[METRICS] = value[METRICS]
            return True
        return False

    @staticmethod
    def _gemini(stream: _Open, value: Body) -> bool:
        stream.started = True
        stream.ended |= gemini.finished(value) or not value.get("candidates")
        try:
            stream.body = gemini.merged([stream.body, value])
        except ValueError:
            stream.body = {**stream.body, "usageMetadata": value["usageMetadata"]}
        return False

    @staticmethod
    def _converse(stream: _Open, value: Body) -> bool:
        stream.body.setdefault("output", {})
        if "messageStart" in value:
            stream.started = True
        metadata = value.get("metadata")
        if isinstance(metadata, dict):
            stream.started = stream.ended = True
            stream.body.update(metadata)
            return True
        return False


def _has_usage(body: Body) -> bool:
    return body.get("usage") is not None or body.get("usageMetadata") is not None or METRICS in body


def _differ(one: object, other: object) -> bool:
    return bool(one) and bool(other) and one != other


def streams(lines: Iterable[tuple[int, bytes] | Problem]) -> Iterator[Stream | Problem]:
    """The responses in the lines of server-sent events (blank lines left out, their numbers missing).

    Several streams may follow one another. An event that cannot be read makes its stream partial. Data over
    several lines is decoded once, where the event ends, so that no event costs more than its length.
    """
    assembler = Assembler()
    data: list[bytes] = []
    last = started = size = 0
    for item in lines:
        if isinstance(item, Problem):
            assembler.damage()
            yield item
            continue
        number, line = item
        name, _, rest = line.partition(b":")
        if data and (number != last + 1 or name != b"data" or rest.strip() == b"[DONE]"):
            yield from _event(assembler, started, data, size)
            data.clear()
        last = number
        if line.startswith((b"{", b"[")):
            rest = line
        elif name != b"data":
            if _LINE.match(line) is None and line not in (b"event", b"id", b"retry", b"data"):
                yield from _damaged(assembler, number)
            continue
        rest = rest.strip()
        if rest == b"[DONE]":
            yield from assembler.done()
            continue
        if not data:
            started, size = number, 0
            value = _decoded(rest)
            if value is not None:
                yield from _fed(assembler, started, value, rest)
                continue
        size += len(rest) + 1
        if len(data) < _MAX_LINES and size <= MAX_LINE:
            data.append(rest)
        else:
            size = MAX_LINE + 1
    if data:
        yield from _event(assembler, started, data, size)
    yield from assembler.close()


def _decoded(raw: bytes) -> Any | None:
    return decode_json(raw) if raw.endswith((b"}", b"]")) else None


def _event(assembler: Assembler, line: int, data: list[bytes], size: int) -> Iterator[Stream]:
    """An event whose data stands in several lines."""
    raw = b"\n".join(data) if size <= MAX_LINE else b""
    value = _decoded(raw) if len(data) > 1 else None
    yield from _damaged(assembler, line) if value is None else _fed(assembler, line, value, raw)


def _fed(assembler: Assembler, line: int, value: Any, raw: bytes) -> Iterator[Stream]:
    for event in value if isinstance(value, list) else [value]:
        if isinstance(event, dict):
            yield from assembler.feed(line, event, raw)
        else:
            yield from _damaged(assembler, line)


def _damaged(assembler: Assembler, line: int) -> Iterator[Stream]:
    if not assembler.damage():
        yield Stream(line, b"", {}, problem="not an event: the stream is cut short or malformed")
