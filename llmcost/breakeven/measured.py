"""A month's traffic as the ledger has measured it: volume, mix, cached share, batches, and the busiest hour."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from llmcost.breakeven.traffic import HOURS_MONTH
from llmcost.core.errors import DataError
from llmcost.core.instants import SECOND_US
from llmcost.ledger.measures import Sums
from llmcost.ledger.protocol import Ledger, Query

HOUR_US = 3600 * SECOND_US
#: A shorter stretch says nothing about a month.
_SHORTEST_HOURS = 24


class Measured(NamedTuple):
    input_tokens: int
    """A month's, cached ones included."""
    output_tokens: int
    cached_share: Fraction
    """Of the input tokens."""
    write_share: Fraction
    batch_share: Fraction
    """Of the tokens, which is what a batch discount applies to."""
    input_per_request: int
    """Rounded down; 0 where requests have no input."""
    peak_to_average: Fraction
    """Tokens of the busiest hour / tokens of an average hour."""
    model: str
    """The one with the most tokens."""
    model_share: Fraction
    """Of the tokens."""
    hours: int
    """Measured ones: from the first request in the window to the ledger's newest row, whole hours."""
    requests: int


def measured(ledger: Ledger, *, now_us: int, span_us: int, where: tuple[tuple[str, str], ...] = ()) -> Measured:
    """What the last `span_us` microseconds up to `now_us` hold, scaled to a month of 730 hours.

    Hours are UTC. The stretch ends at the ledger's newest row, so that a log that ended a week ago is not taken for a
    quiet week.

    Raises:
        DataError: no request, or none with tokens.
    """
    newest = ledger.newest_at(now_us)
    empty = DataError(
        "the ledger has no tokens in that time", "ingest logs, choose a longer time, or say --monthly-tokens 500M"
    )
    if newest is None:
        raise empty
    end = -(-(newest + 1) // HOUR_US)
    query = Query(now_us - span_us, newest + 1, where=where)
    groups = ledger.sums(query._replace(by=("model", "tier")))
    total = sum((group.sums for group in groups), Sums())
    usage = total.usage
    if not usage.tokens:
        raise empty
    oldest = next(iter(ledger.requests(query, order="time", limit=1))).priced.record.ts
    start = min(oldest // HOUR_US, end - _SHORTEST_HOURS)
    cuts = [hour * HOUR_US for hour in range(start, end + 1)]
    hourly = ledger.series(query, cuts)[()]
    busiest = max(amounts.tokens for amounts in hourly)
    by_model: dict[str, int] = {}
    for group in groups:
        by_model[group.key[0]] = by_model.get(group.key[0], 0) + group.sums.usage.tokens
    model = max(by_model, key=lambda name: (by_model[name], name))
    batched = sum(group.sums.usage.tokens for group in groups if group.key[1] == "batch")
    hours = end - start
    given = usage.input_total
    return Measured(
        input_tokens=_month(given, hours),
        output_tokens=_month(usage.output_total, hours),
        cached_share=Fraction(usage.cached_total, given or 1),
        write_share=Fraction(usage.write_5m + usage.write_1h, given or 1),
        batch_share=Fraction(batched, usage.tokens),
        input_per_request=given // total["requests"],
        peak_to_average=Fraction(busiest * hours, usage.tokens),
        model=model,
        model_share=Fraction(by_model[model], usage.tokens),
        hours=hours,
        requests=total["requests"],
    )


def _month(tokens: int, hours: int) -> int:
    return round(Fraction(tokens * HOURS_MONTH, hours))
