"""The report people read, as a page of sentences, figures and tables: what happened, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from llmcost.analysis.outlook import Outlook, outlook
from llmcost.analysis.report import Point, Report
from llmcost.budgets.check import Check, Standing
from llmcost.core.instants import DAY_US, from_us
from llmcost.core.money import NANO_PER_USD
from llmcost.core.text import printable
from llmcost.ledger.measures import Group, Sums
from llmcost.ledger.protocol import Ledger, Query
from llmcost.reporting import why
from llmcost.reporting.labels import Labels
from llmcost.reporting.numbers import count, percent, short, usd
from llmcost.reporting.spans import duration
from llmcost.reporting.view import cost_usd, listed

_TOP, _MODELS, _ROWS = 5, 10, 10
#: A day in every language.
_DAY = "{0:%m-%d}"
#: A newest request older than this asks whether logs are still read.
_STALE_US = 2 * DAY_US


class Weekly(NamedTuple):
    """What a page is made of. Nothing below reads a clock, a file or the ledger."""

    report: Report
    outlook: Outlook
    budgets: Check | None
    """None where there is no budgets.yaml."""
    without_team: int
    """nano-USD of requests without a team."""
    now_us: int
    newest_us: int | None
    version: str
    language: str = "en"


def gathered(
    ledger: Ledger, report: Report, budgets: Check | None, *, now_us: int, version: str, language: str = "en"
) -> Weekly:
    """What a page says beside its report, from the ledger the report is of."""
    question = report.question
    period = question.compared.period
    with ledger.snapshot():
        teams = ledger.sums(Query(period.start, period.end, ("team",), question.where))
        return Weekly(
            report,
            outlook(ledger, now_us, period.zone, question.where),
            budgets,
            sum(group.sums["cost"] for group in teams if group.key == ("",)),
            now_us,
            ledger.newest_at(now_us),
            version,
            language,
        )


class Cell(NamedTuple):
    text: str
    value: float | None = None
    """What it is sorted by, where that is not its text."""


class Table(NamedTuple):
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    names: int
    """So many columns from the left are text, the others numbers."""


class Section(NamedTuple):
    key: str
    heading: str
    text: str = ""
    table: Table | None = None
    bars: tuple[tuple[str, int], ...] = ()
    """(label, nano-USD) of a chart."""
    commands: tuple[str, ...] = ()


class Todo(NamedTuple):
    text: str
    command: str = ""


class Fact(NamedTuple):
    label: str
    value: str
    note: str = ""


class Page(NamedTuple):
    language: str
    title: str
    subject: str
    headline: tuple[str, ...]
    why: str
    todo: tuple[Todo, ...]
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    foot: tuple[str, ...]


def page(weekly: Weekly) -> Page:
    label = Labels(weekly.language)
    report = weekly.report
    period = report.question.compared.period
    days = {"first": period.first_day.isoformat(), "last": period.last_day.isoformat()}
    return Page(
        weekly.language,
        label("title", **days),
        label("subject", **days, cost=_cost(report.sums, label)),
        tuple(_headline(weekly, label)),
        _why(report, label),
        tuple(_todo(weekly, label)),
        tuple(_facts(weekly, label)),
        tuple(_sections(weekly, label)),
        tuple(_foot(weekly, label)),
    )


def _headline(weekly: Weekly, label: Labels) -> Iterator[str]:
    report, outlook = weekly.report, weekly.outlook
    covered = report.covered
    paid = usd(report.sums["cost"] - covered.cost) if covered.requests else _cost(report.sums, label)
    yield label("spent", cost=paid)
    if covered.requests:
        yield label("covered_too", cost=usd(covered.cost))
    change = report.sums["cost"] - report.before["cost"]
    if not report.before["requests"]:
        yield label("nothing_before")
    elif cost_usd(report.sums) is None or cost_usd(report.before) is None:
        yield label("no_comparison")
    else:
        share = percent(change, report.before["cost"], sign=True)
        yield label("against", change=why.signed(change), share=share, before=usd(report.before["cost"]))
    fullest = max(_money(weekly.budgets), key=lambda s: s.spent / s.limit.amount, default=None)
    if fullest is not None:
        yield label(
            "fullest", name=printable(fullest.budget.name), window=_window(fullest, label),
            share=percent(fullest.spent, fullest.limit.amount), limit=usd(fullest.limit.amount),
        )  # fmt: skip
    if outlook.forecast is None:
        yield label("month_so_far", month=outlook.month.label, spent=usd(outlook.spent))
    else:
        found = outlook.forecast
        ends = {"forecast": usd(found.nano), "low": usd(found.low), "high": usd(found.high)}
        yield label("heading", month=outlook.month.label, **ends)


def _money(found: Check | None) -> list[Standing]:
    return [s for s in found.standings if s.limit.measure == "usd" and s.limit.amount] if found else []


def _why(report: Report, label: Labels) -> str:
    if not report.before["requests"]:
        return ""
    parts = [
        f"{why.signed(nano)} {label(f'cause_{cause}_up' if nano > 0 else f'cause_{cause}_down')}"
        for cause, nano in why.told(report.variance)
    ]
    return ", ".join(parts)


def _todo(weekly: Weekly, label: Labels) -> Iterator[Todo]:
    report = weekly.report
    zone = report.question.compared.period.zone
    found = 0
    for s in weekly.budgets.standings if weekly.budgets else ():
        named = {"name": printable(s.budget.name), "window": _window(s, label), "limit": _amount(s, s.limit.amount)}
        if s.breached:
            yield Todo(label("do_breach", **named, spent=_amount(s, s.spent)))
        elif s.heading_over and s.forecast is not None:
            yield Todo(label("do_forecast", **named, forecast=_amount(s, s.forecast.nano)))
        found += s.breached or s.heading_over
    for each in report.anomalies.episodes[:3] if report.anomalies else ():
        said = {"app": _name(each.app, label), "when": why.when(each, zone, _DAY), "excess": usd(abs(each.excess))}
        text = label("do_rise", **said, times=why.times(each)) if each.excess > 0 else label("do_drop", **said)
        yield Todo(text, why.drill(each, zone))
        found += 1
    if report.sums["unpriced"]:
        yield Todo(label("do_price", count=count(report.sums["unpriced"])), "llmcost prices add")
        found += 1
    newest = weekly.newest_us
    if newest is not None and weekly.now_us - newest > _STALE_US:
        yield Todo(label("do_stale", time=f"{from_us(newest, zone):%Y-%m-%d %H:%M}"), "llmcost ingest")
        found += 1
    if not found:
        yield Todo(label("nothing_to_do"))


def _facts(weekly: Weekly, label: Labels) -> Iterator[Fact]:
    report = weekly.report
    sums, usage = report.sums, report.sums.usage
    each = next(metric for metric in report.metrics if metric.key == "cost_per_request_usd")
    yield Fact(label("requests"), count(sums["requests"]))
    yield Fact(label("per_request"), "-" if each.value is None else usd(int(each.value)))
    parts = {"input": short(usage.input_total), "output": short(usage.output_total)}
    yield Fact(label("tokens"), short(usage.tokens), label("tokens_note", **parts))
    yield Fact(label("cached"), percent(usage.cached_total, usage.input_total))
    nobody = sum(group.sums["cost"] for group in report.apps if group.key == ("",))
    team = {"cost": usd(weekly.without_team), "share": percent(weekly.without_team, sums["cost"])}
    yield Fact(
        label("unallocated"), f"{usd(nobody)} ({percent(nobody, sums['cost'])})",
        label("without_team", **team) if weekly.without_team else "",
    )  # fmt: skip
    yield Fact(label("unpriced"), count(sums["unpriced"]))
    covered = report.covered
    note = label("covered_note", cost=usd(covered.cost)) if covered.requests else ""
    yield Fact(label("covered"), count(covered.requests), note)


def _sections(weekly: Weekly, label: Labels) -> Iterator[Section]:
    report = weekly.report
    if not report.sums["requests"]:
        yield Section("empty", label("no_requests"))
    if report.variance.change and report.before["requests"]:
        yield Section("why", label("why"), table=_variance(report, label))
    if report.sums["requests"]:
        yield _trend(report, label)
        shown, rest, _ = listed(report.apps, _TOP)
        heading = label("top_apps", count=len(shown) if rest is None else _TOP)
        yield Section("apps", heading, table=_groups(report, report.apps, "app", _TOP, label))
        yield Section("models", label("models"), table=_groups(report, report.models, "model", _MODELS, label))
    if weekly.budgets and weekly.budgets.standings:
        yield Section("budgets", label("budgets"), table=_budgets(weekly.budgets, label))
    yield from _anomalies(report, label)


def _variance(report: Report, label: Labels) -> Table:
    shown = [row for row in report.variance.rows[:_ROWS] if row.change]
    told = ("price", "volume", "mix", "new", "gone", "unpriced")
    causes = [cause for cause in told if any(row.causes[cause] for row in shown)]
    rows = (
        (
            Cell(_name(row.app, label)),
            Cell(_name(row.model, label)),
            _signed(row.change),
            *(_signed(row.causes[cause]) if row.causes[cause] else Cell("", 0.0) for cause in causes),
        )
        for row in shown
    )
    return Table(tuple(map(label, ("app", "model", "change", *causes))), tuple(rows), 2)


def _signed(nano: int) -> Cell:
    return Cell(why.signed(nano), nano / NANO_PER_USD)


def _trend(report: Report, label: Labels) -> Section:
    unit = report.question.granularity
    zone = report.question.compared.period.zone
    form = {"hour": "%m-%d %H:%M", "month": "%Y-%m"}.get(unit, "%m-%d")

    def name(point: Point) -> str:
        return from_us(point.start, zone).strftime(form)

    rows = tuple(
        (
            Cell(name(point), point.start), _usd(point.sums, label),
            Cell(count(point.sums["requests"]), point.sums["requests"]),
            Cell(short(point.sums.usage.tokens), point.sums.usage.tokens),
        )
        for point in report.trend
    )  # fmt: skip
    header = (label(unit), label("cost"), label("n_requests"), label("n_tokens"))
    bars = tuple((name(point), point.sums["cost"]) for point in report.trend)
    return Section("trend", label("trend", unit=label(unit)), table=Table(header, rows, 1), bars=bars)


def _groups(report: Report, groups: Sequence[Group], by: str, top: int, label: Labels) -> Table:
    total = report.sums["cost"]
    shown, rest, others = listed(groups, top)
    named = [(_name(group.key[0], label), group.sums) for group in shown]
    if rest is not None:
        named.append((label("others", count=f"{others:,}"), rest))
    rows = tuple(
        (
            Cell(name), _usd(sums, label), _share(sums, total),
            Cell(count(sums["requests"]), sums["requests"]), Cell(short(sums.usage.tokens), sums.usage.tokens),
        )
        for name, sums in named
    )  # fmt: skip
    return Table(tuple(map(label, (by, "cost", "share", "n_requests", "n_tokens"))), rows, 1)


def _share(sums: Sums, total: int) -> Cell:
    """Of what has no price no share is known."""
    return Cell("-") if cost_usd(sums) is None else Cell(percent(sums["cost"], total), sums["cost"] / (total or 1))


def _budgets(found: Check, label: Labels) -> Table:
    rows = tuple(
        (
            Cell(printable(s.budget.name)), Cell(_window(s, label)), Cell(label(f"state_{s.state}")),
            Cell(_amount(s, s.spent), s.spent), Cell(_amount(s, s.limit.amount), s.limit.amount),
            Cell(percent(s.spent, s.limit.amount), s.spent / s.limit.amount if s.limit.amount else 0.0),
            Cell("-", 0.0) if s.forecast is None else Cell(_amount(s, s.forecast.nano), s.forecast.nano),
        )
        for s in found.standings
    )  # fmt: skip
    columns = ("budget", "window", "state", "spent_column", "limit", "used", "forecast")
    return Table(tuple(map(label, columns)), rows, 3)


def _anomalies(report: Report, label: Labels) -> Iterator[Section]:
    found, zone = report.anomalies, report.question.compared.period.zone
    if found is None:
        yield Section("anomalies", label("anomalies"), label("unknown_unusual"))
        return
    if not found.episodes and not found.request_count:
        yield Section("anomalies", label("anomalies"), label("nothing_unusual"))
    if found.episodes:
        rows = tuple(
            (
                Cell(_name(each.app, label)), Cell(why.when(each, zone, _DAY), each.start), Cell(why.mostly(each)),
                Cell(usd(each.cost), each.cost), Cell(usd(each.expected), each.expected), Cell(why.times(each)),
            )
            for each in found.episodes[:_ROWS]
        )  # fmt: skip
        table = Table(tuple(map(label, ("app", "when", "mostly", "cost", "usual", "times"))), rows, 3)
        commands = tuple(why.drill(each, zone) for each in found.episodes[:_ROWS])
        yield Section("anomalies", label("anomalies"), table=table, commands=commands)
    if found.requests:
        rows = tuple(
            (Cell(app), Cell(time), Cell(model), Cell(identity), Cell(cost, each.stored.priced.cost), Cell(times))
            for each, (app, time, model, cost, times, identity) in zip(
                found.requests, why.request_rows(found.requests, zone, None), strict=True
            )
        )
        heading = label("dear", count=count(found.request_count), cost=usd(found.request_cost))
        table = Table(tuple(map(label, ("app", "when", "model", "id", "cost", "times_p95"))), rows, 4)
        yield Section("dear", heading, table=table)


def _foot(weekly: Weekly, label: Labels) -> Iterator[str]:
    report = weekly.report
    zone = report.question.compared.period.zone
    yield label("as_of", time=f"{from_us(weekly.now_us, zone):%Y-%m-%d %H:%M}", zone=str(zone))
    if report.question.where:
        filters = ", ".join(f"{name} = {_name(value, label)}" for name, value in report.question.where)
        yield label("filtered", filters=filters)
    if weekly.newest_us is not None:
        age = duration(max(0, weekly.now_us - weekly.newest_us))
        yield label("newest", time=f"{from_us(weekly.newest_us, zone):%Y-%m-%d %H:%M}", age=age)
    if report.layers:
        yield label("prices", layers=printable(", ".join(report.layers)))
    yield label("made_by", version=weekly.version)


def _name(value: str, label: Labels) -> str:
    return printable(value) if value else label("not_set")


def _cost(sums: Sums, label: Labels) -> str:
    return label("not_priced") if cost_usd(sums) is None else usd(sums["cost"])


def _usd(sums: Sums, label: Labels) -> Cell:
    text = _cost(sums, label)
    return Cell(text) if cost_usd(sums) is None else Cell(text, sums["cost"] / NANO_PER_USD)


def _window(standing: Standing, label: Labels) -> str:
    window = standing.limit.window
    return window.name if window.unit == "rolling" else label(window.unit)


def _amount(standing: Standing, amount: int) -> str:
    return usd(amount) if standing.limit.measure == "usd" else f"{short(amount)} {standing.limit.measure}"
