"""A comparison of modes for a terminal: verdict, tables, chart, assumptions."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from llmcost.breakeven.assumed import NOT_MODELLED
from llmcost.breakeven.rounding import nano
from llmcost.breakeven.uncertainty import DRAWS, SEED, probabilities, tornado
from llmcost.reporting import charts
from llmcost.reporting.breakeven import (
    NAMES,
    PARTS,
    assumptions,
    cell,
    money,
    per_million,
    price,
    share,
    tokens_text,
    traffic,
    turning,
    verdict,
)  # fmt: skip
from llmcost.reporting.console import bar, fitting, pairs, render, table
from llmcost.reporting.numbers import count, decimal, percent, usd

if TYPE_CHECKING:
    from rich.console import RenderableType

    from llmcost.breakeven.comparison import Comparison, Outcome
    from llmcost.breakeven.fields import Mode
    from llmcost.breakeven.plan import Plan

HEAD = ("", "per month", "fixed", "variable", "per 1M tokens", "replicas", "GPUs", "servers", "average use")
_EXPENDABLE = ("servers", "replicas", "variable")
_MARKS: dict[Mode, str] = {"api": "a", "hosted": "h", "owned": "o"}
#: The chart spans this many decades on either side of the volume asked for, and further to a crossing.
_DECADES = 2
_MOST_DECADES = 5
_BAR = 12
#: Columns from which a table of five reads better than a list.
_ROOMY = 120


def as_text(found: Comparison, *, width: int | None, color: bool) -> str:
    plan = found.plan
    head, rows = fitting(HEAD, [cells(found, outcome) for outcome in found.outcomes.values()],
                         expendable=_EXPENDABLE, width=width)  # fmt: skip
    modes = table(head, rows, right=range(1, len(head)), tight=True)
    parts: list[RenderableType] = [traffic(plan), verdict(found), "", modes, ""]
    parts += [line for outcome in found.outcomes.values() for line in _parts(outcome)]
    if len(found.volumes) > 1:
        parts += ["", _volumes(found)]
    parts += ["", *turning(found), "", *_chart(found, width=width, color=color), ""]
    parts += [*_sensitivity(plan, width), "", price(plan), ""]
    parts += [_assumptions(plan, width), ""]
    parts.append("Not modelled: " + "; ".join(NOT_MODELLED) + ".")
    return render(parts, width=width, color=color)


def _assumptions(plan: Plan, width: int | None) -> RenderableType:
    """A table where it has room, else (and where nothing folds long sources) one input below the other."""
    rows = assumptions(plan)
    if width is not None and width >= _ROOMY:
        return table(("mode", "input", "value", "", "from"), rows, right=(2,), tight=True)
    lines = []
    for modes, name, value, unit, source in rows:
        of = f" ({modes})" if modes else ""
        lines.append((name, f"{value} {unit}".rstrip() + f"{of}; {source}"))
    return pairs(lines)


def cells(found: Comparison, outcome: Outcome) -> tuple[str, ...]:
    """A row of HEAD."""
    size = outcome.size
    sized = ("-", "-", "-", "-")
    if size is not None:
        use = percent(size.utilisation.numerator, size.utilisation.denominator)
        sized = (count(size.replicas), count(size.gpus), "-" if size.servers is None else count(size.servers), use)
    return (
        label(found.plan, outcome.mode), money(outcome.total), money(outcome.start), money(outcome.variable),
        usd(per_million(outcome.total, outcome.tokens)), *sized,
    )  # fmt: skip


def label(plan: Plan, mode: Mode) -> str:
    """The mode with what it is priced by."""
    if mode == "api":
        return f"API: {cell(plan.priced.card.model)}" if plan.priced else "API"
    if mode == "hosted":
        return f"hosted: {plan.hosted.capacity.gpus} × {money(plan.hosted.gpu_hour)}/h"
    return "own servers"


def _parts(outcome: Outcome) -> list[str]:
    """What a mode's cost is made of, largest first."""
    total = outcome.total
    rows = sorted(((part, name) for name, part in outcome.parts.items() if part), reverse=True)
    told = ", ".join(f"{PARTS[name]} {money(part)} ({share(part, total)})" for part, name in rows)
    return [f"{NAMES[outcome.mode]}: {told or 'nothing'}"]


