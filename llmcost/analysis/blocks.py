"""Five-hour billing blocks, as ccusage counts them.

A block begins at the UTC hour of its first request and lasts five hours; the first request at or after its end begins
the next one. So which hours hold requests decides where blocks lie, and roll-ups tell that without reading rows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from llmcost.core.instants import QUARTER_US, SECOND_US, Period
from llmcost.core.money import round_half_even
from llmcost.core.record import dimension
from llmcost.ledger.measures import ROLLED, Sums
from llmcost.ledger.protocol import Ledger, Query

HOUR_US = 4 * QUARTER_US
BLOCK_US = 5 * HOUR_US
_MINUTE_US = 60 * SECOND_US
#: Stretches looked at before their hours are; and how far back a pause is first looked for.
_COARSE_US, _LOOK_BACK_US = 240 * HOUR_US, 24 * HOUR_US

_Where = tuple[tuple[str, str], ...]


class Burn(NamedTuple):
    """How fast a running block is used up, from its first to its last request, and what it comes to at that rate."""

    tokens_per_minute: Fraction
    cost_per_hour: int | None
    """nano-USD; None where no request of the block has a price."""
    tokens: int
    """Of the whole block, at its end."""
    cost: int | None


class Block(NamedTuple):
    """[start, end) in microseconds UTC, and what was requested in it."""

    start: int
    end: int
    first: int
    last: int
    """Times of its first and last request; of their quarters of an hour where rows were compacted."""
    models: tuple[str, ...]
    """Dearest first."""
    sums: Sums
    left: int | None
    """Microseconds until its end while it runs; None when it is over."""
    burn: Burn | None
    """Of a running block with requests at two moments."""


class Gap(NamedTuple):
    """A time without a block: from five hours after a request to the next one."""

    start: int
    end: int


class Blocks(NamedTuple):
    """The blocks that start in a period, whole, oldest first."""

    period: Period
    where: _Where
    blocks: tuple[Block, ...]
    gaps: tuple[Gap, ...]
    sums: Sums

    @property
    def active(self) -> Block | None:
        return next((block for block in self.blocks if block.left is not None), None)


def starts(hours: Iterable[int]) -> list[int]:
    """Where blocks begin, of the hours (microseconds, ascending) that hold requests."""
    found: list[int] = []
    for hour in hours:
        if not found or hour >= found[-1] + BLOCK_US:
            found.append(hour)
    return found


def blocks(ledger: Ledger, period: Period, where: _Where, now_us: int) -> Blocks:
    """The blocks that start in `period`, of the requests that `where` selects, at `now_us`.

    A block that runs beyond the period's end counts whole, up to now. Where a block begins depends on the one before,
    back to the last pause of five hours.

    Raises:
        UsageError: an unknown dimension, or one whose rows were compacted.
    """
    horizon = max(period.end, now_us)
    with ledger.snapshot():
        hours = _hours(ledger, period, where, horizon)
        found = [
            _block(ledger, start, hours, where, horizon, now_us)
            for start in starts(hours)
            if period.start <= start < period.end
        ]
    gaps = [Gap(a.last + BLOCK_US, b.first) for a, b in pairwise(found) if b.first - a.last > BLOCK_US]
    return Blocks(period, where, tuple(found), tuple(gaps), Sums.total([block.sums for block in found]))


def _hours(ledger: Ledger, period: Period, where: _Where, horizon: int) -> list[int]:
    """The hours with requests: of the period, of a block that outlasts it, and of the time before back to a pause."""
    bounds = ledger.bounds()
    if bounds is None:
        return []
    oldest, newest = _hour(bounds[0]), bounds[1] + QUARTER_US
    occupied = partial(_occupied, ledger, where)
    start = max(_hour(period.start), oldest)
    within = occupied(start, min(_hour(period.end) + BLOCK_US, horizon, newest))
    if not {dimension(name) for name, _ in where} <= {*ROLLED}:
        # Only rows tell of these, and those before were compacted.
        oldest = min(start, max(oldest, ledger.raw_since() or 0))
    back = _LOOK_BACK_US
    while within:
        since = max(start - back, oldest)
        before = occupied(since, start)
        # What came before five empty hours has no bearing on what comes behind them.
        marks = [since - HOUR_US, *before, start]
        pauses = [end for begin, end in pairwise(marks) if end - begin > BLOCK_US]
        if pauses or since == oldest:
            return [hour for hour in before if not pauses or hour >= pauses[-1]] + within
        back *= 4
    return within


def _hour(us: int) -> int:
    return us // HOUR_US * HOUR_US


def _occupied(ledger: Ledger, where: _Where, start: int, end: int) -> list[int]:
    """The hours of [start, end) that hold requests; `start` is a whole hour.

    All requests have roll-ups of their own. With a filter those of many series would have to be added up, where rows,
    unless they are gone, tell sooner that there is one.
    """
    raw = min(max(start, ledger.raw_since() or 0), end) if where else end
    found = []
    for begin in _with_requests(ledger, where, start, raw, _COARSE_US):
        found += _with_requests(ledger, where, begin, min(begin + _COARSE_US, raw), HOUR_US)
    while (ts := _next(ledger, raw, end, where)) < end:
        found.append(_hour(ts))
        raw = found[-1] + HOUR_US
    return found


def _with_requests(ledger: Ledger, where: _Where, start: int, end: int, step: int) -> list[int]:
    """Where the stretches of [start, end), `step` long, begin that hold requests by the roll-ups."""
    cuts = [*range(start, end, step), end]
    if where:
        amounts = ledger.series(Query(start, end, where=where), cuts, tokens=False).get((), [])
        counts = [amount.requests for amount in amounts]
    else:
        counts = [ledger.sums(Query(*edges))[0].sums["requests"] for edges in pairwise(cuts)]
    return [cut for cut, requests in zip(cuts, counts, strict=False) if requests]


def _block(ledger: Ledger, start: int, hours: Sequence[int], where: _Where, horizon: int, now_us: int) -> Block:
    end = start + BLOCK_US
    hours = hours[bisect_left(hours, start) : bisect_left(hours, end)]
    groups = ledger.sums(Query(start, min(end, horizon), by=("model",), where=where))
    groups.sort(key=lambda group: (-group.sums["cost"], group.key))
    sums = Sums.total([group.sums for group in groups])
    first, last = _first(ledger, hours[0], horizon, where), _last(ledger, hours[-1], horizon, where)
    left = end - now_us if start <= now_us < end else None
    burn = _burn(sums, last - first, left) if left is not None and last > first else None
    return Block(start, end, first, last, tuple(group.key[0] for group in groups), sums, left, burn)


def _first(ledger: Ledger, hour: int, horizon: int, where: _Where) -> int:
    """Time of the first request of an hour that holds some; of the quarter of an hour where rows were compacted."""
    end = min(hour + HOUR_US, horizon)
    ts = _next(ledger, hour, end, where)
    return ts if ts < end else _with_requests(ledger, where, hour, end, QUARTER_US)[0]


def _last(ledger: Ledger, hour: int, horizon: int, where: _Where) -> int:
    """Time of its last one, likewise; by halving, for an hour may hold thousands."""
    end = min(hour + HOUR_US, horizon)
    last = _next(ledger, hour, end, where)
    if last == end:
        return _with_requests(ledger, where, hour, end, QUARTER_US)[-1]
    while (behind := _next(ledger, last + 1, end, where)) < end:
        middle = (behind + end) // 2
        later = _next(ledger, middle, end, where)
        last, end = (later, end) if later < end else (behind, middle)
    return last


def _next(ledger: Ledger, start: int, end: int, where: _Where) -> int:
    """Time of the first request in [start, end); `end` when there is none."""
    rows = list(ledger.requests(Query(start, end, where=where), order="time", limit=1)) if start < end else []
    return rows[0].priced.record.ts if rows else end


def _burn(sums: Sums, lasted: int, left: int) -> Burn:
    tokens = sums.usage.tokens
    cost = None if sums["unpriced"] == sums["requests"] else sums["cost"]
    return Burn(
        Fraction(tokens * _MINUTE_US, lasted),
        None if cost is None else round_half_even(cost * HOUR_US, lasted),
        tokens + round_half_even(tokens * left, lasted),
        None if cost is None else cost + round_half_even(cost * left, lasted),
    )
