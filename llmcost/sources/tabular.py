"""The walk shared by exports whose rows are CSV, JSON Lines, an array, or the `data` of an API's answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from functools import partial
from typing import Any

from llmcost.core.record import Problem, Record
from llmcost.sources import each
from llmcost.sources.delimited import delimiter_of, header_of, rows
from llmcost.sources.parsed import Body, shown
from llmcost.sources.reader import LogFile


def sniff(file: LogFile, ours: Callable[[Set[str]], bool]) -> bool:
    """Whether the names of some object at the start of the file, or of its header, are `ours`."""
    if is_json(file):
        return any(isinstance(row, dict) and ours(row.keys()) for value in file.sample for row in _rows(value))
    first = _first(file)
    return b"\x00" not in first and ours(set(header_of(first.decode("utf-8", "replace"))))


def is_json(file: LogFile) -> bool:
    return _first(file).startswith((b"{", b"["))


def requests(file: LogFile, one: each.Read) -> Iterator[Record | Problem]:
    """What `one` makes of every row; an empty cell of a CSV is no field."""
    if is_json(file):
        yield from each.requests(file, partial(_requests, one))
        return
    header: list[str] = []
    for row in rows(file.raw_lines(), delimiter_of(_first(file).decode("utf-8", "replace"))):
        if isinstance(row, Problem):
            yield row
        elif row.problem:
            yield file.problem(row.line, row.problem)
        elif not header:
            header = row.cells
        else:
            raw = "\x1f".join(row.cells).encode("utf-8", "replace")
            value = {name: cell for name, cell in zip(header, row.cells, strict=True) if cell}
            yield from each.told(file, row.line, lambda raw=raw, value=value: one(file, raw, value))  # type: ignore[misc]


def _requests(one: each.Read, file: LogFile, raw: bytes, value: Body) -> Iterator[Record | str]:
    """A row that makes no sense does not cost the others of its page."""
    for row in _rows(value):
        if not isinstance(row, dict):
            yield f"not a JSON object: {shown(row)}"
            continue
        try:
            yield from one(file, raw, row)
        except ValueError as error:
            yield str(error)


def _rows(value: Body) -> list[Any]:
    held = value.get("data")
    return held if isinstance(held, list) else [held] if isinstance(held, dict) else [value]


def _first(file: LogFile) -> bytes:
    return file.head.lstrip().split(b"\n", 1)[0].strip()
