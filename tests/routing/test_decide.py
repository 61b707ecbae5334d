from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.errors import UsageError
from llmcost.core.usage import Usage
from llmcost.routing.judged import LastCall
from llmcost.routing.offers import usage_of
from llmcost.routing.policy import Candidate, Escalation, Floors, Step, Stickiness
from llmcost.routing.reasons import reason_of
from llmcost.tokens.prompt import from_value
from tests.routing.asks import BIG, BIG_NANO, MINI, MINI_NANO, UNKNOWN, choose, chosen, rejected


def test_the_cheapest_that_fits_is_chosen() -> None:
    decision = choose(BIG, MINI)
    assert chosen(decision) == "gpt-4o-mini"
    assert [each.cost_nano for each in decision.judged] == [MINI_NANO, BIG_NANO]
    assert decision.judged[0].cost == (MINI_NANO, 1_200, 0, 300_000, 0)
    assert (decision.expected_nano, decision.fallbacks) == (MINI_NANO, (BIG,))
    assert reason_of(decision) == "cheapest of 2 (of 2) candidates that meet every constraint"


def test_the_quality_asked_for_is_a_hard_floor() -> None:
    decision = choose(BIG, MINI, min_quality=Fraction(7, 10))
    assert chosen(decision) == "gpt-4o"
    assert rejected(decision) == {"gpt-4o-mini": ("quality 0.6 is below 0.7",)}
    assert reason_of(decision).endswith("the quality floor of 0.7 (asked for)")
    assert decision.fallbacks == ()
    assert chosen(choose(BIG, MINI, min_quality=Fraction(81, 100))) is None


def test_a_quality_equal_to_the_floor_is_enough() -> None:
    assert chosen(choose(BIG, MINI, min_quality=Fraction(6, 10))) == "gpt-4o-mini"
    assert chosen(choose(BIG, MINI, floor="0.6")) == "gpt-4o-mini"


def test_a_hard_prompt_raises_the_floor() -> None:
    decision = choose(BIG, MINI, floor="0.75", level="high")
    assert chosen(decision) == "gpt-4o"
    assert "looks high in complexity, a heuristic" in reason_of(decision)
    assert decision.fired == ("r.yaml:1: quality_floor high: 0.75",)


def test_a_heuristic_leaves_no_request_without_a_model() -> None:
    decision = choose(BIG, MINI, floor="0.95", level="high")
    assert chosen(decision) == "gpt-4o"
    assert decision.floor == (0.95, 0.8)
    assert "no candidate reaches 0.95" in reason_of(decision)


def test_the_heuristics_floor_looks_only_at_candidates_that_fit() -> None:
    assert chosen(choose(BIG, MINI, floor="0.75", level="high", max_nano=1_000_000)) == "gpt-4o-mini"


def test_a_share_of_the_gap_lies_between_the_weakest_and_the_best() -> None:
    gap = Floors((Fraction(0), Fraction(1, 2), Fraction(1)), of_gap=True)
    middle = Candidate("gpt-5", "openai", Fraction(7, 10))
    for level, model in (("low", "gpt-4o-mini"), ("medium", "gpt-5"), ("high", "gpt-4o")):
        decision = choose(BIG, middle, MINI, output=100, level=level, floors=gap)  # type: ignore[arg-type]
        assert chosen(decision) == model
    assert choose(BIG, MINI, floors=gap).floor.held == pytest.approx(0.7)


def test_an_unknown_quality_fails_what_was_asked_for_and_passes_a_heuristic() -> None:
    assert rejected(choose(UNKNOWN, min_quality=Fraction(1, 2))) == {
        "gpt-5": ("quality is not known, 0.5 is asked for",)
    }
    decision = choose(UNKNOWN, floor="0.5")
    assert chosen(decision) == "gpt-5"
    assert "its quality is not known" in reason_of(decision)


def test_capabilities_are_required_and_unknown_ones_are_not_assumed() -> None:
    decision = choose(BIG, MINI, UNKNOWN, require=frozenset({"vision"}))
    assert chosen(decision) == "gpt-4o"
    assert rejected(decision) == {
        "gpt-4o-mini": ("has no vision",), "gpt-5": ("is not known to have vision",),
    }  # fmt: skip


