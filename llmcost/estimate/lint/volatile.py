"""What changes from call to call, before text that does not: a provider's cache serves only what precedes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from llmcost.estimate.lint.lines import tags
from llmcost.estimate.lint.part import Hit, Part

_FIELD = re.compile(r"(?<![\w\\}^_$])\{[A-Za-z_][\w.]{0,60}\}|\$\{[^{}\n]{1,80}\}|%\([A-Za-z_]\w{0,60}\)s")
_DATE = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?\S{0,12})?|\d{1,2}:\d\d(?::\d\d)?(?: ?[AP]M)?"
_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
#: A date in a text is that day's only where it is called so; a fact may be dated.
_STAMP = re.compile(
    rf"(?:\b(?:today|now|current|time|timestamp|as of)\b|今天|现在|当前)[^\n]{{0,40}}?(?P<date>{_DATE})"
    rf"|(?P<id>\b{_ID}\b)",
    re.IGNORECASE,
)
_CHANGING = re.compile(
    r"date|time|now|today|uuid|\bid\b|_id|user|session|request|query|question|input|message|name|random|nonce",
    re.IGNORECASE,
)
#: Jinja's statements with an end, which hold text that is sent sometimes, or many times.
_BLOCKS = frozenset({"if", "for", "macro", "call", "filter", "block", "with", "trans", "autoescape"})
_WORD = re.compile(r"\{[%{][-+~]?\s*[#/^]?(\w*)")


class _Changing(NamedTuple):
    start: int
    end: int
    name: str
    """Empty for a comment, which is not sent."""


def prefix(part: Part) -> Iterator[Hit]:
    """The first text that changes between calls, where unchanging text follows it."""
    changing = sorted(_changing(part)) if part.begins else []
    first = next((each for each in changing if each.name), None)
    if first is None:
        return
    pieces, at, n_before = [], 0, 0
    for each in changing:
        pieces.append(part.text[at : max(at, each.start)])
        at = max(at, each.end)
        if each is first:
            n_before = len(pieces)
    pieces.append(part.text[at:])
    sure = "changes" if _CHANGING.search(first.name) else "may change"
    message = (
        f"{first.name} {sure} from call to call, and ends what a cache can serve; move it behind the unchanging text"
    )
    yield Hit(first.start, message, prefix=("".join(pieces[:n_before]), "".join(pieces)))


def _changing(part: Part) -> Iterator[_Changing]:
    for match in _STAMP.finditer(part.text):
        group = match.lastgroup or ""
        yield _Changing(match.start(group), match.end(group), f"the {group}")
    if part.template:
        yield from _filled_in(part)
        for match in _FIELD.finditer(part.text):
            yield _Changing(match.start(), match.end(), match[0])


def _filled_in(part: Part) -> Iterator[_Changing]:
    """Placeholders, and what stands between the tags of a block."""
    opened: list[tuple[int, str]] = []
    text = part.text
    for start, end, opening in tags(text):
        if opening == "{#":
            if part.jinja:
                yield _Changing(start, end, "")
            continue
        name = " ".join(text[start : min(end, start + 60)].split())
        if opening == "{{":
            yield _Changing(start, end, name)
            continue
        found = _WORD.match(text, start)
        word = found[1] if found else ""
        if word in _BLOCKS:
            opened.append((start, name))
        elif word.startswith("end") and opened:
            begin, name = opened.pop()
            if not opened:
                yield _Changing(begin, end, name)
        elif not opened:
            yield _Changing(start, end, name)
