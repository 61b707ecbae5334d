"""Charts drawn in characters with plotext, the only place that imports it."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from typing import Any

HEIGHT = 12
LOG_HEIGHT = 20
_WIDTH = 100


def columns(labels: Sequence[str], values: Sequence[float], *, width: int | None, color: bool) -> str:
    """A column chart; `labels` are ASCII (dates). Every label that fits is shown."""
    plt = _canvas(width, color=color)
    places = list(range(len(values)))
    plt.bar(places, [float(value) for value in values], width=0.6)
    wanted = max(1, -(-len(labels) * (max(map(len, labels), default=1) + 2) // ((width or _WIDTH) - 12)))
    plt.xticks(places[::wanted], list(labels[::wanted]))
    highest = max([*values, 0.0]) or 1
    plt.ylim(0, highest)
    plt.yticks(*_money_ticks(highest))
    return _built(plt, color=color)


def _money_ticks(highest: float) -> tuple[list[float], list[str]]:
    """Five of them up to `highest`, with the decimals that tell them apart."""
    ticks = [highest * step / 4 for step in range(5)]
    decimals = 2 if highest >= 1 else max(4, 1 - floor(log10(ticks[1])))
    return ticks, [f"{tick:,.{decimals}f} " for tick in ticks]


def scatter(points: Sequence[tuple[float, float, str]], *, x: str, y: str, width: int | None, color: bool) -> str:
    """Points (x, y, one-character mark); x in whole numbers, y in USD."""
    plt = _canvas(width, color=color)
    for across, up, mark in points:
        plt.scatter([across], [up], marker=mark)
    most = max((across for across, _, _ in points), default=0.0) or 1
    highest = max((up for _, up, _ in points), default=0.0) or 1
    plt.xlim(0, most * 1.05)
    plt.ylim(0, highest * 1.1)
    ticks = sorted({round(most * step / 4) for step in range(5)})
    plt.xticks(ticks, [f"{tick:,}" for tick in ticks])
    plt.yticks(*_money_ticks(highest))
    plt.xlabel(x)
    plt.ylabel(y)
    return _built(plt, color=color)


def loglog(
    curves: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    marks: Sequence[tuple[float, float, str]],
    *,
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
    width: int | None,
    color: bool,
) -> str:
    """Curves, each drawn in a character of its own, and marks (x, y, character) over them; both axes logarithmic."""
    plt = _canvas(width, color=color)
    plt.plotsize(width or _WIDTH, LOG_HEIGHT)
    for mark, points in curves:
        plt.scatter([log10(x) for x, _ in points], [log10(y) for _, y in points], marker=mark)
    for across, up, mark in marks:
        plt.scatter([log10(across)], [log10(up)], marker=mark)
    for ticks, place, limit in ((x_ticks, plt.xticks, plt.xlim), (y_ticks, plt.yticks, plt.ylim)):
        place([log10(value) for value, _ in ticks], [text for _, text in ticks])
        limit(log10(ticks[0][0]), log10(ticks[-1][0]))
    return _built(plt, color=color)


def _canvas(width: int | None, *, color: bool) -> Any:
    import plotext as plt

    plt.clear_figure()
    plt.theme("default" if color else "clear")
    plt.canvas_color("default")
    plt.axes_color("default")
    plt.ticks_color("default")
    plt.limitsize(False, False)
    plt.plotsize(width or _WIDTH, HEIGHT)
    plt.frame(False)
    return plt


def _built(plt: Any, *, color: bool) -> str:
    text: str = plt.build()
    if not color:
        text = plt.uncolorize(text)
    return "\n".join(line.rstrip() for line in text.rstrip("\n").split("\n"))
