from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core import money

amounts = st.lists(st.integers(0, 10**24), min_size=1, max_size=13)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(0, 2, 0), (1, 2, 0), (3, 2, 2), (5, 2, 2), (7, 2, 4), (-1, 2, 0), (-3, 2, -2), (2, 3, 1), (1, 3, 0), (-2, 3, -1)],
)
def test_a_tie_goes_to_the_even_neighbour(numerator: int, denominator: int, expected: int) -> None:
    assert money.round_half_even(numerator, denominator) == expected


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**12))
def test_rounding_is_that_of_exact_fractions(numerator: int, denominator: int) -> None:
    assert money.round_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@pytest.mark.parametrize(
    ("usd", "nano"),
    [
        ("1.5", 1_500_000_000),
        (0.1, 100_000_000),
        (1, 1_000_000_000),
        (Decimal("0.0000000005"), 0),
        ("0.0000000015", 2),
        ("0.0000000025", 2),
        ("-0.0000000015", -2),
        (1e-5, 10_000),
        (5e-324, 0),
        ("1000000", 10**15),
        (" 2.50 ", 2_500_000_000),
    ],
)
def test_usd_become_nano_dollars(usd: str | int | float | Decimal, nano: int) -> None:
    assert money.nano_from_usd(usd) == nano


@pytest.mark.parametrize(
    "value",
    ["", "abc", "nan", "inf", "-Infinity", float("nan"), float("inf"), True, "1.2.3", "$5", "1e999999999",
     "1e-999999999", "1000000.01", -1_000_001, "9" * 500, [2**63, None, None], [0, [1], 0], {"a": 1}, None],
)  # fmt: skip
def test_what_is_no_plausible_amount_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - every message is worded for its value
        money.nano_from_usd(value)  # type: ignore[arg-type]


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - Python's own limit may speak first
        money.nano_from_usd(10**5000)


@pytest.mark.parametrize("value", [None, [], {}, object()])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        money.decimal_of(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("usd", "units", "femto"),
    [("2.50", 10**6, 2_500_000_000), ("0.0375", 10**6, 37_500_000), ("10", 10**3, 10**13), (0, 10**6, 0),
     (0.15, 10**6, 150_000_000), ("0.0000000005", 10**6, 0), ("0.0000000015", 10**6, 2)],
)  # fmt: skip
def test_a_price_is_femto_dollars_per_unit(usd: str | float, units: int, femto: int) -> None:
    assert money.femto_per_unit(usd, units) == femto


@pytest.mark.parametrize(("usd", "words"), [("-1", "negative"), ("1e10", "implausible"), ("x", "not an amount")])
def test_a_price_that_cannot_be_is_refused(usd: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        money.femto_per_unit(usd, 10**6)


@pytest.mark.parametrize(
    ("nano", "text"),
    [(0, "0"), (1, "0.000000001"), (1_500_000_000, "1.5"), (10_000_000_000, "10"), (-250_000_000, "-0.25"),
     (-1, "-0.000000001"), (10**18 + 1, "1000000000.000000001")],
)  # fmt: skip
def test_usd_text_is_exact_and_without_exponent(nano: int, text: str) -> None:
    assert money.usd_text(nano) == text


@given(st.integers(-(10**15), 10**15))
def test_usd_text_reads_back(nano: int) -> None:
    assert money.nano_from_usd(money.usd_text(nano)) == nano


@pytest.mark.parametrize(
    ("femto", "text"), [(37_500_000, "0.0375"), (2_500_000_000, "2.5"), (10**11, "100"), (0, "0"), (1, "0.000000001")]
)
def test_a_rate_is_shown_whole(femto: int, text: str) -> None:
    assert money.usd_per_million(femto) == text


@given(st.integers(0, 10**20))
def test_a_rate_reads_back(femto: int) -> None:
    assert Decimal(money.usd_per_million(femto)) * 10**9 == femto


def test_the_largest_remainders_get_the_missing_nano_dollars() -> None:
    # 0.4 + 0.7 + 0.9 + 1.0 nano = 3.0: whole parts 0, 0, 0, 1; the two missing go to 0.9 and 0.7.
    assert money.allocate([400_000, 700_000, 900_000, 1_000_000]) == (3, (0, 1, 1, 1))


def test_equal_remainders_go_to_the_earlier_part() -> None:
    # Three times a third of a nano-dollar, in thirds: 1 nano, and the first part takes it.
    assert money.allocate([10**6, 10**6, 10**6], 3) == (1, (1, 0, 0))


def test_a_row_is_rounded_once_and_half_even() -> None:
    # Each part alone is half a nano-dollar and would round to 0; together they are 1.
    assert money.allocate([500_000, 500_000]) == (1, (1, 0))
    assert money.allocate([500_000]) == (0, (0,))
    assert money.allocate([1_500_000]) == (2, (2,))


@given(amounts, st.integers(1, 10**7))
def test_parts_add_up_and_are_within_one_nano_dollar(femto: list[int], divisor: int) -> None:
    total, parts = money.allocate(femto, divisor)
    unit = 10**6 * divisor
    assert total == round(Fraction(sum(femto), unit))
    assert sum(parts) == total
    assert all(abs(part - Fraction(amount, unit)) <= 1 for part, amount in zip(parts, femto, strict=True))
    assert all(part == 0 for part, amount in zip(parts, femto, strict=True) if amount == 0)
