"""Costs beside the requests, as somebody entered them: a table, JSON, or the CSV that `costs import` reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from llmcost.core.money import usd_text
from llmcost.core.text import printable
from llmcost.ledger.costs import FixedCost, Share
from llmcost.reporting.cells import csv_text
from llmcost.reporting.console import render, table, without_blanks
from llmcost.reporting.numbers import usd

FORMATS = ("table", "json", "csv")
_CSV = ("name", "category", "amount_usd", "per", "start", "end", "allocate", "where", "to", "user", "tool")
_HEADER = ("name", "category", "amount", "per", "from", "to", "shared by", "seat")


def written(entries: Sequence[FixedCost], form: str, *, width: int | None, color: bool) -> str:
    if form == "json":
        document = {"schema_version": 1, "costs": [as_object(entry) for entry in entries]}
        return json.dumps(document, ensure_ascii=False, indent=2)
    if form == "csv":
        return csv_text(_CSV, map(_cells, entries)).rstrip("\n")
    rows = [
        (
            entry.name, entry.category, usd(entry.amount), entry.per, str(entry.start), str(entry.end or ""),
            shared_by(entry), f"{entry.user}, {entry.tool}" if entry.user else "",
        )
        for entry in entries
    ]  # fmt: skip
    header, lines = without_blanks(_HEADER, rows)
    return render([table(header, lines, right=(2,))], width=width, color=color)


def shared_by(entry: FixedCost) -> str:
    """`tokens of app=chatbot`."""
    if entry.rule == "manual":
        return _weights(entry.shares)
    return f"{entry.rule} of {', '.join(_filters(entry))}" if entry.where else entry.rule


def as_object(entry: FixedCost) -> dict[str, Any]:
    return {
        "name": printable(entry.name), "category": entry.category, "amount_usd": usd_text(entry.amount),
        "per": entry.per, "start": entry.start.isoformat(), "end": None if entry.end is None else entry.end.isoformat(),
        "allocate": entry.rule,
        "where": [{"dimension": name, "value": printable(value)} for name, value in entry.where],
        "to": [
            {"dimension": share.dimension, "value": printable(share.value), "weight": _number(share.weight)}
            for share in entry.shares
        ],
        "user": printable(entry.user) or None, "tool": printable(entry.tool) or None,
    }  # fmt: skip


def _cells(entry: FixedCost) -> list[str]:
    return [
        entry.name, entry.category, usd_text(entry.amount), entry.per, str(entry.start), str(entry.end or ""),
        entry.rule, ";".join(_filters(entry)), _weights(entry.shares), entry.user, entry.tool,
    ]  # fmt: skip


def _filters(entry: FixedCost) -> list[str]:
    return [f"{name}={value}" for name, value in entry.where]


def _weights(shares: Sequence[Share]) -> str:
    parts = ",".join(f"{share.value}:{_number(share.weight)}" for share in shares)
    return f"{shares[0].dimension}={parts}" if shares else ""


def _number(weight: Fraction) -> str:
    """Weights are entered as decimals."""
    from decimal import Context

    text = f"{Context(prec=500).divide(weight.numerator, weight.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
