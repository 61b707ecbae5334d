from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from llmcost.budgets.forecast import RUN_RATE, run_rate
from llmcost.budgets.windows import period_of
from llmcost.core.instants import DAY_US
from tests.budgets.rows import USD, us

NOVEMBER = period_of("month", us("2026-11-10T00:00:00Z"), UTC)


def test_a_third_of_the_month_is_a_third_of_the_spend() -> None:
    forecast = run_rate(100 * USD, NOVEMBER, us("2026-11-11T00:00:00Z"))
    assert forecast == (300 * USD, RUN_RATE)


def test_a_tie_is_rounded_to_even() -> None:
    # 30 days, of which 20 have passed: 5 x 1.5 = 7.5 and 7 x 1.5 = 10.5 nano-USD
    until = us("2026-11-21T00:00:00Z")
    assert run_rate(5, NOVEMBER, until) == (8, RUN_RATE)
    assert run_rate(7, NOVEMBER, until) == (10, RUN_RATE)


def test_the_first_day_says_nothing_about_the_month() -> None:
    assert run_rate(100 * USD, NOVEMBER, us("2026-11-01T23:59:59Z")) is None
    assert run_rate(100 * USD, NOVEMBER, us("2026-11-02T00:00:00Z")) == (3000 * USD, RUN_RATE)


def test_a_day_is_not_forecast() -> None:
    day = period_of("day", us("2026-11-10T00:00:00Z"), UTC)
    assert run_rate(100 * USD, day, us("2026-11-10T23:00:00Z")) is None


@given(st.integers(0, 10**18), st.integers(DAY_US, 30 * DAY_US))
def test_a_forecast_is_never_below_what_is_spent(spent: int, elapsed: int) -> None:
    forecast = run_rate(spent, NOVEMBER, NOVEMBER.start + elapsed)
    assert forecast is not None
    assert forecast.nano >= spent
    if elapsed == 30 * DAY_US:
        assert forecast.nano == spent
