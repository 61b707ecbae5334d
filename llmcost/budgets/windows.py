"""The stretch of local time a limit covers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta, tzinfo

from llmcost.budgets.model import Unit, Window
from llmcost.core.instants import QUARTER_US, Period, days_before, from_us, local_midnight


def _hour(now: int, zone: tzinfo) -> tuple[int, int]:
    """From one local full hour to the next.

    Both are whole quarter-hours (UTC) in every zone; 90 minutes apart where a clock changes by half an hour, and
    25 of them make the day on which an hour comes twice.
    """

    def full(quarter: int) -> bool:
        return not from_us(quarter * QUARTER_US, zone).minute

    start = now // QUARTER_US
    while not full(start):
        start -= 1
    end = now // QUARTER_US + 1
    while not full(end):
        end += 1
    return start * QUARTER_US, end * QUARTER_US


def _day(today: date) -> tuple[date, date, str]:
    return today, today + timedelta(days=1), today.isoformat()


def _week(today: date) -> tuple[date, date, str]:
    monday = today - timedelta(days=today.weekday())
    year, number, _ = today.isocalendar()
    return monday, monday + timedelta(days=7), f"{year}-W{number:02}"


def _month(today: date) -> tuple[date, date, str]:
    first = today.replace(day=1)
    return first, _months_later(first, 1), f"{today:%Y-%m}"


def _quarter(today: date) -> tuple[date, date, str]:
    number = (today.month + 2) // 3
    first = date(today.year, 3 * number - 2, 1)
    return first, _months_later(first, 3), f"{today.year}-Q{number}"


def _months_later(first: date, count: int) -> date:
    months = first.year * 12 + first.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)


#: unit -> the local days [first, next) around a day, and what that stretch is called.
_SPANS: dict[Unit, Callable[[date], tuple[date, date, str]]] = {
    "day": _day, "week": _week, "month": _month, "quarter": _quarter,
}  # fmt: skip


def period_of(window: Window, now: int, zone: tzinfo) -> Period:
    """The window that holds `now` (microseconds UTC). Its ends are local, daylight saving included.

    A rolling window ends just after `now` and starts at the same local clock time days earlier, on a whole
    quarter-hour so that the ledger answers it from its roll-ups.
    """
    local = from_us(now, zone)
    if window.unit == "hour":
        start, end = _hour(now, zone)
        return Period(start, end, zone, f"{from_us(start, zone):%Y-%m-%d %H:%M}")
    if window.unit == "rolling":
        end = now + 1
        start = days_before(Period(end, end, zone, ""), window.days).start // QUARTER_US * QUARTER_US
        return Period(start, end, zone, f"{window.days}d to {local:%Y-%m-%d %H:%M}")
    first, following, label = _SPANS[window.unit](local.date())
    return Period(local_midnight(first, zone), local_midnight(following, zone), zone, label)
