"""What the ledger knows of the calls made with a prompt: how many, how long, how much of them cached."""

from __future__ import annotations

from typing import NamedTuple

from llmcost.core.instants import DAY_US
from llmcost.core.money import round_half_even
from llmcost.ledger.measures import Sums
from llmcost.ledger.protocol import Ledger, Query

#: A month is a twelfth of the Gregorian calendar's 365 days.
MONTH_US = 365 * DAY_US // 12
#: A shorter stretch of traffic says nothing about a month.
_SHORTEST_US = DAY_US


class Traffic(NamedTuple):
    """Requests of one prompt in a stretch of time, as the ledger has them."""

    requests: int
    span_us: int
    """Length of the stretch: from the window's start, or the prompt's first row, to the ledger's newest row."""
    newest_us: int
    """The ledger's newest row at or before now."""
    model: str
    """The model that most of the requests went to."""
    provider: str
    input_p50: int
    output_p50: int
    output_p90: int
    sums: Sums

    @property
    def calls_per_month(self) -> int:
        """Requests, scaled to a month of 365/12 days."""
        return round_half_even(self.requests * MONTH_US, self.span_us)

    @property
    def output_mean(self) -> int:
        """Output tokens of an average request, failed ones included, as they are in `calls_per_month`."""
        return round_half_even(self.sums.usage.output_total, self.requests)

    @property
    def cached_tokens(self) -> int:
        """Input tokens of an average request that came from the provider's cache, rounded down."""
        return self.sums.usage.cached_total // self.requests


def measured(ledger: Ledger, where: tuple[tuple[str, str], ...], *, now_us: int, days: int = 30) -> Traffic | None:
    """What is known of the requests `where` selects in the last `days` up to `now_us`; None when there is none.

    Percentiles are nearest-rank over whole, successful requests; a prompt without any such request has none
    and counts as unknown.
    """
    newest = ledger.newest_at(now_us)
    if newest is None:
        return None
    query = Query(now_us - days * DAY_US, newest + 1, where=where)
    groups = ledger.sums(query._replace(by=("provider", "model")))
    output = ledger.token_percentiles(query, "output", (50, 90))
    inputs = ledger.token_percentiles(query, "input", (50,))
    if not groups or output is None or inputs is None:
        return None
    main = max(groups, key=lambda group: (group.sums["requests"], group.key))
    total = sum((group.sums for group in groups), Sums())
    first = next(ledger.requests(query, order="time", limit=1)).priced.record.ts
    return Traffic(
        requests=total["requests"],
        span_us=max(newest - first, _SHORTEST_US),
        newest_us=newest,
        model=main.key[1],
        provider=main.key[0],
        input_p50=inputs[0],
        output_p50=output[0],
        output_p90=output[1],
        sums=total,
    )
