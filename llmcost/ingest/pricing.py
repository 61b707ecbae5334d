"""A record's price: the one it was exported with, else ours, else what was reported, else none."""

from __future__ import annotations

import json

from llmcost.core.record import KeptPrice, Record
from llmcost.core.usage import COST_PARTS
from llmcost.ledger.protocol import REPORTED, UNPRICED, Basis, PricedRecord
from llmcost.pricing.book import PriceBook, Priced, Resolved

_UNPRICED = Basis(UNPRICED)
_REPORTED = Basis(REPORTED)
_ZEROS = (0,) * (len(COST_PARTS) - 1)


class Pricer:
    """Prices records with one book; remembers why models went unpriced."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._resolved: dict[tuple[str, str, str], Resolved | None] = {}
        self._bases: dict[int, tuple[Priced, Basis]] = {}

    def price(self, record: Record) -> PricedRecord:
        if record.kept is not None:
            return self._kept(record, record.kept)
        key = (record.provider, record.model, record.tier)
        try:
            resolved = self._resolved[key]
        except KeyError:
            resolved = self._resolved[key] = self._book.resolve(*key)
        priced = resolved.at(record.ts) if resolved is not None else None
        if priced is not None:
            costed = priced.card.cost(record.usage)
            if costed is not None:
                known = self._bases.get(id(priced))
                basis = known[1] if known is not None else self._remember(priced)
                return PricedRecord(record, *costed, basis)
        return _without_card(record)

    def reason(self, record: Record) -> str:
        """Why `record` has no price of ours."""
        if record.kept is not None:
            return "exported without a price"
        return self._book.quote(record.provider, record.model, record.tier, record.ts, record.usage).reason

    def _kept(self, record: Record, kept: KeptPrice) -> PricedRecord:
        """A row of our own export keeps its cost and basis.

        An export without the parts of a cost: they come back where the card is still the book's, and are one
        lump where it is not.
        """
        if kept.cost_nano is None or kept.card_id in ("", UNPRICED):
            return PricedRecord(record, None, (), _UNPRICED)
        ours = self.price(record._replace(kept=None))
        parts = kept.parts or ours.parts
        if (ours.cost, *ours.basis[:2], ours.parts) == (kept.cost_nano, kept.card_id, kept.match, parts):
            return ours
        parts = kept.parts or (*_ZEROS, kept.cost_nano)
        basis = Basis(kept.card_id, kept.match, "export", assumed=kept.assumed)
        return PricedRecord(record, kept.cost_nano, parts, _REPORTED if kept.card_id == REPORTED else basis)

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
