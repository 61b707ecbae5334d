from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.breakeven.hosted import Hosted
from llmcost.breakeven.plan import Plan
from llmcost.breakeven.uncertainty import (
    DRAWS,
    RANGES,
    cheapest,
    costs,
    estimator,
    probabilities,
    scaled,
    tornado,
)  # fmt: skip
from tests.breakeven.samples import plan, plans
from tests.breakeven.test_comparison import MIX, ONE, OWNED, RENTED

#: Powers of two, which floats hold exactly.
factors = st.sampled_from([Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4)])


def of(tokens: int, hosted: Hosted = RENTED) -> Plan:
    return plan(ONE, hosted, OWNED, MIX, tokens)


def test_one_input_at_a_time_by_hand() -> None:
    """At 1B: API $1,000, one replica $730, one server $2,000; only what matters moves the lead."""
    swings = {swing.range.name: swing for swing in tornado(of(10**9))}
    assert set(swings) == {each.name for each in RANGES}
    assert swings["API prices"].low == {"api": 600, "hosted": 730, "owned": 2000}
    assert swings["API prices"].high == {"api": 1100, "hosted": 730, "owned": 2000}
    # From $130 behind to $370 ahead of the API.
    assert swings["API prices"].width == 500
    assert swings["volume"].low == {"api": 500, "hosted": 730, "owned": 2000}
    assert swings["volume"].high == {"api": 2000, "hosted": 730, "owned": 2000}
    assert swings["GPU price"].low["hosted"] == 511
    assert swings["electricity"].width == 0
    assert [swing.width for swing in tornado(of(10**9))] == sorted((s.width for s in swings.values()), reverse=True)
    assert cheapest(swings["API prices"].low) == "api"


def test_a_peak_is_never_below_the_average() -> None:
    assert scaled(of(1), "peak", Fraction(1, 2)).hosted.capacity.peak_to_average == 1
    assert scaled(of(1), "peak", Fraction(3)).hosted.capacity.peak_to_average == 3
    assert scaled(of(3), "volume", Fraction(1, 2)).volumes == (2,)
    assert scaled(of(1), "volume", Fraction(1, 4)).volumes == (1,)


@settings(max_examples=40)
@given(plans, st.lists(factors, min_size=len(RANGES), max_size=len(RANGES)))
def test_the_estimate_in_floats_is_the_exact_cost(some: Plan, given_factors: list[Fraction]) -> None:
    some = some._replace(volumes=(some.tokens * 4,))
    exact = some
    for each, factor in zip(RANGES, given_factors, strict=True):
        exact = scaled(exact, each.name, factor)
    estimate = estimator(some)(*map(float, given_factors))
    slack = {mode: curve.unit * 20 for mode, curve in ((m, model.curve(some.mix)) for m, model in exact.modes.items())}
    for value, (mode, cost) in zip(estimate, costs(exact).items(), strict=True):
        # On the edge of a step a float may stand on the other one: then it is a whole replica or server off.
        assert value == pytest.approx(float(cost), rel=1e-9, abs=1e-9) or abs(value - cost) <= slack[mode]


def test_a_peak_drawn_below_the_average_is_the_average() -> None:
    """3B tokens take 1.14 replicas: two, however flat the traffic."""
    low = estimator(of(3 * 10**9))(1, 1, 1, 0.5, 1, 1, 1, 1)
    assert low == [3000, 1460, 2000]


def test_draws_by_hand() -> None:
    """Nothing within the ranges makes a $10 API dearer than a $730 replica, or a $1,000,000 one cheaper."""
    assert probabilities(of(10**7)) == {"api": 1, "hosted": 0, "owned": 0}
    far = probabilities(of(10**12))
    assert far["api"] == 0
    assert sum(far.values()) == 1


def test_draws_are_the_same_every_time_and_differ_with_the_seed() -> None:
    near = of(800 * 10**6)
    first = probabilities(near)
    assert first == probabilities(near)
    assert first != probabilities(near, seed=2)
    assert 0 < first["api"] < 1
    assert all((chance * DRAWS).denominator == 1 for chance in first.values())


def test_a_dearer_api_wins_less_often() -> None:
    chances = [
        probabilities(scaled(of(800 * 10**6), "API prices", Fraction(factor, 4)), draws=300)["api"]
        for factor in range(1, 9)
    ]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > chances[-1]
