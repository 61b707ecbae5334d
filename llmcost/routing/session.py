"""What the ledger knows of a session: the model that served it last, and what of it is still cached."""

from __future__ import annotations

from collections import deque

from llmcost.core.instants import DAY_US
from llmcost.ledger.protocol import Ledger, Query
from llmcost.pricing.book import PriceBook
from llmcost.routing.judged import LastCall


def last_call(ledger: Ledger, book: PriceBook, session: str, *, now_us: int, cache_us: int) -> LastCall | None:
    """The session's last priced request in the day before `now_us`; None where there is none.

    Its whole input counts as cached for `cache_us`: the next request of a conversation begins with it.
    """
    query = Query(now_us - max(DAY_US, cache_us), now_us + 1, where=(("session", session),))
    for stored in deque(ledger.requests(query, order="time", limit=None), maxlen=1):
        record = stored.priced.record
        resolved = book.resolve(record.provider, record.model)
        priced = None if resolved is None else resolved.at(record.ts)
        if priced is not None:
            warm = now_us - record.ts <= cache_us
            return LastCall(priced.card.provider, priced.card.model, record.usage.input_total if warm else 0)
    return None
