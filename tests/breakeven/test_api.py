from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.breakeven.api import Api, Rates
from llmcost.breakeven.operations import Operations
from llmcost.breakeven.traffic import Mix
from tests.breakeven.samples import apis, mixes

M = 10**6
# $2.50 in, $1.25 cached, $3.125 written, $10 out per million
RATES = Rates(Fraction(5, 2) / M, Fraction(5, 4) / M, Fraction(25, 8) / M, Fraction(10) / M)


def charged(api: Api, tokens: int, mix: Mix) -> list[Fraction]:
    """Input, cached, cache writes, output, fees."""
    return list(api.parts(tokens, mix).values())[:5]


def test_a_billion_tokens_with_cache_and_batch() -> None:
    """800M in, 200M out: 2,000 + 2,000 USD at list; 40% cached takes 400 off; a quarter in batch at half price."""
    cached = Mix(Fraction(4, 5), Fraction(2, 5))
    assert charged(Api(RATES), 10**9, Mix(Fraction(4, 5))) == [2000, 0, 0, 2000, 0]
    assert charged(Api(RATES), 10**9, cached) == [1200, 400, 0, 2000, 0]
    batched = Api(RATES, RATES.times(Fraction(1, 2)), Fraction(1, 4))
    assert charged(batched, 10**9, cached) == [1050, 350, 0, 1750, 0]


def test_a_batch_may_leave_the_cached_rate_as_it_is() -> None:
    """Google's rule: the batch halves input and output, cached tokens stay; all of it in batches."""
    batch = RATES.times(Fraction(1, 2))._replace(cached=RATES.cached)
    api = Api(RATES, batch, Fraction(1))
    assert charged(api, 10**9, Mix(Fraction(4, 5), Fraction(2, 5))) == [600, 400, 0, 1000, 0]


def test_cache_writes_are_part_of_the_input() -> None:
    mix = Mix(Fraction(1), Fraction(1, 2), Fraction(1, 4))
    assert charged(Api(RATES), 10**6, mix) == [Fraction(5, 8), Fraction(5, 8), Fraction(25, 32), 0, 0]


def test_fees_are_spread_over_the_input() -> None:
    """$0.01 a request of 1,000 input tokens: 10,000 requests for 10M input tokens, batches pay it too."""
    rates = RATES._replace(fee=Fraction(1, 100) / 1000)
    half = Api(rates, rates.times(Fraction(1, 2)), Fraction(1, 2))
    assert charged(half, 20 * M, Mix(Fraction(1, 2)))[4] == 100


def test_operations_come_on_top() -> None:
    """1M input tokens are $2.50; a tenth of that for recovery, $5 of tools, 1M output tokens at $2 of network."""
    operations = Operations(monitoring=Fraction(5), recovery_share=Fraction(1, 10), network_out=Fraction(2, M))
    api = Api(RATES._replace(output=Fraction(0)), operations=operations)
    parts = api.parts(2 * M, Mix(Fraction(1, 2)))
    assert [parts["monitoring"], parts["recovery"], parts["network"]] == [5, Fraction(1, 4), 2]
    assert sum(parts.values()) == Fraction("9.75")
    flat = operations._replace(recovery=Fraction(7)).parts(Fraction(5, 2), Fraction(M))
    assert flat["recovery"] == Fraction("7.25")


def test_an_unknown_rate_is_not_zero() -> None:
    api = Api(Rates(Fraction(1), None, None, None))
    assert charged(api, 1, Mix(Fraction(1)))[0] == 1
    for mix in (Mix(Fraction(1, 2)), Mix(Fraction(1), Fraction(1, 2)), Mix(Fraction(1), Fraction(0), Fraction(1, 2))):
        with pytest.raises(ValueError, match="without a rate"):
            api.parts(1, mix)
    with pytest.raises(ValueError, match="a batch without rates"):
        Api(RATES, None, Fraction(1, 2)).parts(1, Mix(Fraction(1)))


@settings(max_examples=40)
@given(st.integers(1, 10**12), mixes, apis.map(lambda api: api._replace(batch_share=Fraction(0))))
def test_the_curve_is_the_sum_of_the_parts(tokens: int, mix: Mix, api: Api) -> None:
    assert api.curve(mix).cost(tokens) == sum(api.parts(tokens, mix).values())


@given(mixes, st.fractions(0, 1, max_denominator=20), st.fractions(0, 1, max_denominator=20))
def test_a_discount_on_everything_is_the_formula(mix: Mix, share: Fraction, discount: Fraction) -> None:
    batched = Api(RATES, RATES.times(1 - discount), share)
    whole = sum(charged(Api(RATES), 10**9, mix))
    assert sum(charged(batched, 10**9, mix)) == whole * (1 - share * discount)


@settings(max_examples=30)
@given(
    st.integers(1, 10**12), st.integers(0, 10**12), mixes, apis, apis, st.fractions(1, 3, max_denominator=10)
)  # fmt: skip
def test_cost_never_falls_with_volume_or_a_price(
    tokens: int, more: int, mix: Mix, api: Api, other: Api, factor: Fraction
) -> None:
    api = api._replace(batch=other.rates)

    def cost(model: Api, volume: int = tokens) -> Fraction:
        return sum(model.parts(volume, mix).values(), Fraction(0))

    now = cost(api)
    assert cost(api, tokens + more) >= now
    for name, rate in api.rates._asdict().items():
        assert cost(api._replace(rates=api.rates._replace(**{name: rate * factor}))) >= now
    assert cost(api._replace(batch=other.rates.times(factor))) >= now
    for name, value in api.operations._asdict().items():
        assert cost(api._replace(operations=api.operations._replace(**{name: value * factor}))) >= now
