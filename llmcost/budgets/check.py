"""How the ledger stands against the budgets, and what a gate makes of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import tzinfo
from fractions import Fraction
from typing import Literal, NamedTuple

from llmcost.analysis.forecast import Forecast
from llmcost.budgets.amounts import Scope, Series, read
from llmcost.budgets.heading import Days, counted
from llmcost.budgets.model import Budget, Limit, Waiver
from llmcost.budgets.windows import period_of
from llmcost.core.errors import ExitCode
from llmcost.core.instants import Period, rfc3339, zone_named
from llmcost.ledger.protocol import Ledger, Query

State = Literal["ok", "warn", "soft", "forecast", "waived", "breach", "no data"]
Word = Literal["ok", "breach", "data", "forecast", "warn"]

FAIL_ON = ("breach", "forecast", "warn")


class Standing(NamedTuple):
    """One limit of one budget, measured. Amounts are in the limit's unit: nano-USD, tokens or requests."""

    budget: Budget
    limit: Limit
    period: Period
    spent: int
    """Money is that of the priced requests: a lower bound when some are unpriced."""
    requests: int
    unpriced: int
    known: bool
    """Whether the scope has ever matched a request, in this window or before."""
    forecast: Forecast | None = None
    waiver: Waiver | None = None
    """The budget's last waiver, expired or not."""
    waived: bool = False
    """Whether a waiver holds now."""
    reserved: int = 0
    """Set aside for requests under way."""

    @property
    def lacking(self) -> int:
        """Requests missing from `spent` for want of a price."""
        return self.unpriced if self.limit.measure == "usd" else 0

    @property
    def lapsed(self) -> Waiver | None:
        """The waiver that no longer holds."""
        return None if self.waived else self.waiver

    @property
    def exceeded(self) -> bool:
        """More than the limit is spent; the limit itself may be."""
        return self.spent > self.limit.amount

    @property
    def breached(self) -> bool:
        """A hard limit is exceeded, and nobody answers for it: an expired waiver is none."""
        return self.exceeded and self.limit.hard and not self.waived

    @property
    def heading_over(self) -> bool:
        return (
            self.forecast is not None and self.forecast.nano > self.limit.amount and self.limit.hard and not self.waived
        )

    @property
    def reached(self) -> Fraction | None:
        """The highest alert threshold reached; a limit of zero has none."""
        if not self.limit.amount:
            return None
        return max((t for t in self.budget.thresholds if self.spent >= t * self.limit.amount), default=None)

    @property
    def warned(self) -> bool:
        """An alert threshold is reached, or a soft limit exceeded."""
        return self.reached is not None or (self.exceeded and not self.limit.hard)

    @property
    def state(self) -> State:
        """The worst that is true of it."""
        if self.breached:
            return "breach"
        if not self.known:
            return "no data"
        if self.exceeded:
            return "waived" if self.limit.hard else "soft"
        if self.heading_over:
            return "forecast"
        return "warn" if self.reached is not None else "ok"


class Check(NamedTuple):
    as_of: int
    """Microseconds UTC; nothing later is counted."""
    zone: tzinfo
    standings: tuple[Standing, ...]
    newest: int | None
    """The newest request at or before `as_of`; None when there is none."""

    @property
    def age(self) -> int | None:
        """Microseconds since the newest request."""
        return None if self.newest is None else self.as_of - self.newest

    def unpriced(self) -> Iterator[Standing]:
        """For each budget with unpriced requests, the longest window among those that have most of them."""
        worst: dict[str, Standing] = {}
        for standing in self.standings:
            held = worst.get(standing.budget.name)
            if standing.lacking >= (held.lacking if held else 1):
                worst[standing.budget.name] = standing
        yield from worst.values()


#: What is set aside under a limit for requests under way, in the limit's unit.
Reserved = Callable[[Budget, Limit, Period], int]


def check(
    ledger: Ledger, budgets: Sequence[Budget], *, now: int, zone: tzinfo, reserved: Reserved = lambda *_: 0
) -> Check:
    """Measure every limit over the window that holds `now` (microseconds UTC), up to `now` itself.

    Windows are those of the budget's zone, or of `zone` where it states none.
    """
    zones = {budget.name: zone_named(budget.timezone) if budget.timezone else zone for budget in budgets}
    days = {zones[budget.name]: Days(now, zones[budget.name]) for budget in budgets}
    wanted: dict[Scope, set[int]] = {}
    for budget in budgets:
        for limit in budget.limits:
            own = zones[budget.name]
            cuts = wanted.setdefault(budget.scope, set())
            cuts |= days[own].cuts(limit, period_of(limit.window, now, own))
    tokens = any(limit.measure == "tokens" for budget in budgets for limit in budget.limits)
    with ledger.snapshot():
        newest = ledger.newest_at(now)
        found = read(ledger, wanted, tokens=tokens)
        known = {
            scope: bool(one.whole.requests or ledger.sums(Query(0, now + 1, where=scope))[0].sums["requests"])
            for scope, one in found.items()
        }
    standings = [
        _standing(budget, limit, found[budget.scope], days[zones[budget.name]], now, known[budget.scope], reserved)
        for budget in budgets
        for limit in budget.limits
    ]
    return Check(now, zone, tuple(standings), newest)


