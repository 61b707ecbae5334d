"""A report as a workbook: one sheet per question, numbers as numbers, and no cell that a spreadsheet would run."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from llmcost.analysis.report import Report
from llmcost.core.errors import UsageError
from llmcost.core.instants import rfc3339
from llmcost.core.text import printable
from llmcost.ledger.measures import Sums
from llmcost.reporting import words
from llmcost.reporting.view import cost_usd, number

_SUMS = ("cost_usd", "requests", "input_tokens", "cached_input_tokens", "output_tokens", "unpriced_requests")


def render(report: Report) -> bytes:
    """The workbook's file.

    Raises:
        UsageError: the extra is not installed.
    """
    try:
        from xlsxwriter import Workbook
    except ImportError:
        raise UsageError("--format xlsx needs an extra", "pip install 'llmcost[xlsx]'") from None

    out = io.BytesIO()
    # Text stays text: nothing is taken for a formula, a link or a number.
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(out, plain) as book:
        book.set_properties({"title": words.title(report)})
        for title, header, rows in _sheets(report):
            _write(book, title, header, rows)
    return out.getvalue()


def _sheets(report: Report) -> Iterable[tuple[str, Sequence[str], Iterable[Sequence[object]]]]:
    zone = report.question.compared.period.zone
    period = report.question.compared.period
    by = report.question.by
    yield "summary", ("name", "value"), [
        ("start", rfc3339(period.start, zone)), ("end", rfc3339(period.end, zone)), ("timezone", str(zone)),
        ("cost before, USD", _money(cost_usd(report.before))),
        *(
            (
                words.LABELS[metric.key] + (", USD" if metric.unit == "usd" else ""),
                (None if metric.value is None else Decimal(int(metric.value)) / 10**9)
                if metric.unit == "usd"
                else number(metric),
            )
            for metric in report.metrics
        ),
        ("requests without a price", report.sums["unpriced"]),
    ]  # fmt: skip
    yield "groups", (*by, *_SUMS), ([*map(printable, group.key), *_numbers(group.sums)] for group in report.groups)
    yield "trend", ("start", "end", *_SUMS), (
        [rfc3339(point.start, zone), rfc3339(point.end, zone), *_numbers(point.sums)] for point in report.trend
    )  # fmt: skip
    causes = tuple(report.variance.causes)
    yield "variance", (
        "app", "provider", "model", "cost_usd", "before_usd", "change_usd", *(f"{cause}_usd" for cause in causes)
    ), (
        [
            printable(row.app), printable(row.provider), printable(row.model),
            *(Decimal(nano) / 10**9 for nano in (row.cost, row.before, row.change, *row.causes.values())),
        ]
        for row in report.variance.rows
    )  # fmt: skip
    if report.anomalies:
        yield "anomalies", ("app", "start", "end", "cost_usd", "expected_usd", "excess_usd"), (
            [
                printable(each.app), rfc3339(each.start, zone), rfc3339(each.end, zone),
                *(Decimal(nano) / 10**9 for nano in (each.cost, each.expected, each.excess)),
            ]
            for each in report.anomalies.episodes
        )  # fmt: skip
        yield "requests", ("app", "timestamp", "model", "id", "cost_usd", "p95_usd"), (
            [
                printable(row.app), rfc3339(row.ts, zone), printable(row.model), printable(row.id),
                Decimal(each.stored.priced.cost or 0) / 10**9, float(each.p95) / 10**9,
            ]
            for each in report.anomalies.requests
            for row in [each.stored.priced.record]
        )  # fmt: skip


def _numbers(sums: Sums) -> list[object]:
    usage = sums.usage
    counts = [sums["requests"], usage.input_total, usage.cached_total, usage.output_total, sums["unpriced"]]
    return [_money(cost_usd(sums)), *counts]


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _write(book: Any, title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    sheet = book.add_worksheet(title)
    head, money = book.add_format({"bold": True}), book.add_format({"num_format": "0.00####"})
    sheet.freeze_panes(1, 0)
    widths = [len(name) for name in header]
    for column, name in enumerate(header):
        sheet.write_string(0, column, name, head)
    for line, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(line, column, value)
            elif value is not None:
                sheet.write_number(line, column, value, money if isinstance(value, Decimal | float) else None)
            widths[column] = min(60, max(widths[column], len(str(value or ""))))
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width + 2)
