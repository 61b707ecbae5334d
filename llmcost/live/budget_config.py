"""The article's way to write a budget: one app, USD a day and a month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from llmcost.budgets.model import Budget, Limit, Unit, Window
from llmcost.core.errors import UsageError
from llmcost.core.money import NANO_PER_USD, round_half_even
from llmcost.core.text import clean_field

Usd = int | float | str | Decimal


@dataclass(frozen=True)
class BudgetConfig:
    """The article's budget of one app. Limits in USD, exact (floats by their shortest decimal); 0 allows nothing."""

    app_id: str
    daily_limit: Usd
    monthly_limit: Usd
    alert_thresholds: Sequence[float | str] = ()
    notification_channels: Sequence[str] = ()
    """Handed to the notification service as they are."""
    throttle_at: Mapping[Unit, float | str] = field(default_factory=lambda: {"day": 1, "month": "0.95"})
    """Share of each limit from which requests are refused."""


def budget_of(config: BudgetConfig) -> Budget:
    app = clean_field(config.app_id)
    limits: list[tuple[Unit, Usd, str]] = [
        ("day", config.daily_limit, "daily_limit"), ("month", config.monthly_limit, "monthly_limit"),
    ]  # fmt: skip
    shares: dict[Unit, Fraction] = {}
    for unit, value in config.throttle_at.items():
        if unit not in {"day", "month"}:
            raise UsageError(f"throttle_at names {unit!r}, for which there is no limit", "use day and month")
        shares[unit] = _share(value)
        if shares[unit] > 1:
            raise UsageError(f"throttle_at is above the limit: {value!r}", "give 1 or less")
    return Budget(
        name=app,
        scope=(("app", app),),
        limits=tuple(
            Limit(Window(unit), "usd", nano_usd(usd, name), throttle_at=shares.get(unit)) for unit, usd, name in limits
        ),
        thresholds=tuple(sorted(_share(value) for value in config.alert_thresholds)),
    )


def nano_usd(usd: Usd, name: str) -> int:
    """nano-USD, rounded half-even; a float stands for its shortest decimal. `name`: of the argument, for the error."""
    try:
        amount = Fraction(str(usd)) * NANO_PER_USD
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"{name} is not an amount of money: {usd!r}", _hint(usd)) from None
    if amount < 0:
        raise UsageError(f"{name} cannot be negative: {usd}", "give zero or more")
    return round_half_even(amount.numerator, amount.denominator)


def _hint(usd: object) -> str:
    if usd is None:
        return (
            "give USD as a number; for other windows than day and month together, give a llmcost.budgets.model.Budget"
        )
    return "give USD as a number"


def _share(value: float | str) -> Fraction:
    text = str(value).strip()
    try:
        share = Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"not a share of a limit: {value!r}", "give 0.8 or '80%'") from None
    if share <= 0:
        raise UsageError(f"a share of a limit must be above zero: {value!r}", "give 0.8 or '80%'")
    return share
