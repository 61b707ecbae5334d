"""Patterns of file names as a shell understands them: `*`, `?`, `[a-z]`, `{a,b}`, and `**` for any folders."""

from __future__ import annotations

import re
from typing import NamedTuple

from llmcost.core.errors import UsageError

_MAGIC = re.compile(r"[*?\[{]")
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
#: `{a,b}{a,b}…` doubles with every pair.
_MAX_ALTERNATIVES = 1_000


class Pattern(NamedTuple):
    """Files below `folder` whose path from there matches `regex` as a whole."""

    folder: str
    regex: re.Pattern[str]


def is_pattern(text: str) -> bool:
    return _MAGIC.search(text) is not None


def patterns(text: str) -> list[Pattern]:
    """The patterns that `text` stands for, one for each choice of its braces.

    Raises:
        UsageError: the braces have too many choices.
    """
    return [_pattern(choice) for choice in dict.fromkeys(_choices(text))]


def _choices(text: str) -> list[str]:
    done: list[str] = []
    left = [text]
    while left:
        if len(left) + len(done) > _MAX_ALTERNATIVES:
            raise UsageError(f"too many alternatives in {text!r}", "name the files, or use * and **")
        choice = left.pop()
        if (braces := _BRACES.search(choice)) is None:
            done.append(choice)
        else:
            before, after = choice[: braces.start()], choice[braces.end() :]
            left += [before + part + after for part in reversed(braces[1].split(","))]
    return done


def _pattern(text: str) -> Pattern:
    parts = text.split("/")
    plain = next((index for index, part in enumerate(parts) if is_pattern(part)), len(parts) - 1)
    folder = "/".join(parts[:plain])
    if plain and not folder:
        folder = "/"
    regex = ""
    for index, part in enumerate(parts[plain:], plain + 1):
        last = index == len(parts)
        if part == "**":
            regex += ".+" if last else "(?:.+/)?"
        else:
            regex += _segment(part) + ("" if last else "/")
    return Pattern(folder, re.compile(regex, re.DOTALL))


def _segment(text: str) -> str:
    out, at = "", 0
    while at < len(text):
        character = text[at]
        close = text.find("]", at + (3 if text[at + 1 : at + 2] in {"!", "^"} else 2)) if character == "[" else -1
        if close > 0:
            out += _class(text[at + 1 : close])
            at = close
        else:
            out += {"*": "[^/]*", "?": "[^/]"}.get(character) or re.escape(character)
        at += 1
    return out


def _class(inside: str) -> str:
    negated = inside[0] in "!^"
    left, members = inside[negated:], ""
    while left:
        first, last = left[0], left[2:3] if left[1:2] == "-" else ""
        if first <= (last or first):
            members += re.escape(first) + (f"-{re.escape(last)}" if last else "")
        left = left[3 if last else 1 :]
    if not members:
        return "[^/]" if negated else "(?!)"
    return f"(?!/)[{'^' if negated else ''}{members}]"
