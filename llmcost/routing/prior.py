"""Without labels: how hard a prompt looks from its length and a few features, and what that makes of a model's quality.

Set by hand, in round figures: a longer prompt, one with numbers and formulas is harder on average. On public
benchmarks that orders prompts about as well as length alone does: weak evidence, and its bands say so.
"""

from __future__ import annotations

from math import exp, log

from llmcost.routing.features import NAMES, Features
from llmcost.routing.learned import Chance

#: Feature -> (usual value, what one unit more adds to the log-odds of being hard). Chinese takes fewer characters.
_SIGNS: dict[str, tuple[float, float]] = {
    "characters": (5.3, 0.45),
    "share of CJK": (0.0, 0.9),
    "share of formula signs": (0.01, 3.0),
    "numbers": (1.0, 0.12),
    "braces": (0.0, 0.15),
    "backslashes": (0.0, 0.2),
}
_PLACES = {name: NAMES.index(name) for name in _SIGNS}
#: Log-odds of a good answer between the easiest prompt and the hardest.
_PULL = 2.0
#: Log-odds by which the band is wider than the estimate to either side.
_DOUBT = 1.0


def difficulty(features: Features) -> float:
    """How hard the prompt looks: 0 easy, 0.5 usual, 1 hard."""
    total = sum(weight * (features.dense[_PLACES[name]] - usual) for name, (usual, weight) in _SIGNS.items())
    return _logistic(total)


def p_good(features: Features, quality: float, *, least: float = 0.0) -> Chance:
    """The chance of a good answer by a model whose quality over all prompts is `quality` (0 to 1).

    A usual prompt has just that; the harder it looks, the lower, and never another order of models. `least`: the
    difficulty it has at least, as its words may ask for more than its length lets one think.
    """
    if not 0 < quality < 1:
        return Chance(quality, quality, quality, "prior")
    odds = log(quality / (1 - quality))
    moved = odds - _PULL * (max(least, difficulty(features)) - 0.5)
    # Exactly `quality` for a usual prompt, whatever rounding does.
    p = quality if moved == odds else _logistic(moved)
    return Chance(p, min(p, _logistic(moved - _DOUBT)), max(p, _logistic(moved + _DOUBT)), "prior")


def _logistic(x: float) -> float:
    return 1 / (1 + exp(-max(-500.0, min(500.0, x))))
