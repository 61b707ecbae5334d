"""Where the calendar month is heading, whatever budgets say of it."""

from __future__ import annotations

from datetime import date, timedelta, tzinfo
from fractions import Fraction
from typing import NamedTuple

from llmcost.analysis.forecast import KEPT_DAYS, Forecast, forecast
from llmcost.core.instants import Period, from_us, local_midnight
from llmcost.ledger.measures import ROLLED, Amounts
from llmcost.ledger.protocol import Ledger, Query


class Outlook(NamedTuple):
    month: Period
    spent: int
    """nano-USD since its first day."""
    unpriced: int
    """Requests that lack in it for want of a price."""
    forecast: Forecast | None
    """None where less than a day is known."""


def outlook(ledger: Ledger, now_us: int, zone: tzinfo, where: tuple[tuple[str, str], ...] = ()) -> Outlook:
    """The month that holds `now_us` (microseconds UTC), from the local days before it."""
    today = from_us(now_us, zone).date()
    first = today.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    days = [local_midnight(today + timedelta(days=at), zone) for at in range(-KEPT_DAYS, 1)]
    tomorrow = local_midnight(today + timedelta(days=1), zone)
    # Of what filters by another dimension ask for, only the requests tell.
    since = None if all(name in ROLLED for name, _ in where) else ledger.raw_since()
    known = [day for day in days if since is None or day >= since]
    found = ledger.series(Query(0, 0, where=where), [*known, now_us + 1], tokens=False)
    amounts = [Amounts()] * (len(days) - len(known)) + found.get((), [Amounts()] * len(known))
    this_month = amounts[-_days(first, today) :]
    spent = sum(each.cost for each in this_month)
    heading = forecast(
        [each.cost for each in amounts[:-1]], today=today, passed=Fraction(now_us + 1 - days[-1], tomorrow - days[-1]),
        today_nano=amounts[-1].cost, spent=spent, last=following - timedelta(days=1),
    )  # fmt: skip
    # Without a single request nothing is known, which is not zero.
    heading = heading if any(each.requests for each in amounts) else None
    month = Period(local_midnight(first, zone), local_midnight(following, zone), zone, f"{first:%Y-%m}")
    return Outlook(month, spent, sum(each.unpriced for each in this_month), heading)


def _days(first: date, last: date) -> int:
    return (last - first).days + 1
