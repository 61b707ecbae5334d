"""What a request of the ledger would have cost with another model: the same tokens at that model's price."""

from __future__ import annotations

from typing import NamedTuple

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ledger.protocol import PricedRecord
from llmcost.pricing.book import PriceBook, Priced
from llmcost.routing.judged import cannot_serve
from llmcost.routing.offers import Offer, offers
from llmcost.routing.policy import Candidate, Rules


class Costs(NamedTuple):
    """nano-USD of one request with one model; None: it cannot serve it, or has no rate for what it used."""

    warm: int | None
    """With the part from the prompt cache that it had."""
    cold: int | None
    """With nothing cached: the request before it went to another model."""
    served: bool
    """Whether this is the model that served it, so that `warm` is what was paid."""


class Repricer:
    """Prices rows of the ledger for each candidate, at the prices of the request's own time and tier.

    Where a candidate had no price then, those of `now_us` count; where it has none for the tier, its standard rates.

    Raises (constructor):
        UsageError: a candidate has no price now either.
    """

    def __init__(self, book: PriceBook, candidates: tuple[Candidate, ...], now_us: int) -> None:
        self._book = book
        self._now_us = now_us
        self._offers = offers(book, candidates, now_us)

    def __call__(self, row: PricedRecord) -> list[Costs]:
        """For each candidate, in their order."""
        record = row.record
        own = self._own(record)
        return [self._costs(row, offer, own) for offer in self._offers]

    def able(self, rules: Rules, *, images: bool) -> tuple[int, ...]:
        """Positions of the candidates of `rules` that have the capabilities and regions asked for."""
        needed = frozenset({"vision"}) if images else frozenset()
        return tuple(
            at
            for at, offer in enumerate(self._offers)
            if offer.candidate in rules.candidates and not cannot_serve(offer, rules, 0, needed)
        )

    def _own(self, record: Record) -> Priced | None:
        resolved = self._book.resolve(record.provider, record.model, record.tier)
        return None if resolved is None else resolved.at(record.ts)

    def _costs(self, row: PricedRecord, offer: Offer, own: Priced | None) -> Costs:
        record, usage = row.record, row.record.usage
        resolved = self._book.resolve(offer.candidate.provider, offer.candidate.model, record.tier)
        then = None if resolved is None else resolved.at(record.ts) or resolved.at(self._now_us)
        card = (then or offer.priced).card
        served = own is not None and (own.card.provider, own.card.model) == (card.provider, card.model)
        if offer.context_window is not None and usage.tokens > offer.context_window and not served:
            return Costs(None, None, served)
        if not served and card.provider != record.provider:
            # Only Anthropic sells an hour; elsewhere a write has one price, or none of its own.
            usage = usage._replace(write_5m=usage.write_5m + usage.write_1h, write_1h=0)
        warm = row.cost if served else _nano(card.cost(usage))
        cold = warm if not usage.cached_total else _nano(card.cost(without_cache(usage)))
        return Costs(warm, cold, served)


def without_cache(usage: Usage) -> Usage:
    """The same request where nothing of its input was cached."""
    return usage._replace(
        input=usage.input + usage.cached, cached=0,
        input_audio=usage.input_audio + usage.cached_audio, cached_audio=0,
    )  # fmt: skip


def _nano(costed: tuple[int, tuple[int, ...]] | None) -> int | None:
    return None if costed is None else costed[0]
