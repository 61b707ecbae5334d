"""`budget list`: the budgets as read from their file, secrets left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmcost.reporting.budgets import cell, money, scope, share
from llmcost.reporting.numbers import count

if TYPE_CHECKING:
    from llmcost.budgets.config import BudgetFile
    from llmcost.budgets.model import Budget, Limit


def list_text(file: BudgetFile) -> str:
    return "\n\n".join("\n".join(_lines(budget)) for budget in file.budgets)


def _lines(budget: Budget) -> Iterator[str]:
    yield f"{cell(budget.name)}  {scope(budget)}"
    if budget.owner:
        yield f"  owner      {cell(budget.owner)}"
    if budget.timezone:
        yield f"  time zone  {budget.timezone}"
    yield from (f"  limit      {_limit(limit, budget)}" for limit in budget.limits)
    if budget.thresholds:
        yield f"  alerts at  {', '.join(share(threshold) for threshold in budget.thresholds)}"
    yield from (f"  channel    {channel.shown}" for channel in budget.channels)
    for waiver in budget.waivers:
        yield f"  waiver     until {waiver.until} by {cell(waiver.by)}: {cell(waiver.reason)}"


def _limit(limit: Limit, budget: Budget) -> str:
    amount = money(limit.amount, budget.currency)
    if limit.measure != "usd":
        amount = f"{count(limit.amount)} {limit.measure}"
    soft = "" if limit.hard else ", soft"
    throttle = f", throttled at {share(limit.throttle_at)}" if limit.throttle_at is not None else ""
    return f"{amount} per {limit.window.name}{soft}{throttle}"
