"""The stretch of time a report is about, and the one it is compared with.

Days, weeks and months are local: a period of whole days keeps its clock times across daylight saving.
"""

from __future__ import annotations

from datetime import date, timedelta, tzinfo
from typing import NamedTuple

from llmcost.core.errors import UsageError
from llmcost.core.instants import (
    DAY_US,
    Period,
    days_before,
    days_ending,
    from_us,
    local_midnight,
    parse_span,
    parse_start,
    parse_when,
    shifted,
    span_us,
)

#: What `--day`, `--week` and `--month` take.
COMPLETE, CURRENT = "complete", "current"


class Span(NamedTuple):
    """What a person asked for; at most one of day, week, month, last and since/until is set."""

    day: str = ""
    week: str = ""
    month: str = ""
    last: str = ""
    since: str = ""
    until: str = ""


class Compared(NamedTuple):
    period: Period
    before: Period


def compared(span: Span, now_us: int, zone: tzinfo) -> Compared:
    """The period a span means at `now_us` (microseconds UTC), and the one before it.

    - week (also the default): the last seven complete local days, against the seven before;
    - day, month: the last complete local day or calendar month, against the one before;
    - `current` for any of these: since its local start (a week's is Monday) until now, against the same
      elapsed local time of the one before;
    - last N days: until now, against the N days before; hours and minutes likewise;
    - since/until: [since, until), against the same length before.

    Raises:
        UsageError: several at once, an unknown word, or an empty period.
    """
    named = [name for name in ("day", "week", "month", "last") if getattr(span, name)]
    if span.since or span.until:
        named.append("since/until")
    if len(named) > 1:
        raise UsageError(f"--{named[0]} and --{named[1]} exclude each other", "keep one of them")
    if span.last:
        return _last(span.last, now_us, zone)
    if span.since or span.until:
        return _between(span, now_us, zone)
    unit = next((name for name in ("day", "month") if getattr(span, name)), "week")
    word = getattr(span, unit) or COMPLETE
    if word not in (COMPLETE, CURRENT):
        raise UsageError(f"unknown --{unit} {word!r}", f"write --{unit} or --{unit}={CURRENT}")
    today = from_us(now_us, zone).date()
    return _complete(unit, today, zone) if word == COMPLETE else _current(unit, today, now_us, zone)


def _complete(unit: str, today: date, zone: tzinfo) -> Compared:
    if unit == "month":
        first = today.replace(day=1)
        last_month = _month_before(first)
        period = Period(local_midnight(last_month, zone), local_midnight(first, zone), zone, "month")
        return Compared(period, _days(_month_before(last_month), last_month, zone))
    count = 7 if unit == "week" else 1
    period = days_ending(today, count, zone, unit)
    return Compared(period, days_before(period, count))


def _current(unit: str, today: date, now_us: int, zone: tzinfo) -> Compared:
    if unit == "month":
        first = today.replace(day=1)
        before = _month_before(first)
        start = local_midnight(first, zone)
        # A short month before has no 31st: its elapsed time ends where it ends.
        elapsed = shifted(Period(start, now_us, zone, "before"), -(first - before).days)
        end = min(elapsed.end, start)
        return Compared(
            Period(start, now_us, zone, "month so far"), Period(local_midnight(before, zone), end, zone, "before")
        )
    days = 7 if unit == "week" else 1
    first = today - timedelta(days=today.weekday()) if unit == "week" else today
    period = Period(local_midnight(first, zone), now_us, zone, f"{unit} so far")
    return Compared(period, shifted(period, -days)._replace(label="before"))


def _last(text: str, now_us: int, zone: tzinfo) -> Compared:
    count, unit = parse_span(text)
    end = Period(now_us, now_us, zone, "")
    if unit in ("d", "w"):
        days = count * (7 if unit == "w" else 1)
        period = days_before(end, days)
        return Compared(period._replace(label=f"last {count}{unit}"), days_before(period, days))
    size = span_us(text)
    period = Period(now_us - size, now_us, zone, f"last {count}{unit}")
    return Compared(period, Period(period.start - size, period.start, zone, "before"))


def _between(span: Span, now_us: int, zone: tzinfo) -> Compared:
    if not span.since:
        raise UsageError("--until without --since", "add --since TIME")
    end = parse_when(span.until, zone) if span.until else now_us
    start = parse_start(span.since, zone, end)
    if end <= start:
        raise UsageError(f"the period from {span.since} to {span.until or 'now'} is empty", "--until must be later")
    period = Period(start, end, zone, "period")
    days = round((end - start) / DAY_US)
    if days and shifted(period, -days).end == start:
        return Compared(period, days_before(period, days))
    return Compared(period, Period(start - (end - start), start, zone, "before"))


def _days(first: date, last: date, zone: tzinfo) -> Period:
    return Period(local_midnight(first, zone), local_midnight(last, zone), zone, "before")


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)
