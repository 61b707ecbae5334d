"""Pages of a provider's usage and cost API: buckets of time with results, as a page, a list, or one to a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from llmcost.core.billed import Billed
from llmcost.core.record import Problem
from llmcost.sources.parsed import Body, shown
from llmcost.sources.reader import LogFile

Read = Callable[[LogFile, Body, Body], Iterable[Billed]]
"""(file, the bucket, one of its results) -> lines. Raises ValueError where they make no sense."""


def buckets(value: Any) -> list[Any]:
    """The buckets of a page, of a list of buckets or pages, or the bucket itself."""
    found: list[Any] = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict) and isinstance(each.get("data"), list):
            each = each["data"]
        if isinstance(each, list):
            waiting += reversed(each)
        else:
            found.append(each)
    return found


def results(bucket: Any) -> list[Any]:
    found = bucket.get("results") if isinstance(bucket, dict) else None
    return found if isinstance(found, list) else []


def read(file: LogFile, one: Read) -> Iterator[Billed | Problem]:
    """What `one` makes of every result of every bucket. Numbers are decimals, exactly as written."""
    for item in _texts(file):
        if isinstance(item, Problem):
            yield item
            continue
        number, text = item
        try:
            value = json.loads(text, parse_float=Decimal, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            yield file.problem(number, "not JSON: the page is cut short or malformed")
            continue
        for bucket in buckets(value):
            if not isinstance(bucket, dict) or not isinstance(bucket.get("results"), list):
                yield file.problem(number, f"not a bucket: {shown(bucket)}")
                continue
            for result in results(bucket):
                if not isinstance(result, dict):
                    yield file.problem(number, f"not a result: {shown(result)}")
                    continue
                try:
                    found = list(one(file, bucket, result))
                except ValueError as error:
                    yield file.problem(number, str(error))
                else:
                    file.ignored += not found
                    yield from found


def _texts(file: LogFile) -> Iterator[tuple[int, bytes] | Problem]:
    if file.is_lines:
        yield from file.lines()
    else:
        yield 1, file.body


def decimal(value: object, name: str) -> Decimal | None:
    """An amount or a quantity; None where it is not told.

    Raises:
        ValueError: something else than a finite number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or len(str(value)) > 60:
        raise ValueError(f"{name} is no number: {shown(value)}")
    try:
        number = Decimal(value)
    except ArithmeticError:
        raise ValueError(f"{name} is no number: {shown(value)}") from None
    if not number.is_finite() or abs(number.adjusted()) > 40:
        raise ValueError(f"{name} is no number: {shown(value)}")
    return number
