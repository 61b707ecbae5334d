from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.budgets.model import WINDOWS, Window
from llmcost.budgets.windows import period_of
from llmcost.core.instants import from_us, rfc3339
from tests.budgets.rows import us

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("window", "now", "zone", "start", "end", "label"),
    [
        ("day", "2026-11-24T12:00:00Z", UTC, "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z", "2026-11-24"),
        ("day", "2026-11-24T00:00:00Z", UTC, "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z", "2026-11-24"),
        ("day", "2026-11-24T23:30:00Z", BERLIN, "2026-11-24T23:00:00Z", "2026-11-25T23:00:00Z", "2026-11-25"),
        # 23 and 25 hours long
        ("day", "2026-03-29T12:00:00Z", BERLIN, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-29"),
        ("day", "2026-10-25T12:00:00Z", BERLIN, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-10-25"),
        ("month", "2026-10-25T12:00:00Z", BERLIN, "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", "2026-10"),
        ("month", "2026-12-31T23:59:59Z", UTC, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z", "2026-12"),
        ("month", "2026-12-31T23:59:59Z", BERLIN, "2026-12-31T23:00:00Z", "2027-01-31T23:00:00Z", "2027-01"),
        ("month", "2028-02-29T01:00:00Z", UTC, "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z", "2028-02"),
        # the clock jumps from 00:00 to 01:00: the day starts at 01:00
        (
            "day", "2026-03-08T12:00:00Z", ZoneInfo("America/Havana"),
            "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", "2026-03-08",
        ),
    ],
)  # fmt: skip
def test_a_window_is_the_local_day_or_month(
    window: Window, now: str, zone: ZoneInfo, start: str, end: str, label: str
) -> None:
    period = period_of(window, us(now), zone)
    assert (rfc3339(period.start), rfc3339(period.end), period.label) == (start, end, label)


@given(
    st.sampled_from(WINDOWS),
    st.integers(us("2024-01-01T00:00:00Z"), us("2028-01-01T00:00:00Z")),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/Havana", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"]
    ),
)
def test_windows_hold_their_moment_and_leave_no_gap(window: Window, now: int, name: str) -> None:
    zone = ZoneInfo(name)
    period = period_of(window, now, zone)
    assert period.start <= now < period.end
    assert period_of(window, period.start, zone) == period
    assert period_of(window, period.end - 1, zone) == period
    following = period_of(window, period.end, zone)
    assert following.start == period.end
    longest = timedelta(hours=25) if window == "day" else timedelta(days=31, hours=1)
    assert from_us(period.end) - from_us(period.start) <= longest
