"""Lines that have to wait until what stands before them is known: in memory while they are few, else on disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

_IN_MEMORY = 2**20


class Spool:
    """Lines are added, then iterated over once. Past `limit` lines they are only counted, in `left_out`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: list[str] = []
        self._size = 0
        self._added = 0
        self._file: IO[str] | None = None
        self.left_out = 0

    def add(self, line: str) -> None:
        """`line` without a line end in it."""
        if self._added >= self._limit:
            self.left_out += 1
            return
        self._added += 1
        self._lines.append(line)
        self._size += len(line)
        if self._size > _IN_MEMORY:
            self._spill()

    def _spill(self) -> None:
        if self._file is None:
            import tempfile

            self._file = tempfile.TemporaryFile(  # noqa: SIM115 - closed when it has been read
                "w+", encoding="utf-8", errors="surrogatepass", newline="\n"
            )
        self._file.writelines(f"{line}\n" for line in self._lines)
        self._lines, self._size = [], 0

    def __iter__(self) -> Iterator[str]:
        if self._file is not None:
            with self._file as stream:
                stream.seek(0)
                for line in stream:
                    yield line[:-1]
        yield from self._lines
