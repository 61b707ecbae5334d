"""Money that bought nothing, and what prompt caches saved. Each rule is in docs/units.md.

One pass over the requests in order of time; what is kept is an entry for each prompt and session of the
last hour, and one for each cache that was written and not read.
A request's money is wasted once: in the first category that it falls into.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from llmcost.analysis.rates import rates_of
from llmcost.core.instants import SECOND_US
from llmcost.core.money import FEMTO_PER_NANO, round_half_even
from llmcost.ledger.protocol import PricedRecord, StoredRequest

CATEGORIES = ("errors", "abandoned", "retries", "unread_cache_writes")
_MINUTE_US = 60 * SECOND_US
#: A prompt asked again within this time of an answer is a retry.
_RETRY_US = 10 * _MINUTE_US
#: So many failures of one session within this time are a loop.
_LOOP, _LOOP_US = 5, 60 * _MINUTE_US
#: After so many requests what is long past is forgotten.
_TIDY = 50_000
_TTL_US = {"write_5m": 5 * _MINUTE_US, "write_1h": 60 * _MINUTE_US}
_INPUT, _CACHED = 0, 1
_WRITES = {"write_5m": 2, "write_1h": 3}


class Wasted(NamedTuple):
    requests: int = 0
    cost: int = 0
    """nano-USD; a lower bound where some have no price."""
    unpriced: int = 0

    def plus(self, cost: int | None) -> Wasted:
        return Wasted(self.requests + 1, self.cost + (cost or 0), self.unpriced + (cost is None))


class Waste(NamedTuple):
    categories: dict[str, Wasted]
    """By CATEGORIES; none overlap."""
    loops: Wasted
    """Of the errors, those of sessions that failed five times or more within an hour."""
    read: int
    """femto-USD that cached input would have cost more as plain input."""
    written: int
    """femto-USD that cache writes cost more than plain input."""
    unjudged: int
    """Cached or cache-writing requests whose rates are not known."""

    @property
    def total(self) -> int:
        """nano-USD."""
        return sum(each.cost for each in self.categories.values())

    @property
    def saved(self) -> int:
        """nano-USD that prompt caches saved after what writing them cost; negative where they cost more."""
        return round_half_even(self.read - self.written, FEMTO_PER_NANO)


class _Failure(NamedTuple):
    ts: int
    cost: int | None
    told: bool = False


class _Written(NamedTuple):
    """A cache write that nobody has read yet."""

    expires: int
    premium: int
    """femto-USD."""


def waste(rows: Iterable[StoredRequest], until: int) -> Waste:
    """Of requests in order of time; `until`: what is alive then (microseconds UTC) may still be read."""
    found = dict.fromkeys(CATEGORIES, Wasted())
    loops = Wasted()
    answered: dict[tuple[str, str, str], int] = {}
    failures: defaultdict[str, deque[_Failure]] = defaultdict(deque)
    caches = _Caches()
    read = written = unjudged = 0
    for number, row in enumerate(rows, 1):
        priced = row.priced
        r, cost = priced.record, priced.cost
        if not number % _TIDY:
            _tidy(r.ts, answered, failures)
        cache = r.session or r.prefix_digest
        if cache:
            caches.seen(cache, r.ts, read=r.usage.cached_total > 0)
        if r.status != "ok":
            found["errors"] = found["errors"].plus(cost)
            if r.session:
                for amount in _looping(failures[r.session], r.ts, cost):
                    loops = loops.plus(amount)
            continue
        prompt = (r.app, r.model, r.prompt_digest)
        category = ""
        if r.partial:
            category = "abandoned"
        elif r.prompt_digest:
            if r.ts - answered.get(prompt, r.ts - _RETRY_US - 1) <= _RETRY_US:
                category = "retries"
            answered[prompt] = r.ts
        if category:
            found[category] = found[category].plus(cost)
        use = _cache_use(priced)
        if use is None:
            unjudged += 1
            continue
        read += use.read
        written += sum(use.written.values())
        # What a wasted request wrote is wasted with it already.
        if cache and not category:
            for bucket, premium in use.written.items():
                caches.write(cache, bucket, r.ts, premium)
    return Waste({**found, "unread_cache_writes": caches.unread(until)}, loops, read, written, unjudged)


class _Caches:
    """Cache writes that nobody has read yet, by session (or prefix) and lifetime."""

    def __init__(self) -> None:
        self._pending: defaultdict[str, dict[str, _Written]] = defaultdict(dict)
        self._wasted = Wasted()

    def seen(self, cache: str, ts: int, *, read: bool) -> None:
        """A request of this cache came: what has expired is lost; what has not is well spent once it is read."""
        for bucket, pending in [*self._pending.get(cache, {}).items()]:
            if ts > pending.expires:
                self._lose(pending)
            elif not read:
                continue
            del self._pending[cache][bucket]

    def write(self, cache: str, bucket: str, ts: int, premium: int) -> None:
        earlier = self._pending[cache].get(bucket)
        whole = premium + (earlier.premium if earlier else 0)
        self._pending[cache][bucket] = _Written(ts + _TTL_US[bucket], whole)

    def unread(self, until: int) -> Wasted:
        for buckets in self._pending.values():
            for pending in buckets.values():
                if pending.expires <= until:
                    self._lose(pending)
        return self._wasted

    def _lose(self, pending: _Written) -> None:
        self._wasted = self._wasted.plus(round_half_even(pending.premium, FEMTO_PER_NANO))


def _tidy(now: int, answered: dict[tuple[str, str, str], int], failures: defaultdict[str, deque[_Failure]]) -> None:
    """Forget what is too long ago to matter."""
    for prompt in [each for each, ts in answered.items() if now - ts > _RETRY_US]:
        del answered[prompt]
    for session in [each for each, recent in failures.items() if now - recent[-1].ts > _LOOP_US]:
        del failures[session]


def _looping(recent: deque[_Failure], ts: int, cost: int | None) -> Iterator[int | None]:
    """Costs of a session's failures as soon as they are known to be a loop's; each once."""
    while recent and ts - recent[0].ts > _LOOP_US:
        recent.popleft()
    recent.append(_Failure(ts, cost))
    if len(recent) >= _LOOP:
        for place, each in enumerate(recent):
            if not each.told:
                recent[place] = each._replace(told=True)
                yield each.cost


class _CacheUse(NamedTuple):
    """femto-USD."""

    read: int
    written: dict[str, int]
    """By the bucket of the writes; only what cost more than plain input."""


def _cache_use(priced: PricedRecord) -> _CacheUse | None:
    """What caching saved and cost of one request; None where its rates are not known."""
    usage = priced.record.usage
    if not (usage.cached or usage.write_5m or usage.write_1h):
        return _CacheUse(0, {})
    body = priced.basis.body
    found = rates_of(body, usage.input_total) if body and priced.cost is not None else None
    if found is None:
        return None
    rates, _ = found
    plain, cached = rates[_INPUT], rates[_CACHED]
    if plain is None or (usage.cached and cached is None):
        return None
    premiums = {}
    for name, place in _WRITES.items():
        rate, tokens = rates[place], getattr(usage, name)
        if tokens and rate is None:
            return None
        if tokens and rate is not None and rate > plain:
            premiums[name] = tokens * (rate - plain)
    return _CacheUse(usage.cached * (plain - (cached or 0)), premiums)
