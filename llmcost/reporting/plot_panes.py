"""Shares, trend and bars of the breakdown figure. Each draws on the axes it is given; floats only begin here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmcost.analysis.breakdown import AppUse, Breakdown, ModelCost
from llmcost.core.instants import from_us
from llmcost.reporting.numbers import counted, percent, short, usd
from llmcost.reporting.plot_fonts import BASE
from llmcost.reporting.plot_style import (
    COLORS,
    REST,
    Text,
    app_label,
    dollars,
    head,
    legend_columns,
    literal,
    nothing,
    shown,
    tick,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HATCH = "#595959"
_MARKERS = "os^Dvh"
#: Slices are at most so many, none smaller than 1/50; so many apps have bars of their own.
_SLICES, _SMALLEST, _BARS = 6, 50, 10


def models(axes: Axes, found: Breakdown, text: Text) -> None:
    """Shares of the cost; small ones together."""
    head(axes, "Cost by model")
    priced = [model for model in found.models if model.cost > 0]
    if not priced:
        nothing(axes, "no cost in this period")
        return
    total = sum(model.cost for model in priced)
    own = _own_slices(priced, total)
    rest = priced[len(own) :]
    slices = [(shown(model.model, text) + ("*" if model.unpriced else ""), model.cost) for model in own]
    if rest:
        slices.append((counted(len(rest), "other model"), sum(model.cost for model in rest)))
    colors = [*COLORS[: len(own)], *([REST] if rest else [])]
    wedges, _ = axes.pie(
        [dollars(cost) for _, cost in slices], colors=colors, startangle=90, counterclock=False, radius=1,
        wedgeprops={"width": 0.42, "edgecolor": "white", "linewidth": 1.5},
    )  # fmt: skip
    _percents(axes, [cost for _, cost in slices], total)
    axes.text(0, 0, literal(usd(total)), ha="center", va="center", fontsize=14, fontweight="bold", fontfamily=BASE)
    labels = [f"{label}  {literal(usd(cost))}  {percent(cost, total)}" for label, cost in slices]
    axes.legend(
        wedges, labels, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=min(2, legend_columns(labels)),
        fontsize=10, handlelength=1, columnspacing=1.5,
    )  # fmt: skip


def _own_slices(priced: Sequence[ModelCost], total: int) -> Sequence[ModelCost]:
    """Those large enough; what would be the only other one keeps its name."""
    own = [model for model in priced[:_SLICES] if model.cost * _SMALLEST >= total]
    return priced if len(priced) <= min(_SLICES, len(own) + 1) else own


def _percents(axes: Axes, costs: Sequence[int], total: int) -> None:
    """The share of each slice beside it, clockwise from the top; those of thin ones are in the legend only."""
    from math import cos, pi, sin

    before = 0
    for cost in costs:
        middle = pi / 2 - 2 * pi * (before + cost / 2) / total
        before += cost
        if cost * 40 >= total:
            axes.text(
                1.17 * cos(middle), 1.1 * sin(middle), percent(cost, total), ha="center", va="center", fontsize=10
            )


def trend(axes: Axes, found: Breakdown, text: Text) -> None:
    """Cost per day (hour, week, month) of the dearest apps, and of the others together.

    What is not known to have cost anything has no line.
    """
    head(axes, f"Cost per {found.granularity} and app")
    if not found.cost:
        nothing(axes, "no cost in this period")
        return
    points = len(found.cuts) - 1
    marked = points <= 62
    drawn, labels = [], []
    for number, line in enumerate(found.trend):
        if not any(line.costs):
            continue
        rest = line.app is None
        drawn += axes.plot(
            range(points), [dollars(cost) for cost in line.costs],
            color=REST if rest else COLORS[number], linestyle="--" if rest else "-", linewidth=1.8,
            marker=("x" if rest else _MARKERS[number]) if marked else "", markersize=5,
        )  # fmt: skip
        star = "*" if any(app.unpriced for app in found.apps[number : None if rest else number + 1]) else ""
        labels.append((f"{len(found.apps) - number} others" if line.app is None else shown(line.app, text)) + star)
    step = max(1, -(-points // 9))
    pattern = {"hour": "%m-%d %H:%M", "month": "%Y-%m"}.get(found.granularity, "%m-%d")
    starts = [from_us(cut, found.period.zone) for cut in found.cuts[:-1]]
    if found.granularity in ("day", "week") and starts[0].year != starts[-1].year:
        pattern = "%Y-%m-%d"
    axes.set_xticks(range(0, points, step), [format(start, pattern) for start in starts[::step]], rotation=45,
                    ha="right", rotation_mode="anchor")  # fmt: skip
    axes.yaxis.set_major_formatter(lambda value, _: tick(value))
    axes.set_ylim(bottom=0)
    axes.margins(x=0.03)
    axes.grid(axis="y")
    axes.legend(
        drawn,
        labels,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.18),
        ncols=legend_columns(labels),
        fontsize=10,
        columnspacing=1.5,
    )


def sides(tokens: Axes, costs: Axes, below: Axes, found: Breakdown, text: Text) -> None:
    """What input and output of each app are, in tokens and in money; the legend goes below."""
    head(tokens, "Tokens by app")
    head(costs, "The same as cost")
    if not found.apps:
        below.set_axis_off()
        for axes in (tokens, costs):
            nothing(axes, "no requests")
        return
    own, rest = _bars(found.apps)
    labels = [app_label(app, text) for app in own]
    if rest:
        own = [*own, _together(rest)]
        labels.append(f"{len(rest)} others" + ("*" if own[-1].unpriced else ""))
    rows, height = range(len(own)), 0.4
    for axes, pairs in (
        (tokens, [(app.input_tokens, app.output_tokens) for app in own]),
        (costs, [(dollars(app.input_cost), dollars(app.output_cost)) for app in own]),
    ):
        axes.barh([at - height / 2 for at in rows], [each[0] for each in pairs], height, color=COLORS[0],
                  label="input")  # fmt: skip
        axes.barh([at + height / 2 for at in rows], [each[1] for each in pairs], height, color=COLORS[1],
                  label="output")  # fmt: skip
        axes.grid(axis="x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
    other = [(at, app) for at, app in enumerate(own) if app.other_cost > 0]
    if other:
        costs.barh(
            [at + height / 2 for at, _ in other], [dollars(app.other_cost) for _, app in other], height,
            left=[dollars(app.output_cost) for _, app in other], color="white", edgecolor=_HATCH, hatch="////",
            linewidth=0, label="searches, fees, not split",
        )  # fmt: skip
    tokens.set_yticks(rows, labels)
    tokens.set_ylim(len(own) - 0.4, -0.6)
    costs.tick_params(axis="y", labelleft=False)
    for axes, form in ((tokens, lambda value, _: short(round(value))), (costs, lambda value, _: tick(value))):
        _few_ticks(axes)
        axes.xaxis.set_major_formatter(form)
        axes.set_xlim(left=0)
    below.set_axis_off()
    below.legend(*costs.get_legend_handles_labels(), loc="center", ncols=3, fontsize=10, columnspacing=1.5)


def _few_ticks(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(3))


def _bars(apps: Sequence[AppUse]) -> tuple[Sequence[AppUse], Sequence[AppUse]]:
    return (apps, ()) if len(apps) <= _BARS + 1 else (apps[:_BARS], apps[_BARS:])


def _together(apps: Sequence[AppUse]) -> AppUse:
    return AppUse("", *(sum(values) for values in zip(*(app[1:] for app in apps), strict=True)))
