"""What a block of new rows adds to the roll-ups, reckoned by column.

`protocol.MEASURES` defines the measures, in SQL; this is the same in Python, and `ledger check` holds the roll-ups
against the rows by that SQL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

from llmcost.core.usage import BUCKETS, COST_PARTS
from llmcost.ledger.block import Block, Column
from llmcost.ledger.measures import MEASURE_NAMES
from llmcost.ledger.schema import FLAG_PARTIAL, REPORTED_CODE

_OUTPUT = ("output", "reasoning", "output_audio", "output_image")


def measured(block: Block) -> dict[str, Column]:
    """Each measure of each row, in the order of MEASURE_NAMES; those that are 0 in every row are left out."""
    told = block.columns
    one = (1,) * block.size
    found: dict[str, Column] = {"requests": one, "errors": [int(status != "ok") for status in told["status"]]}
    costs = told.get("cost")
    found["unpriced"] = one if costs is None else _absent(costs)
    if REPORTED_CODE in told.get("card", ()):
        found["reported_only"] = [int(card == REPORTED_CODE) for card in told["card"]]
    if "assumed" in told:
        found["assumed"] = told["assumed"]
    if "flags" in told:
        found["partials"] = [int(flags & FLAG_PARTIAL != 0) for flags in told["flags"]]
    for name, known, number in _OPTIONAL:
        if name in told:
            found[known], found[number] = _present(told[name]), _or_zero(told[name])
    if costs is not None:
        tokens = _added(told[name] for name in BUCKETS[:-1] if name in told)
        found["cost"] = _or_zero(costs)
        if None in costs and tokens:
            tokens = [0 if cost is None else count for cost, count in zip(costs, tokens, strict=True)]
        found["priced_tokens"] = tokens
    if "latency_us" in told:
        found |= _timed(block)
    found |= {f"t_{name}": told[name] for name in BUCKETS if name in told}
    found |= {f"n_{part}": told[f"n_{part}"] for part in COST_PARTS if f"n_{part}" in told}
    return {name: found[name] for name in MEASURE_NAMES if name in found and any(found[name])}


#: column, the measure that counts the rows that have it, and the one that adds it up.
_OPTIONAL = (
    ("cache_hit", "hit_known", "hits"),
    ("latency_us", "latency_n", "latency_us"),
    ("ttft_us", "ttft_n", "ttft_us"),
    ("reported", "reported_n", "reported"),
)


def _timed(block: Block) -> dict[str, Column]:
    """Time per token and generation speed (docs/metrics.md)."""
    latencies = block.columns["latency_us"]
    firsts = block.column("ttft_us")
    outputs = _added(block.columns[name] for name in _OUTPUT if name in block.columns) or (0,) * block.size
    rows = [*zip(latencies, firsts, outputs, strict=True)]
    per_token = [
        (1, latency - first, output - 1)
        if latency is not None and first is not None and latency >= first and output > 1
        else _NONE
        for latency, first, output in rows
    ]
    generated = [
        (1, latency - (first or 0), output) if latency is not None and latency > (first or 0) and output > 0 else _NONE
        for latency, first, output in rows
    ]
    names = ("tpot_n", "tpot_us", "tpot_tokens", "gen_n", "gen_us", "gen_tokens")
    return dict(zip(names, (*zip(*per_token, strict=True), *zip(*generated, strict=True)), strict=True))


_NONE = (0, 0, 0)


def _absent(column: Column) -> list[int]:
    return [int(value is None) for value in column] if None in column else []


def _present(column: Column) -> Column:
    return [int(value is not None) for value in column] if None in column else (1,) * len(column)


def _or_zero(column: Column) -> Column:
    return [value or 0 for value in column] if None in column else column


def _added(columns: Iterable[Column]) -> Column:
    """The sum of each row; nothing where there are no columns."""
    first, *others = [*columns] or [()]
    return first if not others else [*map(sum, zip(first, *others, strict=True))]


class Totals(NamedTuple):
    """Sums of some measures by the keys of a roll-up."""

    names: tuple[str, ...]
    groups: Mapping[tuple[int, ...], Sequence[int]]

    def rows(self) -> Iterator[tuple[int, ...]]:
        """The keys and the sums of each."""
        return ((*key, *sums) for key, sums in self.groups.items())

    def under(self, key: Callable[[tuple[int, ...]], tuple[int, ...]]) -> Totals:
        """The totals of a coarser roll-up, whose keys are made of these."""
        merged: defaultdict[tuple[int, ...], list[Sequence[int]]] = defaultdict(list)
        for fine, sums in self.groups.items():
            merged[key(fine)].append(sums)
        return self._replace(groups={coarse: [*map(sum, zip(*rows, strict=True))] for coarse, rows in merged.items()})


def totals(keys: Iterable[tuple[int, ...]], measures: Mapping[str, Column]) -> Totals:
    """The sums of measured rows, which have these keys."""
    even = {name: column[0] for name, column in measures.items() if column.count(column[0]) == len(column)}
    uneven = [column for name, column in measures.items() if name not in even]
    groups: defaultdict[tuple[int, ...], list[tuple[int, ...]]] = defaultdict(list)
    for key, row in zip(keys, zip(*uneven, strict=True) if uneven else repeat(()), strict=False):
        groups[key].append(row)
    return Totals(
        (*even, *(name for name in measures if name not in even)),
        {
            key: [*(len(rows) * value for value in even.values()), *map(sum, zip(*rows, strict=True))]
            for key, rows in groups.items()
        },
    )
