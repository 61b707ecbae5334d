"""Text in columns without Rich: for commands that must start fast. No cell is ever cut."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence


def columns(rows: Sequence[Sequence[str]], *, right: Collection[int] = ()) -> list[str]:
    """Aligned lines, the first row the heading; columns in `right` are flush right."""
    widths = [max(width_of(row[index]) for row in rows) for index in range(len(rows[0]))] if rows else []
    lines = []
    for row in rows:
        cells = []
        for index, text in enumerate(row):
            pad = " " * (widths[index] - width_of(text))
            cells.append(pad + text if index in right else text + pad)
        lines.append("  ".join(cells).rstrip())
    return lines


def width_of(text: str) -> int:
    """Terminal columns: East Asian wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
