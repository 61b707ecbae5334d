"""The rates that a request was priced with, from the card that the ledger keeps beside it."""

from __future__ import annotations

import json
from functools import lru_cache

from llmcost.core.usage import BUCKETS


@lru_cache(4096)
def _card(body: str) -> tuple[tuple[tuple[int, tuple[int | None, ...]], ...], int] | None:
    """A stored card's bands and its fee per request; None where a request's rates are a mixture of several bands'."""
    card = json.loads(body)
    bands = tuple((band["above"], tuple(band["rates"].get(bucket) for bucket in BUCKETS)) for band in card["bands"])
    return None if card["marginal"] and len(bands) > 1 else (bands, card["per_request"])


def rates_of(body: str, given: int) -> tuple[tuple[int | None, ...], int] | None:
    """femto-USD per unit of each bucket, and per request, of one with `given` input tokens.

    `body` is a card as the ledger keeps it. None where no single rate holds.
    """
    card = _card(body)
    if card is None:
        return None
    bands, fee = card
    return [rates for number, (above, rates) in enumerate(bands) if not number or given > above][-1], fee
