"""Bookmarks: how far each log file has been read, so that an ingest does not read it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Bookmark(NamedTuple):
    """A file as it was when it was read to its end, and what reading on from there needs."""

    path: str
    """A digest of the absolute one."""
    inode: int
    size: int
    mtime_ns: int
    """Of the file; of a database, its write-ahead log's added to it where it has one."""
    reader: str
    """What gave the requests: `source:version` and a digest of everything the person said of the files."""
    offset: int = 0
    """Bytes before the end of the last whole line; 0: a grown file is read whole."""
    line: int = 0
    """Number of the last whole line."""
    digest: bytes = b""
    """Of the file's first 4 KiB and of the 4 KiB before `offset`."""
    state: str = "{}"
    """JSON: what the source has to know of the lines before."""


class Bookmarks(Protocol):
    """Bookmarks of a ledger. They fall with an undo and with a forgotten user: the logs are then read again."""

    def of(self, path: str) -> Bookmark | None:
        """The bookmark of a file."""

    def keep(self, bookmarks: Sequence[Bookmark]) -> None:
        """Set bookmarks; earlier ones of the same paths are replaced."""
