"""The four panes of the breakdown figure. Each draws on the axes it is given; floats only begin here."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from llmcost.analysis.breakdown import AppUse, Breakdown, ModelCost
from llmcost.core.instants import from_us
from llmcost.core.money import NANO_PER_USD
from llmcost.reporting.numbers import counted, percent, short, usd
from llmcost.reporting.plot_fonts import BASE
from llmcost.reporting.plot_labels import Box, Bubble, places
from llmcost.reporting.view import name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe and Ito's colours, told apart with any colour vision (https://jfly.uni-koeln.de/color/); grey for the rest.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
REST = "#999999"
_HATCH = "#595959"
_MARKERS = "os^Dvh"
#: Slices are at most so many, none smaller than 1/50; bars and labelled bubbles so many.
_SLICES, _SMALLEST, _BARS, _LABELS = 6, 50, 10, 12
#: Columns a name may take; a Chinese character takes two.
_WIDTH = 26
#: Axes are logarithmic where the largest value is so many times the smallest.
_SPREAD = 20
#: Points squared of the largest bubble and of the smallest.
_BUBBLE, _DOT = 1_400, 30

Text = Callable[[str], str]


def columns(text: str) -> int:
    """How wide a text is: a Chinese character takes two columns."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def shown(value: str, text: Text) -> str:
    """A name as a label: never empty, never long."""
    whole = label = text(name(value))
    while columns(label) > _WIDTH:
        label = label[:-1]
    return literal(label if label == whole else label + "…")


def literal(text: str) -> str:
    """`text` that Matplotlib draws as it is: it takes what stands between two dollar signs for a formula."""
    return text.replace("$", r"\$")


def dollars(nano: float) -> float:
    return nano / NANO_PER_USD


def tick(value: float) -> str:
    """Money on an axis."""
    return r"\$" + (
        f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.3g}" if value >= 1e-4 else f"{value:.1e}"
    )


def _head(axes: Axes, words: str) -> None:
    # Few Chinese fonts have a bold face, and titles hold no names.
    axes.set_title(words, fontweight="bold", fontfamily=BASE)


def _nothing(axes: Axes, words: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, ha="center", va="center", transform=axes.transAxes)


def models(axes: Axes, found: Breakdown, text: Text) -> None:
    """Shares of the cost; small ones together."""
    _head(axes, "Cost by model")
    priced = [model for model in found.models if model.cost > 0]
    if not priced:
        _nothing(axes, "no cost in this period")
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
    axes.legend(
        wedges, [f"{label}  {literal(usd(cost))}  {percent(cost, total)}" for label, cost in slices],
        loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2, fontsize=10, handlelength=1, columnspacing=1.5,
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
    """Cost per day (hour, week, month) of the dearest apps, and of the others together."""
    _head(axes, f"Cost per {found.granularity} and app")
    if not found.cost:
        _nothing(axes, "no cost in this period")
        return
    points = len(found.cuts) - 1
    marked = points <= 62
    for number, line in enumerate(found.trend):
        rest = line.app is None
        axes.plot(
            range(points), [dollars(cost) for cost in line.costs],
            color=REST if rest else COLORS[number], linestyle="--" if rest else "-", linewidth=1.8,
            marker=("x" if rest else _MARKERS[number]) if marked else "", markersize=5,
            label=f"{len(found.apps) - number} others" if rest else shown(str(line.app), text),
        )  # fmt: skip
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
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3, fontsize=10, columnspacing=1.5)


def sides(tokens: Axes, costs: Axes, below: Axes, found: Breakdown, text: Text) -> None:
    """What input and output of each app are, in tokens and in money; the legend goes below."""
    _head(tokens, "Tokens by app")
    _head(costs, "The same as cost")
    if not found.apps:
        below.set_axis_off()
        for axes in (tokens, costs):
            _nothing(axes, "no requests")
        return
    own, rest = _bars(found.apps)
    labels = [_label(app, text) for app in own]
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

    axes.xaxis.set_major_locator(MaxNLocator(4))


