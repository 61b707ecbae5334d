"""Which log files an ingest has to read, and from where: one already read is left alone, a grown one continued.

A file that gave a problem is not marked, so that the next ingest reports it again.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import IO

from llmcost.ledger.bookmarks import Bookmark, Bookmarks
from llmcost.sources import source_named
from llmcost.sources.reader import LogFile, ReadOptions, Source

_PROBE = 4096
_INT64 = (1 << 63) - 1


#: No file has this size.
_NEVER = -1


class ReadSoFar:
    """`said`: everything the person said of the files that changes what is read from them."""

    def __init__(self, kept: Bookmarks, said: str, options: ReadOptions) -> None:
        self._kept = kept
        self._said = hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        self._options = options

    def is_read(self, path: Path) -> bool:
        """Whether the file is as it was when it was read to its end.

        Raises:
            OSError: it cannot be looked at.
        """
        mark = self._of(path)
        return mark is not None and mark[1:4] == stamp(path)

    def open(self, path: Path) -> tuple[LogFile, Source | None]:
        """The file, at the place to read on from with the source that read it, else at its start with none.

        Raises:
            OSError: it cannot be read.
        """
        mark = self._of(path)
        if mark is not None and mark.offset:
            inode, size, _ = stamp(path)
            if inode == mark.inode and size >= mark.offset:
                with path.open("rb") as stream:
                    same = _digest(stream, mark.offset) == mark.digest
                if same:
                    file = LogFile.open(path, self._options, offset=mark.offset, line=mark.line)
                    file.state = json.loads(mark.state)
                    return file, source_named(mark.reader.partition(":")[0])
        return LogFile.open(path, self._options), None

    def mark(
        self, path: Path, before: tuple[int, int, int], file: LogFile, source: Source, *, unfinished: bool
    ) -> Bookmark | None:
        """The bookmark of a file that was read to its end without a problem; `before` is its stamp from before that.

        `unfinished`: its last line, which has no end yet, was one: the file is continued there, changed or not.
        """
        reader = self._reader(source)
        if not (source.resumes and file.resumable):
            return None if unfinished else Bookmark(_name(path), *before, reader)
        if unfinished:
            before = (before[0], _NEVER, before[2])
        with path.open("rb") as stream:
            digest = _digest(stream, file.consumed)
        state = json.dumps(file.whole_state, sort_keys=True)
        return Bookmark(_name(path), *before, reader, file.consumed, file.consumed_lines, digest, state)

    def _of(self, path: Path) -> Bookmark | None:
        mark = self._kept.of(_name(path))
        if mark is None or mark.reader != self._reader(source_named(mark.reader.partition(":")[0])):
            return None
        return mark

    def _reader(self, source: Source) -> str:
        return f"{source.name}:{source.version} {self._said}"


def stamp(path: Path) -> tuple[int, int, int]:
    """Inode, size and modification time of a file, by which a change shows; a database's includes its log's.

    Raises:
        OSError: it cannot be looked at.
    """
    info = path.stat()
    size, mtime = info.st_size, info.st_mtime_ns
    if path.suffix == ".db":
        try:
            log = Path(f"{path}-wal").stat()
        except OSError:
            pass
        else:
            size, mtime = size + log.st_size, mtime + log.st_mtime_ns
    return info.st_ino & _INT64, size, mtime


def _digest(stream: IO[bytes], offset: int) -> bytes:
    """Of the file's first 4 KiB and of the 4 KiB before `offset`."""
    digest = hashlib.blake2b(stream.read(min(_PROBE, offset)), digest_size=16)
    stream.seek(max(0, offset - _PROBE))
    digest.update(stream.read(min(_PROBE, offset)))
    return digest.digest()


def _name(path: Path) -> str:
    """A digest: paths name people."""
    return hashlib.blake2b(os.fsencode(path.absolute()), digest_size=16).hexdigest()
