"""Budgets and how spend stands against them, as text and as JSON."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from llmcost.core.instants import rfc3339
from llmcost.core.money import round_half_even, usd_text
from llmcost.core.text import printable, redact
from llmcost.reporting.console import render, table
from llmcost.reporting.numbers import count, counted, percent, usd

if TYPE_CHECKING:
    from llmcost.budgets.check import Check, Standing, Verdict
    from llmcost.budgets.config import BudgetFile
    from llmcost.budgets.model import Budget

SHOWN = 5
_STYLES = {"ok": "green", "warn": "yellow", "forecast": "yellow", "no data": "magenta", "breach": "bold red"}


def cell(text: str) -> str:
    """A name from a log or file, fit to be shown."""
    return printable(redact(text))


def as_json(found: Check, verdict: Verdict, file: str) -> str:
    return _dump(
        {
            "schema_version": 1,
            "as_of": rfc3339(found.as_of, found.zone),
            "tz": str(found.zone),
            "file": file,
            "newest_request": None if found.newest is None else rfc3339(found.newest, found.zone),
            "verdict": verdict.word,
            "problems": list(verdict.problems),
            "budgets": [_standing(standing) for standing in found.standings],
        }
    )


def _standing(s: Standing) -> dict[str, Any]:
    zone = s.period.zone
    return {
        "app": s.budget.name,
        "scope": dict(s.budget.scope),
        "window": s.limit.window,
        "start": rfc3339(s.period.start, zone),
        "end": rfc3339(s.period.end, zone),
        "limit_usd": usd_text(s.limit.nano),
        "spent_usd": usd_text(s.spent),
        "percent": _percent(s.spent, s.limit.nano),
        "state": s.state,
        "threshold_reached": None if s.reached is None else float(s.reached),
        "requests": s.requests,
        "unpriced_requests": s.unpriced,
        "forecast_usd": None if s.forecast is None else usd_text(s.forecast.nano),
        "forecast_method": None if s.forecast is None else s.forecast.method,
    }


def _percent(part: int, whole: int) -> float | None:
    """To a tenth of a percent; None of a limit of zero."""
    return round_half_even(part * 1000, whole) / 10 if whole else None


def as_text(found: Check, *, width: int | None = None, color: bool = False) -> str:
    lacking = any(s.unpriced for s in found.standings)
    head = ("app", "window", "spent", "limit", "used", "forecast", *(("unpriced",) if lacking else ()), "state")
    rows = [
        (
            cell(s.budget.name),
            s.period.label,
            usd(s.spent),
            usd(s.limit.nano),
            percent(s.spent, s.limit.nano),
            "-" if s.forecast is None else usd(s.forecast.nano),
            *((count(s.unpriced),) if lacking else ()),
            _state(s),
        )
        for s in found.standings
    ]
    shown = table(head, rows, right=range(2, len(head) - 1))
    # Names may fold in a narrow terminal; the rest of a line stays whole.
    shown.padding = (0, 1, 0, 0)
    for column in shown.columns[1:]:
        column.no_wrap = True
    for row, s in zip(shown.rows, found.standings, strict=True):
        row.style = _STYLES[s.state]
    foot = f"as of {rfc3339(found.as_of, found.zone)}, days and months of {found.zone}"
    methods = {s.forecast.method for s in found.standings if s.forecast is not None}
    if methods:
        foot += f"; forecast: {', '.join(sorted(methods))} to the end of the month"
    return render([shown, "", foot], width=width, color=color)


def _state(s: Standing) -> str:
    return f"{s.state} ({_share(s.reached)})" if s.state == "warn" and s.reached is not None else s.state


def _share(share: Fraction) -> str:
    return percent(share.numerator, share.denominator).replace(".0%", "%")


def remarks(found: Check) -> list[str]:
    """Unpriced requests, which make spend a lower bound: always said."""
    return [
        f"unpriced: {count(s.unpriced)} of {count(s.requests)} requests of {cell(s.budget.name)} in"
        f" {s.limit.window} {s.period.label} have no price and are not in its spend; see `llmcost reprice`"
        for s in found.unpriced()
    ]


def verdict_line(found: Check, verdict: Verdict) -> str:
    """The outcome in one line."""
    if verdict.word == "ok":
        text = f"within budget ({counted(len(found.standings), 'limit')})"
        warned = sum(s.reached is not None for s in found.standings)
        over = sum(s.heading_over for s in found.standings)
        if warned:
            text += f"; {counted(warned, 'alert threshold')} reached"
        if over:
            text += f"; {counted(over, 'limit')} forecast to be exceeded"
        return text
    if verdict.word == "data":
        return f"no verdict, the data is not enough: {_listed([cell(p) for p in verdict.problems])}"
    said = {"breach": _breach, "forecast": _over, "warn": _warned}[verdict.word]
    word = {"breach": "over budget", "forecast": "forecast over budget", "warn": "alert threshold reached"}
    line = f"{word[verdict.word]}: {_listed([said(s) for s in verdict.standings])}"
    return line + (f"; also: {_listed([cell(p) for p in verdict.problems])}" if verdict.problems else "")


def _named(s: Standing) -> str:
    return f"{cell(s.budget.name)} {s.limit.window} {s.period.label}"


def _breach(s: Standing) -> str:
    return f"{_named(s)} spent {usd(s.spent)} of {usd(s.limit.nano)}"


def _over(s: Standing) -> str:
    return f"{_named(s)} heads for {usd(s.forecast.nano if s.forecast else None)} of {usd(s.limit.nano)}"


def _warned(s: Standing) -> str:
    return f"{_named(s)} is at {percent(s.spent, s.limit.nano)} (threshold {_share(s.reached or Fraction(0))})"


def _listed(items: list[str]) -> str:
    more = f"; and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return "; ".join(items[:SHOWN]) + more


def list_json(file: BudgetFile) -> str:
    return _dump({"schema_version": 1, "file": file.path, "budgets": [_budget(budget) for budget in file.budgets]})


def _budget(budget: Budget) -> dict[str, Any]:
    return {
        "app": budget.name,
        "scope": dict(budget.scope),
        "line": budget.line,
        "limits": [{"window": limit.window, "limit_usd": usd_text(limit.nano)} for limit in budget.limits],
        "alert_thresholds": [float(threshold) for threshold in budget.thresholds],
        "notification_channels": [
            {"type": channel.type, "target": channel.shown.partition(": ")[2]} for channel in budget.channels
        ],
    }


def list_text(file: BudgetFile, *, width: int | None = None, color: bool = False) -> str:
    rows = []
    for budget in file.budgets:
        limits: dict[str, int] = {limit.window: limit.nano for limit in budget.limits}
        rows.append(
            (
                cell(budget.name),
                *(usd(limits[window]) if window in limits else "-" for window in ("day", "month")),
                ", ".join(_share(threshold) for threshold in budget.thresholds) or "-",
                "; ".join(channel.shown for channel in budget.channels) or "-",
            )
        )
    head = ("app", "per day", "per month", "alerts at", "channels")
    return render([table(head, rows, right=(1, 2))], width=width, color=color)


def _dump(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
