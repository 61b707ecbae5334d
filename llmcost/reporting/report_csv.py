"""A report as CSV: one row per group, or per point of the trend with `--section trend`."""

from __future__ import annotations

from llmcost.analysis.report import Report
from llmcost.core.instants import rfc3339
from llmcost.core.text import printable
from llmcost.ledger.measures import Sums
from llmcost.reporting.cells import csv_text
from llmcost.reporting.numbers import counted
from llmcost.reporting.view import View, cost_usd, cut

_COLUMNS = ("cost_usd", "requests", "input_tokens", "cached_input_tokens", "output_tokens", "unpriced_requests")


def render(report: Report, view: View) -> str:
    zone = report.question.compared.period.zone
    if view.sections == ("trend",):
        return csv_text(
            ("start", "end", *_COLUMNS),
            ((rfc3339(p.start, zone), rfc3339(p.end, zone), *_numbers(p.sums)) for p in report.trend),
        )
    groups, rest, others = cut(report.groups, view.top)
    by = report.question.by
    rows = [(*map(printable, group.key), *_numbers(group.sums)) for group in groups]
    if rest is not None:
        rows.append((f"({counted(others, 'other')})", *[""] * (len(by) - 1), *_numbers(rest)))
    return csv_text((*by, *_COLUMNS), rows)


def _numbers(sums: Sums) -> tuple[object, ...]:
    usage = sums.usage
    return (
        cost_usd(sums), sums["requests"], usage.input_total, usage.cached_total, usage.output_total,
        sums["unpriced"],
    )  # fmt: skip
