"""Numbers as people read them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.reporting.numbers import count, counted, decimal, percent, short, usd


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (None, "unpriced"),
        (0, "$0.00"),
        (1, "$0.000000001"),
        (99_999, "$0.000099999"),
        (100_000, "$0.000100"),
        (4_750_000, "$0.004750"),
        (9_999_999, "$0.010000"),
        (10_000_000, "$0.0100"),
        (500_000_000, "$0.5000"),
        (999_949_999, "$0.9999"),
        (1_000_000_000, "$1.00"),
        (1_005_000_000, "$1.00"),
        (1_015_000_000, "$1.02"),
        (1_234_567_890_000_000, "$1,234,567.89"),
        (-2_500_000_000, "-$2.50"),
        (-1, "-$0.000000001"),
    ],
)
def test_usd(nano: int | None, text: str) -> None:
    assert usd(nano) == text


@given(st.integers(-(10**18), 10**18))
def test_usd_is_near_and_never_zero_for_something(nano: int) -> None:
    value = Decimal(usd(nano).replace("$", "").replace(",", ""))
    exact = Decimal(nano) / 10**9
    assert abs(value - exact) <= max(abs(exact) / 190, Decimal(0))
    assert (value == 0) == (nano == 0)


def test_counts() -> None:
    assert (count(1_234_567), count(0), count(-1_000)) == ("1,234,567", "0", "-1,000")
    assert (counted(0, "request"), counted(1, "request"), counted(1_000, "request")) == (
        "0 requests", "1 request", "1,000 requests",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"), (999, "999"), (1_234, "1,234"), (9_999, "9,999"), (10_000, "10.0k"), (56_789, "56.8k"),
        (999_949, "999.9k"), (1_000_000, "1.0M"), (5_600_000, "5.6M"), (2_500_000_000, "2.5G"), (10**12, "1.0T"),
    ],
)  # fmt: skip
def test_short(number: int, text: str) -> None:
    assert short(number) == text


@pytest.mark.parametrize(
    ("part", "whole", "sign", "text"),
    [
        (1, 2, False, "50.0%"), (1, 3, False, "33.3%"), (2, 3, True, "+66.7%"), (-1, 4, True, "-25.0%"),
        (0, 5, True, "+0.0%"), (1, 0, False, "n/a"), (1, 2000, False, "0.0%"), (3, 2000, False, "0.2%"),
        (-1, 100_000, True, "+0.0%"), (5, 1, False, "500.0%"),
    ],
)  # fmt: skip
def test_percent(part: int, whole: int, sign: bool, text: str) -> None:
    assert percent(part, whole, sign=sign) == text


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Fraction(1, 3), 2, "0.33"), (Fraction(5, 2), 0, "2"), (Fraction(7, 2), 0, "4"), (1_234, 1, "1,234.0"),
        (Fraction(12_345_678, 10), 1, "1,234,567.8"), (0, 2, "0.00"),
    ],
)  # fmt: skip
def test_decimal(value: int | Fraction, places: int, text: str) -> None:
    assert decimal(value, places) == text
