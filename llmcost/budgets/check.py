"""How the ledger stands against the budgets, and what a gate makes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import tzinfo
from fractions import Fraction
from typing import Literal, NamedTuple

from llmcost.budgets.forecast import Forecast, run_rate
from llmcost.budgets.model import Budget, Limit
from llmcost.budgets.windows import period_of
from llmcost.core.errors import ExitCode
from llmcost.core.instants import Period, rfc3339
from llmcost.ledger.protocol import Ledger, Query

State = Literal["ok", "warn", "forecast", "breach", "no data"]
Word = Literal["ok", "breach", "data", "forecast", "warn"]

FAIL_ON = ("breach", "forecast", "warn")


class Standing(NamedTuple):
    """One limit of one budget, measured. Money in nano-USD."""

    budget: Budget
    limit: Limit
    period: Period
    spent: int
    """Of the priced requests: a lower bound when some are unpriced."""
    requests: int
    unpriced: int
    known: bool
    """Whether the scope has ever matched a request, in this window or before."""
    forecast: Forecast | None

    @property
    def breached(self) -> bool:
        """More than the limit is spent; the limit itself may be."""
        return self.spent > self.limit.nano

    @property
    def heading_over(self) -> bool:
        return self.forecast is not None and self.forecast.nano > self.limit.nano

    @property
    def reached(self) -> Fraction | None:
        """The highest alert threshold reached; a limit of zero has none."""
        if not self.limit.nano:
            return None
        return max((t for t in self.budget.thresholds if self.spent >= t * self.limit.nano), default=None)

    @property
    def state(self) -> State:
        """The worst that is true of it."""
        if self.breached:
            return "breach"
        if not self.known:
            return "no data"
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
        worst: dict[tuple[tuple[str, str], ...], Standing] = {}
        for standing in self.standings:
            held = worst.get(standing.budget.scope)
            if standing.unpriced >= (held.unpriced if held else 1):
                worst[standing.budget.scope] = standing
        yield from worst.values()


def check(ledger: Ledger, budgets: Sequence[Budget], *, now: int, zone: tzinfo) -> Check:
    """Measure every limit over the window of `zone` that holds `now` (microseconds UTC), up to `now` itself."""
    with ledger.snapshot():
        newest = ledger.newest_at(now)
        standings = [standing for budget in budgets for standing in _standings(ledger, budget, now, zone)]
    return Check(now, zone, tuple(standings), newest)


def _standings(ledger: Ledger, budget: Budget, now: int, zone: tzinfo) -> list[Standing]:
    seen_until = now + 1
    found = []
    for limit in budget.limits:
        period = period_of(limit.window, now, zone)
        sums = ledger.sums(Query(period.start, seen_until, where=budget.scope))[0].sums
        spent = sums["cost"]
        forecast = run_rate(spent, period, seen_until)
        found.append(Standing(budget, limit, period, spent, sums["requests"], sums["unpriced"], True, forecast))
    if any(standing.requests for standing in found):
        return found
    known = bool(ledger.sums(Query(0, seen_until, where=budget.scope))[0].sums["requests"])
    return [standing._replace(known=known) for standing in found]


class Verdict(NamedTuple):
    code: ExitCode
    word: Word
    standings: tuple[Standing, ...] = ()
    """The limits that decided it; empty when within budget or when the data decided."""
    problems: tuple[str, ...] = ()
    """What is wrong with the data, whatever decided."""


def judge(
    found: Check, *, fail_on: Collection[str] = ("breach",), max_age: int | None = None, strict: bool = False
) -> Verdict:
    """What a gate says. When several apply: breach (3), data (6), forecast (4), warning (5).

    Args:
        found: the measured limits.
        fail_on: of FAIL_ON; a breach always fails.
        max_age: microseconds the newest request may be old; None: any age.
        strict: unpriced requests within a scope are a failure.
    """
    problems = tuple(_data_problems(found, max_age, strict=strict))
    if breached := tuple(s for s in found.standings if s.breached):
        return Verdict(ExitCode.BREACH, "breach", breached, problems)
    if problems:
        return Verdict(ExitCode.DATA, "data", (), problems)
    if "forecast" in fail_on and (over := tuple(s for s in found.standings if s.heading_over)):
        return Verdict(ExitCode.FORECAST, "forecast", over)
    if "warn" in fail_on and (warned := tuple(s for s in found.standings if s.reached is not None)):
        return Verdict(ExitCode.WARNING, "warn", warned)
    return Verdict(ExitCode.OK, "ok")


def _data_problems(found: Check, max_age: int | None, *, strict: bool) -> list[str]:
    if found.newest is None or found.age is None:
        return [f"the ledger has no request up to {rfc3339(found.as_of, found.zone)}"]
    problems = []
    if max_age is not None and found.age > max_age:
        problems.append(f"the newest request is of {rfc3339(found.newest, found.zone)}, older than --max-age allows")
    unseen = dict.fromkeys(s.budget.name for s in found.standings if not s.known)
    problems += [f"no request of app {name!r} was ever seen" for name in unseen]
    if strict:
        problems += [f"{s.budget.name}: unpriced requests: {s.unpriced:,}" for s in found.unpriced()]
    return problems
