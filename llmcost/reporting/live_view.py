"""The live view: a screen for a terminal, a line for everything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmcost.analysis.live_view import Frame
from llmcost.core.instants import from_us
from llmcost.core.text import shorten
from llmcost.ledger.measures import Amounts
from llmcost.reporting import words
from llmcost.reporting.console import bar, fitting, table
from llmcost.reporting.numbers import count, counted, percent, short, usd
from llmcost.reporting.spans import duration
from llmcost.reporting.view import name

if TYPE_CHECKING:
    from rich.console import RenderableType

    from llmcost.budgets.check import Check, Standing

_LEVELS = "▁▂▃▄▅▆▇█"
_BAR = 16


def screen(found: Frame, budgets: Check | None, width: int) -> Iterator[RenderableType]:
    """What is drawn in a terminal of so many columns."""
    from rich.text import Text

    hour = sum(each.cost for each in found.minutes)
    yield Text.assemble(("llmcost ", "bold"), (f"{from_us(found.now_us, found.zone):%H:%M:%S} {found.zone}", "dim"))
    yield Text.assemble((f"\n{words.cost(found.today)}", "bold cyan"), f"  today, {_requests(found)}")
    yield Text(f"{usd(found.minutes[-1].cost)} this minute, {usd(hour)} in the last hour")
    yield Text(sparkline(found.minutes), style="blue")
    if budgets and budgets.standings:
        yield Text("\nBudgets", style="bold")
        rows = [_budget(s) for s in budgets.standings]
        header, rows = fitting(("budget", "window", "", "used", "spent", "limit", "state"), rows,
                               expendable=("", "spent", "window"), width=width, folding=(0,))  # fmt: skip
        yield table(header, rows, right=[at for at, title in enumerate(header) if title in {"used", "spent", "limit"}])
    if found.apps:
        yield Text("\nApps today", style="bold")
        total = found.today["cost"]
        rows = [
            (
                name(group.key[0]), words.cost(group.sums), percent(group.sums["cost"], total),
                bar(group.sums["cost"], total, _BAR), count(group.sums["requests"]), short(group.sums.usage.tokens),
            )
            for group in found.apps
        ]  # fmt: skip
        header, rows = fitting(("app", "cost", "share", "", "requests", "tokens"), rows,
                               expendable=("", "tokens", "share"), width=width, folding=(0,))  # fmt: skip
        yield table(header, rows, right=[at for at, title in enumerate(header) if title not in {"app", ""}])
        if found.others:
            yield Text(f"and {counted(found.others, 'other')}", style="dim")
    if found.requests:
        yield Text("\nDearest requests of the last hour", style="bold")
        rows = [
            (
                f"{from_us(row.priced.record.ts, found.zone):%H:%M:%S}", name(row.priced.record.app),
                name(row.priced.record.model), usd(row.priced.cost), short(row.priced.record.usage.tokens),
                shorten(name(row.priced.record.user), 24) if row.priced.record.user else "",
            )
            for row in found.requests
        ]  # fmt: skip
        header, rows = fitting(("time", "app", "model", "cost", "tokens", "user"), rows,
                               expendable=("user", "tokens", "app"), width=width, folding=(1, 2))  # fmt: skip
        yield table(header, rows, right=[at for at, title in enumerate(header) if title in {"cost", "tokens"}])
    if found.newest_us is None:
        yield Text("\nno requests yet: `llmcost ingest --watch` reads logs as they grow", style="dim")
    elif not found.today["requests"]:
        yield Text(f"\nthe newest request is {duration(found.now_us - found.newest_us)} old", style="dim")


def _budget(s: Standing) -> tuple[str, ...]:
    spent, limit, measure = s.spent, s.limit.amount, s.limit.measure
    return (
        name(s.budget.name), s.limit.window.name, bar(min(spent, limit), limit, _BAR), percent(spent, limit),
        _amount(measure, spent), _amount(measure, limit), s.state,
    )  # fmt: skip


def line(found: Frame) -> str:
    """`14:03:22  today $12.34 (1,234 requests), this minute $0.12`."""
    at = f"{from_us(found.now_us, found.zone):%H:%M:%S}"
    return f"{at}  today {words.cost(found.today)} ({_requests(found)}), this minute {usd(found.minutes[-1].cost)}"


def sparkline(minutes: tuple[Amounts, ...]) -> str:
    """A mark a minute, as high as its cost; a blank where nothing was spent."""
    most = max((each.cost for each in minutes), default=0)
    return "".join(_LEVELS[(each.cost * len(_LEVELS) - 1) // most] if each.cost else " " for each in minutes)


def _requests(found: Frame) -> str:
    unpriced = found.today["unpriced"]
    return counted(found.today["requests"], "request") + (f", {count(unpriced)} without a price" if unpriced else "")


def _amount(measure: str, amount: int) -> str:
    return usd(amount) if measure == "usd" else short(amount)