def _standing(
    budget: Budget, limit: Limit, series: Series, days: Days, now: int, known: bool, reserved: Reserved
) -> Standing:
    period = period_of(limit.window, now, days.zone)
    total = series.between(period.start, now + 1)
    spent = counted(total, limit.measure)
    waiver = max(budget.waivers, key=lambda one: one.until, default=None)
    return Standing(
        budget=budget,
        limit=limit,
        period=period,
        spent=spent,
        requests=total.requests,
        unpriced=total.unpriced,
        known=known,
        forecast=days.heading(series, limit, period, spent) if known else None,
        waiver=waiver,
        waived=waiver is not None and days.today <= waiver.until,
        reserved=reserved(budget, limit, period),
    )


class Verdict(NamedTuple):
    code: ExitCode
    word: Word
    standings: tuple[Standing, ...] = ()
    """The limits that decided it; empty when within budget or when the data decided."""
    problems: tuple[str, ...] = ()
    """What is wrong with the data, whatever decided."""
    marks: tuple[Word, ...] = ()
    """For each limit what it alone would make the verdict."""
    ledger: str = ""
    """Of the problems, that of the whole ledger: it is empty or stale."""


def judge(
    found: Check,
    *,
    fail_on: Collection[str] = ("breach",),
    max_age: int | None = None,
    strict: bool = False,
    allow_empty: bool = False,
) -> Verdict:
    """What a gate says. When several apply: breach (3), data (6), forecast (4), warning (5).

    Args:
        found: the measured limits.
        fail_on: of FAIL_ON; a breach always fails.
        max_age: microseconds the newest request may be old; None: any age.
        strict: unpriced requests within a scope are a failure.
        allow_empty: a ledger without requests, or a scope that never matched one, is none.
    """
    whole = _ledger_problem(found, max_age, allow_empty=allow_empty)
    problems = (*((whole,) if whole else ()), *_scope_problems(found, strict=strict, allow_empty=allow_empty))
    marks = tuple(_mark(s, fail_on, strict=strict, allow_empty=allow_empty) for s in found.standings)
    word: Word = next((word for word in _CODES if word in marks or (word == "data" and problems)), "ok")
    decided = tuple(s for s, mark in zip(found.standings, marks, strict=True) if mark == word)
    return Verdict(_CODES[word], word, () if word in {"ok", "data"} else decided, problems, marks, whole)


#: In the order in which they count.
_CODES: dict[Word, ExitCode] = {
    "breach": ExitCode.BREACH, "data": ExitCode.DATA, "forecast": ExitCode.FORECAST, "warn": ExitCode.WARNING,
    "ok": ExitCode.OK,
}  # fmt: skip


def _mark(s: Standing, fail_on: Collection[str], *, strict: bool, allow_empty: bool) -> Word:
    if s.breached:
        return "breach"
    if (not s.known and not allow_empty) or (strict and s.lacking):
        return "data"
    if "forecast" in fail_on and s.heading_over:
        return "forecast"
    return "warn" if "warn" in fail_on and s.warned and not s.waived else "ok"


def _ledger_problem(found: Check, max_age: int | None, *, allow_empty: bool) -> str:
    if found.newest is None or found.age is None:
        return "" if allow_empty else f"the ledger has no request up to {rfc3339(found.as_of, found.zone)}"
    if max_age is not None and found.age > max_age:
        return f"the newest request is of {rfc3339(found.newest, found.zone)}, older than --max-age allows"
    return ""


def _scope_problems(found: Check, *, strict: bool, allow_empty: bool) -> Iterator[str]:
    # Of an empty ledger this goes without saying.
    if not allow_empty and found.newest is not None:
        for name in dict.fromkeys(s.budget.name for s in found.standings if not s.known):
            yield f"no request of the budget {name!r} was ever seen"
    if strict:
        yield from (f"{s.budget.name}: unpriced requests: {s.lacking:,}" for s in found.unpriced())
