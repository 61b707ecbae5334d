"""Whether what was learned may decide: only where it orders prompts better than length does, beyond chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from llmcost.core.errors import DataError
from llmcost.routing.bootstrap import Interval, interval, intervals
from llmcost.routing.evaluation import Figures, Order, Paired, figures
from llmcost.routing.learned import Router
from llmcost.routing.prior import difficulty
from llmcost.routing.ridge import predict
from llmcost.routing.training import Example, Trained

#: Prompts labelled for both models below which nothing is switched on.
ENOUGH = 100


class Row(NamedTuple):
    """One way to order the prompts of a pair of models."""

    name: str
    figures: Figures
    interval: Interval | None


class Pair(NamedTuple):
    """A model beside the strongest, on the prompts that are labelled for both."""

    strong: str
    weak: str
    n: int
    strong_mean: float
    weak_mean: float
    rows: tuple[Row, ...]
    """`learned` first, then what it is compared with; empty when there is nothing to compare."""
    lead: Interval | None
    """By how much the learned order's APGR exceeds that of length, or of a coin where that is better."""
    why: str
    """What speaks against it; empty: it is on."""

    @property
    def on(self) -> bool:
        return not self.why

    @property
    def decides(self) -> str:
        """The order `route` goes by."""
        return "learned" if self.on else "prior"

    def row(self, name: str) -> Row | None:
        return next((row for row in self.rows if row.name == name), None)


def ranked(examples: Sequence[Example]) -> list[str]:
    """The models that are labelled, best mean quality first; of equal ones the name decides.

    Raises:
        DataError: there are fewer than two.
    """
    found: dict[str, list[float]] = {}
    for each in examples:
        for model, quality in each.quality.items():
            found.setdefault(model, []).append(quality)
    if len(found) < 2:
        raise DataError(
            f"not enough labels (n = {len(examples)}): of {len(found)} model{'s' * (not found)}, two are needed",
            "label answers of two models or more to the same prompts",
        )
    return sorted(found, key=lambda model: (-sum(found[model]) / len(found[model]), model))


def pairs(examples: Sequence[Example], held_out: Mapping[str, Sequence[float]], strong: str = "") -> list[Pair]:
    """Every other model beside `strong` (default: the strongest)."""
    models = ranked(examples)
    best = strong or models[0]
    return [_pair(examples, held_out, best, other) for other in models if other != best]


def _pair(examples: Sequence[Example], held_out: Mapping[str, Sequence[float]], strong: str, weak: str) -> Pair:
    both = [n for n, each in enumerate(examples) if strong in each.quality and weak in each.quality]
    rows = [
        Paired(each.quality[strong], each.quality[weak], each.usd.get(strong), each.usd.get(weak))
        for each in (examples[n] for n in both)
    ]
    n = len(rows)
    means = [sum(values) / n if n else 0.0 for values in ([row.strong for row in rows], [row.weak for row in rows])]
    blank = Pair(strong, weak, n, means[0], means[1], (), None, "")
    gaps = [row.strong - row.weak for row in rows]
    if n < 2:
        return blank._replace(why=f"not enough labels (n = {n} labelled for both)")
    if len(set(gaps)) == 1:
        return blank._replace(why=f"not enough labels (n = {n}): all say the same")
    if sum(gaps) <= 0:
        return blank._replace(why=f"{strong} is not better than {weak} on these prompts")
    scores = {
        "learned": [held_out[strong][place] - held_out[weak][place] for place in both],
        "length": [examples[place].features.dense[0] for place in both],
    }
    if all(examples[place].keywords is not None for place in both):
        scores["keywords"] = [float(examples[place].keywords or 0) for place in both]
    scores["prior"] = [difficulty(examples[place].features) for place in both]
    scores["random"] = [0.0] * n
    orders = [Order(each) for each in scores.values()]
    found, draws = intervals(orders, gaps)
    shown = tuple(Row(name, figures(scores[name], rows), one) for name, one in zip(scores, found, strict=True))
    ahead = [mine - max(length, 0.5) for mine, length in zip(draws[0], draws[1], strict=True)]
    return _judged(blank._replace(rows=shown, lead=interval(ahead)))


def _judged(pair: Pair) -> Pair:
    if pair.n < ENOUGH:
        return pair._replace(why=f"not enough labels (n = {pair.n}, {ENOUGH} are needed)")
    if pair.lead is None or pair.lead.low <= 0:
        return pair._replace(why=f"not enough labels (n = {pair.n}): not better than length beyond chance")
    return pair


def as_saved(judged: Sequence[Pair], router: Router) -> list[Pair]:
    """The pairs with what the gate said when the router was trained, whatever it would say of these labels."""
    on = {model for model, head in router.heads.items() if head.on}
    return [
        pair._replace(why="" if {pair.strong, pair.weak} <= on else "it was off when it was trained")
        if pair.rows
        else pair
        for pair in judged
    ]


def predicted(router: Router, examples: Sequence[Example]) -> dict[str, list[float]]:
    """What a trained router says of each example, whether or not it is on; 0 for models it does not know."""
    scaled = [router.scale.apply(each.features.dense) for each in examples]
    models = ranked(examples)
    return {
        model: [
            predict(router.heads[model].weights, dense, each.features.grams) if model in router.heads else 0.0
            for dense, each in zip(scaled, examples, strict=True)
        ]
        for model in models
    }


def router(trained: Trained, judged: Sequence[Pair], n: int) -> Router:
    """What was learned, switched on for the models of those pairs that passed."""
    passed = {model for pair in judged if pair.on for model in (pair.strong, pair.weak)}
    heads = {model: head._replace(on=model in passed) for model, head in trained.heads.items()}
    why = "; ".join(f"{pair.weak}: {pair.why or 'better than length beyond chance'}" for pair in judged)
    return Router(trained.scale, heads, n, why)
