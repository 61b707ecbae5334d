"""A log file as its sources see it: lines or JSON values, plain, gzip or zstandard, never held whole.

Every line ends as a `Record`, as a `Problem` with a reason, or is told to be no request (`ignored`).
"""

from __future__ import annotations

import hashlib
import io
import stat
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from llmcost.core.billed import Billed
from llmcost.core.instants import plausible
from llmcost.core.record import Problem, Record
from llmcost.sources.compressed import BUFFER, Chained, decompressed, read_up_to

#: A line longer than this is skipped and counted; no tool writes one, and memory stays bounded.
MAX_LINE = 64 * 1024 * 1024
HEAD = 256 * 1024
MAX_ID = 256
_SAMPLE = 20
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the person who ingests says about the files.

    mapping: this log's own column -> the interchange record's field.
    undated: microseconds (UTC) for requests whose log has no time at all; None skips them with a reason.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    undated: int | None = None
    undated_mtime: bool = False


class Value(NamedTuple):
    """One JSON value of a file: its line (or its place in an array), its bytes, and the decoded value."""

    line: int
    raw: bytes
    value: Any


@dataclass(frozen=True, slots=True)
class Source:
    """A log format: `sniff` says whether a file's content is of it, `read` yields its requests and problems."""

    name: str
    sniff: Callable[[LogFile], bool]
    read: Callable[[LogFile], Iterator[Record | Billed | Problem]]
    default_app: str = ""
    """The app of its requests when neither the log nor the person who ingests names one."""
    resumes: bool = False
    """A grown file may be read on from the end of its last whole line: what the reading of a line depends on is in
    that line or in `LogFile.state`."""
    version: int = 1
    """Raised when the same bytes give other requests than before, so that files are read again."""


