"""A bill somebody wrote down: CSV of day, provider, model and cost, with tokens and requests where they are known."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, date
from decimal import Decimal

from llmcost.core.billed import Billed
from llmcost.core.errors import DataError, UsageError
from llmcost.core.instants import DAY_US, local_midnight
from llmcost.core.money import decimal_of
from llmcost.core.providers import canonical_provider
from llmcost.core.usage import usage_from_totals

_NEEDED = ("date", "provider", "cost_usd")
_COUNTS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens", "requests")
COLUMNS = (*_NEEDED, "model", "line_item", "tier", *_COUNTS)
#: More than any invoice line.
_MOST = Decimal(10**9)


def read(lines: Iterable[str], name: str) -> list[Billed]:
    """The lines of a CSV file called `name`; days are UTC.

    Raises:
        UsageError: columns are missing or unknown.
        DataError: a line cannot be read; a bill is taken whole or not at all.
    """
    rows = csv.DictReader(lines, strict=True)
    try:
        header = [column.strip() for column in rows.fieldnames or ()]
        unknown, missing = (
            [each for each in header if each not in COLUMNS],
            [each for each in _NEEDED if each not in header],
        )
        if unknown or missing:
            what = f"no column {missing[0]!r}" if missing else f"an unknown column {unknown[0]!r}"
            raise UsageError(f"{name} has {what}", f"use {', '.join(COLUMNS)}")
        twice = next((each for each in header if header.count(each) > 1), None)
        if twice is not None:
            raise UsageError(f"{name} has two columns {twice!r}", "leave one of them out")
        rows.fieldnames = header
        return list(_lines(rows, name))
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{name} is no CSV: {error}", "write RFC 4180 in UTF-8") from None


def _lines(rows: csv.DictReader[str], name: str) -> Iterator[Billed]:
    for row in rows:
        if None in row:
            raise DataError(f"{name}:{rows.line_num}: more cells than columns", "quote a cell that has a comma")
        try:
            yield _line({key: (value or "").strip() for key, value in row.items()})
        except ValueError as error:
            raise DataError(f"{name}:{rows.line_num}: {error}", "correct the line: a bill is taken whole") from None


def _line(row: dict[str, str]) -> Billed:
    day = date.fromisoformat(row["date"])
    cost = decimal_of(row["cost_usd"])
    if abs(cost) > _MOST:
        raise ValueError(f"not an amount: {row['cost_usd']!r}")
    counts = {each: _count(row.get(each, "")) for each in _COUNTS}
    given, answered = counts["input_tokens"], counts["output_tokens"]
    usage = None
    if given is not None and answered is not None:
        usage = usage_from_totals(
            input_total=given, cached=counts["cached_input_tokens"] or 0, output_total=answered,
            reasoning=counts["reasoning_tokens"] or 0,
        )  # fmt: skip
    start = local_midnight(day, UTC)
    return Billed(
        "csv", f"csv/{day}", start, start + DAY_US, canonical_provider(row["provider"]), cost, "USD", usage,
        counts["requests"], model=row.get("model", ""), tier=row.get("tier", ""), line_item=row.get("line_item", ""),
    )  # fmt: skip


def _count(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ValueError(f"not a count: {text!r}")
    return int(text)
