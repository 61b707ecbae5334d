import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core import instants
from llmcost.core.errors import UsageError
from llmcost.core.instants import DAY_US, Granularity, Period

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
KOLKATA = ZoneInfo("Asia/Kolkata")
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = (ZoneInfo("UTC"), BERLIN, KOLKATA, NEW_YORK, SHANGHAI)
HOUR = 3600 * 1_000_000
#: 2026-01-09T10:00:00Z
MORNING = 1_767_952_800_000_000

zones = st.sampled_from(ZONES)
days = st.dates(date(2001, 1, 2), date(2098, 12, 30))


def utc(text: str) -> int:
    return instants.to_us(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-09T10:00:00Z", "2026-01-09T10:00:00+00:00", "2026-01-09T15:30:00+05:30", "2026-01-09 05:00:00-05:00",
        "2026-01-09T10:00:00.000000000Z", "20260109T100000Z", " 2026-01-09T10:00Z ",
        1_767_952_800, 1_767_952_800_000, 1_767_952_800_000_000, 1_767_952_800_000_000_000,
        1_767_952_800.0, "1767952800", "1767952800000", "1767952800000000", "1767952800000000000", "1767952800.0",
    ],
)  # fmt: skip
def test_every_form_of_one_moment(value: object) -> None:
    assert instants.parse_timestamp(value) == (MORNING, True)


@pytest.mark.parametrize(
    ("value", "us"),
    [
        ("2026-01-09T10:00:00", MORNING),
        ("2026-01-09 10:00", MORNING),
        ("2026-01-09", MORNING - 10 * HOUR),
        ("20260109", MORNING - 10 * HOUR),
    ],
)
def test_a_time_without_offset_is_utc_and_says_so(value: str, us: int) -> None:
    assert instants.parse_timestamp(value) == (us, False)


@pytest.mark.parametrize(
    ("value", "us"),
    [
        ("2026-01-09T10:00:00.123456Z", MORNING + 123_456),
        ("1767952800.123456", MORNING + 123_456),
        (1767952800.5, MORNING + 500_000),
        (1767952800123, MORNING + 123_000),
        (1767952800123456789, MORNING + 123_456),
    ],
)
def test_fractions_are_kept_to_the_microsecond(value: object, us: int) -> None:
    assert instants.parse_timestamp(value)[0] == us


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1767010112345", "2025-12-29T12:08:32.345000"), ("2026010991530", "2034-03-15T04:49:51.530000")],
)
def test_milliseconds_that_look_like_a_date_are_milliseconds(value: str, expected: str) -> None:
    assert instants.parse_timestamp(value) == (utc(expected), True)
    assert instants.parse_when(value, BERLIN) == utc(expected)


@pytest.mark.parametrize(
    "value",
    [
        None, "", " ", "yesterday", "2026-13-01", "2026-01-09T25:00", "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", 0, -1, 946_684_799, True, False, [], {},
        b"2026-01-09",
        float("nan"), float("inf"), -float("inf"), 1e300, 10**40, 10**5000, "9" * 100_000, "1e10", "-1767952800",
        "٢٠٢٦-٠١-٠٩", "2026-01-09T10:00:00Zx", "\ud800",
    ],
    ids=lambda value: repr(value)[:30] if not isinstance(value, int) or value < 10**40 else "huge",
)  # fmt: skip
def test_what_is_no_time_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - every message is worded for its value
        instants.parse_timestamp(value)


def test_the_first_and_the_last_moment() -> None:
    assert instants.parse_timestamp("2000-01-01T00:00:00Z")[0] == 946_684_800_000_000
    assert instants.parse_timestamp("2099-12-31T23:59:59.999999Z")[0] == 4_102_444_799_999_999


@given(st.integers(946_684_800_000_000, 4_102_444_799_999_999), zones)
def test_rfc3339_reads_back(us: int, zone: ZoneInfo) -> None:
    assert instants.parse_timestamp(instants.rfc3339(us, zone)) == (us, True)


@pytest.mark.parametrize(
    ("us", "zone", "text"),
    [
        (MORNING, ZONES[0], "2026-01-09T10:00:00Z"),
        (MORNING, BERLIN, "2026-01-09T11:00:00+01:00"),
        (MORNING, KOLKATA, "2026-01-09T15:30:00+05:30"),
        (MORNING + 1, NEW_YORK, "2026-01-09T05:00:00.000001-05:00"),
    ],
)
def test_rfc3339_names_its_offset(us: int, zone: ZoneInfo, text: str) -> None:
    assert instants.rfc3339(us, zone) == text


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "Europe/Berlin\x00", "中文"])
def test_an_unknown_zone_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="unknown time zone"):
        instants.zone_named(name)


