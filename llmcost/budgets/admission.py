"""Whether a request may be sent: what it may cost is set aside under every limit it falls under, or it is refused.

The engine behind `live.budget_manager`: every moment is an argument, and nothing is sent from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from hashlib import blake2b
from typing import NamedTuple

from llmcost.budgets.heading import used
from llmcost.budgets.model import Budget, Limit, Measure
from llmcost.budgets.windows import period_of
from llmcost.core.errors import UsageError
from llmcost.core.instants import DAY_US, SECOND_US, Period, from_us, zone_named
from llmcost.core.record import Record
from llmcost.ledger.protocol import Ledger, PricedRecord, Query
from llmcost.ledger.reservations import Abandoned, Claim, Refused, Reservation, Reservations

#: How old a counter's reading of the ledger may be: rows also come by other ways than `settle`.
REFRESH_US = SECOND_US


class Denied(NamedTuple):
    """The limit that has no room for a request. Amounts in the limit's unit."""

    budget: Budget
    limit: Limit
    period: Period
    cap: int
    """What may be used before requests are refused: the limit, or its part that `throttle_at` states."""
    spent: int
    reserved: int
    asked: int

    @property
    def remaining(self) -> int:
        return max(0, self.cap - self.spent - self.reserved)


class Place(NamedTuple):
    """Where a claim comes from."""

    budget: Budget
    limit: Limit
    period: Period


def applies(budget: Budget, request: Mapping[str, str]) -> bool:
    """Whether a request with these dimensions is in the scope; values of one dimension are alternatives."""
    wanted: dict[str, set[str]] = {}
    for name, value in budget.scope:
        wanted.setdefault(name, set()).add(value)
    return all(request.get(name, "") in values for name, values in wanted.items())


def cap(limit: Limit) -> int | None:
    """What a limit lets through; None for a soft limit that no `throttle_at` makes one."""
    if limit.throttle_at is not None:
        return limit.amount * limit.throttle_at.numerator // limit.throttle_at.denominator
    return limit.amount if limit.hard else None


class Admission:
    """Reserves under budgets; one ledger and one file of reservations, for one thread."""

    def __init__(
        self, ledger: Ledger, reservations: Reservations, zone: tzinfo, places: dict[str, Place] | None = None
    ) -> None:
        """`places`: what claims stand for; shared by those who settle what another of them reserved."""
        self._ledger = ledger
        self._reservations = reservations
        self._zone = zone
        self._places = {} if places is None else places
        self._read_at: dict[str, int] = {}

    def reserve(
        self, budgets: Sequence[Budget], request: Mapping[str, str], amounts: Mapping[Measure, int], *, now: int
    ) -> Reservation | Denied:
        """Set aside `amounts` under every limit that applies to a request with these dimensions, or under none.

        Requests are counted by themselves; `amounts` has nano-USD, and tokens where they are known.

        Raises:
            UsageError: a limit applies for which `amounts` has nothing.
        """
        claims = self._claims(budgets, request, {**amounts, "requests": 1}, now)
        stale = [claim for claim in claims if now - self._read_at.get(claim.key, -REFRESH_US) >= REFRESH_US]
        if stale:
            self._reservations.refresh(stale, self._spent)
            self._read_at.update((claim.key, now) for claim in stale)
        found = self._reservations.reserve(claims, now_us=now, spent=self._spent)
        return self._denied(found) if isinstance(found, Refused) else found

    def _claims(
        self, budgets: Sequence[Budget], request: Mapping[str, str], amounts: Mapping[Measure, int], now: int
    ) -> list[Claim]:
        claims: dict[str, Claim] = {}
        for budget in budgets:
            if not applies(budget, request) or _waived(budget, now, self._zone):
                continue
            zone = _zone(budget, self._zone)
            for limit in budget.limits:
                most = cap(limit)
                if most is None:
                    continue
                if limit.measure not in amounts:
                    raise UsageError(
                        f"the budget {budget.name!r} limits {limit.measure}, and how many the request may use is not"
                        " known",
                        "say so: input_tokens and max_output_tokens",
                    )
                period = period_of(limit.window, now, zone)
                key = counter_key(budget, limit, zone)
                claim = Claim(key, period.start, most, amounts[limit.measure])
                if key not in claims or most < claims[key].limit:
                    claims[key] = claim
                    self._places[key] = Place(budget, limit, period)
        return list(claims.values())

    def _spent(self, claim: Claim) -> int:
        budget, limit, _ = self._places[claim.key]
        window = limit.window
        # A rolling window ended when it was asked for; what came since counts too.
        rolling = claim.start + (window.days + 1) * DAY_US
        end = rolling if window.unit == "rolling" else period_of(window, claim.start, _zone(budget, self._zone)).end
        sums = self._ledger.sums(Query(claim.start, end, where=budget.scope))[0].sums
        return used(sums, limit.measure)

    def _denied(self, refused: Refused) -> Denied:
        claim = refused.claim
        place = self._places[claim.key]
        return Denied(*place, claim.limit, refused.spent, refused.reserved, claim.amount)

    def sent(self, reservation: Reservation, request: str) -> bool:
        """The request goes out now; `request` says enough of it to charge it should nobody settle.

        False when the reservation had expired.
        """
        return self._reservations.sent(reservation, request)

    def settle(self, reservation: Reservation, row: PricedRecord, *, batch: int, charged: Record) -> bool:
        """Write the request's row, then replace what was reserved by what it used.

        False when the reservation had expired; the row is written and counted all the same, in place of the one that
        `charge` wrote of `charged`.
        """
        epoch = self._reservations.epoch()
        self._ledger.add([row], batch)
        amounts: dict[Measure, int] = {"usd": row.cost or 0, "tokens": row.record.usage.tokens, "requests": 1}
        counted = [amounts[self._places[claim.key].limit.measure] for claim in reservation.claims]
        held = self._reservations.settle(reservation, counted, epoch=epoch, spent=self._spent)
        if not held and charged.id != row.record.id and self._ledger.withdraw(charged.ts, charged.id):
            self._reservations.refresh(reservation.claims, self._spent)
        return held

    def release(self, reservation: Reservation) -> bool:
        """Give back what was set aside for a request that was not sent. False when it had expired."""
        return self._reservations.release(reservation)

    def beat(self, now: int) -> None:
        """Say that this process lives."""
        self._reservations.beat(now)

    def expire(self, before: int) -> list[Abandoned]:
        """Free what processes unheard of since `before` reserved, and return their requests that were sent."""
        return self._reservations.expire(before)

    def charge(self, abandoned: Abandoned, row: PricedRecord, *, batch: int) -> None:
        """Write the row of an abandoned request, unless it was settled or charged meanwhile."""
        self._reservations.charge(abandoned, lambda: self._ledger.add([row], batch))


def _zone(budget: Budget, default: tzinfo) -> tzinfo:
    return zone_named(budget.timezone) if budget.timezone else default


def _waived(budget: Budget, now: int, default: tzinfo) -> bool:
    return any(from_us(now, _zone(budget, default)).date() <= waiver.until for waiver in budget.waivers)


def counter_key(budget: Budget, limit: Limit, zone: tzinfo) -> str:
    """A limit's counter, by what it counts: two budgets of one scope share it, a changed scope has a new one.

    `zone`: that of its windows, which begin at another moment elsewhere.
    """
    scope = blake2b(repr(budget.scope).encode(), digest_size=8).hexdigest()
    return f"{scope} {zone} {limit.measure} {limit.window.name}"
