"""Rows to put into ledgers, and what a ledger must make of them, worked out in plain Python."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

from llmcost.core.record import Record, merge_key
from llmcost.core.usage import COST_PARTS, Usage
from llmcost.ledger.measures import MEASURE_NAMES
from llmcost.ledger.protocol import REPORTED, UNPRICED, Basis, Ledger, PricedRecord, Query
from llmcost.pricing.card import Card

DAY = 86_400_000_000
QUARTER = 900_000_000
#: Monday 2026-03-02T00:00:00Z.
T0 = 20_514 * DAY
EVERYTHING = Query(0, 2**62)

_CARD = Card("openai", "gpt-4o", "standard", ((0, (7_000_000,) * 12),))
CARD = Basis(_CARD.card_id, "exact", "catalogue", json.dumps(_CARD.as_dict(), sort_keys=True, separators=(",", ":")))
_NO_PARTS = (0,) * len(COST_PARTS)


def row(
    identity: str = "openai:1", *, ts: int = T0, tokens: int = 100, basis: Basis = CARD, usage: Usage | None = None,
    **fields: Any,
) -> PricedRecord:  # fmt: skip
    """A request of `tokens` output tokens at 7 nano-USD each (none with basis UNPRICED)."""
    record = Record(ts=ts, id=identity, provider="openai", model="gpt-4o", usage=usage or Usage(output=tokens))
    return priced(record._replace(**fields), basis)


def priced(record: Record, basis: Basis = CARD, *, rate: int = 7) -> PricedRecord:
    if basis.card_id == UNPRICED:
        return PricedRecord(record, None, (), basis)
    if basis.card_id == REPORTED:
        cost = record.reported_nano or 0
        return PricedRecord(record, cost, (*_NO_PARTS[:-1], cost), basis)
    parts = (*(count * rate for count in record.usage), 0)
    return PricedRecord(record, sum(parts), parts, basis)


def batch(ledger: Ledger) -> int:
    return ledger.begin_batch("test", T0)


def add(ledger: Ledger, *rows: PricedRecord) -> int:
    """Add rows as a batch of their own, and its number."""
    number = batch(ledger)
    ledger.add(rows, number)
    return number


def stored(ledger: Ledger, query: Query = EVERYTHING) -> list[PricedRecord]:
    return [found.priced for found in ledger.requests(query, order="time", limit=None)]


def standing(rows: Iterable[PricedRecord]) -> list[PricedRecord]:
    """What stands of all these versions: the greatest first, and none within a UTC day of another of its id."""
    kept: list[PricedRecord] = []
    for candidate in sorted(set(rows), key=lambda one: merge_key(one.record), reverse=True):
        mine = candidate.record
        if not any(other.record.id == mine.id and abs(other.record.ts // DAY - mine.ts // DAY) <= 1 for other in kept):
            kept.append(candidate)
    return sorted(kept, key=lambda one: (one.record.ts, one.record.id))


def measured(one: PricedRecord) -> dict[str, int]:
    """MEASURES of a single row, said anew."""
    r, u = one.record, one.record.usage
    out = u.output + u.reasoning + u.output_audio + u.output_image
    latency, ttft = r.latency_us, r.ttft_us
    timed = latency is not None and ttft is not None and latency >= ttft and out > 1
    generated = latency is not None and latency > (ttft or 0) and out > 0
    generation = (latency or 0) - (ttft or 0)
    return {
        "requests": 1,
        "unpriced": one.cost is None,
        "reported_only": one.basis.card_id == REPORTED,
        "assumed": one.basis.assumed,
        "errors": r.status != "ok",
        "partials": r.partial,
        "hit_known": r.cache_hit is not None,
        "hits": bool(r.cache_hit),
        "latency_n": latency is not None,
        "latency_us": latency or 0,
        "ttft_n": ttft is not None,
        "ttft_us": ttft or 0,
        "tpot_n": timed,
        "tpot_us": generation if timed else 0,
        "tpot_tokens": out - 1 if timed else 0,
        "gen_n": generated,
        "gen_us": generation if generated else 0,
        "gen_tokens": out if generated else 0,
        "cost": one.cost or 0,
        "priced_tokens": 0 if one.cost is None else u.tokens,
        "reported_n": r.reported_nano is not None,
        "reported": r.reported_nano or 0,
        **{f"t_{name}": count for name, count in u._asdict().items()},
        **{f"n_{name}": nano for name, nano in zip(COST_PARTS, one.parts or _NO_PARTS, strict=True)},
    }


def value(record: Record, dimension: str) -> str:
    """The text of a dimension for a record."""
    if dimension.startswith("tag."):
        return dict(record.tags).get(dimension[4:], "")
    return str(getattr(record, dimension))


def totals(rows: Iterable[PricedRecord], query: Query) -> dict[tuple[str, ...], dict[str, int]]:
    """What `Ledger.sums` must answer for a ledger that holds `rows`."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for name, text in query.where:
        wanted[name].add(text)
    groups: dict[tuple[str, ...], dict[str, int]] = {} if query.by else {(): dict.fromkeys(MEASURE_NAMES, 0)}
    for one in rows:
        record = one.record
        if query.start <= record.ts < query.end and all(value(record, name) in wanted[name] for name in wanted):
            group = groups.setdefault(tuple(value(record, name) for name in query.by), dict.fromkeys(MEASURE_NAMES, 0))
            for name, amount in measured(one).items():
                group[name] += amount
    return groups


