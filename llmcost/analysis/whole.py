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
from llmcost.ledger.measures import Sums
from llmcost.ledger.protocol import Covered, Ledger, Query

Key = tuple[str, ...]


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
    found = groups.found()
    total = WholeGroup(
        (),
        sum(group.requests for group in found),
        sum(group.tokens for group in found),
        sum(group.unpriced for group in found),
        Parts(*map(sum, zip(*(group.parts for group in found), strict=True))) if found else Parts(),
    )
    return WholeReport(period, by, total, tuple(found), tuple(portions), groups.covered, groups.compacted)


def _touches(entry: FixedCost, period: Period) -> bool:
    last = entry.end or (entry.start if entry.per == "once" else None)
    return entry.start <= period.last_day and (last is None or last >= period.first_day)


class _Groups:
    """Costs per group, and how entries are added to them."""

    def __init__(self, ledger: Ledger, period: Period, by: tuple[str, ...]) -> None:
        self._ledger = ledger
        self._period = period
        self._by = by
        since = ledger.raw_since()
        self.compacted = since if since is not None and period.start < since else None
        self._sums = self._sums_by(by, ())
        self._asked: dict[tuple[tuple[str, str], ...], dict[Key, Sums]] = {(): self._sums}
        self._split: dict[Key, dict[Key, dict[Key, Sums]]] = {}
        covered = ledger.covered_groups(Query(period.start, period.end, by))
        self.covered = Covered(sum(one.requests for one in covered), sum(one.cost for one in covered))
        unpriced = {one.key: one.unpriced for one in covered}
        paid = {one.key: one.cost for one in covered}
        self._unpriced = {key: sums["unpriced"] - unpriced.get(key, 0) for key, sums in self._sums.items()}
        self._parts: dict[Key | None, Parts] = {
            key: Parts(requests=sums["cost"] - paid.get(key, 0)) for key, sums in self._sums.items()
        }

    def _sums_by(self, by: Key, where: tuple[tuple[str, str], ...]) -> dict[Key, Sums]:
        query = Query(self._period.start, self._period.end, by, where)
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
        pinned = _pinned(entry)
        if all(name in pinned for name in self._by):
            return {tuple(pinned[name] for name in self._by): amount}
        if entry.category == "seat" and not entry.where:
            # What a user did with a tool is kept with the rows only.
            used = {} if self.compacted else self._of(("user", "source"), (entry.user, entry.tool))
            return _divided(amount, _figures(used, entry.rule))
        if entry.where not in self._asked:
            self._asked[entry.where] = self._sums_by(self._by, entry.where)
        figures = _figures(self._asked[entry.where], entry.rule)
        if entry.rule == "cost":
            query = Query(self._period.start, self._period.end, self._by, entry.where)
            for one in self._ledger.covered_groups(query):
                figures[one.key] -= one.cost
        return _divided(amount, figures)

    def _by_hand(self, entry: FixedCost, amount: int) -> dict[Key | None, int]:
        scale = lcm(*(share.weight.denominator for share in entry.shares))
        amounts = shared_out(amount, [int(share.weight * scale) for share in entry.shares])
        found: dict[Key | None, int] = {}
        for share, part in zip(entry.shares, amounts, strict=True):
            if self._by == (share.dimension,):
                parts: dict[Key | None, int] = {(share.value,): part}
            else:
                parts = _divided(part, _figures(self._of((share.dimension,), (share.value,)), "tokens"))
            for key, one in parts.items():
                found[key] = found.get(key, 0) + one
        return found

    def _of(self, names: Key, values: Key) -> dict[Key, Sums]:
        """The groups' sums of the requests with these values of dimensions; one query for all values."""
        if names not in self._split:
            split = self._split[names] = {}
            for key, sums in self._sums_by((*names, *self._by), ()).items():
                split.setdefault(key[: len(names)], {})[key[len(names) :]] = sums
        return self._split[names].get(values, {})

    def found(self) -> list[WholeGroup]:
        groups = []
        for key, parts in self._parts.items():
            if key is None and not any(parts):
                continue
            sums, unpriced = (_NONE, 0) if key is None else (self._sums.get(key, _NONE), self._unpriced.get(key, 0))
            groups.append(WholeGroup(key, sums["requests"], sums.usage.tokens, unpriced, parts))
        return sorted(groups, key=lambda group: (group.key is None, -group.parts.total, group.key or ()))


_NONE = Sums()


def _figures(sums: Mapping[Key, Sums], rule: str) -> dict[Key, int]:
    """What a rule shares by; of the rule cost with what is covered in it."""
    if rule == "tokens":
        return {key: one.usage.tokens for key, one in sums.items()}
    if rule == "even":
        return {key: int(one["requests"] > 0) for key, one in sums.items()}
    return {key: one[rule] for key, one in sums.items()}


def _divided(amount: int, figures: Mapping[Key, int]) -> dict[Key | None, int]:
    keys = sorted(key for key, figure in figures.items() if figure > 0)
    if not keys:
        return {None: amount}
    return dict(zip(keys, shared_out(amount, [figures[key] for key in keys]), strict=True))


def _pinned(entry: FixedCost) -> dict[str, str]:
    """Dimensions of which all requests that share the entry have one value."""
    values: dict[str, set[str]] = {}
    for name, value in entry.where:
        values.setdefault(name, set()).add(value)
    pinned = {name: next(iter(found)) for name, found in values.items() if len(found) == 1}
    return {"user": entry.user, "source": entry.tool, **pinned} if entry.category == "seat" else pinned
