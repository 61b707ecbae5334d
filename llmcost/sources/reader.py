"""A log file as its sources see it: lines or JSON values, plain, gzip or zstandard, never held whole.

Every line ends as a `Record`, as a `Problem` with a reason, or is told to be no request (`ignored`).
"""

from __future__ import annotations

import hashlib
import io
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NamedTuple

from llmcost.core.errors import UsageError
from llmcost.core.record import Problem, Record

#: A line longer than this is skipped and counted; no tool writes one, and memory stays bounded.
MAX_LINE = 64 * 1024 * 1024
HEAD = 256 * 1024
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
    keep_text: bool = False


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
    read: Callable[[LogFile], Iterator[Record | Problem]]
    default_app: str = ""
    """The app of its requests when neither the log nor the person who ingests names one."""


class LogFile:
    """One readable log. `name` is what problems are reported under; content is decompressed on the fly.

    `ignored` counts lines that are by design no request (a user's message, a summary).
    `naive_times` counts timestamps without an offset, which were taken as UTC.
    """

    def __init__(self, stream: IO[bytes], name: str, options: ReadOptions | None = None, mtime_us: int | None = None):
        self.name = name
        self.options = options or ReadOptions()
        self.mtime_us = mtime_us
        self.ignored = 0
        self.naive_times = 0
        self._seen: dict[bytes, int] = {}
        buffered = _decompressed(stream)
        self.head = _read_up_to(buffered, HEAD)
        self._rest = buffered
        self._document: list[Value] | None = None

    @classmethod
    def open(cls, path: Path, options: ReadOptions | None = None) -> LogFile:
        """Open a file on disk.

        Raises:
            OSError: it cannot be read.
        """
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise OSError(f"not a regular file: {path}")
        return cls(path.open("rb"), str(path), options, info.st_mtime_ns // 1000)

    @property
    def undated_us(self) -> int | None:
        """The time to give a request whose log has none, or None when it has to be skipped."""
        return self.mtime_us if self.options.undated_mtime else self.options.undated

    def problem(self, line: int, reason: str) -> Problem:
        return Problem(self.name, line, reason)

    def lines(self) -> Iterator[tuple[int, bytes] | Problem]:
        """(line number from 1, bytes without the line end); blank lines left out. Read once."""
        stream = _Chained(self.head, self._rest)
        readline = stream.readline
        number = 0
        while raw := readline(MAX_LINE + 1):
            number += 1
            if len(raw) > MAX_LINE and not raw.endswith(b"\n"):
                while raw and not raw.endswith(b"\n"):
                    raw = readline(MAX_LINE)
                yield self.problem(number, f"line longer than {MAX_LINE >> 20} MiB")
                continue
            if number == 1 and raw.startswith(_BOM):
                raw = raw[3:]
            text = raw.strip()
            if text:
                yield number, text

    def text(self) -> IO[bytes]:
        """The whole content as a binary stream, for formats that are not made of lines. Read once."""
        return io.BufferedReader(_Chained(self.head, self._rest), 1 << 20)

    @cached_property
    def is_lines(self) -> bool:
        """Whether the first non-blank line is a complete JSON value, that is, whether this is JSON Lines.

        A one-line array is a document, not a line.
        """
        first, newline, _ = self.head.removeprefix(_BOM).lstrip().partition(b"\n")
        if first.startswith(b"["):
            return False
        if not newline and len(self.head) >= HEAD:
            return True
        return _decoded(first.strip()) is not _BAD or not first.startswith(b"{")

    def values(self) -> Iterator[Value | Problem]:
        """Every JSON value: each line of JSON Lines, each element of an array, or the one document. Read once."""
        if self._document is None and not self.is_lines:
            self._document = []
            body = _read_up_to(self.text(), MAX_LINE + 1)
            if len(body) > MAX_LINE:
                yield self.problem(0, f"a JSON document larger than {MAX_LINE >> 20} MiB; write one value per line")
                return
            value = _decoded(body.removeprefix(_BOM))
            if value is _BAD:
                yield self.problem(0, "not JSON: the document is cut short or malformed")
                return
            if isinstance(value, list):
                import msgspec

                encode = msgspec.json.Encoder(order="deterministic").encode
                self._document = [Value(index, encode(item), item) for index, item in enumerate(value, 1)]
            else:
                self._document = [Value(1, body, value)]
        if self._document is not None:
            yield from self._document
            return
        for item in self.lines():
            if isinstance(item, Problem):
                yield item
                continue
            line, raw = item
            value = _decoded(raw)
            if value is _BAD:
                yield self.problem(line, "not JSON: the line is cut short or malformed")
            else:
                yield Value(line, raw, value)

    @cached_property
    def sample(self) -> list[dict[str, Any]]:
        """The first JSON objects of the file (up to 50), for `sniff`; empty when it holds none."""
        if not self.is_lines:
            if self.head.removeprefix(_BOM).lstrip()[:1] not in (b"{", b"["):
                return []
            found = [item for item in self.values() if isinstance(item, Value)]
            return [item.value for item in found[:50] if isinstance(item.value, dict)]
        lines = self.head.removeprefix(_BOM).split(b"\n")
        if len(self.head) >= HEAD:
            lines = lines[:-1]
        values = (_decoded(line.strip()) for line in lines[:200] if line.strip())
        return [value for value in values if isinstance(value, dict)][:50]

    def identity(self, provider: str, response_id: str, raw: bytes) -> str:
        """`provider:response_id`; without an id, a hash of the line and how often it has occurred in this file.

        Identical lines keep their multiplicity, and reading the file again gives the same ids.
        """
        if response_id:
            return f"{provider}:{response_id[:256]}"
        digest = hashlib.blake2b(raw, digest_size=16).digest()
        count = self._seen.get(digest, 0)
        self._seen[digest] = count + 1
        return f"~{digest.hex()}.{count}" if count else f"~{digest.hex()}"

    def close(self) -> None:
        self._rest.close()


_BAD = object()


def _decoded(raw: bytes) -> Any:
    """The JSON value, with NUL bytes and bad UTF-8 forgiven where the structure still stands; else `_BAD`."""
    import msgspec

    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    repaired = raw.replace(b"\x00", b"").decode("utf-8", "replace")
    try:
        return msgspec.json.decode(repaired)
    except (msgspec.DecodeError, RecursionError):
        return _BAD


def decode_json(raw: bytes) -> Any | None:
    """The JSON value of `raw`, NUL bytes and bad UTF-8 forgiven; None when it is no JSON (or null)."""
    value = _decoded(raw)
    return None if value is _BAD else value


class _Chained(io.RawIOBase):
    """The bytes already read for detection, then the rest of the stream."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        super().__init__()
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> bytes:
        limit = -1 if size is None else size
        line = self._head.readline(limit)
        if line.endswith(b"\n") or (limit >= 0 and len(line) >= limit):
            return line
        return line + self._rest.readline(limit if limit < 0 else limit - len(line))

    def readinto(self, buffer: Any, /) -> int:
        data = self._head.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _read_up_to(stream: IO[bytes], size: int) -> bytes:
    parts = []
    while size > 0 and (chunk := stream.read(size)):
        parts.append(chunk)
        size -= len(chunk)
    return b"".join(parts)


class _Corrupt(io.RawIOBase):
    """A compressed stream whose damage becomes an OSError, whatever its library raises."""

    def __init__(self, inner: IO[bytes], kind: str) -> None:
        super().__init__()
        self._inner = inner
        self._kind = kind

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        try:
            data = self._inner.read(len(buffer))
        except Exception as error:
            raise OSError(f"damaged {self._kind} data: {error}") from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


def _decompressed(stream: IO[bytes]) -> IO[bytes]:
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    magic = buffered.peek(4)[:4]
    if magic[:2] == b"\x1f\x8b":
        import gzip

        return io.BufferedReader(_Corrupt(gzip.GzipFile(fileobj=buffered), "gzip"), 1 << 20)  # type: ignore[arg-type]
    if magic == b"\x28\xb5\x2f\xfd":
        try:
            import zstandard
        except ImportError:
            raise UsageError("cannot read zstandard files", "pip install zstandard") from None
        reader = zstandard.ZstdDecompressor().stream_reader(buffered, read_across_frames=True)
        return io.BufferedReader(_Corrupt(reader, "zstandard"), 1 << 20)
    return buffered
