"""Which files an ingest reads: each once, whatever names it was given by."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from llmcost.core.errors import UsageError
from llmcost.core.record import Problem


class Found(NamedTuple):
    files: list[Path]
    """Sorted by name."""
    problems: list[Problem]
    """Folders and files below the named ones that cannot be looked into."""


def find_files(paths: Sequence[Path]) -> Found:
    """Every regular file under `paths`.

    Hidden files and folders, links to folders, pipes and devices inside a folder are left out. A file reached by
    two names (twice on the command line, through a link) is taken once, under the first.

    Raises:
        UsageError: a named path does not exist, cannot be read, or is neither a file nor a folder.
    """
    found: dict[tuple[int, int], Path] = {}
    problems: list[Problem] = []
    for path in paths:
        try:
            info = path.stat()
            if stat.S_ISDIR(info.st_mode):
                os.scandir(path).close()
                candidates = _walk(path, problems)
            elif stat.S_ISREG(info.st_mode):
                if not os.access(path, os.R_OK):
                    raise PermissionError(13, "Permission denied")
                candidates = iter([(path, info)])
            else:
                raise UsageError(f"neither a file nor a folder: {path}", "pipe it in: … | llmcost ingest -")
        except FileNotFoundError:
            raise UsageError(f"no such file or folder: {path}", "check the path") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise UsageError(f"cannot read {path}: {reason}", "check the path and its permissions") from None
        for file, seen in candidates:
            found.setdefault((seen.st_dev, seen.st_ino), file)
    return Found(sorted(found.values()), problems)


def _walk(folder: Path, problems: list[Problem]) -> Iterator[tuple[Path, os.stat_result]]:
    def note(error: OSError) -> None:
        problems.append(Problem(str(error.filename or folder), 0, f"cannot be read: {error.strerror or error}"))

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.startswith("."):
                continue
            path = Path(parent, name)
            try:
                info = path.stat()
            except OSError as error:
                note(error)
                continue
            if stat.S_ISREG(info.st_mode):
                yield path, info
