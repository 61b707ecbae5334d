"""A request routed over candidates of known quality at made-up prices."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from llmcost.routing.complexity import Complexity, Level
from llmcost.routing.decide import Decision, decide
from llmcost.routing.floor import Used
from llmcost.routing.judged import Asked, LastCall
from llmcost.routing.learned import Chance
from llmcost.routing.offers import offers
from llmcost.routing.policy import Candidate, Floors, Rules
from llmcost.tokens.prompt import Prompt, plain
from tests.estimate.books import NOW, book

BOOK = book()
MINI = Candidate("gpt-4o-mini", "openai", Fraction(6, 10), 128_000, frozenset({"tools"}))
BIG = Candidate("gpt-4o", "openai", Fraction(8, 10), 128_000, frozenset({"tools", "vision"}), frozenset({"eu"}))
UNKNOWN = Candidate("gpt-5", "openai")
#: 8 x 0.15 + 500 x 0.6, and 8 x 2.5 + 500 x 10, in $/M: what "hello" with 500 tokens of answer costs, nano-USD.
MINI_NANO, BIG_NANO = 301_200, 5_020_000


def stated(candidate: Candidate) -> Chance | None:
    """The quality as the policy states it."""
    if candidate.quality is None:
        return None
    return Chance(float(candidate.quality), 0.0, 1.0, "prior")


def choose(
    *candidates: Candidate, text: str | Prompt = "hello", level: Level = "medium", output: int = 500,
    floor: str = "0", used: str = "", last: LastCall | None = None, cached_share: str = "0", **rules: Any,
) -> Decision:  # fmt: skip
    prompt = plain(text) if isinstance(text, str) else text
    asked = Asked(prompt, Complexity(level, ()), output, Fraction(cached_share), last)
    rules.setdefault("floors", Floors((Fraction(floor),) * 3, place="r.yaml:1"))
    fill = Used(Fraction(used), "shop's month") if used else None
    return decide(offers(BOOK, candidates, NOW), Rules(candidates, **rules), asked, stated, fill)


def chosen(decision: Decision) -> str | None:
    return decision.chosen.candidate.model if decision.chosen else None


def rejected(decision: Decision) -> dict[str, tuple[str, ...]]:
    return {each.candidate.model: each.rejected_because for each in decision.judged if each.rejected_because}
