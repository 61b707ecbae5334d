"""What git would ignore in a folder: nested .gitignore files, those above it in its repository, .git/info/exclude.

Not read: the user's global excludes file, which is not part of the repository. Outside of a repository the
.gitignore files of the folder itself and below it count.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

FILE = ".gitignore"
#: A longer list of patterns is no such file.
_MAX_BYTES = 2**18
#: pathspec's regexes for `*` and `**/`, which it searches for anywhere in a path.
_ANYTHING, _ANY_FOLDER = ".", "(?P<ps_d>/)"
_ALL_INSIDE = re.compile(r"/\*\*(/?)\s*$")
#: `[!…]`, which in git is no slash either.
_NOT_THESE = re.compile(r"(?<!\\)\[\^([^/])")
#: In pathspec's regex, `/**/`.
_FOLDERS = "(?:/.+)?/"
#: In pathspec's regex, `*` and plain text with another `*` behind it.
_STAR = r"\[\^/\]\*"
_STAR_AND_TEXT = re.compile(rf"{_STAR}((?:\\.|(?!{_STAR})\[[^\]]+\]|[^\\/()\[\]|?*+.^$])+)(?={_STAR})")


class _Pattern(NamedTuple):
    """One line of an ignore file."""

    regex: re.Pattern[str]
    """pathspec's, which also matches what is in a folder that the line means; `matches` looks at the entry alone."""
    ignores: bool

    def matches(self, path: str, *, folder: bool) -> bool:
        if self.regex.pattern == _ANYTHING:
            return True
        if self.regex.pattern == _ANY_FOLDER:
            return folder
        return self.regex.fullmatch(path) is not None


class _Level(NamedTuple):
    """The patterns of one file. `prefix`: the path from its folder to the one looked at, with a slash at its end."""

    prefix: str
    patterns: tuple[_Pattern, ...]


class Ignored(NamedTuple):
    """The patterns that hold in one folder, the weakest first."""

    levels: tuple[_Level, ...] = ()

    def __call__(self, name: str, *, folder: bool) -> bool:
        """Whether git ignores the entry `name` of the folder: the last pattern of the nearest file decides."""
        for prefix, patterns in reversed(self.levels):
            path = f"{prefix}{name}/" if folder else prefix + name
            for pattern in reversed(patterns):
                if pattern.matches(path, folder=folder):
                    return pattern.ignores
        return False

    def within(self, name: str) -> Ignored:
        """The patterns of the files above, as they hold in the subfolder `name`."""
        return Ignored(tuple(level._replace(prefix=f"{level.prefix}{name}/") for level in self.levels))

    def adding(self, file: str) -> Ignored:
        """With the patterns of the ignore file at `file`, which lies in the folder itself."""
        patterns = tuple(_patterns(file))
        return Ignored((*self.levels, _Level("", patterns))) if patterns else self


def ignored_in(folder: str) -> Ignored:
    """The patterns that hold in `folder` from above it. None do when it is ignored itself: it was named all the same.

    The folder's own .gitignore is not among them unless it is the repository's root: who walks it adds it.
    """
    start = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow links
    root = next((parent for parent in (start, *start.parents) if os.path.lexists(parent / ".git")), None)
    if root is None:
        return Ignored()
    rules = Ignored().adding(str(root / ".git" / "info" / "exclude"))
    here = root
    for name in start.relative_to(root).parts:
        rules = rules.adding(str(here / FILE))
        if rules(name, folder=True):
            return Ignored()
        rules = rules.within(name)
        here /= name
    return rules


def _patterns(file: str) -> Iterator[_Pattern]:
    """Its patterns, but those that are none, which git passes over; no patterns where it cannot be read."""
    try:
        with open(file, "rb") as stream:  # noqa: PTH123 - called for every folder of a tree
            text = stream.read(_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    for line in text.removeprefix("\ufeff").splitlines():
        try:
            # pathspec takes `a/**` for the folder itself as well; git only for what is in it.
            made = GitIgnoreSpecPattern(_ALL_INSIDE.sub(r"/**/*\1", line))
        except (ValueError, re.error):
            continue
        if made.include is not None and made.regex is not None:
            yield _Pattern(_steady(made.regex), made.include)


def matcher(lines: Sequence[str]) -> Callable[[str], bool]:
    """Whether a path matches patterns as in .gitignore, itself or a folder above it; the last that matches decides.

    Lines that are no patterns match nothing.
    """
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    made = []
    for line in lines:
        try:
            pattern = GitIgnoreSpecPattern(line)
        except (ValueError, re.error):
            continue
        if pattern.include is not None and pattern.regex is not None:
            made.append((_steady(pattern.regex), pattern.include))
    return lambda path: next((found for regex, found in reversed(made) if regex.search(path)), False)


def _steady(regex: re.Pattern[str]) -> re.Pattern[str]:
    """The same without trying again: between stars the first place a text is found at is as good as any later one.

    `*a*a*a*a*b` would otherwise take minutes for one long name, and so would `**/a/**/a/**/b` for a deep folder.
    """
    without_slash = _NOT_THESE.sub(r"[^/\1", regex.pattern)
    first, *others = _STAR_AND_TEXT.sub(r"(?>[^/]*?\1)", without_slash).split(_FOLDERS)
    between = (f"(?>(?:/.+?)??/{part}(?=/))" for part in others[:-1])
    steady = "".join((first, *between, *(_FOLDERS + part for part in others[-1:])))
    return regex if steady == regex.pattern else re.compile(steady, regex.flags)
