"""Subscriptions against their use, as a table, JSON, CSV or Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import tzinfo
from itertools import groupby
from typing import TYPE_CHECKING

from llmcost.analysis.seats import Person, Seat, SeatReport
from llmcost.core.instants import from_us, rfc3339
from llmcost.core.money import usd_text
from llmcost.core.text import printable
from llmcost.reporting.cells import csv_text, markdown_table
from llmcost.reporting.console import render, table
from llmcost.reporting.numbers import count, counted, percent, usd
from llmcost.reporting.view import days, name

if TYPE_CHECKING:
    from rich.console import RenderableType

FORMATS = ("table", "json", "csv", "markdown")
_HEADER = ("user", "tool", "seat", "worth at API prices", "use", "requests", "last active", "overage", "verdict")
_RIGHT = (2, 3, 4, 5, 7)
_CSV = (
    "user", "tool", "price_usd", "api_value_usd", "utilisation", "underused", "requests", "unpriced_requests",
    "last_active", "overage_usd", "overage_requests",
)  # fmt: skip


def written(report: SeatReport, form: str, *, width: int | None, color: bool) -> str:
    if form == "json":
        return _json(report)
    if form == "csv":
        return _csv(report).rstrip("\n")
    if form == "markdown":
        lines = "\n\n".join(_sentences(report))
        return f"## Seats, {days(report.period)}\n\n{lines}\n\n" + markdown_table(_HEADER, _rows(report), right=_RIGHT)
    return render(_table(report), width=width, color=color)


def _sentences(report: SeatReport) -> list[str]:
    """The sums, each by itself."""
    idle = sum(seat.underused is True for seat in report.seats)
    found = [
        f"seats {usd(report.price)}; what they covered would have cost {usd(report.value)} at API prices",
        f"{counted(idle, 'seat')} worth less than the price",
        f"overage, paid by the token beside them: {usd(report.overage)}",
    ]
    if unpriced := sum(seat.unpriced for seat in report.seats):
        found.append(f"without a price, so the worth is at least this: {counted(unpriced, 'covered request')}")
    if unpriced := sum(person.unpriced for person in report.people):
        found.append(f"without a price, so the overage is at least this: {counted(unpriced, 'request')}")
    return found


def _table(report: SeatReport) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(f"Seats, {days(report.period)}", style="bold")
    for sentence in _sentences(report):
        yield Text(sentence)
    if report.seats:
        yield Text("")
        yield table(_HEADER, _rows(report), right=_RIGHT)


def _with_people(report: SeatReport) -> Iterator[tuple[Seat, Person | None]]:
    """Each seat, and the person at the first of their seats only: a person's overage is told once."""
    people = {person.user: person for person in report.people}
    for user, mine in groupby(report.seats, key=lambda seat: seat.user):
        for place, seat in enumerate(mine):
            yield seat, None if place else people[user]


def _rows(report: SeatReport) -> list[tuple[str, ...]]:
    zone = report.period.zone
    return [
        (
            name(seat.user), name(seat.tool), "-" if seat.price is None else usd(seat.price),
            "unpriced" if seat.unpriced and not seat.value else usd(seat.value), _use(seat), count(seat.requests),
            "-" if seat.last_us is None else f"{from_us(seat.last_us, zone):%Y-%m-%d}",
            "" if person is None else _overage(person), _verdict(seat),
        )
        for seat, person in _with_people(report)
    ]  # fmt: skip


def _use(seat: Seat) -> str:
    share = seat.utilisation
    return "-" if share is None else percent(share.numerator, share.denominator)


def _overage(person: Person) -> str:
    if not person.requests:
        return "-"
    return "unpriced" if person.unpriced and not person.overage else usd(person.overage)


def _verdict(seat: Seat) -> str:
    if seat.price is None:
        return "no seat entered"
    if seat.underused is None:
        return "not known"
    return ("not used" if not seat.requests else "underused") if seat.underused else ""


def _json(report: SeatReport) -> str:
    zone = report.period.zone
    document = {
        "schema_version": 1,
        "period": {"start": rfc3339(report.period.start, zone), "end": rfc3339(report.period.end, zone)},
        "summary": {
            "price_usd": usd_text(report.price), "api_value_usd": usd_text(report.value),
            "overage_usd": usd_text(report.overage),
            "underused_seats": sum(seat.underused is True for seat in report.seats),
        },
        "seats": [
            {
                "user": printable(seat.user), "tool": printable(seat.tool), "price_usd": _price(seat),
                "api_value_usd": _value(seat), "utilisation": _share(seat), "underused": seat.underused,
                "requests": seat.requests, "unpriced_requests": seat.unpriced, "last_active": _last(seat, zone),
            }
            for seat in report.seats
        ],
        "people": [
            {
                "user": printable(person.user), "overage_usd": _paid(person), "overage_requests": person.requests,
                "unpriced_requests": person.unpriced,
            }
            for person in report.people
        ],
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=2)


def _csv(report: SeatReport) -> str:
    zone = report.period.zone
    return csv_text(
        _CSV,
        (
            (
                printable(seat.user), printable(seat.tool), _price(seat), _value(seat), _share(seat),
                None if seat.underused is None else str(seat.underused).lower(), seat.requests, seat.unpriced,
                _last(seat, zone), None if person is None else _paid(person),
                None if person is None else person.requests,
            )
            for seat, person in _with_people(report)
        ),
    )  # fmt: skip


def _price(seat: Seat) -> str | None:
    return None if seat.price is None else usd_text(seat.price)


def _value(seat: Seat) -> str | None:
    """None where all that was covered lacks a price: unknown is not zero."""
    return None if seat.unpriced and not seat.value else usd_text(seat.value)


def _paid(person: Person) -> str | None:
    return None if person.unpriced and not person.overage else usd_text(person.overage)


def _share(seat: Seat) -> float | None:
    return None if seat.utilisation is None else round(float(seat.utilisation), 6)


def _last(seat: Seat, zone: tzinfo) -> str | None:
    return None if seat.last_us is None else rfc3339(seat.last_us, zone)
