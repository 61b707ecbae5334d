"""The ledger's requests as charges of a bill: one per UTC day, group of requests and kind of token, priced exactly.

A charge's amount is units x rate, an integer of femto-dollars; the ledger rounds each request to a nano-dollar. What
lies between the two is one adjustment per month and provider, so that all charges together are the ledger's total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

from llmcost.analysis.rates import rates_of
from llmcost.core.instants import DAY_US, from_us
from llmcost.core.money import FEMTO_PER_NANO
from llmcost.core.usage import BUCKETS
from llmcost.ledger.protocol import REPORTED, PricedRecord, StoredRequest

#: Kinds of charge beside the buckets of a usage.
FEES, REPORTED_COST, ADJUSTMENT = "fees", "reported", "adjustment"
#: Input tokens are in the first buckets.
_INPUTS = 7
#: femto-USD that the rounding of one request changes at most.
_ROUNDING = FEMTO_PER_NANO // 2


class Service(NamedTuple):
    """What a charge is of, and whose."""

    provider: str
    model: str = ""
    tier: str = ""
    region: str = ""
    app: str = ""
    team: str = ""
    environment: str = ""
    project: str = ""
    user: str = ""


class Charge(NamedTuple):
    """Amounts in femto-USD."""

    start: int
    """[start, end) in microseconds UTC."""
    end: int
    month: int
    """The UTC month it is of, as year * 12 + month - 1."""
    service: Service
    kind: str
    """A bucket of a usage, or FEES, REPORTED_COST, ADJUSTMENT."""
    units: int
    """Tokens, searches or requests; 0 for an adjustment."""
    rate: int | None
    """For one unit; None where no price list tells one."""
    price_id: str
    """The price card; empty where there is none."""
    amount: int


class Charges:
    """Iterable once; afterwards it knows what it left out."""

    def __init__(self, rows: Iterable[StoredRequest]) -> None:
        self._rows = rows
        #: Requests without a price, which are no charge of zero.
        self.unpriced = 0
        #: Requests that a subscription pays for.
        self.covered = 0
        #: nano-USD of everything that is charged.
        self.total = 0

    def __iter__(self) -> Iterator[Charge]:
        """In order of time; the requests must be, too."""
        rounding: defaultdict[tuple[int, str], int] = defaultdict(int)
        month = None
        for day, rows in groupby(self._rows, key=lambda row: row.priced.record.ts // DAY_US):
            this = month_of(day * DAY_US)
            if month not in (None, this):
                yield from _adjustments(rounding)
                rounding.clear()
            month = this
            yield from self._day(day, this, rows, rounding)
        yield from _adjustments(rounding)

    def _day(
        self, day: int, month: int, rows: Iterable[StoredRequest], rounding: defaultdict[tuple[int, str], int]
    ) -> Iterator[Charge]:
        units: defaultdict[tuple[Service, str, int | None, str], int] = defaultdict(int)
        amounts: defaultdict[tuple[Service, str, int | None, str], int] = defaultdict(int)
        for row in rows:
            priced = row.priced
            if priced.record.unmetered:
                self.covered += 1
            elif priced.cost is None:
                self.unpriced += 1
            else:
                self.total += priced.cost
                of = (month, priced.record.provider)
                rounding[of] += priced.cost * FEMTO_PER_NANO
                for key, count, amount in _parts(priced):
                    units[key] += count
                    amounts[key] += amount
                    rounding[of] -= amount
        for key in sorted(amounts, key=lambda each: (each[0], each[1], each[3], each[2] or 0)):
            service, kind, rate, card = key
            yield Charge(day * DAY_US, (day + 1) * DAY_US, month, service, kind, units[key], rate, card, amounts[key])


def _parts(priced: PricedRecord) -> Iterator[tuple[tuple[Service, str, int | None, str], int, int]]:
    """((service, kind, rate, card), units, femto-USD) of one request."""
    r = priced.record
    service = Service(r.provider, r.model, r.tier, r.region, r.app, r.team, r.environment, r.project, r.user)
    basis, cost = priced.basis, (priced.cost or 0) * FEMTO_PER_NANO
    found = rates_of(basis.body, sum(r.usage[:_INPUTS])) if basis.body and basis.card_id != REPORTED else None
    units = [] if found is None else [*zip((*BUCKETS, FEES), (*r.usage, 1), (*found[0], found[1]), strict=True)]
    exact = sum(count * (rate or 0) for _, count, rate in units)
    if found is None or any(count and rate is None for _, count, rate in units) or abs(exact - cost) > _ROUNDING:
        # A request that used nothing and cost nothing is no charge.
        if cost or any(r.usage):
            yield (service, REPORTED_COST, None, ""), 1, cost
        return
    for kind, count, rate in units:
        if count and (rate or kind != FEES):
            yield (service, kind, rate, basis.card_id), count, count * (rate or 0)


def _adjustments(rounding: dict[tuple[int, str], int]) -> Iterator[Charge]:
    for (month, provider), amount in sorted(rounding.items()):
        if amount:
            start, end = month_bounds(month)
            yield Charge(start, end, month, Service(provider), ADJUSTMENT, 0, None, "", amount)


def month_of(us: int) -> int:
    moment = from_us(us)
    return moment.year * 12 + moment.month - 1


def month_bounds(month: int) -> tuple[int, int]:
    """[start, end) of a UTC month, in microseconds."""
    first = from_us(0).replace(year=month // 12, month=month % 12 + 1)
    following = (first + timedelta(days=31)).replace(day=1)
    epoch = from_us(0)
    start, end = ((moment - epoch) // timedelta(microseconds=1) for moment in (first, following))
    return start, end
