"""Entries of cost by the day, and amounts shared out to the last nano-dollar."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.analysis.fixed_costs import accrued, shared_out, standing
from llmcost.core.instants import Period, local_midnight
from llmcost.ledger.costs import UNITS, FixedCost

BERLIN = ZoneInfo("Europe/Berlin")
USD = 10**9


def cost(amount: int, per: str, start: date = date(2026, 1, 1), end: date | None = None) -> FixedCost:
    return FixedCost("gpu", "infrastructure", amount, per, start, end)


def days(first: date, behind: date, zone: object = UTC) -> Period:
    return Period(local_midnight(first, zone), local_midnight(behind, zone), zone, "")  # type: ignore[arg-type]


def test_a_month_is_spread_over_its_days_the_remainder_to_the_first() -> None:
    entry = cost(100 * USD, "month")
    each = [accrued(entry, days(date(2026, 2, day), date(2026, 2, day) + timedelta(days=1))) for day in range(1, 29)]
    # 100 USD are 28 times 3.571428571 USD and 12 nano-dollars.
    assert each == [3_571_428_572] * 12 + [3_571_428_571] * 16
    assert accrued(entry, days(date(2026, 1, 1), date(2027, 1, 1))) == 1200 * USD
    assert accrued(entry, days(date(2025, 1, 1), date(2026, 1, 1))) == 0


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        # From the 10th to the 20th: 11 of 31 days.
        (cost(31 * USD, "month", date(2026, 3, 10), date(2026, 3, 20)), 11 * USD),
        (cost(7 * USD, "week", date(2026, 3, 30)), 2 * USD),
        (cost(3 * USD, "day", date(2026, 3, 31)), 3 * USD),
        (cost(-5 * USD, "once", date(2026, 3, 31)), -5 * USD),
        (cost(-5 * USD, "once", date(2026, 4, 1)), 0),
        # A year's subscription: 365 days.
        (cost(365 * USD, "once", date(2026, 1, 1), date(2026, 12, 31)), 31 * USD),
    ],
)
def test_what_an_entry_comes_to_in_march(entry: FixedCost, expected: int) -> None:
    for zone in (UTC, BERLIN):
        assert accrued(entry, days(date(2026, 3, 1), date(2026, 4, 1), zone)) == expected


def test_within_a_day_it_grows_with_the_hours_that_day_has() -> None:
    # On 29 March 2026 the day in Berlin has 23 hours.
    entry, start = cost(23 * USD, "day"), local_midnight(date(2026, 3, 29), BERLIN)
    assert accrued(entry, Period(start, start + 3_600_000_000, BERLIN, "")) == USD
    assert accrued(entry, days(date(2026, 3, 29), date(2026, 3, 30), BERLIN)) == 23 * USD


def test_an_entry_without_an_end_ends_where_the_next_of_its_name_begins() -> None:
    first, second = cost(1, "month"), cost(2, "month", date(2026, 3, 1))
    other, once = second._replace(name="z"), cost(3, "once", date(2026, 2, 1))
    assert standing([other, second, first, once]) == [
        first._replace(end=date(2026, 1, 31)), once, second, other,
    ]  # fmt: skip
    assert standing([]) == []


_DAY = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@given(
    st.integers(-(10**13), 10**13), st.sampled_from(UNITS), _DAY, st.none() | st.integers(0, 400),
    st.lists(st.integers(local_midnight(date(2024, 1, 1), UTC), local_midnight(date(2028, 1, 1), UTC)), min_size=2),
    st.sampled_from([UTC, BERLIN, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Asia/Kolkata")]),
)  # fmt: skip
def test_periods_that_follow_each_other_add_up(
    amount: int, per: str, start: date, length: int | None, cuts: list[int], zone: ZoneInfo
) -> None:
    entry = cost(amount, per, start, None if length is None else start + timedelta(days=length))
    cuts.sort()
    parts = [accrued(entry, Period(a, b, zone, "")) for a, b in pairwise(cuts)]
    assert sum(parts) == accrued(entry, Period(cuts[0], cuts[-1], zone, ""))
    assert all(part * amount >= 0 for part in parts)


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, (1, 1, 1), (34, 33, 33)),
        (-100, (1, 1, 1), (-33, -33, -34)),
        (10, (0, 7, 3), (0, 7, 3)),
        (1, (1, 2), (0, 1)),
        (0, (1, 2), (0, 0)),
    ],
)
def test_an_amount_is_shared_out_by_largest_remainder(
    amount: int, weights: tuple[int, ...], parts: tuple[int, ...]
) -> None:
    assert shared_out(amount, weights) == parts


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**12), min_size=1).filter(any))
def test_the_parts_add_up_and_each_is_within_one_of_its_own(amount: int, weights: list[int]) -> None:
    parts, whole = shared_out(amount, weights), sum(weights)
    assert sum(parts) == amount
    assert all(abs(part * whole - amount * weight) < whole for part, weight in zip(parts, weights, strict=True))
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if not weight)
