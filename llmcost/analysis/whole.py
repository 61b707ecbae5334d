"""What using language models cost altogether: infrastructure + inference + operations, shared out over groups.

Inference is what requests cost at a price per token, and what is paid for it beside them (provisioned throughput).
Requests that a subscription covers cost nothing: the subscription does, as a seat, which is among operations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import lcm
from typing import NamedTuple

from llmcost.analysis.fixed_costs import accrued, shared_out, standing
from llmcost.core.instants import Period
from llmcost.core.record import dimension
from llmcost.ledger.costs import FixedCost
from llmcost.ledger.protocol import Covered, Ledger, Query, Sums

Key = tuple[str, ...]
Weights = dict[Key, int]


class Parts(NamedTuple):
    """nano-USD."""

    infrastructure: int = 0
    requests: int = 0
    """The requests' own cost, covered ones left out."""
    commitments: int = 0
    """Entries of the category inference."""
    tools: int = 0
    """Entries of the category operations."""
    seats: int = 0

    @property
    def inference(self) -> int:
        return self.requests + self.commitments

    @property
    def operations(self) -> int:
        return self.tools + self.seats

    @property
    def total(self) -> int:
        return sum(self)

    def plus(self, **amounts: int) -> Parts:
        return self._replace(**{name: getattr(self, name) + amount for name, amount in amounts.items()})


#: Category of an entry -> the part it is in.
PART = {"infrastructure": "infrastructure", "inference": "commitments", "operations": "tools", "seat": "seats"}


class WholeGroup(NamedTuple):
    key: Key | None
    """None: what no rule could share out."""
    requests: int
    """Covered ones included."""
    tokens: int
    unpriced: int
    """Requests without a price that no subscription covers."""
    parts: Parts


class Portion(NamedTuple):
    """An entry in the period."""

    entry: FixedCost
    amount: int
    unallocated: int


class WholeReport(NamedTuple):
    period: Period
    by: tuple[str, ...]
    total: WholeGroup
    groups: tuple[WholeGroup, ...]
    """Dearest first; what could not be shared out is the last."""
    portions: tuple[Portion, ...]
    covered: Covered
    """What subscriptions pay for: in no sum."""
    compacted: int | None
    """Rows of the period before this time (microseconds UTC) are gone: covered ones among them count as paid."""


def whole(ledger: Ledger, period: Period, by: Sequence[str]) -> WholeReport:
    """The whole cost of a period.

    Raises:
        UsageError: an unknown dimension, or it needs rows that were compacted.
    """
    by = tuple(dimension(name) for name in by)
    with ledger.snapshot():
        groups = _Groups(ledger, period, by)
        portions = [groups.take(entry) for entry in standing(ledger.costs.all()) if _touches(entry, period)]
        since = ledger.raw_since()
    found = groups.found()
    total = WholeGroup(
        (), *(sum(getattr(group, name) for group in found) for name in ("requests", "tokens", "unpriced")),
        Parts(*map(sum, zip(*(group.parts for group in found), strict=True))) if found else Parts(),
    )  # fmt: skip
    return WholeReport(
        period, by, total, tuple(found), tuple(portions), groups.covered,
        since if since is not None and period.start < since else None,
    )  # fmt: skip


def _touches(entry: FixedCost, period: Period) -> bool:
    last = entry.end or (entry.start if entry.per == "once" else None)
    return entry.start <= period.last_day and (last is None or last >= period.first_day)