@pytest.mark.parametrize(
    ("day", "zone", "start", "hours"),
    [
        (date(2026, 3, 29), BERLIN, "2026-03-28T23:00", 23),
        (date(2026, 10, 25), BERLIN, "2026-10-24T22:00", 25),
        (date(2026, 3, 8), NEW_YORK, "2026-03-08T05:00", 23),
        (date(2026, 11, 1), NEW_YORK, "2026-11-01T04:00", 25),
        (date(2026, 3, 29), KOLKATA, "2026-03-28T18:30", 24),
        (date(2026, 3, 29), SHANGHAI, "2026-03-28T16:00", 24),
        (date(2026, 3, 29), ZONES[0], "2026-03-29T00:00", 24),
    ],
)
def test_a_local_day_is_as_long_as_its_clock_says(day: date, zone: ZoneInfo, start: str, hours: int) -> None:
    begins = instants.local_midnight(day, zone)
    assert begins == utc(start)
    assert instants.local_midnight(day + timedelta(days=1), zone) - begins == hours * HOUR


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        # The seven days before Monday 2026-03-30 hold the night the clocks went forward.
        (BERLIN, "2026-03-22T23:00", "2026-03-29T22:00"),
        (NEW_YORK, "2026-03-23T04:00", "2026-03-30T04:00"),
        (KOLKATA, "2026-03-22T18:30", "2026-03-29T18:30"),
    ],
)
def test_the_last_seven_days(zone: ZoneInfo, start: str, end: str) -> None:
    period = instants.days_ending(date(2026, 3, 30), 7, zone, "week")
    assert (period.start, period.end) == (utc(start), utc(end))
    assert (period.first_day, period.last_day) == (date(2026, 3, 23), date(2026, 3, 29))


def test_the_days_before_are_local_days_too() -> None:
    week = instants.days_ending(date(2026, 3, 30), 7, BERLIN, "week")
    before = instants.days_before(week, 7)
    assert (before.start, before.end) == (utc("2026-03-15T23:00"), week.start)
    assert week.end - week.start == 7 * DAY_US - HOUR
    assert before.end - before.start == 7 * DAY_US


def test_shifting_keeps_the_clock_time() -> None:
    nine = Period(utc("2026-03-23T00:00"), utc("2026-03-30T07:00"), BERLIN, "x")  # Monday 01:00 to Monday 09:00
    back = instants.shifted(nine, -7)
    assert (back.start, back.end) == (utc("2026-03-16T00:00"), utc("2026-03-23T08:00"))
    assert (back.zone, back.label) == (BERLIN, "x")


@given(days, st.integers(1, 40), zones)
def test_a_shift_there_and_back_ends_where_it_began(day: date, count: int, zone: ZoneInfo) -> None:
    period = instants.days_ending(day, count, zone, "")
    there = instants.shifted(period, 11)
    assert instants.shifted(there, -11) == period
    assert (there.first_day, there.last_day) == (
        period.first_day + timedelta(days=11), period.last_day + timedelta(days=11)
    )  # fmt: skip


def between(start: date, end: date, zone: ZoneInfo) -> Period:
    return Period(instants.local_midnight(start, zone), instants.local_midnight(end, zone), zone, "")


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [(date(2026, 3, 29), BERLIN, 23), (date(2026, 10, 25), BERLIN, 25), (date(2026, 11, 1), NEW_YORK, 25),
     (date(2026, 3, 29), KOLKATA, 24), (date(2026, 3, 29), SHANGHAI, 24)],
)  # fmt: skip
def test_hours_of_a_day(day: date, zone: ZoneInfo, hours: int) -> None:
    cuts = instants.edges(between(day, day + timedelta(days=1), zone), "hour")
    assert [b - a for a, b in itertools.pairwise(cuts)] == [HOUR] * hours


def test_a_period_that_starts_in_the_repeated_hour() -> None:
    # 02:30 for the second time, until 04:00 local: cuts at 03:00 only (there is one 03:00).
    period = Period(utc("2026-10-25T01:30"), utc("2026-10-25T03:00"), BERLIN, "")
    assert instants.edges(period, "hour") == [period.start, utc("2026-10-25T02:00"), period.end]


def test_a_ragged_period_keeps_its_ends() -> None:
    period = Period(utc("2026-03-28T10:20"), utc("2026-03-31T09:10"), BERLIN, "")
    assert instants.edges(period, "day") == [
        period.start, utc("2026-03-28T23:00"), utc("2026-03-29T22:00"), utc("2026-03-30T22:00"), period.end,
    ]  # fmt: skip


def test_weeks_start_on_monday() -> None:
    period = between(date(2026, 3, 25), date(2026, 4, 9), NEW_YORK)  # Wednesday to Thursday
    assert instants.edges(period, "week") == [
        period.start, utc("2026-03-30T04:00"), utc("2026-04-06T04:00"), period.end,
    ]  # fmt: skip


