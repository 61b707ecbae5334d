"""A report for a terminal: what happened first, then where, then how well it is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, dropwhile
from typing import TYPE_CHECKING

from llmcost.analysis.report import Point, Report
from llmcost.core.instants import Granularity, from_us
from llmcost.core.money import NANO_PER_USD
from llmcost.ledger.measures import Group, Sums
from llmcost.reporting import charts, why, words
from llmcost.reporting.console import bar, fitting, table
from llmcost.reporting.console import render as console
from llmcost.reporting.numbers import count, percent, short, usd
from llmcost.reporting.view import DEFAULT_SECTIONS, View, cut, listed, name

if TYPE_CHECKING:
    from rich.console import RenderableType

_BAR = 16
_PANES_ABREAST = 150
_READABLE = 62
_LABELS: dict[Granularity, str] = {"hour": "%d %H:%M", "day": "%m-%d", "week": "%m-%d", "month": "%Y-%m"}


def render(report: Report, view: View) -> str:
    parts = _charts(report, view) if view.charts else _sections(report, view)
    return console(parts, width=view.width, color=view.color)


def _sections(report: Report, view: View) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(words.title(report), style="bold")
    if "summary" in view.sections:
        yield from _headline(report)
    if "why" in view.sections and report.variance.change:
        yield _heading("Why it changed (USD)")
        yield _fitted(why.VARIANCE_HEADER, why.variance_rows(report.variance, view.top), view, 6)
    if "trend" in view.sections and report.sums["requests"]:
        yield _heading(f"Cost per {report.question.granularity} (USD)")
        yield Text.from_ansi(_trend(report.trend, report, view.width, view))
    for section, heading, groups, by in (
        ("models", "Models", report.models, ("model",)),
        ("apps", "Apps", report.apps, ("app",)),
        ("groups", f"By {', '.join(report.question.by)}", report.groups, report.question.by),
    ):
        if section in view.sections and groups:
            yield _heading(heading)
            yield _groups(groups, by, report.sums["cost"], view)
    if "anomalies" in view.sections:
        yield from _anomalies(report, view)
    if "metrics" in view.sections and report.sums["requests"]:
        yield _heading("Metrics")
        rows = [(words.LABELS[m.key], words.metric_value(m), words.metric_basis(m)) for m in report.metrics[1:]]
        yield _bare(rows)
    if "unpriced" in view.sections and report.unpriced:
        yield _heading("Without a price (`llmcost prices add`, then `llmcost reprice`)")
        rows = [(name(g.key[1]), name(g.key[0]), count(g.sums["unpriced"])) for g in report.unpriced]
        yield table(("model", "provider", "requests"), rows, right=(2,))
    if report.layers:
        yield Text(f"\nprices: {', '.join(report.layers)} (`llmcost prices show MODEL`)", style="dim")


def _heading(text: str) -> RenderableType:
    from rich.text import Text

    return Text(f"\n{text}", style="bold")


def _headline(report: Report) -> Iterator[RenderableType]:
    from rich.text import Text

    grew = report.sums["cost"] > report.before["cost"]
    line = Text.assemble(
        (f"\n{words.paid(report)}", "bold cyan"),
        "  ",
        (words.change(report), "red" if grew and report.before["cost"] else "green" if report.before["cost"] else ""),
    )
    yield line
    if reason := why.sentence(report):
        yield Text(reason)
    yield Text(words.volume(report))
    for caution in words.cautions(report):
        yield Text(f"! {caution}", style="yellow")


def _anomalies(report: Report, view: View) -> Iterator[RenderableType]:
    from rich.text import Text

    found, zone = report.anomalies, report.question.compared.period.zone
    if found is None:
        if view.sections != DEFAULT_SECTIONS:
            yield Text("\nwhat was unusual is not known: rows of this period were compacted")
        return
    if found.episodes:
        yield _heading("Unusual spend, for its app")
        yield _fitted(why.EPISODE_HEADER, why.episode_rows(found.episodes, zone, view.top), view, 3, right=(2, 3, 4))
        yield Text(f"see `{why.drill(found.episodes[0], zone)}`", style="dim")
    if found.request_count and view.sections != DEFAULT_SECTIONS:
        yield _heading(why.dear_sentence(found))
        rows = why.request_rows(found.requests, zone, view.top)
        yield _fitted(why.REQUEST_HEADER, rows, view, 2, right=(3, 4))
    elif found.request_count:
        yield Text(f"\n{why.dear_sentence(found)}: `llmcost report --section anomalies`", style="dim")
    elif not found.episodes and view.sections == ("anomalies",):
        yield Text("\nnothing unusual")


def _fitted(
    header: Sequence[str], rows: Sequence[tuple[str, ...]], view: View, names: int, right: Sequence[int] | None = None
) -> RenderableType:
    """A table whose last columns may go and whose `names` first ones may fold."""
    header, rows = fitting(header, rows, expendable=header[-1:-4:-1], width=view.width, folding=range(names))
    return table(header, rows, right=right or range(2, len(header)))


def _bare(rows: Sequence[tuple[str, str, str]]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column()
    for label, value, basis in rows:
        grid.add_row(Text(label), Text(value), Text(basis, style="dim"))
    return grid


def _groups(groups: Sequence[Group], by: tuple[str, ...], total: int, view: View) -> RenderableType:
    shown, rest, others = listed(groups, view.top)
    rows = [(*map(name, group.key), *_numbers(group.sums, total, view)) for group in shown]
    if rest is not None:
        rows.append((f"{others:,} others", *[""] * (len(by) - 1), *_numbers(rest, total, view)))
    header, rows = fitting((*by, "cost", "share", "", "requests", "tokens"), rows, expendable=("",), width=view.width)
    tight = "" not in header
    if tight:
        names = range(len(by))
        header, rows = fitting(header, rows, expendable=("tokens", "share"), width=view.width, folding=names)
    return table(header, rows, right=[at for at, title in enumerate(header) if title and at >= len(by)], tight=tight)


def _numbers(sums: Sums, total: int, view: View) -> tuple[str, ...]:
    wide = _BAR if view.width is None or view.width >= 72 else 6
    return (
        words.cost(sums), percent(sums["cost"], total), bar(sums["cost"], total, wide),
        count(sums["requests"]), short(sums.usage.tokens),
    )  # fmt: skip


def _trend(points: Sequence[Point], report: Report, width: int | None, view: View) -> str:
    zone = report.question.compared.period.zone
    if len(points) > _READABLE:
        # A long period may begin before the ledger does: its blank start would squeeze the rest.
        points = list(dropwhile(lambda point: not point.sums["requests"], points))
    form = _LABELS[report.question.granularity]
    labels = [from_us(point.start, zone).strftime(form) for point in points]
    values = [point.sums["cost"] / NANO_PER_USD for point in points]
    return charts.columns(labels, values, width=width, color=view.color)


def _charts(report: Report, view: View) -> Iterator[RenderableType]:
    """The four panes: cost by model, cost over time, tokens by app, and cost against requests by app."""
    from rich.table import Table
    from rich.text import Text

    abreast = view.width is not None and view.width >= _PANES_ABREAST
    width = (view.width - 4) // 2 if abreast and view.width else view.width
    bars = max(10, min(40, (width or 100) - 40))
    panes = [
        (f"Cost by model, {usd(report.sums['cost'])}", _shares(report, view, bars)),
        (f"Cost per {report.question.granularity} (USD)", Text.from_ansi(_trend(report.trend, report, width, view))),
        ("Tokens by app (in / out)", _tokens(report, view, bars)),
        ("Cost (USD) against requests, by app", _efficiency(report, view, width)),
    ]
    yield Text(words.title(report), style="bold")
    if not report.sums["requests"]:
        yield Text("\nnothing recorded")
        return
    if not abreast:
        yield from chain.from_iterable((_heading(title), pane) for title, pane in panes)
        return
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    for left, right in (panes[:2], panes[2:]):
        grid.add_row(_heading(left[0]), _heading(right[0]))
        grid.add_row(left[1], right[1])
    yield grid


def _shares(report: Report, view: View, width: int) -> RenderableType:
    shown, rest, others = listed(report.models, view.top)
    total = report.sums["cost"]
    rows = [(name(group.key[0]), group.sums) for group in shown]
    if rest is not None:
        rows.append((f"{others:,} others", rest))
    return table(
        ("model", "cost", "share", ""),
        [(label, words.cost(s), percent(s["cost"], total), bar(s["cost"], total, width - 12)) for label, s in rows],
        right=(1, 2),
    )


def _tokens(report: Report, view: View, width: int) -> RenderableType:
    shown, _, _ = cut(report.apps, view.top)
    most = max((max(g.sums.usage.input_total, g.sums.usage.output_total) for g in shown), default=0)
    rows = []
    for group in shown:
        usage = group.sums.usage
        for label, tokens in ((name(group.key[0]), usage.input_total), ("", usage.output_total)):
            direction = "in" if label else "out"
            rows.append((label, direction, short(tokens), bar(tokens, most, width)))
    return table(("app", "", "tokens", ""), rows, right=(2,))


def _efficiency(report: Report, view: View, width: int | None) -> RenderableType:
    from rich.console import Group as Stack
    from rich.text import Text

    shown, _, _ = cut(report.apps, min(view.top or 26, 26))
    marks = "abcdefghijklmnopqrstuvwxyz"
    points = [
        (float(g.sums["requests"]), g.sums["cost"] / NANO_PER_USD, mark) for g, mark in zip(shown, marks, strict=False)
    ]
    chart = charts.scatter(points, x="requests", y="USD", width=width, color=view.color)
    legend = ", ".join(f"{mark} {name(g.key[0])}" for g, mark in zip(shown, marks, strict=False))
    return Stack(Text.from_ansi(chart), Text(legend))
