"""A record's price: the one it was exported with, else ours, else what was reported, else none."""

from __future__ import annotations

import json

from llmcost.core.record import Record
from llmcost.core.usage import COST_PARTS
from llmcost.ledger.protocol import REPORTED, UNPRICED, Basis, PricedRecord
from llmcost.pricing.book import PriceBook, Priced

_UNPRICED = Basis(UNPRICED)
_REPORTED = Basis(REPORTED)
_ZEROS = (0,) * (len(COST_PARTS) - 1)


class Pricer:
    """Prices records with one book; remembers why models went unpriced."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._bases: dict[int, tuple[Priced, Basis]] = {}

    def price(self, record: Record) -> PricedRecord:
        if record.kept is not None:
            return _kept(record)
        resolved = self._book.resolve(record.provider, record.model, record.tier)
        priced = resolved.at(record.ts) if resolved is not None else None
        if priced is not None:
            cost = priced.card.cost(record.usage)
            if cost is not None:
                known = self._bases.get(id(priced))
                basis = known[1] if known is not None else self._remember(priced)
                return PricedRecord(record, cost[0], cost[1], basis)
        return _without_card(record)

    def reason(self, record: Record) -> str:
        """Why `record` has no price of ours."""
        return self._book.quote(record.provider, record.model, record.tier, record.ts, record.usage).reason

    def _remember(self, priced: Priced) -> Basis:
        card = priced.card
        body = json.dumps(card.as_dict(), sort_keys=True, separators=(",", ":"))
        basis = Basis(card.card_id, priced.match, priced.layer, body, bool(card.note))
        # Holding `priced` keeps its id() from being given to another object.
        self._bases[id(priced)] = (priced, basis)
        return basis


def _without_card(record: Record) -> PricedRecord:
    if record.status != "ok" and not any(record.usage):
        # A failed request that used nothing is billed nothing; that is known, not assumed.
        return PricedRecord(record, 0, (*_ZEROS, 0), _NOTHING_USED)
    if record.reported_nano is not None:
        return PricedRecord(record, record.reported_nano, (*_ZEROS, record.reported_nano), _REPORTED)
    return PricedRecord(record, None, (), _UNPRICED)


_NOTHING_USED = Basis("nothing-used", "error", "")


def _kept(record: Record) -> PricedRecord:
    """A row of our own export keeps its cost; its parts, which an export does not carry, become one lump."""
    kept = record.kept
    assert kept is not None  # noqa: S101 - narrowed by the caller
    if kept.cost_nano is None:
        return PricedRecord(record, None, (), _UNPRICED)
    return PricedRecord(record, kept.cost_nano, (*_ZEROS, kept.cost_nano), Basis(kept.card_id, kept.match, "export"))
