from __future__ import annotations

from typing import Any

import pytest

from llmcost.core.usage import Usage
from llmcost.ledger.protocol import PricedRecord
from llmcost.routing.counterfactual import Repricer
from llmcost.routing.policy_file import parse_policy
from llmcost.routing.replay import Replay
from llmcost.routing.simulate import ByPropensity, Fixed, Simulated, saving, simulate
from tests.budgets.rows import row
from tests.estimate.books import NOW, book

POLICY = """
quality_floor: {low: 0, medium: 0.65, high: 0.75}
candidates:
  - {model: gpt-4o-mini, quality: 0.6}
  - {model: gpt-cached, quality: 0.7}
  - {model: gpt-4o, quality: 0.8, context_window: 128000}
"""
MINI, CACHED, BIG = 210_000, 2_800_000, 3_500_000
"""nano-USD of 1,000 tokens and an answer of 100 with each."""


def request(
    level: str, *, day: int = 1, hour: int = 0, model: str = "gpt-4o", paid: int = BIG, **tags: str
) -> PricedRecord:
    usage = Usage(input=1_000, output=100)
    pairs = tuple({"route_complexity": level, **tags}.items())
    when = f"2026-05-{day:02}T{hour:02}:00:00Z"
    return row(when, "shop", paid, provider="openai", model=model, usage=usage, tags=pairs)


def run(*rows: PricedRecord, policy: str = POLICY, **_: Any) -> Simulated:
    rules = parse_policy(policy, "r.yaml")
    return simulate(Replay(rows, rules, Repricer(book(), rules.candidates, NOW)), rules.candidates)


def test_actual_routed_best_fixed_and_cheapest_adequate() -> None:
    found = run(request("low"), request("low"), request("medium"), request("high"))
    assert (found.requests, found.actual) == (4, 4 * BIG)
    assert found.routed == found.adequate == 2 * MINI + CACHED + BIG
    assert found.routed_p == pytest.approx((0.6 + 0.6 + 0.7 + 0.8) / 4)
    assert found.actual_p == pytest.approx(0.8)
    assert found.actual_known == 4
    assert [each.nano for each in found.fixed] == [4 * MINI, 4 * CACHED, 4 * BIG]
    # 0.675 is wanted: the cheapest single model that reaches it.
    assert (found.best, found.as_good) == (1, True)
    # The hard request needs the big one.
    assert found.sufficient == 2
    assert [each.inadequate for each in found.fixed] == [2, 1, 0]
    assert saving(found, 0).nano == 4 * BIG - found.routed
    assert saving(found, 2 + 1).nano == 4 * CACHED - found.routed
    assert found.models == {"gpt-4o-mini": 2, "gpt-cached": 1, "gpt-4o": 1}
    assert (found.moved, found.with_level) == (3, 4)


def test_of_the_models_that_are_good_enough_for_all_the_cheapest_is_named() -> None:
    found = run(request("medium"), request("low"))
    assert (found.sufficient, [each.inadequate for each in found.fixed]) == (1, [1, 0, 0])


def test_a_model_that_cannot_serve_every_request_is_no_best_fixed_model() -> None:
    narrow = POLICY.replace("quality: 0.7", "quality: 0.7, context_window: 1000")
    found = run(request("low"), request("medium"), policy=narrow)
    assert (found.fixed[1].unable, found.fixed[1].inadequate, found.sufficient) == (2, 2, 2)
    assert (found.best, found.as_good) == (2, True)


def test_an_unknown_quality_is_not_guessed() -> None:
    found = run(request("low"), policy=POLICY.replace(", quality: 0.6", ""))
    assert (found.routed, found.routed_p) == (MINI, None)
    assert (found.best, found.as_good) == (2, False)
    assert run(request("low"), policy="candidates: [{model: gpt-4o-mini}]").best is None


def test_nothing_to_simulate() -> None:
    found = run()
    assert (found.requests, found.actual, found.routed_p) == (0, 0, None)
    assert saving(found, 0) == (0, 0.0, None, None, None, None, "")


