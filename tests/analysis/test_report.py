"""A report's totals are those of its parts, whatever it is grouped by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.analysis.periods import Compared
from llmcost.analysis.report import MAX_POINTS, Question, granularity_for, report
from llmcost.core.errors import UsageError
from llmcost.core.instants import DAY_US, QUARTER_US, Period
from llmcost.core.record import DIMENSIONS, Record
from llmcost.core.usage import Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.measures import Sums
from llmcost.ledger.protocol import UNPRICED, Basis, PricedRecord
from llmcost.ledger.sqlite import SqliteLedger

START = 1_764_028_800_000_000  # 2025-11-25T00:00:00Z
CARD = Basis("c0ffee", "exact", "test", "{}")
NAMES = st.sampled_from(["", "a", "b", "客服助手", "x'; --"])


@st.composite
def rows(draw: st.DrawFn) -> list[PricedRecord]:
    made = []
    for number in range(draw(st.integers(0, 25))):
        cost = draw(st.none() | st.integers(0, 10**12))
        record = Record(
            START + draw(st.integers(-2 * DAY_US, 3 * DAY_US)),
            f"p:{number}",
            draw(st.sampled_from(["openai", "anthropic"])),
            draw(NAMES) or "m",
            Usage(input=draw(st.integers(0, 10**6)), cached=draw(st.integers(0, 99)), output=draw(st.integers(0, 999))),
            app=draw(NAMES), user=draw(NAMES), team=draw(NAMES), project=draw(NAMES), session=draw(NAMES),
            tags=draw(st.sampled_from([(), (("k", "v"),), (("k", "客"), ("z", "1"))])),
        )  # fmt: skip
        parts = () if cost is None else (cost, *(0,) * 12)
        made.append(PricedRecord(record, cost, parts, Basis(UNPRICED) if cost is None else CARD))
    return made


def summed(parts: Iterator[Sums]) -> Sums:
    total = Sums()
    for part in parts:
        total += part
    return total


@given(
    rows(),
    st.lists(st.sampled_from([*DIMENSIONS, "tag.k"]), min_size=1, max_size=3, unique=True),
    st.integers(-DAY_US, DAY_US),
    st.integers(1, 2 * DAY_US),
    st.sampled_from(["hour", "day", "week", "month"]),
    st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]),
)
def test_totals_equal_the_sum_over_groups_and_over_the_trend(
    made: list[PricedRecord], by: list[str], offset: int, length: int, granularity: str, zone: str
) -> None:
    period = Period(START + offset, START + offset + length, ZoneInfo(zone), "test")
    before = Period(period.start - length, period.start, period.zone, "before")
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ledger.add(made, ledger.begin_batch("test", START))
        question = Question(Compared(period, before), tuple(by), (), granularity)  # type: ignore[arg-type]
        found = report(ledger, question)
    inside = [row for row in made if period.start <= row.record.ts < period.end]
    assert found.sums["requests"] == len(inside)
    assert found.sums["cost"] == sum(row.cost or 0 for row in inside)
    assert found.sums["unpriced"] == sum(row.cost is None for row in inside)
    assert summed(group.sums for group in found.groups) == found.sums
    assert summed(group.sums for group in found.models) == found.sums
    assert summed(group.sums for group in found.apps) == found.sums
    assert summed(point.sums for point in found.trend) == found.sums
    assert sum(group.sums["unpriced"] for group in found.unpriced) == found.sums["unpriced"]
    assert len({group.key for group in found.groups}) == len(found.groups)
    costs = [group.sums["cost"] for group in found.groups]
    assert costs == sorted(costs, reverse=True)


def test_a_long_period_trends_from_the_first_row() -> None:
    row = PricedRecord(Record(START, "p:1", "p", "m", Usage(input=1)), 5, (5, *(0,) * 12), CARD)
    period = Period(START - 3_001 * DAY_US, START + DAY_US, UTC, "test")
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ledger.add([row], ledger.begin_batch("test", START))
        question = Question(Compared(period, period), granularity="day")
        assert [point.start for point in report(ledger, question).trend] == [START]


def test_a_trend_too_fine_is_a_usage_error() -> None:
    rows = [
        PricedRecord(Record(ts, f"p:{ts}", "p", "m", Usage(input=1)), 5, (5, *(0,) * 12), CARD)
        for ts in (START - 200 * DAY_US, START)
    ]
    period = Period(START - 200 * DAY_US, START + DAY_US, UTC, "test")
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ledger.add(rows, ledger.begin_batch("test", START))
        with pytest.raises(UsageError, match=r"a trend by hour would have 4,824 points"):
            report(ledger, Question(Compared(period, period), granularity="hour"))
    assert MAX_POINTS < 4_824


@pytest.mark.parametrize(
    ("days", "granularity"),
    [(1, "hour"), (2, "hour"), (3, "day"), (92, "day"), (93, "week"), (731, "week"), (732, "month")],
)  # fmt: skip
def test_granularity_grows_with_the_period(days: int, granularity: str) -> None:
    assert granularity_for(Period(0, days * DAY_US, UTC, "test")) == granularity
    assert granularity_for(Period(0, QUARTER_US, UTC, "test")) == "hour"
