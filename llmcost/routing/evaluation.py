"""How good an order of prompts is for deciding which go to the strong model (docs/routing-statistics.md).

Scores are only compared. Prompts of equal score are sent in random order, and every figure is its expectation.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import NamedTuple

#: Shares of the quality gap of `CPT`.
CPT = (0.2, 0.5, 0.8)
#: Shares of the strong model's quality that savings are stated at.
KEPT = (0.95, 0.98, 0.99, 1.0)


class Paired(NamedTuple):
    """A prompt that both models answered; costs in USD, None where unknown."""

    strong: float
    weak: float
    strong_usd: float | None = None
    weak_usd: float | None = None


class Order:
    """Prompts by descending score, those of equal score together."""

    def __init__(self, scores: Sequence[float]) -> None:
        self.places = sorted(range(len(scores)), key=lambda n: -scores[n])
        ordered = [scores[place] for place in self.places]
        #: How many prompts have been sent to the strong model after each group of equal scores.
        self.ends = [n for n in range(1, len(ordered)) if ordered[n] != ordered[n - 1]] + [len(ordered)]
        self._pick = itemgetter(*self.places) if len(scores) > 1 else tuple

    def along(self, values: Sequence[float]) -> list[float]:
        """Sums of `values` over the prompts sent so far: 0, then after each group."""
        sums = [0.0, *accumulate(self._pick(values))]
        return [0.0, *(sums[end] for end in self.ends)]


def apgr(order: Order, gaps: Sequence[float], weights: Sequence[float]) -> float | None:
    """The average performance gap recovered: 0.5 is what a coin gives, whatever the models.

    Area (trapezoid) under the share of the gap between the models that is recovered, over the share of `weights` sent
    to the strong one: calls, or what they cost more. `gaps`: strong minus weak quality, times how often each counts.
    None: the strong model is not the better one, or nothing has weight.
    """
    x, y = order.along(weights), order.along(gaps)
    if x[-1] <= 0 or y[-1] <= 0:
        return None
    area = sum((b - a) * (c + d) for (a, b), (c, d) in zip(pairwise(x), pairwise(y), strict=True))
    return area / (2 * x[-1] * y[-1])


def reached(x: Sequence[float], y: Sequence[float], wanted: float) -> float | None:
    """Where the line through the points first reaches `wanted`; None: nowhere."""
    if y[0] >= wanted:
        return x[0]
    for (a, b), (c, d) in zip(pairwise(x), pairwise(y), strict=True):
        if d >= wanted:
            return a + (b - a) * (wanted - c) / (d - c)
    return None


class Figures(NamedTuple):
    """What one order of the prompts achieves; None where it cannot be said."""

    apgr: float | None
    cpt: tuple[float | None, ...]
    """Least share of calls to the strong model that recovers the shares `CPT` of the gap."""
    saved_calls: tuple[float | None, ...]
    """Share of calls that need not go to the strong model at `KEPT` of its quality."""
    apgr_cost: float | None
    """APGR over the share of the additional cost instead of calls."""
    saved_cost: tuple[float | None, ...]
    """Share of the cost of sending everything to the strong model that is saved at `KEPT` of its quality."""


def figures(scores: Sequence[float], rows: Sequence[Paired]) -> Figures:
    """Every figure of an order; a higher score goes to the strong model earlier."""
    order, n = Order(scores), len(rows)
    gaps = [row.strong - row.weak for row in rows]
    calls = [n_sent / n for n_sent in (0, *order.ends)]
    gained = order.along(gaps)
    total, weak, strong = gained[-1], sum(row.weak for row in rows), sum(row.strong for row in rows)
    cpt = tuple(reached(calls, gained, share * total) if total > 0 else None for share in CPT)
    wanted = [share * strong - weak - 1e-9 * n for share in KEPT]
    saved_calls = tuple(_complement(reached(calls, gained, gain)) for gain in wanted)
    whole = [(row.strong_usd, row.weak_usd) for row in rows]
    extra = [strong_usd - weak_usd for strong_usd, weak_usd in whole if strong_usd is not None and weak_usd is not None]
    if len(extra) < n:
        return Figures(apgr(order, gaps, [1.0] * n), cpt, saved_calls, None, (None,) * len(KEPT))
    most = sum(strong_usd or 0.0 for strong_usd, _ in whole)
    least = most - sum(extra)
    spent = [(least + more) / most if most > 0 else 0.0 for more in order.along(extra)]
    saved_cost = tuple(_complement(reached(spent, gained, gain)) if most > 0 else None for gain in wanted)
    return Figures(apgr(order, gaps, [1.0] * n), cpt, saved_calls, apgr(order, gaps, extra), saved_cost)


def _complement(share: float | None) -> float | None:
    return None if share is None else 1 - share
