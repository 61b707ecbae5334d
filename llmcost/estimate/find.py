"""The prompts named on a command line: files, patterns, and the text files of folders."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from shlex import quote
from typing import BinaryIO, Generic, NamedTuple, TypeVar

from llmcost.core.errors import UsageError
from llmcost.estimate import ignore
from llmcost.estimate.ignore import Ignored
from llmcost.estimate.patterns import Pattern, is_pattern, patterns
from llmcost.tokens.decode import MAX_BYTES, NotTextError

T = TypeVar("T")
#: Files of any number of requests, read line by line.
STREAMED = (".jsonl", ".ndjson")

Read = Callable[[str, BinaryIO], Iterator[T]]
"""(path, its open stream) -> the prompts in it, one for a text."""


class Input(NamedTuple, Generic[T]):
    """One prompt of a file. The prompts of a file follow each other."""

    path: str
    folder: str
    """The folder named on the command line that the file was found in; empty for a file named itself.

    Paths begin with it, but for those in the current folder, `.`.
    """
    prompt: T


class Found(Generic[T]):
    """Iterates once over `Input`s, one file open at a time. `skipped` counts what folders and patterns hold besides.

    A file named itself must be text. In a folder, and among the files that match a pattern, hidden, ignored (by
    .gitignore, unless `ignored` is true), binary, too large and unreadable files are skipped; so is a file that was
    named before. Links to folders are not followed. The order is that of the arguments, folders by path.

    Raises (iterating, and for a missing path the constructor):
        UsageError: a named path does not exist, is not text, or cannot be read; a pattern matches nothing.
    """

    def __init__(self, paths: Sequence[str], read: Read[T], *, ignored: bool = False) -> None:
        self._read = read
        self._with_ignored = ignored
        self._seen: set[str] | None = set() if len(paths) > 1 or any(map(is_pattern, paths)) else None
        self.skipped: Counter[str] = Counter()
        self._named = [(path, [] if os.path.exists(path) else _patterns(path)) for path in paths]  # noqa: PTH110

    def __iter__(self) -> Iterator[Input[T]]:
        for path, choices in self._named:
            if choices:
                yield from self._matching(path, choices)
            elif os.path.isdir(path):  # noqa: PTH112
                folder = _plain(path)
                for file in self._walk("" if folder == "." else folder):
                    yield from self._optional(file, folder)
            elif self._new(path):
                try:
                    yield from self._file(_plain(path), "")
                except OSError as error:
                    why = error.strerror or error
                    raise UsageError(f"cannot read {path}: {why}", "check the path and its permissions") from None

    def _matching(self, text: str, choices: list[Pattern]) -> Iterator[Input[T]]:
        matched = 0
        for folder, regex in choices:
            if not os.path.isdir(folder or "."):  # noqa: PTH112
                continue
            for file in self._walk(folder, regex):
                matched += 1
                yield from self._optional(file, "")
        if not matched:
            held = [f"{number:,} {kind}" for kind, number in self.skipped.items() if number]
            raise UsageError(
                f"no file matches {text!r}" + (f" (skipped: {', '.join(held)})" if held else ""),
                "check the pattern; ** stands for any folders, hidden files are left out",
            )

    def _optional(self, path: str, folder: str) -> Iterator[Input[T]]:
        """The prompts of a file that nobody named."""
        if not self._new(path):
            self.skipped["named_twice"] += 1
            return
        try:
            yield from self._file(path, folder)
        except NotTextError as error:
            self.skipped[error.kind] += 1
        except OSError:
            self.skipped["unreadable"] += 1

    def _file(self, path: str, folder: str) -> Iterator[Input[T]]:
        with open(path, "rb") as stream:  # noqa: PTH123 - a Path costs more than the read
            if os.fstat(stream.fileno()).st_size > MAX_BYTES and not path.lower().endswith(STREAMED):
                text = f"{path} is larger than {MAX_BYTES // 2**20} MiB"
                raise NotTextError("too_large", text, "a prompt is smaller; split the file")
            for prompt in self._read(path, stream):
                yield Input(path, folder, prompt)

    def _new(self, path: str) -> bool:
        """Whether the file has not been named before."""
        if self._seen is None:
            return True
        whole = os.path.abspath(path)  # noqa: PTH100
        before = len(self._seen)
        self._seen.add(whole)
        return len(self._seen) > before

    def _walk(self, folder: str, regex: re.Pattern[str] | None = None) -> Iterator[str]:
        """The paths of the ordinary files of a folder in order, those of a folder before those of its folders."""
        rules = Ignored() if self._with_ignored else ignore.ignored_in(folder or ".")
        left = [(folder, rules)]
        while left:
            here, rules = left.pop()
            try:
                with os.scandir(here or ".") as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError as error:
                if here == folder:
                    raise UsageError(f"cannot read {folder}: {error.strerror}", "check its permissions") from None
                self.skipped["unreadable"] += 1
                continue
            if not self._with_ignored and any(entry.name == ignore.FILE for entry in entries):
                rules = rules.adding(os.path.join(here, ignore.FILE))  # noqa: PTH118
            folders = []
            for entry in entries:
                path = entry.path if here else entry.name
                is_folder = entry.is_dir(follow_symlinks=False)
                wanted = regex is None or (not is_folder and regex.fullmatch(path[len(folder) :].lstrip("/")))
                if reason := _left_out(entry, rules, is_folder=is_folder):
                    if wanted:
                        self.skipped[reason] += 1
                elif is_folder:
                    folders.append((path, rules.within(entry.name)))
                elif wanted:
                    yield path
            left += reversed(folders)


def _left_out(entry: os.DirEntry[str], rules: Ignored, *, is_folder: bool) -> str:
    """Why an entry of a folder is not looked at; empty where it is."""
    if entry.name.startswith("."):
        return "hidden"
    if rules.levels and rules(entry.name, folder=is_folder):
        return "ignored"
    try:
        if is_folder or entry.is_file():
            return ""
        # A pipe or device would block or never end; a link may lead nowhere.
        return "linked_folder" if entry.is_dir() else "unreadable"
    except OSError:
        return "unreadable"


def _plain(path: str) -> str:
    """`./prompts/` as `prompts`; what stands between is left to the file system, for it may be links."""
    plain = path.rstrip("/")
    while plain.startswith("./"):
        plain = plain[2:].lstrip("/")
    return plain or ("/" if path.startswith("/") else ".")


def _patterns(path: str) -> list[Pattern]:
    if os.path.islink(path):  # noqa: PTH114
        raise UsageError(f"{path} is a link that leads nowhere, to {os.readlink(path)}", "name the file")  # noqa: PTH115
    if not is_pattern(path):
        hint = "check the path; - reads standard input"
        if " " in path:
            hint = f"pipe a text in and name it -: echo {quote(path[:60])} | llmcost estimate -"
        raise UsageError(f"no such file or folder: {path}", hint)
    return patterns(path)
