"""Plain, gzip and zstandard files alike: told apart by their first bytes, decompressed a little at a time.

What stands before a damaged or missing part is still read; the damage itself is an `OSError`.
"""

from __future__ import annotations

import io
from typing import IO, Any

from llmcost.core.errors import UsageError

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
BUFFER = 1 << 20
#: Compressed bytes handed to zstandard at once: it expands at most about 32,000 times, so memory stays bounded.
_ZSTD_STEP = 2048


class Chained(io.RawIOBase):
    """The bytes already read, then the rest of the stream."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        super().__init__()
        self._head = io.BytesIO(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._head.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def read_up_to(stream: IO[bytes], size: int) -> bytes:
    """`size` bytes, fewer only at the end of the stream or before damage, which the next read will meet again.

    Raises:
        OSError: nothing could be read.
    """
    read = getattr(stream, "read1", stream.read)
    parts: list[bytes] = []
    while size > 0:
        try:
            part = read(min(size, BUFFER))
        except OSError:
            if parts:
                break
            raise
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def decompressed(stream: IO[bytes], size: int) -> tuple[bytes, IO[bytes]]:
    """The first `size` bytes of the content, and a stream of the rest.

    Raises:
        OSError: the archive is damaged at its start.
        UsageError: zstandard is not installed.
    """
    start = read_up_to(stream, size)
    if start.startswith(_GZIP):
        inner: io.RawIOBase = _Gzip(io.BufferedReader(Chained(start, stream), BUFFER))
    elif start.startswith(_ZSTD):
        inner = _Zstandard(Chained(start, stream))
    else:
        return start, stream
    content = io.BufferedReader(inner, BUFFER)
    return read_up_to(content, size), content


class _Content(io.RawIOBase):
    """Decompressed bytes: first what stands before any damage, then, on every further read, the damage."""

    kind = ""
    _damage: OSError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if self._damage is not None:
            raise self._damage
        try:
            data = self._next(len(buffer))
        except Exception as error:
            self._damage = OSError(f"damaged {self.kind} data: {error}")
            raise self._damage from error
        buffer[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        raise NotImplementedError


class _Gzip(_Content):
    kind = "gzip"

    def __init__(self, stream: io.BufferedReader) -> None:
        super().__init__()
        import gzip

        self._inner = gzip.GzipFile(fileobj=stream)

    def _next(self, size: int) -> bytes:
        # read1: a plain read would lose what was decompressed before the damage.
        return self._inner.read1(size)


class _Zstandard(_Content):
    """python-zstandard's own stream reader takes a cut file for a complete one, so frames are followed here."""

    kind = "zstandard"

    def __init__(self, stream: io.RawIOBase) -> None:
        super().__init__()
        try:
            import zstandard
        except ImportError:
            raise UsageError("cannot read zstandard files", "pip install zstandard") from None
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame: Any = self._decompressor.decompressobj()
        self._stream = io.BufferedReader(stream, BUFFER)
        self._within = False
        self._pending = b""
        self._ready = io.BytesIO()

    def _next(self, size: int) -> bytes:
        while not (data := self._ready.read(size)):
            source = self._pending or self._stream.read(_ZSTD_STEP)
            self._pending = b""
            if not source:
                if self._within:
                    raise EOFError("the file ends within a frame")
                return b""
            self._within = True
            self._ready = io.BytesIO(self._frame.decompress(source))
            if self._frame.eof:
                self._pending, self._within = self._frame.unused_data, False
                self._frame = self._decompressor.decompressobj()
        return data
