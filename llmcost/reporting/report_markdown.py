"""A report as Markdown, for a pull request, a wiki or a chat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmcost.analysis.report import Report
from llmcost.core.instants import from_us
from llmcost.ledger.measures import Group, Sums
from llmcost.reporting import why, words
from llmcost.reporting.cells import markdown_table, markdown_text
from llmcost.reporting.numbers import count, percent
from llmcost.reporting.view import View, listed, name


def render(report: Report, view: View) -> str:
    blocks = [f"## {words.title(report)}"]
    total = report.sums["cost"]
    if "summary" in view.sections:
        lines = [f"**{words.paid(report)}**, {words.change(report)}", why.sentence(report), words.volume(report)]
        blocks += filter(None, lines)
        blocks += [f"> {markdown_text(line)}" for line in words.cautions(report)]
    if "why" in view.sections and report.variance.change:
        rows = why.variance_rows(report.variance, view.top)
        blocks.append("### Why it changed\n\n" + markdown_table(why.VARIANCE_HEADER, rows, right=range(2, 8)))
    if "trend" in view.sections:
        zone = report.question.compared.period.zone
        rows = [
            (from_us(p.start, zone).strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00"), *_numbers(p.sums, total))
            for p in report.trend
        ]
        blocks.append("### Trend\n\n" + _table((report.question.granularity,), rows))
    for section, groups, by in (
        ("models", report.models, ("model",)),
        ("apps", report.apps, ("app",)),
        ("groups", report.groups, report.question.by),
    ):
        if section in view.sections:
            blocks.append(f"### By {', '.join(by)}\n\n" + _groups(groups, by, view.top, total))
    if "anomalies" in view.sections and report.anomalies:
        blocks += _anomalies(report, view)
    if "metrics" in view.sections:
        rows = [(words.LABELS[m.key], words.metric_value(m), words.metric_basis(m)) for m in report.metrics]
        blocks.append("### Metrics\n\n" + markdown_table(("metric", "value", "basis"), rows, right=(1,)))
    if "unpriced" in view.sections and report.unpriced:
        rows = [(name(g.key[0]), name(g.key[1]), count(g.sums["unpriced"])) for g in report.unpriced]
        blocks.append("### Without a price\n\n" + markdown_table(("provider", "model", "requests"), rows, right=(2,)))
    if report.layers:
        blocks.append(f"Prices: {', '.join(report.layers)}")
    return "\n\n".join(blocks)


def _anomalies(report: Report, view: View) -> Iterator[str]:
    found, zone = report.anomalies, report.question.compared.period.zone
    if found and found.episodes:
        rows = why.episode_rows(found.episodes, zone, view.top)
        yield "### Unusual spend\n\n" + markdown_table(why.EPISODE_HEADER, rows, right=(2, 3, 4))
    if found and found.requests:
        rows = why.request_rows(found.requests, zone, view.top)
        yield f"### {why.dear_sentence(found)}\n\n" + markdown_table(why.REQUEST_HEADER, rows, right=(3, 4))


def _groups(groups: Sequence[Group], by: tuple[str, ...], top: int | None, total: int) -> str:
    shown, rest, others = listed(groups, top)
    rows = [(*map(name, group.key), *_numbers(group.sums, total)) for group in shown]
    if rest is not None:
        rows.append((f"{others:,} others", *[""] * (len(by) - 1), *_numbers(rest, total)))
    return _table(by, rows)


def _table(by: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    header = (*by, "cost", "share", "requests", "input tokens", "output tokens")
    return markdown_table(header, rows, right=range(len(by), len(header)))


def _numbers(sums: Sums, total: int) -> tuple[str, ...]:
    usage = sums.usage
    return (
        words.cost(sums), percent(sums["cost"], total), count(sums["requests"]), count(usage.input_total),
        count(usage.output_total),
    )  # fmt: skip
