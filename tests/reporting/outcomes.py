"""Checks of made-up limits, for the formats of `budget check`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC
from fractions import Fraction

from llmcost.analysis.forecast import RUN_RATE, Forecast
from llmcost.budgets.check import Check, Standing, judge
from llmcost.budgets.config import BudgetFile, Remark
from llmcost.budgets.model import Budget, Limit, Measure, Waiver, Window
from llmcost.budgets.windows import period_of
from llmcost.pricing.currency import USD, Currency
from llmcost.reporting.budgets import Outcome
from tests.budgets.rows import USD as DOLLAR
from tests.budgets.rows import us

NOW = us("2026-11-24T12:00:00Z")


def standing(
    name: str,
    spent: int,
    limit: int,
    forecast: int | None = None,
    *,
    unpriced: int = 0,
    measure: Measure = "usd",
    hard: bool = True,
    known: bool = True,
    waiver: Waiver | None = None,
    waived: bool = False,
    reserved: int = 0,
    owner: str = "",
    currency: Currency = USD,
    line: int = 2,
) -> Standing:
    """The month of an app with seven requests that warns at 80 %; its forecast rises evenly, give or take a dollar."""
    month = Limit(Window("month"), measure, limit, hard)
    waivers = (waiver,) if waiver else ()
    budget = Budget(name, (("app", name),), (month,), (Fraction(4, 5),), (), owner, waivers, "", currency, line)
    heading = None
    if forecast is not None:
        path = tuple(spent + (forecast - spent) * day // 7 for day in range(1, 8))
        heading = Forecast(forecast, forecast - DOLLAR, forecast + DOLLAR, RUN_RATE, path)
    period = period_of(month.window, NOW, UTC)
    return Standing(budget, month, period, spent, 7, unpriced, known, heading, waiver, waived, reserved)


def outcome(
    *standings: Standing,
    fail_on: Collection[str] = (),
    strict: bool = False,
    max_age: int | None = None,
    newest: int | None = NOW,
    remarks: tuple[Remark, ...] = (),
    file: str = "budgets.yaml",
    width: int | None = None,
    currency: Currency | None = None,
) -> Outcome:
    found = Check(NOW, UTC, standings, newest)
    verdict = judge(found, fail_on=fail_on, strict=strict, max_age=max_age)
    budgets = BudgetFile(file, tuple(s.budget for s in standings), remarks)
    return Outcome(found, verdict, budgets, int(verdict.code), "", currency, width)
