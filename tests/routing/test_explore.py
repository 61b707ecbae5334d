from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

from llmcost.routing.explore import Drawn, draw
from llmcost.routing.policy import Candidate
from tests.routing.asks import BIG, MINI, UNKNOWN, choose, chosen

JUDGED = choose(BIG, MINI, UNKNOWN).judged
BEST = JUDGED[0]


def test_without_a_share_the_best_is_certain() -> None:
    certain = Drawn(BEST, Fraction(1), by_lot=False)
    assert draw(BEST, JUDGED, Fraction(0), "x") == certain
    assert draw(BEST, [], Fraction(1, 2), "x") == certain


def test_each_is_taken_as_often_as_its_propensity_says() -> None:
    share, times = Fraction(3, 10), 20_000
    taken: Counter[str] = Counter()
    told: dict[str, Fraction] = {}
    for number in range(times):
        drawn = draw(BEST, JUDGED, share, str(number))
        model = drawn.taken.candidate.model
        taken[model] += 1
        assert told.setdefault(model, drawn.propensity) == drawn.propensity
        assert drawn.by_lot == (model != "gpt-4o-mini")
    assert told == {"gpt-4o-mini": Fraction(8, 10), "gpt-4o": Fraction(1, 10), "gpt-5": Fraction(1, 10)}
    for model, propensity in told.items():
        assert taken[model] / times == pytest.approx(float(propensity), abs=0.01)


def test_the_same_request_is_always_drawn_alike() -> None:
    assert draw(BEST, JUDGED, Fraction(1, 2), "x") == draw(BEST, tuple(reversed(JUDGED)), Fraction(1, 2), "x")


def test_a_decision_explores_below_the_floor_by_complexity_but_never_below_what_was_asked_for() -> None:
    share = Fraction(99, 100)
    seen = {chosen(choose(BIG, MINI, UNKNOWN, text=str(n), floor="0.7", explore=share)) for n in range(60)}
    assert seen == {"gpt-4o", "gpt-4o-mini", "gpt-5"}
    hard = [choose(BIG, MINI, UNKNOWN, text=str(n), min_quality=Fraction(7, 10), explore=share) for n in range(60)]
    assert {chosen(each) for each in hard} == {"gpt-4o"}
    assert {each.propensity for each in hard} == {Fraction(1)}


def test_what_is_taken_by_lot_says_so() -> None:
    decision = next(
        found for n in range(60) if (found := choose(BIG, MINI, text=str(n), explore=Fraction(1, 2))).explored
    )
    assert chosen(decision) == "gpt-4o"
    assert decision.propensity == Fraction(1, 4)
    assert decision.fired[-1] == "explore: gpt-4o is taken by lot"
    assert Candidate("gpt-4o-mini") not in decision.fallbacks
