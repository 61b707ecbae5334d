"""The modes at a volume: costs, the verdict, and every volume at which the cheaper of two changes."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from llmcost.breakeven.crossings import Crossings, crossings
from llmcost.breakeven.fields import Mode

if TYPE_CHECKING:
    from llmcost.breakeven.api import Api
    from llmcost.breakeven.capacity import Size
    from llmcost.breakeven.curve import Curve
    from llmcost.breakeven.hosted import Hosted
    from llmcost.breakeven.owned import Owned
    from llmcost.breakeven.plan import Plan
    from llmcost.breakeven.traffic import Mix


class Outcome(NamedTuple):
    """One mode at a volume. USD a month, exact."""

    mode: Mode
    tokens: int
    parts: dict[str, Fraction]
    start: Fraction
    """What it costs before the first token."""
    size: Size | None
    """None for an API, which nobody sizes."""

    @property
    def total(self) -> Fraction:
        return sum(self.parts.values(), Fraction(0))

    @property
    def variable(self) -> Fraction:
        """What the volume adds to `start`."""
        return self.total - self.start


class Pair(NamedTuple):
    """Two modes over all volumes; the first is side 0 of the crossings."""

    between: tuple[Mode, Mode]
    crossings: Crossings


class Comparison(NamedTuple):
    plan: Plan
    curves: dict[Mode, Curve]
    volumes: tuple[dict[Mode, Outcome], ...]
    """One per volume of the plan."""
    pairs: tuple[Pair, ...]

    @property
    def outcomes(self) -> dict[Mode, Outcome]:
        return self.volumes[0]

    @property
    def ranked(self) -> list[Outcome]:
        """Cheapest first at the volume asked for."""
        return sorted(self.outcomes.values(), key=lambda outcome: outcome.total)

    @property
    def cheapest(self) -> Mode | None:
        """None when two cost the same and no one less."""
        first, second = self.ranked[:2]
        return first.mode if first.total < second.total else None

    @property
    def saving(self) -> Fraction:
        """USD a month between the cheapest and the next."""
        first, second = self.ranked[:2]
        return second.total - first.total


class Region(NamedTuple):
    """A stretch of volumes, above start up to and including end, in which one mode costs least."""

    start: Fraction
    end: Fraction | None
    """None: for ever."""
    mode: Mode


def regions(found: Comparison) -> list[Region]:
    """Which mode is cheapest at which volumes, from the crossings of each two.

    Where crossings are cut, up to the last one known of those listed.
    """
    known = [pair.crossings.found[-1].tokens for pair in found.pairs if not pair.crossings.complete]
    until = min(known, default=None)
    cuts = sorted({each.tokens for pair in found.pairs for each in pair.crossings.found})
    ends: list[Fraction | None] = [cut for cut in cuts if until is None or cut <= until]
    if until is None:
        ends.append(None)
    merged: list[Region] = []
    start = Fraction(0)
    for end in ends:
        inside = start + 1 if end is None else (start + end) / 2
        mode = min(found.curves, key=lambda name: found.curves[name].cost(inside))
        if merged and merged[-1].mode == mode:
            merged[-1] = merged[-1]._replace(end=end)
        else:
            merged.append(Region(start, end, mode))
        start = end or start
    return merged


def compare(plan: Plan) -> Comparison:
    """All modes at the plan's volumes and every crossing of each two, the mix held fixed."""
    curves = {mode: model.curve(plan.mix) for mode, model in plan.modes.items()}
    volumes = tuple(
        {mode: outcome(mode, model, curves[mode], tokens, plan.mix) for mode, model in plan.modes.items()}
        for tokens in plan.volumes
    )
    pairs = tuple(Pair((a, b), crossings(curves[a], curves[b])) for a, b in combinations(curves, 2))
    return Comparison(plan, curves, volumes, pairs)


def outcome(mode: Mode, model: Api | Hosted | Owned, curve: Curve, tokens: int, mix: Mix) -> Outcome:
    size = None if mode == "api" else model.size(tokens, mix)  # type: ignore[union-attr]
    return Outcome(mode, tokens, model.parts(tokens, mix), curve.start, size)