def test_a_request_needs_what_it_uses() -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    body = from_value({"messages": [{"role": "user", "content": "hi"}], "tools": [tool]})
    assert body is not None
    assert rejected(choose(UNKNOWN, MINI, text=body)) == {"gpt-5": ("is not known to have tools",)}


def test_regions_are_allowed_and_unknown_ones_are_not_assumed() -> None:
    decision = choose(BIG, MINI, regions=frozenset({"eu", "ch"}))
    assert rejected(decision) == {"gpt-4o-mini": ("is not known to be served in ch or eu",)}
    assert rejected(choose(BIG, regions=frozenset({"us"}))) == {"gpt-4o": ("is not served in us",)}


def test_the_most_it_may_cost() -> None:
    assert chosen(choose(BIG, MINI, max_nano=301_200)) == "gpt-4o-mini"
    decision = choose(BIG, MINI, max_nano=301_199)
    assert decision.chosen is None
    assert rejected(decision)["gpt-4o-mini"] == ("costs $0.0003012, more than $0.000301199",)
    assert reason_of(decision) == "none of 2 candidates meets every constraint"


def test_prompt_and_answer_must_fit_the_context_window() -> None:
    narrow = Candidate("gpt-4o-mini", "openai", Fraction(1), 507)
    assert rejected(choose(narrow)) == {"gpt-4o-mini": ("context window of 507 tokens is less than 508",)}
    assert chosen(choose(Candidate("gpt-4o-mini", "openai", Fraction(1), 508))) == "gpt-4o-mini"


def test_a_window_the_policy_leaves_out_comes_from_the_price_book() -> None:
    decision = choose(Candidate("gpt-4o", "openai", Fraction(1)), output=1_000)
    assert decision.judged[0].offer.context_window == 1_000
    assert decision.chosen is None


def test_every_reason_is_given() -> None:
    decision = choose(
        MINI, min_quality=Fraction(9, 10), max_nano=1, require=frozenset({"vision"}), regions=frozenset({"eu"})
    )
    assert len(decision.judged[0].rejected_because) == 4


def test_an_unpriced_candidate_is_an_error_with_its_place() -> None:
    with pytest.raises(UsageError, match=r"no price for candidate 'gpt-4x' \(routing.yaml:7\); did you mean"):
        choose(BIG, Candidate("gpt-4x", place="routing.yaml:7"))
    with pytest.raises(UsageError, match="no rate for output"):
        choose(Candidate("text-embedding-3-small", "openai"))


def test_ties_go_to_the_better_then_to_the_name() -> None:
    low, high = MINI, Candidate("gpt-4o-mini", "", Fraction(9, 10))
    assert choose(low, high).chosen.candidate is high  # type: ignore[union-attr]
    upper = Candidate("GPT-4o-mini", "openai", Fraction(6, 10))
    for order in ((low, upper), (upper, low)):
        assert choose(*order).chosen.candidate is upper  # type: ignore[union-attr]


CACHED = Candidate("gpt-cached", "openai", Fraction(6, 10))
LONG = "hello " * 3_000


def test_the_cached_part_of_the_input_is_cheaper_where_the_price_says_so() -> None:
    decision = choose(CACHED, text=LONG, output=0, cached_share="0.5")
    tokens = decision.judged[0].counted.tokens
    cached = tokens // 2
    assert decision.judged[0].cached_tokens == cached
    assert decision.judged[0].cost == (
        (tokens - cached) * 2_000 + cached * 500,
        (tokens - cached) * 2_000,
        cached * 500,
        0,
        0,
    )


def test_less_than_a_provider_caches_is_not_cached() -> None:
    assert usage_of(1_024, 5, 1_024) == Usage(cached=1_024, output=5)
    assert usage_of(2_000, 5, 1_023) == Usage(input=2_000, output=5)
    assert choose(CACHED, cached_share="1").judged[0].cached_tokens == 0


