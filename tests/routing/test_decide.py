from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.errors import UsageError
from llmcost.routing.complexity import Complexity, Level
from llmcost.routing.decide import Constraints, Decision, decide, floor_for
from llmcost.routing.policy import Candidate
from llmcost.tokens.prompt import plain
from tests.estimate.books import NOW, book

BOOK = book()
MINI = Candidate("gpt-4o-mini", "openai", Fraction(6, 10), 128_000, frozenset({"tools"}))
BIG = Candidate("gpt-4o", "openai", Fraction(8, 10), 128_000, frozenset({"tools", "vision"}))
UNKNOWN = Candidate("gpt-5", "openai")


def choose(
    *candidates: Candidate, text: str = "hello", level: Level = "medium", output: int = 500,
    min_quality: str = "0", floor: str = "0", max_nano: int | None = None, require: frozenset[str] = frozenset(),
) -> Decision:  # fmt: skip
    limits = Constraints(output, Fraction(min_quality), Fraction(floor), max_nano, require)
    return decide(BOOK, candidates, plain(text), limits, Complexity(level, ()), NOW)


def chosen(decision: Decision) -> str | None:
    return decision.chosen.candidate.model if decision.chosen else None


def rejected(decision: Decision) -> dict[str, tuple[str, ...]]:
    return {each.candidate.model: each.rejected_because for each in decision.judged if each.rejected_because}


def test_the_cheapest_that_fits_is_chosen() -> None:
    decision = choose(BIG, MINI)
    assert chosen(decision) == "gpt-4o-mini"
    # 8 x 0.15 + 500 x 0.6, and 8 x 2.5 + 500 x 10, in $/M.
    assert [each.cost_nano for each in decision.judged] == [301_200, 5_020_000]
    assert decision.reason == "cheapest of 2 (of 2) candidates that meet every constraint"


def test_the_quality_asked_for_is_a_hard_floor() -> None:
    decision = choose(BIG, MINI, min_quality="0.7")
    assert chosen(decision) == "gpt-4o"
    assert rejected(decision) == {"gpt-4o-mini": ("quality 0.6 is below 0.7",)}
    assert decision.reason.endswith("the quality floor of 0.7 (asked for)")
    assert chosen(choose(BIG, MINI, min_quality="0.81")) is None


def test_a_quality_equal_to_the_floor_is_enough() -> None:
    assert chosen(choose(BIG, MINI, min_quality="0.6")) == "gpt-4o-mini"
    assert chosen(choose(BIG, MINI, floor="0.6")) == "gpt-4o-mini"


def test_a_hard_prompt_raises_the_floor() -> None:
    decision = choose(BIG, MINI, floor="0.75", level="high")
    assert chosen(decision) == "gpt-4o"
    assert "looks high in complexity, a heuristic" in decision.reason


def test_a_heuristic_leaves_no_request_without_a_model() -> None:
    decision = choose(BIG, MINI, floor="0.95", level="high")
    assert chosen(decision) == "gpt-4o"
    assert decision.floor == Fraction(8, 10)
    assert "no candidate reaches 0.95" in decision.reason


def test_the_heuristics_floor_looks_only_at_candidates_that_fit() -> None:
    assert chosen(choose(BIG, MINI, floor="0.75", level="high", max_nano=1_000_000)) == "gpt-4o-mini"


def test_an_unknown_quality_fails_what_was_asked_for_and_passes_a_heuristic() -> None:
    assert rejected(choose(UNKNOWN, min_quality="0.5")) == {"gpt-5": ("quality is not known, 0.5 is asked for",)}
    decision = choose(UNKNOWN, floor="0.5")
    assert chosen(decision) == "gpt-5"
    assert "its quality is not known" in decision.reason


def test_capabilities_are_required_and_unknown_ones_are_not_assumed() -> None:
    decision = choose(BIG, MINI, UNKNOWN, require=frozenset({"vision"}))
    assert chosen(decision) == "gpt-4o"
    assert rejected(decision) == {
        "gpt-4o-mini": ("has no vision",), "gpt-5": ("is not known to have vision",),
    }  # fmt: skip


def test_the_most_it_may_cost() -> None:
    assert chosen(choose(BIG, MINI, max_nano=301_200)) == "gpt-4o-mini"
    decision = choose(BIG, MINI, max_nano=301_199)
    assert decision.chosen is None
    assert rejected(decision)["gpt-4o-mini"] == ("costs $0.0003012, more than $0.000301199",)
    assert decision.reason == "none of 2 candidates meets every constraint"


def test_prompt_and_answer_must_fit_the_context_window() -> None:
    narrow = Candidate("gpt-4o-mini", "openai", Fraction(1), 507)
    assert rejected(choose(narrow)) == {"gpt-4o-mini": ("context window of 507 tokens is less than 508",)}
    assert chosen(choose(Candidate("gpt-4o-mini", "openai", Fraction(1), 508))) == "gpt-4o-mini"


def test_a_window_the_policy_leaves_out_comes_from_the_price_book() -> None:
    decision = choose(Candidate("gpt-4o", "openai", Fraction(1)), output=1_000)
    assert decision.judged[0].context_window == 1_000
    assert decision.chosen is None


def test_every_reason_is_given() -> None:
    decision = choose(MINI, min_quality="0.9", max_nano=1, require=frozenset({"vision"}))
    assert len(decision.judged[0].rejected_because) == 3


def test_an_unpriced_candidate_is_an_error_with_its_place() -> None:
    with pytest.raises(UsageError, match=r"no price for candidate 'gpt-4x' \(routing.yaml:7\); did you mean"):
        choose(BIG, Candidate("gpt-4x", place="routing.yaml:7"))
    with pytest.raises(UsageError, match="no rate for output"):
        choose(Candidate("text-embedding-3-small", "openai"))


def test_ties_go_to_the_better_then_to_the_earlier() -> None:
    low, high = MINI, Candidate("gpt-4o-mini", "", Fraction(9, 10))
    assert choose(low, high).chosen.candidate is high  # type: ignore[union-attr]
    same = Candidate("gpt-4o-mini", "", Fraction(6, 10))
    assert choose(low, same).chosen.candidate is low  # type: ignore[union-attr]


def test_the_floor_of_a_policy_by_complexity() -> None:
    floors = (Fraction(0), Fraction(1, 2), Fraction(9, 10))
    assert floor_for(Complexity("low", ()), floors) == 0
    assert floor_for(Complexity("high", ()), floors) == Fraction(9, 10)


@given(st.fractions(0, 1), st.fractions(0, 1), st.none() | st.integers(0, 10**7), st.permutations([BIG, MINI, UNKNOWN]))
def test_nothing_that_fits_is_cheaper_than_the_choice(
    minimum: Fraction, floor: Fraction, most: int | None, candidates: list[Candidate]
) -> None:
    limits = Constraints(500, minimum, floor, most)
    decision = decide(BOOK, candidates, plain("hello"), limits, Complexity("medium", ()), NOW)
    fitting = [each.cost_nano for each in decision.judged if not each.rejected_because]
    assert (decision.chosen.cost_nano if decision.chosen else None) == min(fitting, default=None)
    assert len(decision.judged) == 3
