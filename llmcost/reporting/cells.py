"""Rows of text as CSV and Markdown, safe for what opens them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from llmcost.core.text import guarded, printable

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180 with \\n line ends. Text a spreadsheet would run as a formula gets an apostrophe before it."""
    return "".join(map(csv_line, (header, *rows)))


def csv_line(cells: Iterable[object]) -> str:
    """One row of `csv_text`."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return "" if value is None else value
    return value if _NUMBER.fullmatch(value) else guarded(value)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> str:
    """A GitHub table; `right`: columns that are numbers."""
    numeric = set(right)
    lines = [_line(header), _line(["---:" if index in numeric else "---" for index in range(len(header))])]
    lines += [_line([markdown_text(cell) for cell in row]) for row in rows]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


_ESCAPES = str.maketrans(
    {**{mark: f"\\{mark}" for mark in "\\|`*_[]!#@"}, "<": "&lt;", ">": "&gt;", "&": "&amp;"}
)  # fmt: skip


def markdown_text(text: str) -> str:
    """No cell ends early, starts HTML, a link or an image, or breaks its line."""
    return printable(text).translate(_ESCAPES)