def test_what_the_session_has_cached_is_not_counted_twice() -> None:
    half = choose(CACHED, text=LONG, cached_share="0.5").judged[0].cached_tokens
    for cached, expected in ((half - 1, half), (half + 1, half + 1)):
        last = LastCall("openai", "gpt-cached", cached)
        assert choose(CACHED, text=LONG, cached_share="0.5", last=last).judged[0].cached_tokens == expected


def test_a_switch_loses_the_sessions_prompt_cache() -> None:
    rival = Candidate("gpt-5", "openai", Fraction(6, 10))  # 1.25 and 10, against 2, 0.5 cached and 8
    warm = LastCall("openai", "gpt-cached", 100_000)
    cold = warm._replace(cached_tokens=0)
    assert chosen(choose(CACHED, rival, text=LONG, output=100)) == "gpt-5"
    assert chosen(choose(CACHED, rival, text=LONG, output=100, last=warm)) == "gpt-cached"
    assert chosen(choose(CACHED, rival, text=LONG, output=100, last=cold)) == "gpt-5"


def test_a_session_keeps_its_model_where_the_policy_says_always() -> None:
    last = LastCall("openai", "gpt-4o", 0)
    decision = choose(BIG, MINI, last=last, session=Stickiness(always=True, place="r.yaml:2"))
    assert chosen(decision) == "gpt-4o"
    assert decision.fired == ("r.yaml:2: session: gpt-4o is kept",)
    assert reason_of(decision).startswith("the session's model")
    assert chosen(choose(BIG, MINI, last=last)) == "gpt-4o-mini"
    dear = choose(BIG, MINI, last=last, session=Stickiness(always=True), max_nano=1_000_000)
    assert chosen(dear) == "gpt-4o-mini"


STEPS = (Step(Fraction(4, 5), "raise_threshold", "r.yaml:3"), Step(Fraction(1), "cheapest", "r.yaml:4"))


def test_a_budget_that_runs_out_takes_a_dearer_model_only_where_it_is_needed_more() -> None:
    # Half of what 0.75 is above the weakest, 0.6: 0.675.
    middle = Candidate("gpt-5", "openai", Fraction(7, 10))
    assert chosen(choose(BIG, middle, MINI, floor="0.75", on_budget=STEPS, used="0.79")) == "gpt-4o"
    decision = choose(BIG, middle, MINI, floor="0.75", on_budget=STEPS, used="0.8")
    assert chosen(decision) == "gpt-5"
    assert decision.floor.held == pytest.approx(0.675)
    assert decision.fired[0] == "r.yaml:3: on_budget 0.8: raise_threshold (shop's month is 80% used)"
    assert chosen(choose(BIG, middle, MINI, floor="0.75", on_budget=STEPS, used="1.2")) == "gpt-4o-mini"


def test_no_budget_lowers_what_was_asked_for() -> None:
    assert chosen(choose(BIG, MINI, min_quality=Fraction(7, 10), on_budget=STEPS, used="2")) == "gpt-4o"


def test_a_used_up_budget_may_deny() -> None:
    decision = choose(BIG, MINI, on_budget=(Step(Fraction(1), "deny"),), used="1.035")
    assert (decision.chosen, decision.denied) == (None, True)
    assert rejected(decision)["gpt-4o"] == ("the budget does not allow it: shop's month is 103.5% used",)
    assert reason_of(decision) == "the budget is used up and the policy denies the request"


def test_fallbacks_are_the_policys_as_far_as_they_meet_the_constraints() -> None:
    assert choose(BIG, MINI, fallbacks=(MINI, BIG)).fallbacks == (BIG,)
    assert choose(BIG, MINI, fallbacks=(BIG,), max_nano=1_000_000).fallbacks == ()
    # The floor by complexity is no reason to have nothing to fall back to; what was asked for is.
    assert choose(BIG, MINI, floor="0.7", fallbacks=(MINI,)).fallbacks == (MINI,)
    assert choose(BIG, MINI, min_quality=Fraction(7, 10), fallbacks=(MINI,)).fallbacks == ()


CHECK = Escalation(100_000, Fraction(1), "r.yaml:5")


