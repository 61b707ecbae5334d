"""What limits count, read from the ledger in one pass for all scopes of rolled-up dimensions, in few for others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise

from llmcost.ledger.measures import ROLLED, Amounts
from llmcost.ledger.protocol import Ledger, Query

Scope = tuple[tuple[str, str], ...]


class Series:
    """Amounts of one scope between cuts."""

    def __init__(self, cuts: Sequence[int], parts: Sequence[Sequence[Amounts]]) -> None:
        """`parts`: of each group of requests, the amounts between each two successive cuts."""
        self._cuts = cuts
        stretches = (_total(stretch) for stretch in zip(*parts, strict=True))
        self._sums = list(accumulate(stretches, Amounts.plus, initial=Amounts())) if parts else [Amounts()] * len(cuts)

    def between(self, start: int, end: int) -> Amounts:
        """Both are cuts."""
        low, high = (self._sums[bisect_left(self._cuts, cut)] for cut in (start, end))
        return Amounts(*map(int.__sub__, high, low))

    def daily(self, midnights: Sequence[int]) -> list[Amounts]:
        return [self.between(start, end) for start, end in pairwise(midnights)]

    @property
    def whole(self) -> Amounts:
        return self._sums[-1]


def _total(amounts: Sequence[Amounts]) -> Amounts:
    return Amounts(*map(sum, zip(*amounts, strict=True)))


def read(ledger: Ledger, wanted: Mapping[Scope, set[int]], *, tokens: bool) -> dict[Scope, Series]:
    """The series of each scope, cut where it is wanted (microseconds UTC); `tokens`: whether anybody counts them."""
    passes: dict[tuple[str, ...], list[Scope]] = {}
    for scope in wanted:
        own = {name for name, _ in scope}
        passes.setdefault(ROLLED if own <= set(ROLLED) else tuple(sorted(own)), []).append(scope)
    found = {}
    for dimensions, scopes in passes.items():
        cuts = sorted(set().union(*(wanted[scope] for scope in scopes)))
        pairs = {pair for scope in scopes for pair in scope}
        names = tuple(name for name in dimensions if name in {own for own, _ in pairs})
        # Values of one dimension are alternatives: where all scopes name the same ones, nothing else is needed.
        same = all({name for name, _ in scope} == set(names) for scope in scopes)
        groups = ledger.series(Query(0, 0, names, tuple(sorted(pairs)) if same else ()), cuts, tokens=tokens)
        for scope in scopes:
            found[scope] = Series(cuts, [amounts for key, amounts in groups.items() if _within(scope, names, key)])
    return found


def _within(scope: Scope, names: tuple[str, ...], key: tuple[str, ...]) -> bool:
    own = {name for name, _ in scope}
    return all((name, value) in scope for name, value in zip(names, key, strict=True) if name in own)
