"""Points in time: microseconds since the epoch, UTC; local days, weeks and months of a time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from llmcost.core.errors import UsageError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
QUARTER_US = 900 * SECOND_US
DAY_US = 86_400 * SECOND_US
#: Requests to language models happen between these years; anything else is a corrupt field.
_EARLIEST = (datetime(2000, 1, 1, tzinfo=UTC) - EPOCH) // _MICROSECOND
_LATEST = (datetime(2100, 1, 1, tzinfo=UTC) - EPOCH) // _MICROSECOND

#: Nine digits or more are a count since the epoch, though datetime would read some of them as a date
#: ("1767010112345", milliseconds of 2025, as the year 1767); eight are a date, 20260109.
_EPOCH_TEXT = re.compile(r"[0-9]{9,30}(\.[0-9]{1,30})?")

Granularity = Literal["hour", "day", "week", "month"]
GRANULARITIES: tuple[Granularity, ...] = ("hour", "day", "week", "month")


def to_us(moment: datetime) -> int:
    """An aware datetime as microseconds since the epoch."""
    return (moment - EPOCH) // _MICROSECOND


def from_us(us: int, zone: tzinfo = UTC) -> datetime:
    return (EPOCH + timedelta(microseconds=us)).astimezone(zone)


def plausible(us: int) -> bool:
    """Whether a request can have been made then: in the years 2000 to 2099."""
    return _EARLIEST <= us < _LATEST


def parse_timestamp(value: object) -> tuple[int, bool]:
    """A log's timestamp as (microseconds since the epoch, whether it named its offset).

    RFC 3339 / ISO 8601 text (without an offset: UTC), or a number of epoch seconds, milliseconds,
    microseconds or nanoseconds, told apart by size.

    Raises:
        ValueError: not a time, or outside the years 2000-2099.
    """
    aware = True
    if isinstance(value, str):
        text = value.strip()
        # A year and a hyphen: no epoch, however it is written.
        if text[4:5] != "-" and _EPOCH_TEXT.fullmatch(text):
            us = _from_epoch_text(text)
        else:
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                raise ValueError(f"not a timestamp: {value[:40]!r}") from None
            if moment.tzinfo is None:
                aware = False
                moment = moment.replace(tzinfo=UTC)
            since = moment - EPOCH
            us = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) > 10**30:
            raise ValueError("timestamp outside 2000-2099: a number of more than 30 digits")
        us = _from_epoch_text(repr(value))
    else:
        raise ValueError(f"not a timestamp: {str(value)[:40]!r}")
    if not plausible(us):
        raise ValueError(f"timestamp outside 2000-2099: {str(value)[:40]!r}")
    return us, aware


def _from_epoch_text(text: str) -> int:
    from decimal import Decimal, InvalidOperation

    try:
        number = Decimal(text)
        if not number.is_finite() or number <= 0:
            raise ValueError(f"timestamp outside 2000-2099: {text[:40]!r}")
    except InvalidOperation:
        raise ValueError(f"not a timestamp: {text[:40]!r}") from None
    for limit, factor in ((10**11, 10**6), (10**14, 10**3), (10**17, 1)):
        if number < limit:
            return int(number * factor)
    return int(number / 1000)


def rfc3339(us: int, zone: tzinfo = UTC) -> str:
    """RFC 3339 with an offset, as short as it is exact: 2026-01-09T10:00:00Z."""
    text = from_us(us, zone).isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def zone_named(name: str) -> tzinfo:
    """The time zone called `name` (IANA, or UTC).

    Raises:
        UsageError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"unknown time zone {name!r}", "use an IANA name such as Europe/Berlin or Asia/Shanghai"
        ) from None


def local_midnight(day: date, zone: tzinfo) -> int:
    """Start of a local day in microseconds, UTC; never the day before plus 24 hours (daylight saving)."""
    return to_us(datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC))


class Period(NamedTuple):
    """Half-open [start, end) in microseconds UTC, with the zone its days belong to."""

    start: int
    end: int
    zone: tzinfo
    label: str

    @property
    def first_day(self) -> date:
        return from_us(self.start, self.zone).date()

    @property
    def last_day(self) -> date:
        return from_us(max(self.start, self.end - 1), self.zone).date()


def days_ending(today: date, count: int, zone: tzinfo, label: str) -> Period:
    """The `count` complete local days before `today`."""
    start = local_midnight(today - timedelta(days=count), zone)
    return Period(start, local_midnight(today, zone), zone, label)


def days_before(period: Period, count: int) -> Period:
    """The `count` local days that end where `period` starts, at the same local clock time."""
    start = _shift_days(period.start, -count, period.zone)
    return Period(start, period.start, period.zone, "before")


