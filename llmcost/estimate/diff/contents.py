"""What the files of a repository hold, in git's store or in the working tree."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, NamedTuple

from llmcost.core.errors import UsageError
from llmcost.core.text import printable

#: A prompt of the largest context window sold today has about 4 MB.
MAX_BYTES = 8 * 2**20


class Entry(NamedTuple):
    """A regular file on one side: in git's store, or (without `oid`) in the working tree."""

    path: str
    oid: str


class TooLargeError(Exception):
    """A file of more than MAX_BYTES, which is no prompt."""


class Asked(NamedTuple):
    """A running `git cat-file`."""

    stdin: IO[bytes]
    stdout: IO[bytes]

    def line(self, oid: str) -> bytes:
        """The first line of its answer."""
        try:
            self.stdin.write(oid.encode() + b"\n")
            self.stdin.flush()
        except BrokenPipeError:
            return b""
        return self.stdout.readline().rstrip(b"\n")


class Contents:
    """Reads files of a repository."""

    def __init__(self, root: Path, sizes: Asked, blobs: Asked) -> None:
        self._root, self._sizes, self._blobs = root, sizes, blobs

    def read(self, entry: Entry) -> bytes:
        """The file's bytes.

        Raises:
            TooLargeError: it has more than MAX_BYTES.
            UsageError: it cannot be read.
        """
        return self._stored(entry.oid) if entry.oid else present(self._root, entry.path)

    def _stored(self, oid: str) -> bytes:
        found = self._sizes.line(oid).split(b" ")
        if len(found) != 3 or found[1] != b"blob":
            raise UsageError(f"git has no object {oid}", "a partial clone? fetch it whole, without --filter")
        if int(found[2]) > MAX_BYTES:
            raise TooLargeError
        self._blobs.line(oid)
        return self._blobs.stdout.read(int(found[2]) + 1)[:-1]


def present(root: Path, path: str) -> bytes:
    try:
        # Never through a link put in the place of a file.
        descriptor = os.open(root / path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {printable(path)}: {error.strerror}", "check its permissions") from None
    if len(data) > MAX_BYTES:
        raise TooLargeError
    return data
