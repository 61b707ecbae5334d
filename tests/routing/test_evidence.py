from __future__ import annotations

from fractions import Fraction
from typing import cast

from llmcost.routing.evidence import chances_for
from llmcost.routing.features import Features
from llmcost.routing.learned import Chance, Router
from llmcost.routing.policy import Candidate

LEARNED = Chance(0.4, 0.3, 0.5, "learned (n = 500)")


class Known:
    """A router that learned one model."""

    def p_good(self, features: Features, model: str) -> Chance | None:
        assert features.dense
        return LEARNED if model == "gpt-4o" else None


def test_what_was_learned_comes_before_what_was_written_down() -> None:
    chance = chances_for("hello", "low", cast("Router", Known()))
    assert chance(Candidate("gpt-4o", quality=Fraction(9, 10))) == LEARNED
    assert chance(Candidate("gpt-4o")) == LEARNED
    prior = chance(Candidate("gpt-5", quality=Fraction(9, 10)))
    assert prior is not None
    assert prior.basis == "prior"
    assert chance(Candidate("gpt-5")) is None
