"""`budget check` as a table, one line per limit."""

from __future__ import annotations

from llmcost.core.instants import rfc3339
from llmcost.reporting.budgets import Outcome, cell, state
from llmcost.reporting.console import fitting, render, table
from llmcost.reporting.numbers import count, percent

STYLES = {
    "ok": "green", "warn": "yellow", "soft": "yellow", "forecast": "yellow", "no data": "magenta", "waived": "cyan",
    "breach": "bold red",
}  # fmt: skip


_HEAD = ("budget", "window", "spent", "limit", "used", "forecast", "unpriced", "state")
_EXPENDABLE = ("used", "forecast")


def render_table(outcome: Outcome) -> str:
    standings = outcome.found.standings
    rows = [
        (
            cell(s.budget.name),
            s.limit.window.name if s.limit.window.unit == "rolling" else s.period.label,
            outcome.brief(s, s.spent),
            outcome.brief(s, s.limit.amount),
            percent(s.spent, s.limit.amount),
            "-" if s.forecast is None else outcome.brief(s, s.forecast.nano),
            count(s.lacking),
            state(s),
        )
        for s in standings
    ]
    kept = [at for at, name in enumerate(_HEAD) if name != "unpriced" or any(s.lacking for s in standings)]
    head, cells = [_HEAD[at] for at in kept], [[row[at] for at in kept] for row in rows]
    # A name may fold; of a narrow terminal's other columns these can be done without.
    fit, fitted = fitting(head, cells, expendable=_EXPENDABLE, width=outcome.width, folding=(0,))
    left_out = [name for name in head if name not in fit]
    shown = table(fit, fitted, right=range(2, len(fit) - 1))
    shown.padding = (0, 1, 0, 0)
    for column in shown.columns[1:]:
        column.no_wrap = True
    for row, s in zip(shown.rows, standings, strict=True):
        row.style = STYLES[s.state]
    lines = [foot(outcome)]
    if left_out:
        lines.append(f"left out for want of room: {', '.join(left_out)}; a wider terminal or a pipe shows all")
    return render([shown, "", *lines], width=outcome.width, color=outcome.color)


def foot(outcome: Outcome) -> str:
    """The moment, the zones of the windows, and how the forecasts were made."""
    found = outcome.found
    zones = dict.fromkeys(str(s.period.zone) for s in found.standings)
    methods = sorted({s.forecast.method for s in found.standings if s.forecast is not None})
    text = f"as of {rfc3339(found.as_of, found.zone)}, days and months of {', '.join(zones)}"
    return text + (f"; forecast to the window's end: {', '.join(methods)}" if methods else "")
