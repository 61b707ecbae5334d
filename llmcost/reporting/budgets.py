"""Budgets in words: amounts, sentences and the verdict, as every format of `budget check` tells them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from llmcost.core.money import round_half_even
from llmcost.core.text import printable, redact
from llmcost.reporting.numbers import count, counted, percent, short, usd

if TYPE_CHECKING:
    from datetime import date

    from llmcost.budgets.check import Check, Standing, Verdict, Word
    from llmcost.budgets.config import BudgetFile
    from llmcost.budgets.model import Budget
    from llmcost.pricing.currency import Currency

SHOWN = 5
#: What a CI runner would take for a command, at the beginning of a line.
_COMMANDS = ("::", "##[", "##vso[")


class Outcome(NamedTuple):
    """A check as its formats take it."""

    found: Check
    verdict: Verdict
    file: BudgetFile
    exit_code: int
    """Of the process: 0 with `--exit-zero`."""
    place: str = ""
    """The budget file as seen from the repository's root; empty: as it was named."""
    currency: Currency | None = None
    """What all money is shown in; None: each budget's own."""
    width: int | None = None
    color: bool = False

    def amount(self, s: Standing, number: int) -> str:
        """Money in its currency, or `1,234 tokens`."""
        if s.limit.measure == "usd":
            return money(number, self.currency or s.budget.currency)
        return f"{count(number)} {s.limit.measure}"

    def brief(self, s: Standing, number: int) -> str:
        """As `amount`; in a terminal, tokens and requests in three figures."""
        if s.limit.measure == "usd" or self.width is None:
            return self.amount(s, number)
        return f"{short(number)} {s.limit.measure}"

    def of_limit(self, s: Standing, number: int, *, brief: bool = False) -> str:
        """`$3.00 of $5.00`, `3 of 5 requests`."""
        shown = self.brief if brief else self.amount
        return f"{shown(s, number).removesuffix(f' {s.limit.measure}')} of {shown(s, s.limit.amount)}"

    @property
    def currencies(self) -> list[Currency]:
        """Those that money is shown in, the dollar apart."""
        used = {self.currency or s.budget.currency for s in self.found.standings if s.limit.measure == "usd"}
        return sorted((one for one in used if one.date), key=lambda one: one.code)


def cell(text: str) -> str:
    """A name from a log or file, fit to be shown."""
    shown = printable(redact(text))
    return f"'{shown}" if shown.lstrip().startswith(_COMMANDS) else shown


def money(nano: int, currency: Currency) -> str:
    """$1,234.56, or `1,234.56 EUR`."""
    own = Fraction(nano) / currency.usd
    shown = usd(round_half_even(own.numerator, own.denominator))
    return shown if not currency.date else f"{shown.replace('$', '')} {currency.code}"


def rate(currency: Currency) -> str:
    """Where a currency's rate is from."""
    return f"1 {currency.code} = {currency.rate} USD on {currency.date} ({cell(currency.layer)})"


def scope(budget: Budget) -> str:
    """`team=search, env=prod`; values of one dimension are alternatives."""
    return ", ".join(f"{cell(dim)}={cell(value) or '(not set)'}" for dim, value in budget.scope) or "all requests"


def window(s: Standing) -> str:
    """`month 2026-11`, `rolling 7d to 2026-11-24 09:00`."""
    return f"{s.limit.window.unit} {s.period.label}"


def running(s: Standing) -> str:
    """As `window`, but a rolling one without its end, which is the moment of the check."""
    return s.limit.window.name if s.limit.window.unit == "rolling" else window(s)


def share(value: Fraction) -> str:
    return percent(value.numerator, value.denominator).replace(".0%", "%")


def state(s: Standing) -> str:
    return f"{s.state} ({share(s.reached)})" if s.state == "warn" and s.reached is not None else s.state


def runs_out(s: Standing) -> date | None:
    """The day on which the forecast passes the limit."""
    from llmcost.analysis.forecast import exhausted

    if s.forecast is None or s.exceeded:
        return None
    return exhausted(s.forecast, s.limit.amount, today(s))


def today(s: Standing) -> date:
    """The first day of the forecast's path."""
    from datetime import timedelta

    last = s.period.last_day
    return last if s.forecast is None else last - timedelta(days=len(s.forecast.path) - 1)


def waived(s: Standing) -> str:
    """What has become of the waiver; empty without one, or where it changes nothing."""
    waiver = s.waiver
    if waiver is None or not (s.exceeded or s.waived):
        return ""
    if s.waived:
        return f"waived until {waiver.until} by {cell(waiver.by)}: {cell(waiver.reason)}"
    return f"the waiver by {cell(waiver.by)} expired on {waiver.until}"


