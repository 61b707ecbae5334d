"""What entries of cost come to in a period, and amounts shared out exactly. Money is integer nano-USD.

An amount per month or week is spread over that unit's local days, the remainder to the first of them, so that whole
units add up to the last nano-dollar. Within a day it grows with the time: periods that follow each other add up.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta, tzinfo
from itertools import pairwise

from llmcost.core.instants import Period, from_us, local_midnight
from llmcost.ledger.costs import FixedCost

_DAY = timedelta(days=1)


def standing(entries: Sequence[FixedCost]) -> list[FixedCost]:
    """The entries by name and first day; one without an end ends before the next of its name begins."""
    ordered = sorted(entries, key=lambda entry: (entry.name, entry.start))
    ended = [
        entry._replace(end=after.start - _DAY)
        if entry.end is None and entry.per != "once" and entry.name == after.name
        else entry
        for entry, after in pairwise(ordered)
    ]
    return [*ended, *ordered[-1:]]


def accrued(entry: FixedCost, period: Period) -> int:
    """The entry's nano-USD within [start, end) of the period, in days of its zone."""
    return _until(entry, period.end, period.zone) - _until(entry, period.start, period.zone)


def shared_out(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`amount` (of either sign) in proportion to weights >= 0, which are not all zero, by largest remainder.

    The parts add up to it; ties go to the earlier part.
    """
    whole = sum(weights)
    parts, rests = zip(*(divmod(amount * weight, whole) for weight in weights), strict=True)
    first = sorted(range(len(weights)), key=lambda place: -rests[place])[: amount - sum(parts)]
    return tuple(part + (place in first) for place, part in enumerate(parts))


def _until(entry: FixedCost, us: int, zone: tzinfo) -> int:
    """nano-USD from the entry's beginning to a moment."""
    day = from_us(us, zone).date()
    before, after = _before(entry, day), _before(entry, day + _DAY)
    midnight = local_midnight(day, zone)
    length = local_midnight(day + _DAY, zone) - midnight
    return before + (after - before) * (us - midnight) // length


def _before(entry: FixedCost, day: date) -> int:
    """nano-USD of the entry's days before `day`."""
    last = entry.end or (entry.start if entry.per == "once" else None)
    day = max(entry.start, day if last is None else min(day, last + _DAY))
    if entry.per == "once":
        return _first(entry.amount, ((last or entry.start) - entry.start).days + 1, (day - entry.start).days)
    return _count(entry, day) - _count(entry, entry.start)


def _count(entry: FixedCost, day: date) -> int:
    """nano-USD of all days before `day`, were there always such an entry."""
    if entry.per == "month":
        months = day.year * 12 + day.month
        return months * entry.amount + _first(entry.amount, monthrange(day.year, day.month)[1], day.day - 1)
    if entry.per == "week":
        # The first of January of the year 1, ordinal 1, was a Monday.
        weeks, days = divmod(day.toordinal() - 1, 7)
        return weeks * entry.amount + _first(entry.amount, 7, days)
    return day.toordinal() * entry.amount


def _first(amount: int, days: int, count: int) -> int:
    """What the first `count` of `days` days bear of an amount."""
    each, rest = divmod(amount, days)
    return each * count + min(rest, count)
