"""What is unusual in a series, at hand-made places; and what must not be."""

from __future__ import annotations

import statistics
from functools import reduce
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.anomalies import Score, measure
from llmcost.analysis.outliers import DAILY, HOURLY, Outliers, median, outliers

WEEK = [100.0, 110.0, 105.0, 108.0, 95.0, 20.0, 15.0]


def days(weeks: int = 12) -> list[float]:
    return WEEK * weeks


def found(amounts: list[float], start: int = 42, least: float = 5.0) -> list[tuple[int, int]]:
    return [(each.first, each.last) for each in outliers(amounts, start=start, rhythm=DAILY, least=least)]


def test_weeks_alone_hold_nothing_unusual() -> None:
    assert found(days()) == []


def test_a_day_of_three_times_the_usual() -> None:
    amounts = days()
    amounts[70] *= 3
    (one,) = outliers(amounts, start=42, rhythm=DAILY, least=5.0)
    assert one == Outliers(70, 71, 300.0, one.usual)
    assert one.usual == pytest.approx(100.0, rel=0.02)


def test_a_sunday_like_a_monday_is_unusual_though_mondays_are_so() -> None:
    amounts = days()
    amounts[48] = 100.0
    assert found(amounts) == [(48, 49)]


def test_days_in_a_row_are_one_stretch_and_a_new_level_is_told_once() -> None:
    amounts = days()
    amounts[60:63] = [5 * each for each in amounts[60:63]]
    assert found(amounts) == [(60, 63)]
    amounts = days()
    amounts[56:] = [2 * each for each in amounts[56:]]
    ((first, last),) = found(amounts)
    assert (first, 63 <= last <= 72) == (56, True)


def test_a_drop_counts_when_little_is_left() -> None:
    amounts = days()
    amounts[63] *= 0.6
    assert found(amounts) == []
    amounts[63] = 0.0
    assert found(amounts) == [(63, 64)]


def test_a_rise_and_a_drop_side_by_side_are_two() -> None:
    amounts = days()
    amounts[63], amounts[64] = 400.0, 0.0
    assert found(amounts) == [(63, 64), (64, 65)]


def test_less_than_the_least_is_nobodys_time() -> None:
    amounts = [each / 1000 for each in days()]
    amounts[63] *= 10
    assert found(amounts) == []
    assert found(amounts, least=0.5) == [(63, 64)]


def test_without_five_weeks_the_days_are_compared_as_they_are() -> None:
    amounts = [100.0, 104.0, 98.0, 101.0, 99.0, 103.0, 97.0] * 2
    amounts += [100.0, 250.0]
    assert found(amounts, start=14) == [(15, 16)]
    assert found([*amounts[:5], 900.0], start=0) == []


def test_an_outlier_of_before_is_told_only_when_it_goes_on() -> None:
    amounts = days()
    amounts[60:64] = [900.0] * 4
    assert found(amounts, start=62) == [(60, 64)]
    assert found(amounts, start=64) == []


def test_hours_know_the_hour_of_the_week() -> None:
    random = Random(1)
    week = [10.0 + 8 * (9 <= hour % 24 < 18) * (hour // 24 < 5) for hour in range(168)]
    amounts = [each * random.uniform(0.97, 1.03) for each in week * 7]
    assert outliers(amounts, start=6 * 168, rhythm=HOURLY, least=1.0) == []
    night = 6 * 168 + 27
    amounts[night : night + 3] = [40.0] * 3
    amounts[night + 5] = 40.0
    (one,) = outliers(amounts, start=6 * 168, rhythm=HOURLY, least=1.0)
    assert (one.first, one.last, one.amount) == (night, night + 6, 160.0)


@pytest.mark.parametrize("amounts", [[], [0.0] * 100, [1.0], [0.0] * 50 + [5.0] * 50])
def test_thin_series(amounts: list[float]) -> None:
    for each in outliers(amounts, start=0, rhythm=DAILY, least=1.0):
        assert 0 <= each.first < each.last <= len(amounts)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_the_median_is_the_librarys(amounts: list[float]) -> None:
    assert median(amounts) == statistics.median(amounts)


@given(st.lists(st.floats(0, 1e9, allow_subnormal=False), max_size=120), st.integers(0, 120))
def test_stretches_are_in_order_apart_and_within(amounts: list[float], start: int) -> None:
    ends = [0]
    for each in outliers(amounts, start=start, rhythm=DAILY, least=1.0):
        assert ends[-1] <= each.first < each.last <= len(amounts)
        assert each.last > start
        assert abs(each.amount - each.usual) >= 1.0
        ends.append(each.last)


@given(st.lists(st.integers(1, 10**6), min_size=40, max_size=80), st.sampled_from([2.0**-20, 2.0**20]))
def test_the_unit_does_not_matter(amounts: list[int], unit: float) -> None:
    plain = outliers([float(each) for each in amounts], start=20, rhythm=DAILY, least=1.0)
    other = outliers([each * unit for each in amounts], start=20, rhythm=DAILY, least=unit)
    assert [each[:2] for each in plain] == [each[:2] for each in other]


def test_known_anomalies_of_generated_spend_are_found() -> None:
    """A few seeds of the benchmark, of those that chose no constant; its table is in benchmarks/README.md."""
    totals = {rule: reduce(Score.plus, by.values()) for rule, by in measure(range(1, 16, 2)).items()}
    assert totals["llmcost"].f1 > 0.85
    assert all(total.f1 < 0.6 for rule, total in totals.items() if rule != "llmcost")
