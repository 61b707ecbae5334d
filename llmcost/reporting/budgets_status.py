"""`budget status`: how full each limit is, as bars, and when it will be spent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmcost.reporting.budgets import Outcome, cell, running, runs_out, scope, state, today, waived
from llmcost.reporting.budgets_table import STYLES, foot
from llmcost.reporting.columns import width_of
from llmcost.reporting.console import bar, render
from llmcost.reporting.numbers import count, counted, percent

if TYPE_CHECKING:
    from rich.text import Text

    from llmcost.budgets.check import Standing

#: Columns of a bar, and in a terminal of at least so many columns.
_BAR, _WIDE_BAR, _WIDE = 12, 40, 120
_RESERVED, _COMING, _FREE = "▒", "░", "·"


def render_status(outcome: Outcome) -> str:
    from rich.text import Text

    standings = outcome.found.standings
    indent = 2 + max((width_of(running(s)) for s in standings), default=0)
    bars = _WIDE_BAR if (outcome.width or 0) >= _WIDE else _BAR
    lines: list[Text] = []
    for at, s in enumerate(standings):
        if at == 0 or s.budget != standings[at - 1].budget:
            lines += [Text()] if at else []
            lines += _title(s)
        used = f"{percent(s.spent, s.limit.amount):>6}  {outcome.of_limit(s, s.spent, brief=True)}"
        name = running(s)
        start = f"  {name}{' ' * (indent - 2 - width_of(name))}  {_bar(s, bars)}  {used}  "
        lines.append(Text(start).append(state(s), style=STYLES[s.state]))
        lines += [Text(f"{' ' * (indent + 2)}{note}") for note in _notes(outcome, s)]
    legend = f"█ used  {_RESERVED} reserved  {_COMING} forecast  {_FREE} free"
    return render([*lines, "", legend, foot(outcome)], width=None, color=outcome.color)


def _title(s: Standing) -> Iterator[Text]:
    from rich.text import Text

    owner = f"; owner: {cell(s.budget.owner)}" if s.budget.owner else ""
    yield Text(cell(s.budget.name), style="bold").append(f"  {scope(s.budget)}{owner}", style="not bold")
    if s.waived:
        yield Text(f"  {waived(s)}")


def _bar(s: Standing, width: int) -> str:
    """Always `width` columns: what is used, reserved and still to come, as far as the limit."""
    whole = max(s.limit.amount, 1)
    drawn = bar(min(s.spent, whole), whole, width)
    for part, mark in ((s.reserved, _RESERVED), (s.forecast.nano - s.spent if s.forecast else 0, _COMING)):
        upto = min(width, (width * (s.spent + part) + whole // 2) // whole)
        drawn += mark * (upto - len(drawn))
    return drawn + _FREE * (width - len(drawn))


def _notes(outcome: Outcome, s: Standing) -> Iterator[str]:
    if s.reserved:
        yield f"reserved for requests under way: {outcome.brief(s, s.reserved)}"
    if s.forecast is not None:
        low, high = outcome.brief(s, s.forecast.low), outcome.brief(s, s.forecast.high)
        yield f"heads for {outcome.brief(s, s.forecast.nano)} ({low} to {high})"
        if not s.exceeded:
            yield _lasts(s)
    if s.lacking:
        yield f"without a price, not in what is used: {counted(s.lacking, 'request')} of {count(s.requests)}"
    if s.lapsed and s.exceeded:
        yield waived(s)


def _lasts(s: Standing) -> str:
    day = runs_out(s)
    if day is None:
        return f"lasts the {s.limit.window.unit}"
    left = (day - today(s)).days
    return f"{counted(left, 'day')} left at this rate, until {day}" if left else "less than a day left at this rate"