def summed(ledger: Ledger, query: Query) -> dict[tuple[str, ...], dict[str, int]]:
    found = ledger.sums(query)
    answer = {group.key: dict(zip(MEASURE_NAMES, group.sums.values, strict=True)) for group in found}
    assert len(answer) == len(found), "a group came twice"
    return answer


_names = st.sampled_from
_counts = st.integers(0, 3) | st.integers(0, 10**6)
_times = st.none() | st.integers(0, 5_000_000)


_used = ("input", "cached", "output", "reasoning", "web_searches")
_usages = st.tuples(*(_counts for _ in _used)).map(lambda counts: Usage(**dict(zip(_used, counts, strict=True))))


def _record(ids: st.SearchStrategy[str], times: st.SearchStrategy[int]) -> st.SearchStrategy[Record]:
    fields: dict[str, st.SearchStrategy[Any]] = {
        "ts": times, "id": ids, "provider": _names(["openai", "anthropic"]), "model": _names(["gpt-4o", "mystery"]),
        "usage": _usages, "tier": _names(["standard", "batch"]), "app": _names(["", "shop"]),
        "environment": _names(["", "prod"]), "team": _names(["", "a"]), "operation": _names(["", "chat"]),
        "user": _names(["", "ann", "o'hara"]), "project": _names(["", "p;q"]), "session": _names(["", "s1"]),
        "branch": _names(["", "main"]), "machine": _names(["", "m"]), "region": _names(["", "eu"]),
        "status": _names(["ok", "error"]), "source": _names(["jsonl", "openai"]), "sidechain": st.booleans(),
        "partial": st.booleans(), "cache_hit": _names([None, True, False]), "unmetered": st.booleans(),
        "latency_us": _times, "ttft_us": _times, "reported_nano": st.none() | st.integers(0, 10**9),
        "tags": _names([(), (("cost%", "x"),), (("a\"'b", "1"), ("k", "v")), (("k", "w;--"),)]),
        "prompt_chars": st.none() | st.integers(0, 9),
    }  # fmt: skip
    return st.fixed_dictionaries(fields).map(lambda values: Record(**values))


def _price(record: Record) -> PricedRecord:
    # A function of the record alone: the same version always comes with the same price.
    if record.model == "mystery":
        return priced(record, Basis(UNPRICED) if record.reported_nano is None else Basis(REPORTED))
    return priced(record, CARD._replace(assumed=record.tier == "batch"))


#: Rows of distinct ids over a few days, at ragged times and exactly on the edges of quarters and days.
_ragged = st.integers(T0, T0 + 4 * DAY) | st.integers(0, 4 * 96).map(lambda quarter: T0 + quarter * QUARTER)
distinct_rows: st.SearchStrategy[list[PricedRecord]] = st.lists(_record(st.just(""), _ragged), max_size=25).map(
    lambda records: [_price(record._replace(id=f"openai:{n}")) for n, record in enumerate(records)]
)


def _versions(identities: Sequence[str]) -> st.SearchStrategy[PricedRecord]:
    # Two adjacent days, or two adjacent days much later: any two versions of an id are near or far, never a chain.
    times = st.tuples(st.sampled_from([0, 0, 0, 10]), st.integers(-2 * QUARTER, 2 * QUARTER)).map(
        lambda place: T0 + DAY + place[0] * DAY + place[1]
    )
    return _record(st.sampled_from(identities), times).map(_price)


versions: st.SearchStrategy[list[PricedRecord]] = st.lists(_versions(["openai:1", "openai:2", "~3"]), max_size=12)

intervals = st.tuples(_ragged, _ragged).map(lambda ends: (min(ends), max(ends)))


@st.composite
def splits(draw: Callable[..., Any], rows: st.SearchStrategy[list[PricedRecord]]) -> list[list[PricedRecord]]:
    """Rows in any order, cut into any number of add() calls."""
    shuffled = draw(rows.flatmap(st.permutations))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    return [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
