from datetime import UTC, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.budgets.model import Unit, Window
from llmcost.budgets.windows import period_of
from llmcost.core.instants import DAY_US, QUARTER_US, from_us, rfc3339
from tests.budgets.rows import us

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
KATHMANDU = ZoneInfo("Asia/Kathmandu")  # +05:45, no daylight saving
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "America/Havana", "Australia/Lord_Howe",
         "America/St_Johns"]  # fmt: skip
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("unit", "now", "zone", "start", "end", "label"),
    [
        ("day", "2026-11-24T12:00:00Z", UTC, "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z", "2026-11-24"),
        ("day", "2026-11-24T00:00:00Z", UTC, "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z", "2026-11-24"),
        ("day", "2026-11-24T23:30:00Z", BERLIN, "2026-11-24T23:00:00Z", "2026-11-25T23:00:00Z", "2026-11-25"),
        ("day", "2026-11-24T18:30:00Z", KATHMANDU, "2026-11-24T18:15:00Z", "2026-11-25T18:15:00Z", "2026-11-25"),
        # 23 and 25 hours long
        ("day", "2026-03-29T12:00:00Z", BERLIN, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-29"),
        ("day", "2026-10-25T12:00:00Z", BERLIN, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-10-25"),
        ("day", "2026-03-08T12:00:00Z", NEW_YORK, "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", "2026-03-08"),
        ("day", "2026-11-01T12:00:00Z", NEW_YORK, "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", "2026-11-01"),
        # an hour before and after the one that comes twice, 02:00 and again 02:00
        ("hour", "2026-10-25T00:30:00Z", BERLIN, "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25 02:00"),
        ("hour", "2026-10-25T01:30:00Z", BERLIN, "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25 02:00"),
        ("hour", "2026-03-29T01:30:00Z", BERLIN, "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", "2026-03-29 03:00"),
        ("hour", "2026-11-24T12:20:00Z", KATHMANDU, "2026-11-24T12:15:00Z", "2026-11-24T13:15:00Z", "2026-11-24 18:00"),
        ("week", "2026-11-24T12:00:00Z", UTC, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z", "2026-W48"),
        ("week", "2026-10-25T12:00:00Z", BERLIN, "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z", "2026-W43"),
        ("week", "2026-11-01T12:00:00Z", NEW_YORK, "2026-10-26T04:00:00Z", "2026-11-02T05:00:00Z", "2026-W44"),
        ("week", "2027-01-01T12:00:00Z", UTC, "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z", "2026-W53"),
        ("month", "2026-10-25T12:00:00Z", BERLIN, "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", "2026-10"),
        ("month", "2026-11-24T12:00:00Z", KATHMANDU, "2026-10-31T18:15:00Z", "2026-11-30T18:15:00Z", "2026-11"),
        ("month", "2026-12-31T23:59:59Z", UTC, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z", "2026-12"),
        ("month", "2026-12-31T23:59:59Z", BERLIN, "2026-12-31T23:00:00Z", "2027-01-31T23:00:00Z", "2027-01"),
        ("month", "2028-02-29T01:00:00Z", UTC, "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z", "2028-02"),
        ("quarter", "2026-03-31T12:00:00Z", NEW_YORK, "2026-01-01T05:00:00Z", "2026-04-01T04:00:00Z", "2026-Q1"),
        ("quarter", "2026-12-31T12:00:00Z", BERLIN, "2026-09-30T22:00:00Z", "2026-12-31T23:00:00Z", "2026-Q4"),
        # the clock jumps from 00:00 to 01:00: the day starts at 01:00
        (
            "day", "2026-03-08T12:00:00Z", ZoneInfo("America/Havana"),
            "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", "2026-03-08",
        ),
    ],
)  # fmt: skip
def test_a_window_is_local_time(unit: Unit, now: str, zone: tzinfo, start: str, end: str, label: str) -> None:
    period = period_of(Window(unit), us(now), zone)
    assert (rfc3339(period.start), rfc3339(period.end), period.label) == (start, end, label)


def test_a_rolling_window_ends_with_now_and_starts_at_the_same_clock_time() -> None:
    now = us("2026-10-26T09:07:00Z")  # 10:07 in Berlin, where seven days before it was 08:07 UTC
    period = period_of(Window("rolling", 7), now, BERLIN)
    assert (rfc3339(period.start), period.end, period.label) == (
        "2026-10-19T08:00:00Z", now + 1, "7d to 2026-10-26 10:07",
    )  # fmt: skip


@given(
    st.sampled_from(["hour", "day", "week", "month", "quarter"]),
    st.integers(us("2024-01-01T00:00:00Z"), us("2028-01-01T00:00:00Z")),
    st.sampled_from(ZONES),
)
def test_windows_hold_their_moment_and_leave_no_gap(unit: Unit, now: int, name: str) -> None:
    zone = ZoneInfo(name)
    window = Window(unit)
    period = period_of(window, now, zone)
    assert period.start <= now < period.end
    assert period_of(window, period.start, zone) == period
    assert period_of(window, period.end - 1, zone) == period
    following = period_of(window, period.end, zone)
    assert following.start == period.end
    longest = {"hour": 1.5, "day": 25, "week": 7 * 24 + 1, "month": 31 * 24 + 1, "quarter": 92 * 24 + 1}[unit]
    assert from_us(period.end) - from_us(period.start) <= longest * HOUR


@given(st.integers(1, 366), st.integers(us("2024-01-01T00:00:00Z"), us("2028-01-01T00:00:00Z")), st.sampled_from(ZONES))
def test_a_rolling_window_holds_its_days(days: int, now: int, name: str) -> None:
    zone = ZoneInfo(name)
    period = period_of(Window("rolling", days), now, zone)
    assert period.end == now + 1
    assert period.start % QUARTER_US == 0
    length = period.end - period.start
    assert days * DAY_US - 4 * QUARTER_US <= length < days * DAY_US + 5 * QUARTER_US


@pytest.mark.parametrize("day", ["2026-10-04", "2026-04-05"])
@pytest.mark.parametrize("name", ZONES)
def test_a_day_falls_into_whole_hours(name: str, day: str) -> None:
    zone = ZoneInfo(name)
    whole = period_of(Window("day"), us(f"{day}T12:00:00Z"), zone)
    starts = [whole.start]
    while starts[-1] < whole.end:
        starts.append(period_of(Window("hour"), starts[-1], zone).end)
    assert starts[-1] == whole.end
    assert all(from_us(start, zone).minute == 0 for start in starts)
    assert {(b - a) / (4 * QUARTER_US) for a, b in pairwise(starts)} <= {1.0, 1.5}
