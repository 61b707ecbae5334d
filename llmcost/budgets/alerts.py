"""What of a budget's standing is worth telling somebody, and in what words. docs/alerts.md lists the fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from llmcost.budgets.check import Standing
from llmcost.budgets.model import Limit
from llmcost.core.instants import rfc3339
from llmcost.core.money import NANO_PER_USD, round_half_even, shown_decimals, usd_text
from llmcost.core.text import printable, redact
from llmcost.pricing.currency import USD

Kind = Literal["threshold", "exceeded", "forecast"]

_ADJECTIVES = {"hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly", "quarter": "quarterly"}
#: A limit in another currency is known again by its amount there: in nano-USD it changes with every rate.
_PER_UNIT = 1000


class Crossing(NamedTuple):
    """A limit has come to a threshold, is exceeded, or is heading over."""

    standing: Standing
    kind: Kind
    threshold: Fraction
    """Share of the limit; 1 unless `kind` is `threshold`."""

    @property
    def identity(self) -> str:
        """What it is about, whatever the window: the same text whenever it is met again."""
        budget, limit = self.standing.budget, self.standing.limit
        amount = Fraction(limit.amount)
        if budget.currency.code != USD.code and limit.measure == "usd":
            amount = amount * _PER_UNIT / (budget.currency.usd * NANO_PER_USD)
            amount = Fraction(round_half_even(amount.numerator, amount.denominator))
        what = (budget.name, budget.scope, limit.window.name, limit.measure, limit.hard, budget.currency.code,
                str(amount), self.kind, str(self.threshold))  # fmt: skip
        return json.dumps(what)

    @property
    def type(self) -> str:
        return f"{_adjective(self.standing.limit)}_budget"

    @property
    def message(self) -> str:
        s = self.standing
        name, limit = printable(redact(s.budget.name)), f"{_adjective(s.limit).replace('_', ' ')} limit"
        limit = limit if s.limit.hard else f"soft {limit}"
        unit = "" if s.limit.measure == "usd" else f" {s.limit.measure}"
        whole = _amount(s.limit.amount, s) + unit
        least = "at least " if s.lacking else ""
        if self.kind == "forecast":
            heading = _amount(s.forecast.nano if s.forecast else s.spent, s)
            text = f"{name} is heading for {heading} of its {limit} of {whole}; {least}{_amount(s.spent, s)} so far"
        elif self.kind == "exceeded":
            text = f"{name} is over its {limit}: {least}{_amount(s.spent, s)} of {whole}"
        else:
            text = f"{name} has used {least}{_percent(self._share)} of its {limit}: {_amount(s.spent, s)} of {whole}"
            text += f" (threshold {_percent(self.threshold)})"
        text += f", {s.period.label}."
        if s.lacking:
            requests = "1 request has" if s.lacking == 1 else f"{s.lacking:,} requests have"
            text += f" {requests} no price and could not be counted."
        return text

    @property
    def _share(self) -> Fraction:
        return Fraction(self.standing.spent, self.standing.limit.amount)

    def alert(self, as_of: int) -> dict[str, Any]:
        """The alert as JSON holds it: the article's four fields first, then the rest."""
        s = self.standing
        unit = s.limit.measure
        heading = None if s.forecast is None else _exact(s.forecast.nano, s.limit)
        currency = s.budget.currency
        return {
            "type": self.type,
            "threshold": _decimal(self.threshold),
            "current": _decimal(self._share) if s.limit.amount else None,
            "message": self.message,
            "kind": self.kind,
            "budget": printable(redact(s.budget.name)),
            "scope": _scope(s.budget.scope),
            "owner": printable(redact(s.budget.owner)),
            "window": s.limit.window.name,
            "start": rfc3339(s.period.start, s.period.zone),
            "end": rfc3339(s.period.end, s.period.zone),
            "as_of": rfc3339(as_of, s.period.zone),
            "measure": unit,
            "hard": s.limit.hard,
            f"limit_{unit}": _exact(s.limit.amount, s.limit),
            f"spent_{unit}": _exact(s.spent, s.limit),
            f"forecast_{unit}": heading,
            "unpriced_requests": s.unpriced,
            "currency": None if currency.code == USD.code else {
                "code": currency.code, "usd": _decimal(currency.usd), "date": currency.date
            },
        }  # fmt: skip


def crossings(standing: Standing) -> list[Crossing]:
    """What is true of a limit now, under a waiver as well, in the order in which it comes about."""
    return [crossing for crossing in possible(standing) if _holds(crossing)]


def possible(standing: Standing) -> Iterator[Crossing]:
    """All that could ever be told of a limit."""
    for threshold in standing.budget.thresholds:
        yield Crossing(standing, "threshold", threshold)
    yield Crossing(standing, "forecast", Fraction(1))
    yield Crossing(standing, "exceeded", Fraction(1))


def _holds(crossing: Crossing) -> bool:
    s, kind = crossing.standing, crossing.kind
    if kind == "exceeded":
        return s.exceeded
    if kind == "forecast":
        return s.forecast is not None and s.forecast.nano > s.limit.amount and not s.exceeded
    if not s.limit.amount or s.spent < crossing.threshold * s.limit.amount:
        return False
    # At once at the limit and over it: one of them says enough.
    return not (crossing.threshold == 1 and s.exceeded)


def _adjective(limit: Limit) -> str:
    window = limit.window
    return f"rolling_{window.days}_day" if window.unit == "rolling" else _ADJECTIVES[window.unit]


def _scope(pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    scope: dict[str, list[str]] = {}
    for name, value in pairs:
        scope.setdefault(name, []).append(printable(redact(value)))
    return scope


def _exact(amount: int, limit: Limit) -> str | int:
    return usd_text(amount) if limit.measure == "usd" else amount


def _decimal(share: Fraction) -> str:
    """Rounded to at most twelve decimals, which every threshold has."""
    places = 12
    scaled = round_half_even(share.numerator * 10**places, share.denominator)
    whole, part = divmod(scaled, 10**places)
    return f"{whole}.{part:0{places}d}".rstrip("0").rstrip(".")


def _percent(share: Fraction) -> str:
    tenths = round_half_even(share.numerator * 1000, share.denominator)
    return f"{tenths // 10:,}.{tenths % 10}%".replace(".0%", "%")


def _amount(amount: int, s: Standing) -> str:
    """As a person reads it, in the budget's own currency, with the decimals that `budget check` shows."""
    if s.limit.measure != "usd":
        return f"{amount:,}"
    currency = s.budget.currency
    own = Fraction(amount) / currency.usd
    places = shown_decimals(own) if own else 2
    unit = 10 ** (9 - places)
    whole, part = divmod(round_half_even(own.numerator, own.denominator * unit), 10**places)
    text = f"{whole:,}.{part:0{places}d}"
    return f"${text}" if currency.code == USD.code else f"{text} {currency.code}"