class LogFile:
    """One readable log. `name` is what problems are reported under; content is decompressed on the fly.

    `head` is the start of the content without a byte order mark, and holds at least one whole line of JSON Lines.
    `overlong` counts lines longer than MAX_LINE; at first those before `head`.
    `ignored` counts lines that are by design no request (a user's message, a summary).
    `naive_times` counts timestamps without an offset, which were taken as UTC.
    `state` is what a source that `resumes` has to know of the lines before: JSON values, kept up to date by it.
    `path` is where the file lies on disk; None where it does not.
    `consumed` and `consumed_lines` count the bytes and lines handed out, up to the last whole line.
    """

    path: Path | None = None

    def __init__(self, stream: IO[bytes], name: str, options: ReadOptions | None = None, mtime_us: int | None = None):
        self.name = name
        self.options = options or ReadOptions()
        self.mtime_us = mtime_us
        self.ignored = 0
        self.naive_times = 0
        self.overlong = 0
        self.state: dict[str, Any] = {}
        self.consumed = self.consumed_lines = 0
        self._seen: dict[bytes, int] = {}
        self._stream = stream
        head, self._rest = decompressed(stream, HEAD)
        self.plain = self._rest is stream
        self.head = head.removeprefix(_BOM)
        self._bom = len(head) - len(self.head)
        self._state_of_whole: dict[str, Any] | None = None
        self._complete_first_line()
        self._document: list[Value | Problem] | None = None

    @classmethod
    def open(cls, path: Path, options: ReadOptions | None = None, *, offset: int = 0, line: int = 0) -> LogFile:
        """Open a file on disk, from the byte `offset` at the end of line `line` on.

        Raises:
            OSError: it cannot be read.
        """
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise OSError("not a regular file")
        stream = path.open("rb", BUFFER)
        stream.seek(offset)
        try:
            file = cls(stream, str(path), options, info.st_mtime_ns // 1000)
        except BaseException:
            stream.close()
            raise
        file.path = path
        file.consumed, file.consumed_lines = offset, line
        return file

    @property
    def resumable(self) -> bool:
        """Whether a reading of this file may be continued later: plain lines whose ids are their own."""
        return self.plain and not self.overlong and not self._seen and self.consumed > 0

    @property
    def whole_state(self) -> dict[str, Any]:
        """`state` as it was at the end of the last whole line."""
        return self.state if self._state_of_whole is None else self._state_of_whole

    @property
    def position(self) -> int:
        """Bytes of the file that were read, compressed ones where it is."""
        return self._stream.tell()

    def _complete_first_line(self) -> None:
        """A first line longer than HEAD (a pasted image) must not keep the file from being recognised."""
        while len(self.head) >= HEAD and self.head.lstrip().startswith(b"{") and b"\n" not in self.head.lstrip():
            line = self.head + self._rest.readline(max(1, MAX_LINE + 1 - len(self.head)))
            if line.endswith(b"\n") or len(line) <= MAX_LINE:
                self.head = line + read_up_to(self._rest, HEAD)
                return
            self.overlong += 1
            while (piece := self._rest.readline(BUFFER)) and not piece.endswith(b"\n"):
                pass
            self.head = read_up_to(self._rest, HEAD)

    @property
    def undated_us(self) -> int | None:
        """The time to give a request whose log has none, or None when it has to be skipped."""
        us = self.mtime_us if self.options.undated_mtime else self.options.undated
        return us if us is not None and plausible(us) else None

    def problem(self, line: int, reason: str) -> Problem:
        return Problem(self.name, line, reason)

    def raw_lines(self) -> Iterator[tuple[int, bytes] | Problem]:
        """(line number from 1, bytes with the line end). Read once."""
        reason = f"line longer than {MAX_LINE >> 20} MiB"
        number = self.consumed_lines
        self.consumed += self._bom
        for _ in range(self.overlong):
            number += 1
            yield self.problem(number, reason)
        skipping = False
        for piece in _pieces(self.head, self._rest, MAX_LINE + 1):
            if skipping:
                skipping = not piece.endswith(b"\n")
                continue
            number += 1
            if piece.endswith(b"\n"):
                self.consumed += len(piece)
                self.consumed_lines = number
            else:
                # What a source makes of half a line must not be what it remembers of whole ones.
                self._state_of_whole = deepcopy(self.state)
            if len(piece) > MAX_LINE and not piece.endswith(b"\n"):
                skipping = True
                self.overlong += 1
                yield self.problem(number, reason)
            else:
                yield number, piece

    def lines(self) -> Iterator[tuple[int, bytes] | Problem]:
        """(line number from 1, bytes without surrounding white space); blank lines left out. Read once."""
        for item in self.raw_lines():
            if isinstance(item, Problem):
                yield item
            elif text := item[1].strip():
                yield item[0], text

    def text(self) -> IO[bytes]:
        """The whole content as a binary stream, for formats that are not made of lines. Read once."""
        return io.BufferedReader(Chained(self.head, self._rest), BUFFER)

    @cached_property
    def is_lines(self) -> bool:
        """Whether this is JSON Lines: some line at its start is by itself a JSON value.

        The first line may be cut short; the lines of an indented document that look whole are indented.
        A one-line array is a document, not a line.
        """
        head = self.head.lstrip()
        if head.startswith(b"["):
            first, *more = head.split(b"\n", 50)
            if first.strip() == b"[" or _decoded(first.strip()) is not _BAD:
                return False
            # A damaged first line, unless this is an array over several lines.
            whole = len(self.head) < HEAD and _decoded(head) is not _BAD
            return not whole and _has_object(more)
        if self.overlong or not head.startswith(b"{"):
            return True
        first, *more = head.split(b"\n", 50)
        if _decoded(first.strip()) is not _BAD:
            return True
        return _has_object(more)

    def values(
        self, whole: Callable[[dict[str, Any]], bool] | None = None, typed: Callable[[bytes], Any] | None = None
    ) -> Iterator[Value | Problem]:
        """Every JSON value: each line of JSON Lines, each element of an array, or the one document. Read once.

        `whole` judges an object found at the end of a damaged line: whether it is one of the log's own.
        `typed` decodes a line where it has the form it should have; one that it refuses is decoded as ever.
        """
        if self._document is None and not self.is_lines:
            self._document = self._read_document()
        if self._document is not None:
            yield from self._document
            return
        for item in self.lines():
            if isinstance(item, Problem):
                yield item
                continue
            line, raw = item
            value = _decoded(raw) if typed is None else _decoded_as(typed, raw)
            if value is _BAD:
                yield self.problem(line, "not JSON: the line is cut short or malformed")
                tail = None if whole is None else glued(raw)
                value = None if tail is None else decode_json(tail)
                if tail is not None and whole is not None and value is not None and whole(value):
                    yield Value(line, tail, value)
            else:
                yield Value(line, raw, value)

    @cached_property
    def body(self) -> bytes:
        """The whole content, up to one byte beyond MAX_LINE, of a format that is not made of lines."""
        return read_up_to(self.text(), MAX_LINE + 1)

    def _read_document(self) -> list[Value | Problem]:
        body = self.body
        if len(body) > MAX_LINE:
            return [self.problem(0, f"a JSON document larger than {MAX_LINE >> 20} MiB; write one value per line")]
        value = _decoded(body)
        if value is _BAD:
            return [self.problem(0, "not JSON: the document is cut short or malformed")]
        if not isinstance(value, list):
            return [Value(1, body, value)]
        import msgspec

        encode = msgspec.json.Encoder(order="deterministic").encode
        return [Value(index, encode(item), item) for index, item in enumerate(value, 1)]

    @cached_property
    def sample(self) -> list[dict[str, Any]]:
        """The first JSON objects of the file (up to 20), for `sniff`; empty when it holds none."""
        if not self.is_lines:
            if self.head.lstrip()[:1] not in (b"{", b"["):
                return []
            found = [item for item in self.values() if isinstance(item, Value)]
            return [item.value for item in found[:_SAMPLE] if isinstance(item.value, dict)]
        lines = [line.strip() for line in self.head.split(b"\n", 5 * _SAMPLE)[: 5 * _SAMPLE]]
        values = (_decoded(line) for line in lines if line.startswith(b"{"))
        return list(islice((value for value in values if isinstance(value, dict)), _SAMPLE))

    def identity(self, provider: str, response_id: str, raw: bytes) -> str:
        """`provider:response_id`; without an id, a hash of the line and how often it has occurred in this file.

        Identical lines keep their multiplicity, and reading the file again gives the same ids. An id that is
        too long, or not plain text, is hashed.
        """
        if response_id:
            if len(response_id) > MAX_ID or not response_id.isprintable():
                digest = hashlib.blake2b(response_id.encode("utf-8", "surrogatepass"), digest_size=16)
                return f"{provider}:#{digest.hexdigest()}"
            return f"{provider}:{response_id}"
        line = hashlib.blake2b(raw, digest_size=16).digest()
        count = self._seen.get(line, 0)
        self._seen[line] = count + 1
        return f"~{line.hex()}.{count}" if count else f"~{line.hex()}"

    def close(self) -> None:
        self._stream.close()


def _pieces(head: bytes, rest: IO[bytes], limit: int) -> Iterator[bytes]:
    """Lines of `head` and then `rest`; one of `limit` bytes without a line end is continued by the next."""
    buffer = io.BytesIO(head)
    while piece := buffer.readline(limit):
        if len(piece) < limit and not piece.endswith(b"\n"):
            piece += rest.readline(limit - len(piece))
        yield piece
    yield from iter(partial(rest.readline, limit), b"")


def _has_object(lines: list[bytes]) -> bool:
    """Whether one of the first 49 lines is by itself a JSON object."""
    return any(line.startswith(b"{") and isinstance(_decoded(line.strip()), dict) for line in lines[:49])


_BAD = object()
#: Bytes a search through a damaged line may look at, so that no line can make it slow.
_MAX_WORK = 16 * 1024 * 1024


def _decoded(raw: bytes) -> Any:
    """The JSON value, forgiving NUL bytes, bad UTF-8, and NaN or Infinity, which become null; else `_BAD`."""
    import msgspec

    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if not raw.rstrip().endswith((b"}", b"]")):
            return _BAD
    import json

    repaired = raw.replace(b"\x00", b"").decode("utf-8", "replace")
    try:
        return json.loads(repaired, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return _BAD


def _decoded_as(typed: Callable[[bytes], Any], raw: bytes) -> Any:
    try:
        return typed(raw)
    except (ValueError, RecursionError):
        # msgspec's errors are ValueErrors.
        return _decoded(raw)


def decode_json(raw: bytes) -> Any | None:
    """The JSON value of `raw`, forgiving what `LogFile.values` forgives; None when it is no JSON (or null)."""
    value = _decoded(raw)
    return None if value is _BAD else value


def glued(raw: bytes) -> bytes | None:
    """The complete object at the end of a damaged line: what was appended after a crash had cut the line short."""
    start, work = len(raw), 0
    while work < _MAX_WORK and (start := raw.rfind(b'{"', 0, start)) > 0:
        tail = raw[start:]
        work += len(tail)
        if isinstance(decode_json(tail), dict):
            return tail
    return None
