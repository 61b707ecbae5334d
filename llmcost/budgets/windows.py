"""The stretch of time a limit covers: the local day or calendar month that holds a moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta, tzinfo

from llmcost.budgets.model import Window
from llmcost.core.instants import Period, from_us, local_midnight


def _day(today: date) -> tuple[date, date, str]:
    return today, today + timedelta(days=1), today.isoformat()


def _month(today: date) -> tuple[date, date, str]:
    first = today.replace(day=1)
    return first, (first.replace(day=28) + timedelta(days=4)).replace(day=1), f"{today:%Y-%m}"


#: window -> the local days [first, next) around a day, and what that stretch is called.
_SPANS: dict[Window, Callable[[date], tuple[date, date, str]]] = {"day": _day, "month": _month}


def period_of(window: Window, now: int, zone: tzinfo) -> Period:
    """The window that holds `now` (microseconds UTC). Its ends are local midnights, daylight saving included."""
    first, following, label = _SPANS[window](from_us(now, zone).date())
    return Period(local_midnight(first, zone), local_midnight(following, zone), zone, label)