def test_months_start_on_the_first() -> None:
    period = between(date(2025, 12, 31), date(2026, 4, 1), BERLIN)
    assert instants.edges(period, "month") == [
        utc("2025-12-30T23:00"), utc("2025-12-31T23:00"), utc("2026-01-31T23:00"), utc("2026-02-28T23:00"),
        utc("2026-03-31T22:00"),
    ]  # fmt: skip


def test_an_empty_period_has_two_equal_edges() -> None:
    assert instants.edges(Period(MORNING, MORNING, BERLIN, ""), "day") == [MORNING, MORNING]
    assert Period(MORNING, MORNING, BERLIN, "").last_day == date(2026, 1, 9)


@given(days, st.integers(0, 70), st.integers(0, DAY_US), st.sampled_from(instants.GRANULARITIES), zones)
def test_edges_cut_a_period_without_gap_or_overlap(
    day: date, count: int, ragged: int, granularity: Granularity, zone: ZoneInfo
) -> None:
    start = instants.local_midnight(day, zone) + ragged
    period = Period(start, start + count * DAY_US + 1, zone, "")
    cuts = instants.edges(period, granularity)
    assert (cuts[0], cuts[-1]) == (period.start, period.end)
    assert all(a < b for a, b in itertools.pairwise(cuts))
    for cut in cuts[1:-1]:
        local = instants.from_us(cut, zone)
        assert (local.minute, local.second, local.microsecond) == (0, 0, 0)
        assert granularity == "hour" or local.hour == 0
        assert granularity != "week" or local.weekday() == 0
        assert granularity != "month" or local.day == 1
        assert cut % instants.QUARTER_US == 0, "a roll-up bucket never straddles a local edge"


@pytest.mark.parametrize(
    ("text", "parsed", "us"),
    [("30d", (30, "d"), 30 * DAY_US), ("24h", (24, "h"), DAY_US), (" 2W ", (2, "w"), 14 * DAY_US),
     ("15m", (15, "m"), 900_000_000), ("15min", (15, "m"), 900_000_000), ("1 d", (1, "d"), DAY_US)],
)  # fmt: skip
def test_spans(text: str, parsed: tuple[int, str], us: int) -> None:
    assert instants.parse_span(text) == parsed
    assert instants.span_us(text) == us


@pytest.mark.parametrize(
    "text", ["", "0d", "d", "-1d", "1.5d", "7", "7y", "9999999d", "99999d", "999999w", "٧d", "1d 2h"]
)
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(UsageError, match="time span"):
        instants.parse_span(text)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-11-24", BERLIN, "2026-11-23T23:00"),
        ("2026-11-24", KOLKATA, "2026-11-23T18:30"),
        ("2026-11-24T09:00", NEW_YORK, "2026-11-24T14:00"),
        ("2026-11-24 09:00", SHANGHAI, "2026-11-24T01:00"),
        ("2026-11-24T09:00:00Z", BERLIN, "2026-11-24T09:00"),
        ("2026-11-24T09:00:00+05:30", BERLIN, "2026-11-24T03:30"),
        ("1767952800", BERLIN, "2026-01-09T10:00"),
        ("1767952800000", BERLIN, "2026-01-09T10:00"),
        ("2026-03-29T02:30", BERLIN, "2026-03-29T01:30"),  # a time the clocks skipped: an hour on
        ("2026-10-25T02:30", BERLIN, "2026-10-25T00:30"),  # a time that came twice: the first
    ],
)
def test_a_persons_time(text: str, zone: ZoneInfo, expected: str) -> None:
    assert instants.parse_when(text, zone) == utc(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-02-30",
        "24.11.2026",
        "0001-01-01",
        "2026-11-24T99:00",
        "12",
        "9" * 5000,
        "\x1b[31m",
        "1999-12-31",
        "9999-12-31T23:59:59Z",
        "2100-01-02",
    ],
)
def test_what_is_no_persons_time(text: str) -> None:
    with pytest.raises(UsageError, match="not a time"):
        instants.parse_when(text, SHANGHAI)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2026-10-24", "2026-10-23T22:00"),
        ("1d", "2026-10-24T10:00"),  # the day the clocks go back has 25 hours
        ("24h", "2026-10-24T11:00"),
        ("1W", "2026-10-18T10:00"),
        ("30m", "2026-10-25T10:30"),
    ],
)
def test_a_start_may_be_a_span_before_the_end(text: str, start: str) -> None:
    assert instants.parse_start(text, BERLIN, utc("2026-10-25T11:00")) == utc(start)


@pytest.mark.parametrize(("text", "message"), [("soon", "not a time: 'soon'"), ("0d", "not a time span: '0d'")])
def test_what_is_no_start(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        instants.parse_start(text, BERLIN, utc("2026-10-25T11:00"))
    assert "30d" in caught.value.hint


def test_granularity_named() -> None:
    assert [instants.granularity_named(name) for name in ("hour", "day", "week", "month")] == [
        "hour", "day", "week", "month",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="'year'"):
        instants.granularity_named("year")
