"""The prompts named on a command line: files, and the text files of folders."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from llmcost.core.errors import UsageError
from llmcost.tokens.decode import NotTextError, read_file
from llmcost.tokens.prompt import Prompt, parse


class Found:
    """Iterates over (shown path, prompt), one file in memory at a time. `skipped` counts what a folder holds besides.

    A file named itself must be text; in a folder, hidden, binary, too large and unreadable files are skipped, and
    links to folders are not followed. Order is that of the arguments, folders by path.

    Raises (iterating, and for a missing path the constructor):
        UsageError: a named path does not exist, is not text, or cannot be read.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = [Path(path) for path in paths]
        self.skipped: Counter[str] = Counter()
        for path in self._paths:
            if not path.exists():
                raise UsageError(f"no such file or folder: {path}", "check the path; - reads standard input")

    def __iter__(self) -> Iterator[tuple[str, Prompt]]:
        for path in self._paths:
            if not path.is_dir():
                yield str(path), prompt_of(path)
                continue
            for file in self._walk(path):
                try:
                    prompt = prompt_of(file)
                except NotTextError as error:
                    self.skipped[error.kind] += 1
                except UsageError:
                    self.skipped["unreadable"] += 1
                else:
                    yield str(file), prompt

    def _walk(self, folder: Path) -> Iterator[Path]:
        def unreadable(error: OSError) -> None:
            if error.filename == str(folder):
                raise UsageError(f"cannot read {folder}: {error.strerror}", "check its permissions") from None
            self.skipped["unreadable"] += 1

        for root, folders, files in os.walk(folder, onerror=unreadable):
            hidden = [name for name in (*folders, *files) if name.startswith(".")]
            self.skipped["hidden"] += len(hidden)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(name for name in files if not name.startswith(".")):
                file = Path(root, name)
                # A pipe or device in a folder would block or never end.
                if file.is_file():
                    yield file
                else:
                    self.skipped["unreadable"] += 1


def prompt_of(path: Path) -> Prompt:
    """The prompt in one file; a `.json` file may be a list of chat messages."""
    return parse(read_file(path), json_allowed=path.suffix.lower() == ".json")