class _Groups:
    """Costs per group, and how entries are added to them."""

    def __init__(self, ledger: Ledger, period: Period, by: tuple[str, ...]) -> None:
        self._ledger = ledger
        self._period = period
        self._by = by
        self._since = ledger.raw_since()
        self._sums = self._asked(())
        self._net: dict[tuple[tuple[str, str], ...], Weights] = {}
        covered = ledger.covered_groups(Query(period.start, period.end, by))
        self.covered = Covered(sum(one.requests for one in covered), sum(one.cost for one in covered))
        unpriced = {one.key: one.unpriced for one in covered}
        paid = {one.key: one.cost for one in covered}
        self._unpriced = {key: sums["unpriced"] - unpriced.get(key, 0) for key, sums in self._sums.items()}
        self._parts: dict[Key | None, Parts] = {
            key: Parts(requests=sums["cost"] - paid.get(key, 0)) for key, sums in self._sums.items()
        }

    def _asked(self, where: tuple[tuple[str, str], ...]) -> dict[Key, Sums]:
        query = Query(self._period.start, self._period.end, self._by, where)
        return {group.key: group.sums for group in self._ledger.sums(query)}

    def take(self, entry: FixedCost) -> Portion:
        amount = accrued(entry, self._period)
        parts = self._shared(entry, amount)
        for key, part in parts.items():
            self._parts[key] = self._parts.get(key, Parts()).plus(**{PART[entry.category]: part})
        return Portion(entry, amount, parts.get(None, 0))

    def _shared(self, entry: FixedCost, amount: int) -> dict[Key | None, int]:
        if entry.rule == "manual":
            return self._by_hand(entry, amount)
        where = self._scope(entry)
        return self._divided(amount, entry.rule, where, _pinned(entry, where))

    def _by_hand(self, entry: FixedCost, amount: int) -> dict[Key | None, int]:
        scale = lcm(*(share.weight.denominator for share in entry.shares))
        amounts = shared_out(amount, [int(share.weight * scale) for share in entry.shares])
        found: dict[Key | None, int] = {}
        for share, part in zip(entry.shares, amounts, strict=True):
            where = ((share.dimension, share.value),)
            for key, one in self._divided(part, "tokens", where, dict(where)).items():
                found[key] = found.get(key, 0) + one
        return found

    def _divided(
        self, amount: int, rule: str, where: tuple[tuple[str, str], ...], pinned: Mapping[str, str]
    ) -> dict[Key | None, int]:
        if all(name in pinned for name in self._by):
            return {tuple(pinned[name] for name in self._by): amount}
        weights = self._weights(rule, where)
        keys = sorted(key for key, weight in weights.items() if weight > 0)
        if not keys:
            return {None: amount}
        return dict(zip(keys, shared_out(amount, [weights[key] for key in keys]), strict=True))

    def _weights(self, rule: str, where: tuple[tuple[str, str], ...]) -> Weights:
        sums = self._asked(where) if where else self._sums
        if rule == "tokens":
            return {key: one.usage.tokens for key, one in sums.items()}
        if rule == "requests":
            return {key: one["requests"] for key, one in sums.items()}
        if rule == "even":
            return {key: int(one["requests"] > 0) for key, one in sums.items()}
        query = Query(self._period.start, self._period.end, self._by, where)
        paid = {one.key: one.cost for one in self._ledger.covered_groups(query)}
        return {key: one["cost"] - paid.get(key, 0) for key, one in sums.items()}

    def _scope(self, entry: FixedCost) -> tuple[tuple[str, str], ...]:
        """The requests that share the entry; a seat's are its user's with its tool."""
        if entry.where or entry.category != "seat":
            return entry.where
        # The tool is kept with the rows only.
        rows = self._since is None or self._since <= self._period.start
        return (("user", entry.user), ("source", entry.tool)) if rows else (("user", entry.user),)

    def found(self) -> list[WholeGroup]:
        groups = []
        for key, parts in self._parts.items():
            if key is None and not any(parts):
                continue
            sums, unpriced = (_NONE, 0) if key is None else (self._sums.get(key, _NONE), self._unpriced.get(key, 0))
            groups.append(WholeGroup(key, sums["requests"], sums.usage.tokens, unpriced, parts))
        return sorted(groups, key=lambda group: (group.key is None, -group.parts.total, group.key or ()))


_NONE = Sums()


def _pinned(entry: FixedCost, where: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Dimensions of which all requests that share the entry have one value."""
    values: dict[str, set[str]] = {}
    for name, value in where:
        values.setdefault(name, set()).add(value)
    pinned = {name: next(iter(found)) for name, found in values.items() if len(found) == 1}
    return {"user": entry.user, "source": entry.tool, **pinned} if entry.category == "seat" else pinned