def _volumes(found: Comparison) -> RenderableType:
    modes = list(found.outcomes)
    rows = []
    for outcomes in found.volumes:
        totals = [money(outcomes[mode].total) for mode in modes]
        each = [usd(per_million(outcomes[mode].total, outcomes[mode].tokens)) for mode in modes]
        rows.append((tokens_text(outcomes["api"].tokens), *totals, *each))
    head = ("tokens", *(NAMES[mode] for mode in modes), *(f"{NAMES[mode]}, per 1M" for mode in modes))
    return table(head, rows, right=range(len(head)), tight=True)


def _chart(found: Comparison, *, width: int | None, color: bool) -> list[RenderableType]:
    """Cost against volume, both logarithmic; x: two modes cost the same, |: the volume asked for."""
    from rich.text import Text

    low, high = _span(found)
    columns = (width or 100) - 10
    volumes = [10 ** (low + (high - low) * step / columns) for step in range(columns + 1)]
    curves = [
        (_MARKS[mode], [(volume, float(curve.cost(Fraction(volume)))) for volume in volumes])
        for mode, curve in found.curves.items()
    ]
    curves = [(mark, [point for point in points if point[1] > 0]) for mark, points in curves]
    heights = [point[1] for _, points in curves for point in points] or [1.0]
    bottom, top = floor(log10(min(heights))), ceil(log10(max(heights)) + 1e-9)
    top = max(top, bottom + 1)
    crossed = [
        (float(each.tokens), float(found.curves[pair.between[0]].cost(each.tokens)), "x")
        for pair in found.pairs
        for each in pair.crossings.found
        if low <= log10(max(float(each.tokens), 1.0)) <= high
    ]
    crossed = [mark for mark in crossed if mark[1] > 0]
    asked = [(float(found.plan.tokens), 10.0**exponent, "|") for exponent in _steps(bottom, top)]
    drawn = charts.loglog(
        curves, [*asked, *crossed],
        x_ticks=[(10.0**exponent, tokens_text(10**exponent)) for exponent in range(low, high + 1)],
        y_ticks=[(10.0**exponent, _dollars(exponent) + " ") for exponent in range(bottom, top + 1)],
        width=width, color=color,
    )  # fmt: skip
    legend = ", ".join(f"{_MARKS[mode]} {NAMES[mode]}" for mode in found.curves)
    return [f"USD a month by tokens a month: {legend}, x equal cost, | the volume asked for", Text.from_ansi(drawn)]


def _steps(bottom: int, top: int) -> list[float]:
    return [bottom + (top - bottom) * step / (charts.LOG_HEIGHT - 3) for step in range(charts.LOG_HEIGHT - 2)]


def _span(found: Comparison) -> tuple[int, int]:
    """Exponents of ten between which the chart lies."""
    asked = log10(found.plan.tokens)
    places = [log10(max(float(each.tokens), 1.0)) for pair in found.pairs for each in pair.crossings.found]
    near = [place for place in places if abs(place - asked) <= _MOST_DECADES]
    low, high = min([asked - _DECADES, *near]), max([asked + _DECADES, *near])
    return max(0, floor(low)), ceil(high)


def _dollars(exponent: int) -> str:
    return f"${10**exponent:,}" if exponent >= 0 else f"${10.0**exponent:.{-exponent}f}"


def _sensitivity(plan: Plan, width: int | None) -> list[RenderableType]:
    chances = ", ".join(
        f"{NAMES[mode]} cheapest in {percent(chance.numerator, chance.denominator)}"
        for mode, chance in probabilities(plan).items()
    )
    swings = tornado(plan)
    widest = nano(max(swing.width for swing in swings))
    swung = [
        (
            swing.range.name,
            bar(nano(swing.width), widest, _BAR),
            f"× {decimal(swing.range.low, 2)}",
            _lead(swing.low),
            f"× {decimal(swing.range.high, 2)}",
            _lead(swing.high),
            swing.range.reason,
        )
        for swing in swings
    ]
    head, rows = fitting(
        ("input", "moves the lead", "times", "cheapest then", "times", "cheapest then", "because"), swung,
        expendable=("because", "moves the lead"), width=width,
    )  # fmt: skip
    return [
        "One input at a time, the others as given; what moves the cheapest mode's lead most comes first:",
        table(head, rows, tight=True),
        "",
        f"All of them at once, {count(DRAWS)} draws within these ranges (log-uniform, seed {SEED}): {chances}.",
    ]


def _lead(costs: dict[Mode, Fraction]) -> str:
    """The cheapest mode and its distance from the next."""
    (mode, first), (_, second) = sorted(costs.items(), key=lambda item: item[1])[:2]
    return f"{NAMES[mode]} by {money(second - first)}"
