"""A record's price: the one it was exported with, else ours, else what was reported, else none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from llmcost.core.record import KeptPrice, Record
from llmcost.core.usage import BUCKETS, COST_PARTS, Usage
from llmcost.ledger.protocol import REPORTED, UNPRICED, Basis, PricedRecord
from llmcost.pricing.book import PriceBook, Priced, Resolved
from llmcost.pricing.card import Costed

_UNPRICED = Basis(UNPRICED)
_REPORTED = Basis(REPORTED)
_ZEROS = (0,) * (len(COST_PARTS) - 1)
_FREE = (*_ZEROS, 0)
_NOTHING_USED = Basis("nothing-used", "error")
_RESPONSE_CACHE = Basis("response-cache", "cache-hit")
_new = tuple.__new__


class _Known(NamedTuple):
    """What rows of one card are written with."""

    cost: Callable[[Usage], Costed | None]
    plain: Basis
    assumed: Basis
    """For requests that used a derived rate."""
    derived: tuple[int, ...]
    """Buckets with a derived rate."""


class Pricer:
    """Prices records with one book; remembers why models went unpriced."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._resolved: dict[tuple[str, str, str], Resolved | None] = {}
        self._known: dict[int, _Known] = {}
        self._undated: dict[tuple[str, str, str], _Known] = {}

    def price(self, record: Record) -> PricedRecord:
        if record.kept is not None:
            return self._kept(record, record.kept)
        usage = record.usage
        if record.status != "ok" and not any(usage) and not record.reported_nano:
            # A failed request that used nothing is billed nothing, no fee either; that is known, not assumed.
            return PricedRecord(record, 0, _FREE, _NOTHING_USED)
        if record.cache_hit and not _used_provider_cache(usage):
            return PricedRecord(record, 0, _FREE, _RESPONSE_CACHE)
        if record.reported_nano is not None and not any(usage):
            # A log of costs without token counts: a card would make nothing of it.
            return _without_card(record)
        key = (record.provider, record.model, record.tier)
        known = self._undated.get(key) or self._at(key, record.ts)
        if known is not None:
            costed = known[0](usage)
            if costed is not None:
                _, basis, assumed, derived = known
                for bucket in derived:
                    if usage[bucket]:
                        basis = assumed
                # NamedTuple's own constructor takes a tenth of the time of pricing a row.
                return _new(PricedRecord, (record, costed[0], costed[1], basis))
        return _without_card(record)

    def _at(self, key: tuple[str, str, str], us: int) -> _Known | None:
        try:
            resolved = self._resolved[key]
        except KeyError:
            resolved = self._resolved[key] = self._book.resolve(*key)
        if resolved is None or (priced := resolved.at(us)) is None:
            return None
        # The book keeps `priced` for as long as this object lives: its id() is given to no other.
        known = self._known.get(id(priced)) or self._remember(priced)
        if not resolved.dated:
            self._undated[key] = known
        return known

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

    def _remember(self, priced: Priced) -> _Known:
        card = priced.card
        body = json.dumps(card.as_dict(), sort_keys=True, separators=(",", ":"))
        plain = Basis(card.card_id, priced.match, priced.layer, body, assumed=card.assumed(Usage()))
        derived = tuple(BUCKETS.index(bucket) for bucket in card.derived)
        known = self._known[id(priced)] = _Known(card.cost, plain, plain._replace(assumed=True), derived)
        return known


def _used_provider_cache(usage: Usage) -> bool:
    """Whether the provider's prompt cache was read or written, which proves that the provider was asked."""
    return bool(usage.cached or usage.cached_audio or usage.write_5m or usage.write_1h)


def _without_card(record: Record) -> PricedRecord:
    if record.reported_nano is not None:
        return PricedRecord(record, record.reported_nano, (*_ZEROS, record.reported_nano), _REPORTED)
    return PricedRecord(record, None, (), _UNPRICED)