def _bars(apps: Sequence[AppUse]) -> tuple[Sequence[AppUse], Sequence[AppUse]]:
    return (apps, ()) if len(apps) <= _BARS + 1 else (apps[:_BARS], apps[_BARS:])


def _together(apps: Sequence[AppUse]) -> AppUse:
    return AppUse("", *(sum(values) for values in zip(*(app[1:] for app in apps), strict=True)))


def _label(app: AppUse, text: Text) -> str:
    return shown(app.app, text) + ("*" if app.unpriced else "")


def efficiency(axes: Axes, found: Breakdown, text: Text) -> int:
    """Cost against requests, a bubble for each app; how many apps have no place there.

    A bubble's area goes with the output tokens. What is unpriced altogether has no known cost, and zero no logarithm.
    """
    _head(axes, "Cost against requests by app")
    drawn = [app for app in found.apps if app.cost > 0 or not app.unpriced]
    ups = [app.cost for app in drawn if app.cost > 0]
    if ups and max(ups) > _SPREAD * min(ups):
        drawn = [app for app in drawn if app.cost > 0]
        axes.set_yscale("log")
    if not drawn:
        _nothing(axes, "no cost in this period")
        return len(found.apps)
    across = [app.requests for app in drawn]
    if max(across) > _SPREAD * min(across):
        axes.set_xscale("log")
    most = max(app.output_tokens for app in drawn) or 1
    areas = [max(_DOT, _BUBBLE * app.output_tokens / most) for app in drawn]
    order = {app.app: number for number, app in enumerate(found.apps)}
    own = sum(line.app is not None for line in found.trend)
    axes.scatter(
        across, [dollars(app.cost) for app in drawn], s=areas, alpha=0.75, edgecolors="#404040", linewidths=0.8,
        c=[COLORS[order[app.app]] if order[app.app] < own else REST for app in drawn],
    )  # fmt: skip
    _scaled(axes)
    _write(axes, drawn, areas, [_label(app, text) for app in drawn])
    axes.set_xlabel("requests")
    axes.set_ylabel("cost in USD")
    axes.text(
        0.99, 0.01, f"bubble area: output tokens, the largest {short(most)}", ha="right", va="bottom", fontsize=9,
        transform=axes.transAxes,
    )  # fmt: skip
    return len(found.apps) - len(drawn)


def _scaled(axes: Axes) -> None:
    """Limits with room for bubbles and labels, and ticks in plain numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter

    for axis, scale, write, limits in (
        (axes.xaxis, axes.get_xscale(), lambda value, _: short(round(value)) if value >= 1 else "", axes.set_xlim),
        (axes.yaxis, axes.get_yscale(), lambda value, _: tick(value), axes.set_ylim),
    ):
        low, high = axis.get_data_interval()
        if scale == "log":
            room = (high / low) ** 0.15
            limits(low / room, high * room)
            axis.set_major_locator(LogLocator(subs=(1.0,) if high > 1000 * low else (1.0, 3.0), numticks=9))
            axis.set_minor_formatter(NullFormatter())
        else:
            limits(0, high * 1.2 or 1)
        axis.set_major_formatter(write)
    axes.grid(visible=True)


def _write(axes: Axes, apps: Sequence[AppUse], areas: Sequence[float], labels: Sequence[str]) -> None:
    """Names of the dearest beside their bubbles, where there is room."""
    to_points = 72 / axes.figure.dpi
    points = [(app.requests, dollars(app.cost)) for app in apps]
    centres = (axes.transData.transform(points) * to_points).tolist()
    frame = Box(*(edge * to_points for edge in axes.bbox.extents))
    bubbles = [Bubble(x, y, area) for (x, y), area in zip(centres, areas, strict=True)]
    found = places(bubbles, [columns(label) for label in labels[:_LABELS]], frame)
    for place, label, point in zip(found, labels, points, strict=False):
        if place is not None:
            axes.annotate(
                label, point, (place.x, place.y), textcoords="offset points", ha=place.align, va="center",
                fontsize=9.5,
            )  # fmt: skip