def test_the_interval_holds_the_saving_and_is_the_same_each_time() -> None:
    rows = [request("low" if day % 3 else "high", day=day, hour=hour) for day in range(1, 21) for hour in range(3)]
    found = run(*rows)
    first = saving(found, 0)
    assert first == saving(run(*rows), 0)
    assert first.units == "20 days"
    assert first.low_share is not None
    assert first.high_share is not None
    assert first.low_nano is not None
    assert first.high_nano is not None
    assert first.low_share < first.share < first.high_share
    assert first.low_nano < first.nano < first.high_nano
    # Days are all of one kind or of the other: 1 - 0.06 of the easy ones, nothing of the hard.
    easy = 1 - MINI / BIG
    assert first.share == pytest.approx(easy * 14 / 20)
    spread = easy * (14 / 20 * 6 / 20 / 20) ** 0.5
    assert first.high_share - first.low_share == pytest.approx(2 * 1.96 * spread, rel=0.15)


def test_the_bounds_leave_a_fortieth_on_either_side() -> None:
    # Of eight days four are easy: with 2 ** -8 none is drawn, with 9 / 256 at most one.
    found = saving(run(*(request("low" if day % 2 else "high", day=day) for day in range(1, 9))), 0)
    easy = 1 - MINI / BIG
    assert found.low_share == pytest.approx(easy / 8)
    assert found.high_share == pytest.approx(easy * 7 / 8)


def test_few_days_are_drawn_by_the_hour_and_few_hours_not_at_all() -> None:
    assert saving(run(*(request("low", hour=hour) for hour in range(8))), 0).units == "8 hours"
    assert saving(run(*(request("low", hour=hour) for hour in range(7))), 0).low_share is None


def test_recorded_propensities_undo_yesterdays_policy() -> None:
    # Yesterday nine in ten easy requests went to the big model, and each of both kinds cost what it cost.
    dear = [request("low", route_propensity="0.9", model="gpt-4o") for _ in range(9)]
    cheap = [request("low", route_propensity="0.1", model="gpt-4o-mini", paid=MINI)]
    hard = [request("high", route_propensity="0.9", model="gpt-4o") for _ in range(10)]
    found = run(
        *dear, *cheap, *hard, request("low"), request("low", route_propensity="2"), request("low", route_propensity="x")
    )
    weight = 10 + 10 / 0.9
    mean = (10 * MINI + 10 / 0.9 * BIG) / weight
    assert found.by_propensity.effective == pytest.approx(weight**2 / (100 + 10 / 0.81))
    assert found.by_propensity._replace(effective=0.0) == ByPropensity(20, 11, 0.0, 19 * BIG + MINI, round(20 * mean))


def test_without_propensities_nothing_is_corrected() -> None:
    assert run(request("low")).by_propensity == ByPropensity(0, 0, 0.0, 0, None)
    assert run(request("high", route_propensity="1")).by_propensity == ByPropensity(1, 1, 1.0, BIG, BIG)
    assert run(request("low", route_propensity="0")).by_propensity.requests == 0
    assert run(request("low", route_propensity="0.5")).by_propensity == ByPropensity(1, 0, 0.0, BIG, None)


def test_the_fixed_models_are_the_candidates() -> None:
    found = run(request("high"))
    assert found.best_fixed == Fixed(found.fixed[2].candidate, BIG, 0.8, 0, 0)


def test_a_judged_answer_of_the_model_that_the_policy_chooses_is_evidence() -> None:
    stay, moves, known = request("high"), request("low"), request("low", hour=1)
    prompt = known.record._replace(id="openai:k", prompt_digest="d")
    rules = parse_policy(POLICY, "r.yaml")
    rows = (stay, moves, known._replace(record=prompt))
    labels = {
        (stay.record.id, "gpt-4o"): 1.0, ("prompt:d", "gpt-4o"): 1.0, ("prompt:d", "gpt-4o-mini"): 0.5,
        ("openai:other", "gpt-4o-mini"): 0.0,
    }  # fmt: skip
    found = simulate(Replay(rows, rules, Repricer(book(), rules.candidates, NOW)), rules.candidates, labels)
    assert (found.moved, found.no_evidence) == (2, 1)
    # The first two rows of this test have one id: both are judged by the one label.
    assert found.judged_actual == (3, 1.0)
    assert found.judged_routed == (2, 0.75)
