"""Try a cheap model, check its answer, ask a stronger one where the check fails: what that costs and how good it is.

    expected cost = cost(cheap) + cost(check) + (1 - P(pass)) x cost(strong)

A check that is right with probability a (of good and bad answers alike) passes an answer with
P(pass) = p a + (1 - p)(1 - a), where p is P(good) of the cheap model. A good answer comes out when the cheap one was
good and passed, or when the check failed and the strong one is good: P(good) = p a + (1 - P(pass)) p_strong. That the
two models fail independently is an assumption: where both find the same prompts hard, it is less.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from llmcost.core.money import round_half_even
from llmcost.routing.floor import meets

if TYPE_CHECKING:
    from llmcost.routing.policy import Escalation

#: P(good) counts to this many parts, so that money multiplied by it is rounded once and the same everywhere.
_PARTS = 10**9


class Cascade(NamedTuple):
    first: int
    """Position of the model that is tried."""
    then: int
    """Position of the one that is asked where the check fails."""
    expected_nano: int
    worst_nano: int
    """What it costs when the check fails."""
    p_pass: float
    p_good: float


def cascades(
    models: Sequence[tuple[int, int, float]], rule: Escalation, most: int | None, hard: float
) -> list[Cascade]:
    """Every pair of a cheaper and a dearer, better model whose worst case costs at most `most` nano-USD.

    `models`: (position, nano-USD, P(good)) of those that may answer at all and of which something is known. `hard`:
    the P(good) that was asked for. The dearer model has to reach it alone: what the pair is better than that rests on
    independent failures, and nothing that is assumed meets a hard floor.
    """
    found = []
    for first, cheap, p in models:
        for then, dear, strong in models:
            worst = cheap + rule.check_nano + dear
            if dear > cheap and strong > p and meets(strong, hard) and (most is None or worst <= most):
                found.append(cascade(first, then, cheap, dear, p, strong, rule))
    return found


def cascade(first: int, then: int, cheap: int, dear: int, p: float, strong: float, rule: Escalation) -> Cascade:
    good, accuracy = Fraction(round(p * _PARTS), _PARTS), rule.accuracy
    passes = good * accuracy + (1 - good) * (1 - accuracy)
    fails = (1 - passes) * dear
    return Cascade(
        first, then,
        cheap + rule.check_nano + round_half_even(fails.numerator, fails.denominator),
        cheap + rule.check_nano + dear,
        float(passes),
        float(good * accuracy + (1 - passes) * Fraction(round(strong * _PARTS), _PARTS)),
    )  # fmt: skip
