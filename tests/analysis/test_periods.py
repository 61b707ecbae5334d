"""Periods on a Monday morning, across daylight saving, and for impossible questions."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from llmcost.analysis.periods import Span, compared
from llmcost.core.errors import UsageError
from llmcost.core.instants import Period, from_us, to_us

BERLIN, NEW_YORK, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")


def us(text: str) -> int:
    return to_us(datetime.fromisoformat(text))


def shown(period: Period) -> tuple[str, str]:
    return from_us(period.start, UTC).isoformat(), from_us(period.end, UTC).isoformat()


def test_a_week_on_monday_at_nine_is_the_seven_days_until_sunday() -> None:
    found = compared(Span(week="complete"), us("2026-11-23T09:00:00+00:00"), UTC)
    assert shown(found.period) == ("2026-11-16T00:00:00+00:00", "2026-11-23T00:00:00+00:00")
    assert shown(found.before) == ("2026-11-09T00:00:00+00:00", "2026-11-16T00:00:00+00:00")
    assert compared(Span(), us("2026-11-23T09:00:00+00:00"), UTC) == found


def test_a_local_monday_begins_earlier_east_of_greenwich() -> None:
    now = us("2026-11-22T19:00:00+00:00")  # Monday 00:30 in Kolkata, Sunday elsewhere
    assert shown(compared(Span(week="complete"), now, KOLKATA).period)[1] == "2026-11-22T18:30:00+00:00"
    assert shown(compared(Span(week="complete"), now, UTC).period)[1] == "2026-11-22T00:00:00+00:00"


def test_a_week_with_the_end_of_summer_time_has_169_hours() -> None:
    found = compared(Span(week="complete"), us("2026-10-26T09:00:00+01:00"), BERLIN)
    assert shown(found.period) == ("2026-10-18T22:00:00+00:00", "2026-10-25T23:00:00+00:00")
    assert (found.period.end - found.period.start) == 169 * 3600 * 10**6
    assert (found.before.end - found.before.start) == 168 * 3600 * 10**6
    assert found.before.end == found.period.start


def test_a_week_with_the_start_of_summer_time_has_167_hours() -> None:
    found = compared(Span(week="complete"), us("2026-03-09T09:00:00-04:00"), NEW_YORK)
    assert shown(found.period) == ("2026-03-02T05:00:00+00:00", "2026-03-09T04:00:00+00:00")


def test_the_current_week_compares_equal_elapsed_local_time() -> None:
    found = compared(Span(week="current"), us("2026-10-27T09:00:00+01:00"), BERLIN)  # Tuesday
    assert shown(found.period) == ("2026-10-25T23:00:00+00:00", "2026-10-27T08:00:00+00:00")
    assert shown(found.before) == ("2026-10-18T22:00:00+00:00", "2026-10-20T07:00:00+00:00")


def test_a_day_and_the_current_day() -> None:
    now = us("2026-11-24T15:00:00+00:00")
    assert shown(compared(Span(day="complete"), now, UTC).period) == (
        "2026-11-23T00:00:00+00:00", "2026-11-24T00:00:00+00:00",
    )  # fmt: skip
    current = compared(Span(day="current"), now, UTC)
    assert shown(current.before) == ("2026-11-23T00:00:00+00:00", "2026-11-23T15:00:00+00:00")


def test_a_month_is_a_calendar_month_of_the_zone() -> None:
    found = compared(Span(month="complete"), us("2026-04-01T00:30:00+02:00"), BERLIN)
    assert shown(found.period) == ("2026-02-28T23:00:00+00:00", "2026-03-31T22:00:00+00:00")
    assert shown(found.before) == ("2026-01-31T23:00:00+00:00", "2026-02-28T23:00:00+00:00")


def test_the_current_month_never_compares_with_itself() -> None:
    found = compared(Span(month="current"), us("2026-03-31T12:00:00+00:00"), UTC)
    assert shown(found.period) == ("2026-03-01T00:00:00+00:00", "2026-03-31T12:00:00+00:00")
    assert shown(found.before) == ("2026-02-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00")


def test_the_last_days_keep_the_local_clock_and_the_last_hours_do_not() -> None:
    now = us("2026-10-26T09:00:00+01:00")
    days = compared(Span(last="2d"), now, BERLIN)
    assert shown(days.period) == ("2026-10-24T07:00:00+00:00", "2026-10-26T08:00:00+00:00")
    hours = compared(Span(last="48h"), now, BERLIN)
    assert shown(hours.period) == ("2026-10-24T08:00:00+00:00", "2026-10-26T08:00:00+00:00")
    assert hours.before.end == hours.period.start
    assert hours.period.start - hours.before.start == 48 * 3600 * 10**6
    assert compared(Span(last="2w"), now, BERLIN).period == compared(Span(last="14d"), now, BERLIN).period._replace(
        label="last 2w"
    )


def test_since_and_until_are_local_and_compare_with_the_same_length_before() -> None:
    found = compared(Span(since="2026-10-25", until="2026-10-26"), us("2026-11-01T00:00:00+00:00"), BERLIN)
    assert shown(found.period) == ("2026-10-24T22:00:00+00:00", "2026-10-25T23:00:00+00:00")
    assert shown(found.before) == ("2026-10-23T22:00:00+00:00", "2026-10-24T22:00:00+00:00")
    minutes = compared(Span(since="2026-10-25T10:00", until="2026-10-25T10:30"), 0, UTC)
    assert shown(minutes.before) == ("2026-10-25T09:30:00+00:00", "2026-10-25T10:00:00+00:00")


@pytest.mark.parametrize(
    ("span", "message"),
    [
        (Span(week="complete", last="3d"), "--week and --last exclude each other"),
        (Span(last="3d", since="2026-01-01"), "--last and --since/until exclude each other"),
        (Span(week="next"), "unknown --week 'next'"),
        (Span(until="2026-01-01"), "--until without --since"),
        (Span(since="2026-01-02", until="2026-01-02"), "is empty"),
        (Span(since="2027-01-02"), "from 2027-01-02 to now is empty"),
        (Span(last="0d"), "not a time span: '0d'"),
        (Span(last="100000d"), "more than a hundred years"),
        (Span(last="999999w"), "more than a hundred years"),
        (Span(last="-1d"), "not a time span"),
        (Span(since="yesterday"), "not a time: 'yesterday'"),
    ],
)
def test_impossible_questions_are_usage_errors(span: Span, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        compared(span, us("2026-11-23T09:00:00+00:00"), UTC)
    assert message in caught.value.message
    assert caught.value.hint
