"""Unit economics: what one user, session, feature, task or successful request costs. Defined in docs/units.md."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from llmcost.core.instants import Period
from llmcost.core.percentile import percentile_cont
from llmcost.core.record import dimension
from llmcost.ledger.measures import Group, Sums
from llmcost.ledger.protocol import Covered, Ledger, Query

#: What units are counted by, unless another dimension is asked for.
FEATURE, TASK = "tag.feature", "prompt_id"


class Unit(NamedTuple):
    """Money in nano-USD."""

    name: str
    """user, session, feature or task."""
    by: str
    """The dimension it is counted by."""
    number: int
    """Of those with a price for at least one of their requests."""
    unknown: int
    """Units none of whose requests have a price."""
    cost: int
    """Of requests that tell their unit."""
    unattributed: int
    """Of the others."""
    requests: int
    """That tell their unit."""
    unpriced: int
    """Of those, without a price: the cost is a lower bound."""
    median: Fraction | None
    p90: Fraction | None
    """Of the cost of one unit; None without any."""

    @property
    def average(self) -> Fraction | None:
        return Fraction(self.cost, self.number) if self.number else None


class Units(NamedTuple):
    total: Sums
    succeeded: Sums
    """Of the total, what ended with the status `ok`."""
    covered: Covered
    """Of the total, what subscriptions pay for."""
    units: tuple[Unit, ...]

    @property
    def per_request(self) -> Fraction | None:
        """nano-USD of a priced request; None without one."""
        return _each(self.total["cost"], self.total)

    @property
    def per_success(self) -> Fraction | None:
        """All that was spent, failures included, for each priced request that succeeded."""
        return _each(self.total["cost"], self.succeeded)


def _each(cost: int, sums: Sums) -> Fraction | None:
    priced = sums["requests"] - sums["unpriced"]
    return Fraction(cost, priced) if priced else None


def units(
    ledger: Ledger, period: Period, where: tuple[tuple[str, str], ...] = (), *, feature: str = FEATURE, task: str = TASK
) -> Units:
    """Raises UsageError: an unknown dimension, or rows that were compacted are needed."""
    named = (("user", "user"), ("session", "session"), ("feature", dimension(feature)), ("task", dimension(task)))

    def asked(*by: str) -> list[Group]:
        return ledger.sums(Query(period.start, period.end, by, where))

    with ledger.snapshot():
        statuses = {group.key[0]: group.sums for group in asked("status")}
        return Units(
            asked()[0].sums, statuses.get("ok", Sums()), ledger.covered(Query(period.start, period.end, where=where)),
            tuple(_unit(name, by, asked(by)) for name, by in named),
        )  # fmt: skip


def _unit(name: str, by: str, groups: Sequence[Group]) -> Unit:
    told = [group.sums for group in groups if group.key[0]]
    known = [sums for sums in told if sums["requests"] > sums["unpriced"]]
    costs = sorted(sums["cost"] for sums in known)
    whole = Sums.total(told)
    rest = sum(group.sums["cost"] for group in groups if not group.key[0])
    return Unit(
        name, by, len(known), len(told) - len(known), whole["cost"], rest, whole["requests"], whole["unpriced"],
        quantile(costs, Fraction(1, 2)), quantile(costs, Fraction(9, 10)),
    )  # fmt: skip


def quantile(ranked: Sequence[int], share: Fraction) -> Fraction | None:
    """Linear between the two nearest of amounts in ascending order; None of none."""
    return percentile_cont([ranked], share) if ranked else None
