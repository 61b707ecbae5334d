"""The walk shared by logs of JSON objects: each gives requests, is no request by design, or is a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from llmcost.core.instants import parse_timestamp
from llmcost.core.record import Problem, Record
from llmcost.sources.parsed import Body, count, shown
from llmcost.sources.reader import LogFile

Read = Callable[[LogFile, bytes, Body], Iterable[Record | str]]
"""(file, the object's bytes, the object) -> its requests, and reasons why what should be one is none.

Raises ValueError where the object itself makes no sense.
"""


def requests(file: LogFile, one: Read) -> Iterator[Record | Problem]:
    """What `one` makes of every JSON object of the file."""
    for item in file.values():
        if isinstance(item, Problem):
            yield item
        elif not isinstance(item.value, dict):
            yield file.problem(item.line, "not a JSON object")
        else:
            yield from told(file, item.line, lambda item=item: one(file, item.raw, item.value))  # type: ignore[misc]


def told(file: LogFile, line: int, of: Callable[[], Iterable[Record | str]]) -> Iterator[Record | Problem]:
    """The requests `of` gives, its reasons and errors as problems of `line`; nothing at all is no request by design."""
    try:
        found = list(of())
    except ValueError as error:
        yield file.problem(line, str(error))
    except RecursionError:
        yield file.problem(line, "nested too deeply")
    else:
        file.ignored += not found
        for each in found:
            yield file.problem(line, each) if isinstance(each, str) else each


def moment(file: LogFile, when: object) -> int:
    """A time as microseconds; one without an offset is UTC, and counted.

    Raises:
        ValueError: it is absent or none.
    """
    if when is None or when == "":
        raise ValueError("no timestamp")
    if isinstance(when, bool) or not isinstance(when, str | int | float):
        raise ValueError(f"not a time: {shown(when)}")
    ts, aware = parse_timestamp(when)
    file.naive_times += not aware
    return ts


def counts(body: Body, **names: str) -> dict[str, int]:
    """parameter -> count of `body` under its name; absent ones are 0.

    Raises:
        ValueError: one is no count.
    """
    return {parameter: count(body, name) for parameter, name in names.items()}
