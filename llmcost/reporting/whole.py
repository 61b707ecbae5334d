"""The whole cost of a period, as a table, JSON, CSV or Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from llmcost.analysis.whole import Parts, WholeGroup, WholeReport
from llmcost.core.instants import from_us, rfc3339
from llmcost.core.money import usd_text
from llmcost.core.text import printable
from llmcost.reporting.cells import csv_text, markdown_table, markdown_text
from llmcost.reporting.console import render, table
from llmcost.reporting.costs import as_object, shared_by
from llmcost.reporting.numbers import count, counted, percent, usd
from llmcost.reporting.view import days, name

if TYPE_CHECKING:
    from rich.console import RenderableType

FORMATS = ("table", "json", "csv", "markdown")
#: Stands for the group of what no rule could share out.
UNALLOCATED = "(unallocated)"
_PARTS = ("infrastructure", "inference", "operations", "total")
_MONEY = (
    "infrastructure_usd", "inference_usd", "operations_usd", "total_usd", "requests_usd", "commitments_usd",
    "tools_usd", "seats_usd",
)  # fmt: skip
_COUNTS = ("requests", "tokens", "unpriced_requests")
_ENTRIES = ("entry", "category", "in the period", "shared by", "unallocated")


def written(report: WholeReport, form: str, *, width: int | None, color: bool) -> str:
    if form == "json":
        return _json(report)
    if form == "csv":
        return _csv(report).rstrip("\n")
    if form == "markdown":
        return _markdown(report)
    return render(_table(report), width=width, color=color)


def remarks(report: WholeReport) -> list[str]:
    """What the sums leave out or cannot know."""
    found = []
    if unpriced := report.total.unpriced:
        found.append(f"without a price, so not in it: {counted(unpriced, 'request')}")
    if report.covered.requests:
        found.append(
            f"covered by subscriptions, so not in it: {counted(report.covered.requests, 'request')}"
            f" ({usd(report.covered.cost)} at API prices)"
        )
    if report.compacted is not None:
        found.append(
            f"rows before {from_us(report.compacted):%Y-%m-%d} (UTC) were compacted:"
            " what subscriptions covered before is counted at API prices, and who used a seat for what is not known"
        )
    return found


def _headline(report: WholeReport) -> tuple[str, str]:
    parts = report.total.parts
    made_of = (
        f"infrastructure {usd(parts.infrastructure)} + inference {usd(parts.inference)}"
        f" (requests {usd(parts.requests)}) + operations {usd(parts.operations)} (seats {usd(parts.seats)})"
    )
    return f"{usd(parts.total)} altogether, {days(report.period)}", made_of


def _header(report: WholeReport) -> tuple[str, ...]:
    return (*(each.replace("_", " ") for each in report.by), *_PARTS, "share", "requests")


def _rows(report: WholeReport) -> list[tuple[str, ...]]:
    whole = report.total.parts.total
    blanks = [""] * (len(report.by) - 1)
    rows = []
    for group in (*report.groups, report.total):
        key = ["total", *blanks] if group is report.total else _shown(group, blanks)
        amounts = [usd(getattr(group.parts, part)) for part in _PARTS]
        rows.append((*key, *amounts, percent(group.parts.total, whole), count(group.requests)))
    return rows


def _shown(group: WholeGroup, blanks: list[str]) -> list[str]:
    return [UNALLOCATED, *blanks] if group.key is None else [name(value) for value in group.key]


def _entries(report: WholeReport) -> list[tuple[str, ...]]:
    return [
        (
            printable(portion.entry.name), portion.entry.category, usd(portion.amount),
            printable(shared_by(portion.entry)), usd(portion.unallocated) if portion.unallocated else "",
        )
        for portion in report.portions
    ]  # fmt: skip


def _table(report: WholeReport) -> Iterator[RenderableType]:
    from rich.text import Text

    first, second = _headline(report)
    yield Text(first, style="bold")
    yield Text(second)
    for remark in remarks(report):
        yield Text(remark, style="yellow")
    yield Text("")
    edge = len(report.by)
    yield table(_header(report), _rows(report), right=range(edge, edge + 6))
    if report.portions:
        yield Text("\nBeside the requests", style="bold")
        yield table(_ENTRIES, _entries(report), right=(2, 4))


def _markdown(report: WholeReport) -> str:
    first, second = _headline(report)
    edge = len(report.by)
    blocks = [f"## {first}", second, *(f"> {markdown_text(remark)}" for remark in remarks(report))]
    blocks.append(markdown_table(_header(report), _rows(report), right=range(edge, edge + 6)))
    if report.portions:
        blocks.append("### Beside the requests\n\n" + markdown_table(_ENTRIES, _entries(report), right=(2, 4)))
    return "\n\n".join(blocks)


def _json(report: WholeReport) -> str:
    zone = report.period.zone
    document = {
        "schema_version": 1,
        "basis": "whole",
        "period": {"start": rfc3339(report.period.start, zone), "end": rfc3339(report.period.end, zone)},
        "by": list(report.by),
        "total": _object(report.total),
        "groups": [
            {
                "key": dict(zip(report.by, map(printable, group.key), strict=True)) if group.key is not None else None,
                "allocated": group.key is not None,
                **_object(group),
            }
            for group in report.groups
        ],
        "costs": [
            {
                **as_object(portion.entry), "in_period_usd": usd_text(portion.amount),
                "unallocated_usd": usd_text(portion.unallocated),
            }
            for portion in report.portions
        ],
        "covered_requests": report.covered.requests,
        "covered_usd": usd_text(report.covered.cost),
        "compacted_before": None if report.compacted is None else rfc3339(report.compacted, zone),
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=2)


def _object(group: WholeGroup) -> dict[str, Any]:
    return {
        **dict(zip(_MONEY, map(usd_text, _amounts(group.parts)), strict=True)),
        **dict(zip(_COUNTS, (group.requests, group.tokens, group.unpriced), strict=True)),
    }


def _amounts(parts: Parts) -> tuple[int, ...]:
    """In the order of _MONEY: the sums, then what they are made of."""
    return (
        parts.infrastructure, parts.inference, parts.operations, parts.total, parts.requests, parts.commitments,
        parts.tools, parts.seats,
    )  # fmt: skip


def _csv(report: WholeReport) -> str:
    blanks = [""] * (len(report.by) - 1)
    rows = [
        (
            *([UNALLOCATED, *blanks] if group.key is None else map(printable, group.key)),
            *map(usd_text, _amounts(group.parts)), group.requests, group.tokens, group.unpriced,
        )
        for group in report.groups
    ]  # fmt: skip
    return csv_text((*report.by, *_MONEY, *_COUNTS), rows)
