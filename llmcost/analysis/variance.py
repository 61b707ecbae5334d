"""Why spend changed between two periods: price x volume x mix, and what is new or gone. Explained in docs/variance.md.

The price-volume-mix analysis of management accounting, per app and model, with token classes as the goods:
volume is the app's growth in tokens at last period's cost, mix the shift to dearer models and token classes at last
period's rates, price what is paid more per unit. Together they are the change, to the nano-dollar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from llmcost.core.usage import BUCKETS, COST_PARTS
from llmcost.ledger.measures import Group, Sums

CAUSES = ("price", "volume", "mix", "new", "gone", "unpriced")
_Cell = tuple[str, str, str]


class Row(NamedTuple):
    """One app's use of one model. Money in nano-USD; the causes add up to `cost - before`."""

    app: str
    provider: str
    model: str
    causes: dict[str, int]
    cost: int
    before: int

    @property
    def change(self) -> int:
        return self.cost - self.before


class Variance(NamedTuple):
    """`causes` are those of all rows together."""

    causes: dict[str, int]
    rows: tuple[Row, ...]
    """Largest change first."""

    @property
    def change(self) -> int:
        return sum(self.causes.values())


def variance(groups: Sequence[Group], before: Sequence[Group]) -> Variance:
    """The change from `before`, both by (provider, model, app).

    An app's model is `new` without a request before and `gone` without one now. Where requests lack a price in either
    period, the rates are not known and the whole change is `unpriced`.
    """
    now, then = ({_cell(group): group.sums for group in side} for side in (groups, before))
    growth = {app: _growth(pairs) for app, pairs in _continued(now, then).items()}
    rows = [_row(cell, now.get(cell), then.get(cell), growth) for cell in sorted(now.keys() | then.keys())]
    rows.sort(key=lambda row: -abs(row.change))
    return Variance({cause: sum(row.causes[cause] for row in rows) for cause in CAUSES}, tuple(rows))


def _cell(group: Group) -> _Cell:
    provider, model, app = group.key
    return app, provider, model


def _continued(now: dict[_Cell, Sums], then: dict[_Cell, Sums]) -> dict[str, list[tuple[Sums, Sums]]]:
    """What an app's growth is measured on: its models with priced requests in both periods."""
    found: defaultdict[str, list[tuple[Sums, Sums]]] = defaultdict(list)
    for cell in now.keys() & then.keys():
        if not now[cell]["unpriced"] and not then[cell]["unpriced"]:
            found[cell[0]].append((now[cell], then[cell]))
    return found


def _growth(pairs: Iterable[tuple[Sums, Sums]]) -> Fraction | None:
    """Tokens now per token before; None where there were none, and with them no measure of growth."""
    now, then = map(sum, zip(*((new.usage.tokens, old.usage.tokens) for new, old in pairs), strict=True))
    return Fraction(now, then) if then else None


def _row(cell: _Cell, now: Sums | None, then: Sums | None, growth: dict[str, Fraction | None]) -> Row:
    new, old = now or Sums(), then or Sums()
    causes = dict.fromkeys(CAUSES, 0)
    change = new["cost"] - old["cost"]
    if new["unpriced"] or old["unpriced"]:
        causes["unpriced"] = change
    elif then is None:
        causes["new"] = change
    elif now is None:
        causes["gone"] = change
    else:
        causes |= dict(zip(CAUSES, _whole(change, _split(new, old, growth[cell[0]])), strict=False))
    return Row(*cell, causes, new["cost"], old["cost"])


def _split(now: Sums, then: Sums, growth: Fraction | None) -> tuple[Fraction, Fraction, Fraction]:
    """(price, volume, mix), exactly."""
    if growth is None:
        growth = Fraction(now["requests"], then["requests"])
    price = mix = Fraction()
    for part, units, before in zip(COST_PARTS, _units(now), _units(then), strict=True):
        cost, paid = now.parts[part], then.parts[part]
        # What was not bought before has no rate of its own: all of it is mix, at today's rate.
        rate = Fraction(paid, before) if before else Fraction(cost, units) if units else Fraction()
        at_old_rates = rate * units
        price += cost - at_old_rates
        mix += at_old_rates - paid * growth
    return price, then["cost"] * (growth - 1), mix


def _units(sums: Sums) -> list[int]:
    """How many of each part of the cost were bought; fees, and costs that are only reported, are by the request."""
    return [*(sums[f"t_{bucket}"] for bucket in BUCKETS), sums["requests"]]


def _whole(total: int, parts: Sequence[Fraction]) -> list[int]:
    """Integers that add up to `total`, each within one of its part: largest remainder, ties to the earlier."""
    floors = [part.numerator // part.denominator for part in parts]
    order = sorted(range(len(parts)), key=lambda at: floors[at] - parts[at])
    for at in order[: total - sum(floors)]:
        floors[at] += 1
    return floors
