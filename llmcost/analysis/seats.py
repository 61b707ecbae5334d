"""Subscriptions against their use: what a seat costs, and what the API would have charged for what it covered.

The two are never added up: the one is paid, the other is not. Money is integer nano-USD.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from llmcost.analysis.fixed_costs import accrued, standing
from llmcost.core.errors import UsageError
from llmcost.core.instants import Period, from_us
from llmcost.ledger.protocol import CoveredGroup, Ledger, Query


class Seat(NamedTuple):
    """One person's use of one tool."""

    user: str
    tool: str
    price: int | None
    """Of the subscription in the period; None: no entry tells it."""
    value: int
    """What the API would have charged for the covered requests that have a price."""
    requests: int
    """Covered ones."""
    unpriced: int
    """Of those, without a price: the value is at least this."""
    last_us: int | None
    """When it was last used in the period."""

    @property
    def utilisation(self) -> Fraction | None:
        """Value per price; None without a price."""
        return Fraction(self.value, self.price) if self.price is not None and self.price > 0 else None

    @property
    def underused(self) -> bool | None:
        """Worth less than it costs, or not used at all; None where that is not known."""
        if self.price is None:
            return None
        if not self.requests:
            return self.price > 0
        return None if self.unpriced and self.value < self.price else self.value < self.price


class Person(NamedTuple):
    """What someone who has seats spent on requests at a price per token beside them."""

    user: str
    overage: int
    requests: int
    """Metered ones."""
    unpriced: int


class SeatReport(NamedTuple):
    period: Period
    seats: tuple[Seat, ...]
    """By person and tool."""
    people: tuple[Person, ...]

    @property
    def price(self) -> int:
        return sum(seat.price or 0 for seat in self.seats)

    @property
    def value(self) -> int:
        return sum(seat.value for seat in self.seats)

    @property
    def overage(self) -> int:
        return sum(person.overage for person in self.people)


def seats(ledger: Ledger, period: Period) -> SeatReport:
    """Every seat that costs something in the period, and every use that a subscription covers.

    Raises:
        UsageError: it needs rows that were compacted.
    """
    prices: dict[tuple[str, ...], int] = {}
    with ledger.snapshot():
        since = ledger.raw_since()
        if since is not None and period.start < since:
            raise UsageError(
                f"the requests before {from_us(since):%Y-%m-%d} (UTC) were compacted: who used which seat is not kept",
                "choose a period from then on",
            )
        for entry in standing(ledger.costs.all()):
            if entry.category == "seat" and (amount := accrued(entry, period)):
                key = (entry.user, entry.tool)
                prices[key] = prices.get(key, 0) + amount
        query = Query(period.start, period.end, ("user", "source"))
        used = {group.key: group for group in ledger.covered_groups(query)}
        spent = {group.key[0]: group.sums for group in ledger.sums(query._replace(by=("user",)))}
    found = [_seat(key, prices.get(key), used.get(key)) for key in sorted({*prices, *used})]
    people = []
    for user in sorted({seat.user for seat in found}):
        mine = [group for key, group in used.items() if key[0] == user]
        metered = (
            0 if user not in spent else spent[user][total] - sum(getattr(group, part) for group in mine)
            for total, part in (("cost", "cost"), ("requests", "requests"), ("unpriced", "unpriced"))
        )
        people.append(Person(user, *metered))
    return SeatReport(period, tuple(found), tuple(people))


def _seat(key: tuple[str, ...], price: int | None, used: CoveredGroup | None) -> Seat:
    user, tool = key
    if used is None:
        return Seat(user, tool, price, 0, 0, 0, None)
    return Seat(user, tool, price, used.cost, used.requests, used.unpriced, used.last_us)
