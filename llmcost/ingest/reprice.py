"""Pricing again what is already in the ledger, with today's price book."""

from __future__ import annotations

from typing import NamedTuple

from llmcost.core.instants import DAY_US
from llmcost.ingest.pricing import Pricer
from llmcost.ledger.protocol import Ledger, PricedRecord, Query
from llmcost.pricing.book import PriceBook


class Repriced(NamedTuple):
    """`seen` rows were priced again, `changed` differ now; costs in nano-USD are those of the seen rows."""

    seen: int = 0
    changed: int = 0
    unpriced: int = 0
    before: int = 0
    after: int = 0


def reprice(ledger: Ledger, book: PriceBook, query: Query, *, everything: bool = False) -> Repriced:
    """Price the rows of `query` that have no price of ours, or with `everything` all of them.

    Works day by day, so that memory stays bounded and other writers get their turn; what is done stays done.
    """
    bounds = ledger.bounds()
    if bounds is None:
        return Repriced()
    pricer = Pricer(book)
    total = Repriced()
    start, end = max(query.start, bounds[0]), min(query.end, bounds[1] + 1)
    while start < end:
        stop = min(end, (start // DAY_US + 1) * DAY_US)
        day = query._replace(start=start, end=stop)
        start = stop
        if not everything and not _may_lack_prices(ledger, day):
            continue
        stored = [row.priced for row in ledger.requests(day, order="time", limit=None, without_card=not everything)]
        priced = [pricer.price(row.record) for row in stored]
        changed = ledger.reprice(priced)
        total = Repriced(
            total.seen + len(stored),
            total.changed + changed,
            total.unpriced + sum(row.cost is None for row in priced),
            total.before + _cost(stored),
            total.after + _cost(priced),
        )
    return total


def _may_lack_prices(ledger: Ledger, day: Query) -> bool:
    sums = ledger.sums(day)[0].sums
    return bool(sums["unpriced"] or sums["reported_only"])


def _cost(rows: list[PricedRecord]) -> int:
    return sum(row.cost or 0 for row in rows)
