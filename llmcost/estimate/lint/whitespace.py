"""Blanks that mean nothing. A hard line break of Markdown, two blanks before a line end, means something."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmcost.estimate.lint.part import Edit, Hit, Part, joined

_BLANKS = " \t"
_TRAILING = re.compile(r"(?<![ \t])[ \t]++(?=\r?\n)")
_EMPTY = re.compile(r"^[ \t]*+\r?\n(?:[ \t]*+\r?\n)++", re.MULTILINE)
_INNER = re.compile(r"(?<=[^\s|]) {2,}(?=[^\s|])")


def trailing(part: Part) -> Iterator[Hit]:
    """Blanks at line ends. The last line's stay when it has no line end: a program may write on behind them."""
    lines, hits = part.lines, []
    for match in _TRAILING.finditer(part.text):
        start, end = match.span()
        index = lines.at(start)
        hard = match[0].endswith("  ") and not lines.blank[index] and 0 in lines.blank[index + 1 : index + 2]
        if not hard:
            safe = not lines.kept[index] and not part.text.endswith("\\", 0, start)
            hits.append(Hit(start, "", (Edit(start, end),), safe))
    yield from joined(hits, "blanks at line ends")


def blank_lines(part: Part) -> Iterator[Hit]:
    """More than one blank line in a row: one separates as well."""
    lines, hits = part.lines, []
    for match in _EMPTY.finditer(part.text):
        first = lines.at(match.start())
        edit = Edit(lines.start(first + 1), match.end())
        hits.append(Hit(edit.start, "", (edit,), not lines.kept[first]))
    yield from joined(hits, "more than one blank line in a row")


def indentation(part: Part) -> Iterator[Hit]:
    """The whole text indented alike, as a string in a program is before textwrap.dedent."""
    lines = part.lines
    texts = [lines[index] for index in range(len(lines)) if not lines.blank[index]]
    common = _common([text[: len(text) - len(text.lstrip(_BLANKS))] for text in texts])
    if len(common) > 1 and len(texts) > 2:
        edits = [
            Edit(start, start + len(common)) for i, start in enumerate(lines.starts) if lines[i].startswith(common)
        ]
        yield Hit(0, f"every line is indented by {len(common)} blanks", tuple(edits), places=len(edits))


def _common(indents: list[str]) -> str:
    """What all of them begin with: what the first and the last in order do."""
    first, last = min(indents, default=""), max(indents, default="")
    return next((first[:at] for at in range(len(first)) if first[at] != last[at]), first)


def inner_blanks(part: Part) -> Iterator[Hit]:
    """Runs of blanks between words, which may line something up."""
    runs = _INNER.finditer(part.text)
    hits = [Hit(match.start(), "", (Edit(match.start(), match.end(), " "),)) for match in runs]
    yield from joined(hits, "more than one blank between words")
