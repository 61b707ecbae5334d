"""Rows of a CSV file: any of `,` `;` tab `|`, quoted line ends, and broken rows that do not take others with them."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from llmcost.core.record import Problem

DELIMITERS = ",;\t|"
#: A quoted cell may span lines; one that spans more than these was never closed.
_MAX_ROW_LINES = 1_000
_MAX_FIELD = 1 << 20


class Row(NamedTuple):
    line: int
    """At which it begins."""
    cells: list[str]
    problem: str = ""


def delimiter_of(header: str) -> str:
    return max(DELIMITERS, key=header.count)


def header_of(text: str) -> list[str]:
    """The cells of a header line; empty when it is none."""
    try:
        return next(csv.reader([text], delimiter=delimiter_of(text)), [])
    except csv.Error:
        return []


class _Lines:
    """Lines for csv.reader, which remember those of the row at hand so that they can be given back."""

    def __init__(self, lines: Iterator[tuple[int, bytes] | Problem]) -> None:
        self._lines = lines
        self._again: deque[tuple[int, str]] = deque()
        self.row: list[tuple[int, str]] = []
        self.problems: list[Problem] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.row) >= _MAX_ROW_LINES:
            raise csv.Error("a quoted cell is never closed")
        if self._again:
            line = self._again.popleft()
        else:
            while isinstance(item := next(self._lines), Problem):
                self.problems.append(item)
            line = item[0], item[1].replace(b"\x00", b"").decode("utf-8", "replace")
        self.row.append(line)
        return line[1]

    def give_back(self) -> None:
        """All lines of the row but its first."""
        self._again.extendleft(reversed(self.row[1:]))


def rows(lines: Iterator[tuple[int, bytes] | Problem], delimiter: str) -> Iterator[Row | Problem]:
    """The header and every row with as many cells; a row with a `problem` stands for a line that is none.

    A row that spans lines and comes out wrong costs its first line only: the others are read again.
    """
    csv.field_size_limit(_MAX_FIELD)
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=delimiter)
    width = 0
    while True:
        source.row.clear()
        problem, cells = "", []
        try:
            cells = next(reader)
        except StopIteration:
            yield from source.problems
            return
        except csv.Error as error:
            problem = f"not CSV: {error}"
        yield from source.problems
        source.problems.clear()
        if not problem and not any(cells):
            continue
        width = width or len(cells)
        if not problem and len(cells) != width:
            problem = f"{len(cells)} columns where the header has {width}"
        if problem:
            if len(source.row) > 1:
                source.give_back()
                problem += " (a quote opened there may never be closed)"
            reader = csv.reader(source, delimiter=delimiter)
        yield Row(source.row[0][0], cells, problem)