def sentence(outcome: Outcome, s: Standing) -> str:
    """How one limit stands, and why it matters."""
    parts = [f"{cell(s.budget.name)} {window(s)} {_said(outcome, s)}", waived(s)]
    if s.budget.owner:
        parts.append(f"owner: {cell(s.budget.owner)}")
    return "; ".join(filter(None, parts))


def reason(outcome: Outcome, s: Standing, mark: Word) -> str:
    """As `sentence`, of a limit marked so by the gate."""
    if mark == "data" and s.known:
        return unpriced(s)
    if mark == "warn" and s.state == "forecast" and s.reached is not None:
        # It heads over its limit too, which nobody asked for.
        return f"{cell(s.budget.name)} {window(s)} {_at(s)}"
    return sentence(outcome, s)


def quietly_unpriced(outcome: Outcome) -> list[Standing]:
    """One limit of each budget with unpriced requests, for which the gate does not fail."""
    failing = {
        s.budget.name
        for s, mark in zip(outcome.found.standings, outcome.verdict.marks, strict=True)
        if mark == "data" and s.known
    }
    return [s for s in outcome.found.unpriced() if s.budget.name not in failing]


def _at(s: Standing) -> str:
    return f"is at {percent(s.spent, s.limit.amount)} (threshold {share(s.reached or Fraction(0))})"


def _said(outcome: Outcome, s: Standing) -> str:
    spent = f"{'spent' if s.limit.measure == 'usd' else 'used'} {outcome.of_limit(s, s.spent)}"
    match s.state:
        case "breach" | "waived":
            return spent
        case "soft":
            return f"{spent}, a soft limit"
        case "forecast":
            return _heading(outcome, s)
        case "no data":
            return "has no data: no request of it was ever seen"
        case "warn":
            return _at(s)
        case "ok":
            return f"{spent} ({percent(s.spent, s.limit.amount)})"


def _heading(outcome: Outcome, s: Standing) -> str:
    assert s.forecast is not None  # noqa: S101 - such a state has one
    low, high = outcome.amount(s, s.forecast.low), outcome.amount(s, s.forecast.high)
    day = runs_out(s)
    return f"heads for {outcome.of_limit(s, s.forecast.nano)} ({low} to {high})" + (
        f", reached on {day}" if day else ""
    )


def remarks(outcome: Outcome) -> list[str]:
    """What is always said: contradictions of the file, unpriced requests, rates."""
    return [
        *warnings(outcome.file),
        *_first([unpriced(s) for s in outcome.found.unpriced()], "budgets with unpriced requests"),
        *(rate(currency) for currency in outcome.currencies),
    ]


def warnings(file: BudgetFile) -> list[str]:
    """Where the file contradicts itself."""
    lines = [f"warning: {cell(file.path)}:{remark.line}: {cell(remark.text)}" for remark in file.remarks]
    return _first(lines, "contradictions")


def _first(lines: list[str], what: str) -> list[str]:
    return [*lines[:SHOWN], f"… and {len(lines) - SHOWN} more {what}"] if len(lines) > SHOWN else lines


def unpriced(s: Standing) -> str:
    """Unpriced requests, which make spend a lower bound."""
    return (
        f"unpriced: {count(s.lacking)} of {count(s.requests)} requests of {cell(s.budget.name)} in"
        f" {window(s)} have no price and are not in its spend; see `llmcost reprice`"
    )


_OUTCOMES = {"breach": "over budget", "forecast": "forecast over budget", "warn": "alert threshold reached"}


def verdict_line(outcome: Outcome) -> str:
    """The outcome in one line."""
    found, verdict = outcome.found, outcome.verdict
    if verdict.word == "data":
        return f"no verdict, the data is not enough: {_listed([cell(p) for p in verdict.problems])}"
    if verdict.word == "ok":
        warned = sum(s.reached is not None and s.state != "waived" for s in found.standings)
        counts = (
            (sum(s.state == "waived" for s in found.standings), "limit", "exceeded under a waiver"),
            (sum(s.state == "soft" for s in found.standings), "soft limit", "exceeded"),
            (warned, "alert threshold", "reached"),
            (sum(s.heading_over for s in found.standings), "limit", "forecast to be exceeded"),
        )
        said = [f"{counted(number, noun)} {what}" for number, noun, what in counts if number]
        return "; ".join((f"within budget ({counted(len(found.standings), 'limit')})", *said))
    line = f"{_OUTCOMES[verdict.word]}: {_listed([reason(outcome, s, verdict.word) for s in verdict.standings])}"
    return line + (f"; also: {_listed([cell(p) for p in verdict.problems])}" if verdict.problems else "")


def _listed(items: list[str]) -> str:
    more = f"; and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return "; ".join(items[:SHOWN]) + more
