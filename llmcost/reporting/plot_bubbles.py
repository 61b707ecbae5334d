"""The pane of the breakdown figure that sets cost against requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmcost.analysis.breakdown import AppUse, Breakdown
from llmcost.reporting.numbers import short
from llmcost.reporting.plot_labels import Box, Bubble, places
from llmcost.reporting.plot_style import COLORS, REST, Text, app_label, columns, dollars, head, nothing, tick

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Axes are logarithmic where the largest value is more than so many times the smallest.
_SPREAD = 20
#: Points squared of the largest bubble and of the smallest; so many have a name.
_BUBBLE, _DOT, _LABELS = 1_400, 30, 12


def efficiency(axes: Axes, found: Breakdown, text: Text) -> int:
    """Cost against requests, a bubble for each app; how many apps have no place there.

    A bubble's area goes with the output tokens. What is unpriced altogether has no known cost, and zero no logarithm.
    """
    head(axes, "Cost against requests by app")
    drawn = [app for app in found.apps if app.cost > 0 or not app.unpriced]
    ups = [app.cost for app in drawn if app.cost > 0]
    if ups and max(ups) > _SPREAD * min(ups):
        drawn = [app for app in drawn if app.cost > 0]
        axes.set_yscale("log")
    if not drawn:
        nothing(axes, "no cost in this period")
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
    _write(axes, drawn, areas, [app_label(app, text) for app in drawn[:_LABELS]])
    axes.set_xlabel(f"requests (bubble area: output tokens, the largest {short(most)})")
    axes.set_ylabel("cost in USD")
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
    found = places(bubbles, [columns(label) for label in labels], frame)
    for place, label, point in zip(found, labels, points, strict=False):
        if place is not None:
            axes.annotate(
                label, point, (place.x, place.y), textcoords="offset points", ha=place.align, va="center",
                fontsize=9.5,
            )  # fmt: skip
