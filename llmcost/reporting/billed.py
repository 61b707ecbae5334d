"""What providers billed, as a table, JSON or CSV."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from llmcost.analysis.billed import BilledGroup, BilledReport
from llmcost.core.instants import rfc3339
from llmcost.core.text import printable
from llmcost.core.usage import Usage
from llmcost.reporting.cells import csv_line
from llmcost.reporting.console import render, table
from llmcost.reporting.numbers import count, counted

FORMATS = ("table", "json", "csv")
_NUMBERS = ("cost", "currency", "requests", "input_tokens", "cached_input_tokens", "output_tokens", "lines")


def written(report: BilledReport, form: str, *, width: int | None, color: bool) -> str:
    if form == "json":
        return _json(report)
    if form == "csv":
        return "".join(_csv(report)).rstrip("\n")
    return _table(report, width=width, color=color)


def plain(amount: Decimal) -> str:
    """All its digits, without an exponent."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _json(report: BilledReport) -> str:
    zone = report.period.zone
    document = {
        "schema_version": 1,
        "basis": "billed",
        "period": {"start": rfc3339(report.period.start, zone), "end": rfc3339(report.period.end, zone)},
        "by": list(report.by),
        "sources": list(report.sources),
        "total": _object(report.total, ()),
        "groups": [_object(group, report.by) for group in report.groups],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _object(group: BilledGroup, by: tuple[str, ...]) -> dict[str, Any]:
    usage = group.usage
    return {
        **{name: printable(value) for name, value in zip(by, group.key, strict=True)},
        "costs": {currency: plain(cost) for currency, cost in group.costs},
        "requests": group.requests,
        "input_tokens": None if usage is None else usage.input_total,
        "cached_input_tokens": None if usage is None else usage.cached_total,
        "output_tokens": None if usage is None else usage.output_total,
        "lines": group.lines,
    }


def _csv(report: BilledReport) -> list[str]:
    """One row per group and currency; a group without a cost has one without a currency."""
    rows = [csv_line([*report.by, *_NUMBERS])]
    for group in report.groups:
        values = _object(group, report.by)
        counts = [values[name] for name in _NUMBERS[2:]]
        for currency, cost in group.costs or (("", None),):
            amount = "" if cost is None else plain(cost)
            # What several currencies share is told once.
            rows.append(csv_line([*group.key, amount, currency, *("" if n is None else str(n) for n in counts)]))
            counts = ["" for _ in counts]
    return rows


def _table(report: BilledReport, *, width: int | None, color: bool) -> str:
    from rich.text import Text

    total = report.total
    sources = f": {', '.join(report.sources)}" if report.sources else ""
    first = f"billed by providers: {_costs(total) or 'no cost told'} ({counted(total.lines, 'line')}{sources})"
    rows = [
        (
            *(printable(value) or "(not told)" for value in group.key),
            _costs(group) or "-", "-" if group.requests is None else count(group.requests), *_tokens(group.usage),
        )
        for group in (*report.groups, total._replace(key=("total", *[""] * (len(report.by) - 1))))
    ]  # fmt: skip
    rows[-1] = ("total", *[""] * (len(report.by) - 1), *rows[-1][len(report.by) :])
    header = (*(name.replace("_", " ") for name in report.by), "billed", "requests", "input", "output")
    edge = len(report.by)
    return render([Text(first), Text(""), table(header, rows, right=range(edge, edge + 4))], width=width, color=color)


def _tokens(usage: Usage | None) -> tuple[str, str]:
    return ("-", "-") if usage is None else (count(usage.input_total), count(usage.output_total))


def _costs(group: BilledGroup) -> str:
    return " + ".join(f"{plain(cost)} {currency}" for currency, cost in group.costs)
