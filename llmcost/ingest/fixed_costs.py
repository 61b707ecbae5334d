"""Entries of cost as people write them: on a command line, and as rows of a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from llmcost.core.errors import DataError, UsageError, nearest
from llmcost.core.money import NANO_PER_USD, decimal_of
from llmcost.core.record import dimension
from llmcost.core.text import clean_field, unguarded
from llmcost.ledger.costs import CATEGORIES, RULES, UNITS, FixedCost, Share

_NEEDED = ("name", "category", "amount_usd", "per", "start")
#: Columns of a CSV file, which are also the options of `costs add`.
COLUMNS = (*_NEEDED, "end", "allocate", "where", "to", "user", "tool")
#: More than anything that is paid; sums of such amounts stay within 64 bits.
_MOST = Decimal(10**8)
#: Between the filters in one cell.
SEPARATOR = ";"


def entry(fields: Mapping[str, str], filters: Sequence[str] = ()) -> FixedCost:
    """An entry from its fields, by the names in COLUMNS; empty ones are not given. `filters` join those of `where`.

    Raises:
        UsageError: a field is wrong or missing, or two do not go together.
    """
    given = {name: fields.get(name, "").strip() for name in COLUMNS}
    name = clean_field(given["name"])
    if not name:
        raise UsageError("a cost without a name", "give each entry a name: gpu-rental, claude-max alice")
    category = _one_of(given["category"] or ("seat" if given["user"] else ""), "category", CATEGORIES)
    start, end = _day(given["start"], "start"), _day(given["end"], "end") if given["end"] else None
    if end is not None and end < start:
        raise UsageError(f"{name} ends on {end}, before it starts on {start}", "its end is its last day")
    shares = weights(given["to"]) if given["to"] else ()
    rule = _one_of(given["allocate"] or ("manual" if shares else "tokens"), "rule", RULES)
    where = tuple(_pair(each) for each in (*given["where"].split(SEPARATOR), *filters) if each.strip())
    if (rule == "manual") != bool(shares):
        raise UsageError(
            f"{name}: weights are for the rule manual, and it needs them", "write --allocate manual --to app=a:60,b:40"
        )
    if shares and where:
        raise UsageError(f"{name}: weights and a filter exclude each other", "the weights already say who shares it")
    user, tool = clean_field(given["user"]), clean_field(given["tool"])
    if category == "seat" and not (user and tool):
        raise UsageError(f"{name}: a seat is a person's for a tool", "give --user alice --tool claude-code")
    if category != "seat" and (user or tool):
        raise UsageError(f"{name}: a user and a tool are a seat's, not of {category}", "use --category seat")
    per = _one_of(given["per"], "unit", UNITS)
    return FixedCost(name, category, _amount(given["amount_usd"]), per, start, end, rule, where, shares, user, tool)


def weights(text: str) -> tuple[Share, ...]:
    """`app=chatbot:60,search:40`.

    Raises:
        UsageError: it is not that.
    """
    name, equals, listed = text.partition("=")
    shares = []
    for each in listed.split(","):
        value, colon, weight = each.rpartition(":")
        try:
            number = Fraction(decimal_of(weight.strip()))
        except ValueError:
            number = Fraction(0)
        if not equals or not colon or number <= 0:
            raise UsageError(f"not weights of a dimension: {text!r}", "write app=chatbot:60,search:40")
        shares.append(Share(dimension(name.strip()), clean_field(value.strip()), number))
    if len({share.value for share in shares}) < len(shares):
        raise UsageError(f"a value has two weights: {text!r}", "give each value one")
    return tuple(shares)


def read(lines: Iterable[str], name: str) -> list[FixedCost]:
    """The entries of a CSV file called `name`.

    Raises:
        UsageError: columns are missing or unknown.
        DataError: a line cannot be read, or two are of one name and start; a file is taken whole or not at all.
    """
    rows = csv.DictReader(lines, strict=True)
    found: dict[tuple[str, date], FixedCost] = {}
    try:
        header = [column.strip() for column in rows.fieldnames or ()]
        unknown = [each for each in header if each not in COLUMNS or header.count(each) > 1]
        missing = [each for each in _NEEDED if each not in header]
        if unknown or missing:
            what = f"no column {missing[0]!r}" if missing else f"an unknown or second column {unknown[0]!r}"
            raise UsageError(f"{name} has {what}", f"use {', '.join(COLUMNS)}")
        rows.fieldnames = header
        for row in rows:
            place = f"{name}:{rows.line_num}"
            if None in row:
                raise DataError(f"{place}: more cells than columns", "quote a cell that has a comma")
            try:
                one = entry({key: unguarded(value or "") for key, value in row.items()})
            except UsageError as error:
                raise DataError(f"{place}: {error.message}", error.hint) from None
            if (one.name, one.start) in found:
                raise DataError(
                    f"{place}: a second {one.name!r} from {one.start}", "give each entry, each seat too, its own name"
                )
            found[one.name, one.start] = one
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{name} is no CSV: {error}", "write RFC 4180 in UTF-8") from None
    return list(found.values())


def _one_of(text: str, what: str, known: tuple[str, ...]) -> str:
    if text not in known:
        wrong = f"unknown {what} {text!r}{nearest(text, known)}" if text else f"no {what}"
        raise UsageError(wrong, f"use one of {', '.join(known)}")
    return text


def _day(text: str, what: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"not a day: {text!r}" if text else f"no {what}", "write 2026-01-31") from None
    if not 2000 <= day.year < 2100:
        raise UsageError(f"not a day: {text!r} is outside the years 2000-2099", "leave an open end out")
    return day


def _amount(text: str) -> int:
    try:
        number = decimal_of(text)
    except ValueError:
        raise UsageError(
            f"not an amount in USD: {text!r}", "write 2400 or -150.50, without a sign of currency"
        ) from None
    nano = Fraction(number) * NANO_PER_USD
    if nano.denominator != 1 or abs(number) > _MOST:
        raise UsageError(f"not an amount in USD: {text!r}", "write at most nine decimals, and at most 100 million")
    return int(nano)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"a filter that is not DIMENSION=VALUE: {text!r}", "write app=chatbot")
    return dimension(name.strip()), clean_field(value.strip())
