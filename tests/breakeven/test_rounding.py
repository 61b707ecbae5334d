from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from llmcost.breakeven.rounding import nano, nano_parts


def test_half_even() -> None:
    assert (nano(Fraction(5, 2 * 10**9)), nano(Fraction(7, 2 * 10**9)), nano(Fraction(2190))) == (
        2,
        4,
        2_190_000_000_000,
    )


def test_parts_of_thirds_add_up() -> None:
    assert nano_parts([Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)]) == (
        10**9,
        (333_333_334, 333_333_333, 333_333_333),
    )


@given(st.lists(st.fractions(0, 10**9), min_size=1, max_size=5))
def test_parts_add_up_to_the_sum_rounded_once(parts: list[Fraction]) -> None:
    total, shared = nano_parts(parts)
    assert total == sum(shared) == nano(sum(parts, Fraction(0)))
    assert all(abs(share - part * 10**9) < 1 for share, part in zip(shared, parts, strict=True))
