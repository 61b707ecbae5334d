from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.breakeven.api import ApiCost, Rates, api_cost
from llmcost.breakeven.traffic import Mix, mix_of_ratio

M = 10**6
# $2.50 in, $1.25 cached, $3.125 written, $10 out per million
RATES = Rates(Fraction(5, 2) / M, Fraction(5, 4) / M, Fraction(25, 8) / M, Fraction(10) / M)


def test_a_billion_tokens_with_cache_and_batch() -> None:
    """800M in, 200M out: 2,000 + 2,000 USD at list; 40% cached takes 400 off; a quarter in batch at half price."""
    listed = api_cost(10**9, Mix(Fraction(4, 5)), RATES)
    assert listed == ApiCost(Fraction(2000), Fraction(0), Fraction(0), Fraction(2000))
    cached = api_cost(10**9, Mix(Fraction(4, 5), Fraction(2, 5)), RATES)
    assert cached == ApiCost(Fraction(1200), Fraction(400), Fraction(0), Fraction(2000))
    batched = api_cost(
        10**9, Mix(Fraction(4, 5), Fraction(2, 5)), RATES, batch_share=Fraction(1, 4), batch_discount=Fraction(1, 2)
    )
    assert batched.total == 3150


def test_cache_writes_are_part_of_the_input() -> None:
    cost = api_cost(10**6, Mix(Fraction(1), Fraction(1, 2), Fraction(1, 4)), RATES)
    assert cost == ApiCost(Fraction(5, 8), Fraction(5, 8), Fraction(25, 32), Fraction(0))


def test_an_unknown_rate_is_not_zero() -> None:
    rates = Rates(Fraction(1), None, None, None)
    assert api_cost(1, Mix(Fraction(1)), rates).total == 1
    for mix in (Mix(Fraction(1, 2)), Mix(Fraction(1), Fraction(1, 2)), Mix(Fraction(1), Fraction(0), Fraction(1, 2))):
        with pytest.raises(ValueError, match="without a rate"):
            api_cost(1, mix, rates)


def test_a_ratio_is_a_share() -> None:
    assert mix_of_ratio(Fraction(1, 4)) == Fraction(4, 5)
    assert mix_of_ratio(Fraction(0)) == 1


shares = st.fractions(0, 1, max_denominator=50)
rates = st.fractions(0, 1, max_denominator=10**6)


@given(st.integers(1, 10**12), st.integers(0, 10**9), shares, shares, st.builds(Rates, rates, rates, rates, rates))
def test_cost_is_linear_and_never_falls_with_volume(
    tokens: int, more: int, input_share: Fraction, cached: Fraction, given_rates: Rates
) -> None:
    mix = Mix(input_share, cached)
    one = api_cost(1, mix, given_rates).total
    assert api_cost(tokens, mix, given_rates).total == tokens * one
    assert api_cost(tokens + more, mix, given_rates).total >= api_cost(tokens, mix, given_rates).total
