"""How good an answer has to be: the policy's floor for a prompt, and what a budget that runs out makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from llmcost.routing.complexity import Level
from llmcost.routing.policy import Rules, Step

#: Two probabilities this near are the same: a floor of 0.6 is met by what comes out of a logarithm as 0.6.
SAME = 1e-9


class Used(NamedTuple):
    """How full the budget of a request is."""

    share: Fraction
    """Spent, of the limit that is fullest."""
    what: str
    """Which limit that is."""


class Floor(NamedTuple):
    wanted: float
    """The P(good) that the policy asks for."""
    held: float
    """What is held against the candidates: at most the best of them, as it leaves no request without a model."""


def step_of(rules: Rules, used: Used | None) -> Step | None:
    """What the policy does at this fill of the budget; None while it does nothing."""
    if used is None:
        return None
    return next((step for step in reversed(rules.on_budget) if used.share >= step.at), None)


def floor_of(rules: Rules, level: Level, step: Step | None, fitting: Sequence[float]) -> Floor:
    """The floor for a prompt of this complexity, where `fitting` are the P(good) of the models that could answer.

    - A share of the quality gap lies between the weakest and the best of them.
    - `raise_threshold` gives up half of what the floor is above the weakest: a dearer model must be needed more.
    - `cheapest` leaves no floor but the hard one.
    """
    share = float(rules.floors.at(level))
    weakest, best = min(fitting, default=0.0), max(fitting, default=1.0)
    wanted = weakest + share * (best - weakest) if rules.floors.of_gap else share
    if step is not None and step.action == "cheapest":
        wanted = 0.0
    elif step is not None and step.action == "raise_threshold" and wanted > weakest:
        wanted = weakest + (wanted - weakest) / 2
    return Floor(wanted, min(wanted, best))


def meets(p: float, floor: float) -> bool:
    return p >= floor - SAME


def share_text(share: float) -> str:
    """Three decimals at most."""
    return f"{share:.3f}".rstrip("0").rstrip(".") or "0"