def shifted(period: Period, days: int) -> Period:
    """The same stretch of local clock time, `days` local days earlier or later."""
    return Period(
        _shift_days(period.start, days, period.zone), _shift_days(period.end, days, period.zone),
        period.zone, period.label,
    )  # fmt: skip


def _shift_days(us: int, days: int, zone: tzinfo) -> int:
    local = from_us(us, zone)
    moved = datetime.combine(local.date() + timedelta(days=days), local.timetz().replace(tzinfo=None))
    return to_us(moved.replace(tzinfo=zone).astimezone(UTC))


def edges(period: Period, granularity: Granularity) -> list[int]:
    """Boundaries of the local hours, days, ISO weeks or months that cut `period`, its ends included."""
    return [period.start, *(cut for cut in _cuts(period, granularity) if period.start < cut < period.end), period.end]


def _cuts(period: Period, granularity: Granularity) -> Iterator[int]:
    zone = period.zone
    if granularity == "hour":
        # A local hour starts wherever the local minute is zero, also in a zone of +05:30 or across a change.
        first = from_us(period.start, zone).replace(minute=0, second=0, microsecond=0, fold=0)
        cut = to_us(first.astimezone(UTC))
        while cut < period.end:
            yield cut
            cut += 4 * QUARTER_US
        return
    day = from_us(period.start, zone).date()
    if granularity == "week":
        day -= timedelta(days=day.weekday())
    elif granularity == "month":
        day = day.replace(day=1)
    while (cut := local_midnight(day, zone)) < period.end:
        yield cut
        if granularity == "day":
            day += timedelta(days=1)
        elif granularity == "week":
            day += timedelta(days=7)
        else:
            day = (day.replace(day=28) + timedelta(days=4)).replace(day=1)


_SPAN = re.compile(r"\s*([0-9]{1,6})\s*(m|min|h|d|w)\s*")
_LONGEST_SPAN = 36_525 * DAY_US
_SPAN_US = {"m": 60 * SECOND_US, "min": 60 * SECOND_US, "h": 3600 * SECOND_US, "d": DAY_US, "w": 7 * DAY_US}


def parse_span(text: str) -> tuple[int, str]:
    """`30d`, `24h`, `2w`, `15m` as (count, unit); the unit is one of m, h, d, w.

    Raises:
        UsageError: not a span, or zero.
    """
    match = _SPAN.fullmatch(text.lower())
    if match is None or int(match[1]) == 0:
        raise UsageError(f"not a time span: {text!r}", "write a number and m, h, d or w: 24h, 30d, 2w")
    if int(match[1]) * _SPAN_US[match[2]] > _LONGEST_SPAN:
        raise UsageError(f"a time span of more than a hundred years: {text!r}", "write a shorter one")
    return int(match[1]), "m" if match[2] == "min" else match[2]


def span_us(text: str) -> int:
    """`24h` as microseconds."""
    count, unit = parse_span(text)
    return count * _SPAN_US[unit]


def parse_when(text: str, zone: tzinfo) -> int:
    """A person's time: a date (its local midnight), a local or offset date-time, or an epoch number.

    Raises:
        UsageError: not a time, or outside the years 2000-2099.
    """
    try:
        if _EPOCH_TEXT.fullmatch(text):
            return parse_timestamp(text)[0]
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        us = to_us(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        raise UsageError(
            f"not a time: {text!r}", "write 2026-11-24, 2026-11-24T09:00 or 2026-11-24T09:00:00Z"
        ) from None
    if not plausible(us):
        raise UsageError(f"not a time: {text!r} is outside the years 2000-2099", "leave an open end out")
    return us


def parse_start(text: str, zone: tzinfo, end: int) -> int:
    """Where a period up to `end` begins: a time as `parse_when` takes it, or a span such as `30d` before its end.

    Local days and weeks keep their clock times.

    Raises:
        UsageError: neither a time nor a span, or a time outside the years 2000-2099.
    """
    if not _SPAN.fullmatch(text.lower()):
        try:
            return parse_when(text, zone)
        except UsageError as error:
            raise UsageError(error.message, f"{error.hint}; or 30d, 24h, 2w before the end") from None
    count, unit = parse_span(text)
    if unit in ("d", "w"):
        return _shift_days(end, -count * (7 if unit == "w" else 1), zone)
    return end - span_us(text)


def granularity_named(name: str) -> Granularity:
    for granularity in GRANULARITIES:
        if granularity == name:
            return granularity
    raise UsageError(f"unknown granularity {name!r}", f"use one of {', '.join(GRANULARITIES)}")
