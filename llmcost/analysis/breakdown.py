"""What the four panes of the breakdown figure show, as values. Money is integer nano-USD."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from llmcost.analysis.report import MAX_POINTS
from llmcost.core.errors import UsageError
from llmcost.core.instants import Granularity, Period, edges
from llmcost.core.usage import COST_PARTS
from llmcost.ledger.measures import Amounts, Sums
from llmcost.ledger.protocol import Ledger, Query

#: Apps with a trend of their own; the rest are added up.
TREND_APPS = 5
#: The parts of a cost that input and output tokens have; the rest are searches, fees and what cannot be split.
_INPUT, _OUTPUT = COST_PARTS[:7], COST_PARTS[7:11]


class ModelCost(NamedTuple):
    model: str
    requests: int
    unpriced: int
    """Requests without a price: they are in no cost."""
    cost: int


class AppUse(NamedTuple):
    app: str
    requests: int
    unpriced: int
    input_tokens: int
    """All input, cached and cache writes included."""
    output_tokens: int
    """All output, reasoning included."""
    cost: int
    input_cost: int
    output_cost: int

    @property
    def other_cost(self) -> int:
        """Searches, fees, and reported costs that nobody split."""
        return self.cost - self.input_cost - self.output_cost


class Line(NamedTuple):
    """One app's cost between each two successive cuts; `app` is None for all that have no line of their own."""

    app: str | None
    costs: tuple[int, ...]


class Breakdown(NamedTuple):
    period: Period
    granularity: Granularity
    cuts: tuple[int, ...]
    """Microseconds UTC: where the trend's local days (hours, weeks, months) begin, and the period's end."""
    trend: tuple[Line, ...]
    """The dearest apps, that one first; then the others together, if there are any."""
    models: tuple[ModelCost, ...]
    """Dearest first, as are the apps."""
    apps: tuple[AppUse, ...]

    @property
    def cost(self) -> int:
        return sum(app.cost for app in self.apps)

    @property
    def requests(self) -> int:
        return sum(app.requests for app in self.apps)

    @property
    def unpriced(self) -> int:
        return sum(app.unpriced for app in self.apps)


def breakdown(
    ledger: Ledger, period: Period, granularity: Granularity = "day", where: tuple[tuple[str, str], ...] = ()
) -> Breakdown:
    """One consistent view of the ledger.

    Raises:
        UsageError: an unknown dimension, a granularity too fine for the period, or rows it needs were compacted.
    """
    cuts = edges(period, granularity)
    if len(cuts) > MAX_POINTS:
        raise UsageError(f"a trend by {granularity} would have {len(cuts) - 1:,} points", "use a coarser --granularity")
    with ledger.snapshot():
        groups = ledger.sums(Query(period.start, period.end, ("model", "app"), where))
        series = ledger.series(Query(period.start, period.end, ("app",), where), cuts, tokens=False)
    models: defaultdict[str, list[Sums]] = defaultdict(list)
    apps: defaultdict[str, list[Sums]] = defaultdict(list)
    for (model, app), sums in groups:
        models[model].append(sums)
        apps[app].append(sums)
    used = sorted((_use(app, Sums.total(parts)) for app, parts in apps.items()), key=_dearest_app)
    costs = [_cost(model, Sums.total(parts)) for model, parts in models.items()]
    return Breakdown(
        period, granularity, tuple(cuts), _trend([use.app for use in used], series, len(cuts) - 1),
        tuple(sorted(costs, key=lambda each: (-each.cost, -each.requests, each.model))), tuple(used),
    )  # fmt: skip


def _cost(model: str, sums: Sums) -> ModelCost:
    return ModelCost(model, sums["requests"], sums["unpriced"], sums["cost"])


def _use(app: str, sums: Sums) -> AppUse:
    usage, parts = sums.usage, sums.parts
    return AppUse(
        app, sums["requests"], sums["unpriced"], usage.input_total, usage.output_total, sums["cost"],
        sum(parts[name] for name in _INPUT), sum(parts[name] for name in _OUTPUT),
    )  # fmt: skip


def _dearest_app(use: AppUse) -> tuple[int, int, str]:
    return -use.cost, -use.requests, use.app


def _trend(apps: list[str], series: dict[tuple[str, ...], list[Amounts]], points: int) -> tuple[Line, ...]:
    """`apps`: dearest first. A single other keeps its name."""
    own = apps if len(apps) <= TREND_APPS + 1 else apps[:TREND_APPS]
    lines = [Line(app, tuple(each.cost for each in series[app,])) for app in own]
    if len(own) < len(apps):
        rest = [series[app,] for app in apps[len(own) :]]
        lines.append(Line(None, tuple(sum(amounts[at].cost for amounts in rest) for at in range(points))))
    return tuple(lines)
