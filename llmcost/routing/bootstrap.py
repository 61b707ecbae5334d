"""Intervals of APGR: prompts drawn again and again from those there are, with a seed, so that a run can be repeated."""

from __future__ import annotations

import random
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

from llmcost.routing.evaluation import Order, apgr

#: Draws.
DRAWS = 400
SEED = 20_260
#: Share of draws within an interval.
LEVEL = 0.95


class Interval(NamedTuple):
    low: float
    high: float


def intervals(orders: Sequence[Order], gaps: Sequence[float]) -> tuple[list[Interval | None], list[list[float]]]:
    """The interval of each order's APGR, and the draws behind them, each draw the same prompts for all orders.

    None: in more than a twentieth of the draws the strong model was not the better one.
    """
    n = len(gaps)
    draw = random.Random(SEED)  # noqa: S311
    found: list[list[float]] = [[] for _ in orders]
    for _ in range(DRAWS):
        counts = [0.0] * n
        for place in draw.choices(range(n), k=n):
            counts[place] += 1
        weighted = list(map(mul, gaps, counts))
        values = [apgr(order, weighted, counts) for order in orders]
        for kept, value in zip(found, values, strict=True):
            if value is not None:
                kept.append(value)
    return [interval(values) for values in found], found


def interval(values: Sequence[float]) -> Interval | None:
    """The middle `LEVEL` of the draws; None when a twentieth of them is missing."""
    if len(values) < DRAWS * 0.95:
        return None
    ordered = sorted(values)
    cut = round((1 - LEVEL) / 2 * len(ordered))
    return Interval(ordered[cut], ordered[-1 - cut])