def test_a_cheap_try_that_is_checked_is_taken_where_it_is_expected_to_cost_less() -> None:
    # 301,200 + 100,000 + 0.4 x 5,020,000; P(good) 0.6 + 0.4 x 0.8.
    decision = choose(BIG, MINI, floor="0.75", escalation=CHECK)
    assert decision.cascade is not None
    assert (decision.cascade.first, decision.cascade.then) == (0, 1)
    assert (decision.cascade.expected_nano, decision.cascade.worst_nano) == (2_409_200, 5_421_200)
    assert decision.cascade.p_good == pytest.approx(0.92)
    assert (chosen(decision), decision.escalates, decision.expected_nano) == ("gpt-4o-mini", True, 2_409_200)
    assert rejected(decision) == {}
    assert decision.fired[-1] == "r.yaml:5: escalation: gpt-4o-mini is tried first"
    assert "where the check fails, gpt-4o: expected $0.0024092" in reason_of(decision)


def test_a_dear_check_is_shown_and_not_taken() -> None:
    decision = choose(BIG, MINI, floor="0.75", escalation=CHECK._replace(check_nano=3_000_000))
    assert (chosen(decision), decision.escalates) == ("gpt-4o", False)
    assert decision.cascade is not None
    assert decision.cascade.expected_nano == 5_309_200


def test_of_equal_expected_cost_one_model_is_asked() -> None:
    # 301,200 + 2,710,800 + 0.4 x 5,020,000 = 5,020,000.
    assert not choose(BIG, MINI, floor="0.75", escalation=CHECK._replace(check_nano=2_710_800)).escalates
    assert choose(BIG, MINI, floor="0.75", escalation=CHECK._replace(check_nano=2_710_799)).escalates


def test_the_worst_case_of_an_escalation_is_held_against_the_most_it_may_cost() -> None:
    assert choose(BIG, MINI, floor="0.75", escalation=CHECK, max_nano=5_421_199).cascade is None
    assert choose(BIG, MINI, floor="0.75", escalation=CHECK, max_nano=5_421_200).escalates


def test_a_kept_session_is_not_escalated() -> None:
    always, last = Stickiness(always=True), LastCall("openai", "gpt-4o", 0)
    kept = choose(BIG, MINI, floor="0.75", escalation=CHECK, session=always, last=last)
    assert (chosen(kept), kept.escalates) == ("gpt-4o", False)
    assert choose(BIG, MINI, floor="0.75", escalation=CHECK, last=last).escalates
    assert choose(BIG, MINI, floor="0.75", escalation=CHECK, session=always).escalates


def test_an_escalation_meets_a_hard_floor_only_with_a_model_that_does_so_alone() -> None:
    # That the pair reaches 0.92 rests on their failing independently.
    decision = choose(BIG, MINI, min_quality=Fraction(8, 10), escalation=CHECK)
    assert (chosen(decision), decision.escalates) == ("gpt-4o-mini", True)
    assert chosen(choose(BIG, MINI, min_quality=Fraction(81, 100), escalation=CHECK)) is None
    # 0.6 x 0.6 + (1 - 0.36 - 0.16) x 0.8 = 0.744: a poor check makes the pair worse than its stronger model.
    poor = choose(BIG, MINI, min_quality=Fraction(8, 10), escalation=CHECK._replace(accuracy=Fraction(6, 10)))
    assert (chosen(poor), poor.cascade) == ("gpt-4o", None)


@given(st.fractions(0, 1), st.fractions(0, 1), st.none() | st.integers(0, 10**7), st.permutations([BIG, MINI, UNKNOWN]))
def test_nothing_that_fits_is_cheaper_than_the_choice(
    minimum: Fraction, floor: Fraction, most: int | None, candidates: list[Candidate]
) -> None:
    decision = choose(*candidates, min_quality=minimum, floor=str(floor), max_nano=most)
    fitting = [each.cost_nano for each in decision.judged if not each.rejected_because]
    assert (decision.chosen.cost_nano if decision.chosen else None) == min(fitting, default=None)
    assert {each.candidate for each in decision.judged} == {BIG, MINI, UNKNOWN}
    if decision.chosen and minimum:
        assert float(decision.chosen.candidate.quality or 0) >= float(minimum) - 1e-9
