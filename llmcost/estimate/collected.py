"""Totals of many prompts over many stretches of time, each row of the ledger read once and not once a prompt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise, product
from typing import NamedTuple

from llmcost.core.record import dimension
from llmcost.ledger.measures import Sums
from llmcost.ledger.protocol import Ledger, Query

#: Up to so many values it pays to leave out the other rows before they are grouped.
_FILTERED = 200
Where = tuple[tuple[str, str], ...]


class Stretch(NamedTuple):
    """The requests `where` selects in [start, end), in microseconds."""

    where: Where
    start: int
    end: int


def collected(ledger: Ledger, stretches: Sequence[Stretch]) -> list[dict[tuple[str, str], Sums]]:
    """Of each stretch its totals per (provider, model); empty without filters, which would select the whole ledger."""
    totals: list[dict[tuple[str, str], Sums]] = [defaultdict(Sums) for _ in stretches]
    alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, stretch in enumerate(stretches):
        if stretch.where:
            alike[tuple(_wanted(stretch.where))].append(index)
    for dimensions, members in alike.items():
        cuts = sorted({cut for index in members for cut in stretches[index][1:]})
        for start, end in pairwise(cuts):
            covering = [index for index in members if stretches[index].start <= start and end <= stretches[index].end]
            _add(ledger, Query(start, end, (*dimensions, "provider", "model")), covering, stretches, totals)
    return totals


def _add(
    ledger: Ledger,
    query: Query,
    covering: Iterable[int],
    stretches: Sequence[Stretch],
    totals: Sequence[dict[tuple[str, str], Sums]],
) -> None:
    takers: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index in covering:
        for key in product(*_wanted(stretches[index].where).values()):
            takers[key].append(index)
    if not takers:
        return
    pairs = {(name, value) for values in takers for name, value in zip(query.by, values, strict=False)}
    if len(pairs) <= _FILTERED:
        query = query._replace(where=tuple(pairs))
    for key, sums in ledger.sums(query):
        *values, provider, model = key
        for index in takers.get(tuple(values), ()):
            totals[index][provider, model] += sums


def _wanted(where: Where) -> dict[str, list[str]]:
    """The values of each dimension, dimensions in alphabetical order."""
    values: dict[str, dict[str, None]] = defaultdict(dict)
    for name, value in sorted(where):
        values[dimension(name)][value] = None
    return {name: list(values[name]) for name in sorted(values)}
