"""What a report says, as values: totals of a period and of the one before, trend, and groups by dimensions."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from llmcost.analysis.anomalies import Anomalies, anomalies
from llmcost.analysis.metrics import Metric, metrics
from llmcost.analysis.periods import Compared
from llmcost.analysis.variance import Variance, variance
from llmcost.core.errors import UsageError
from llmcost.core.instants import DAY_US, Granularity, Period, edges
from llmcost.core.record import dimension
from llmcost.ledger.measures import Group, Sums
from llmcost.ledger.protocol import Covered, Ledger, Query

#: More points than these make no readable trend, and each is a query.
MAX_POINTS = 3_000


class Question(NamedTuple):
    """What to report: `by` dimensions to group by, (dimension, value) filters, and the trend's granularity."""

    compared: Compared
    by: tuple[str, ...] = ("model",)
    where: tuple[tuple[str, str], ...] = ()
    granularity: Granularity = "day"


class Point(NamedTuple):
    """Totals of [start, end), microseconds UTC."""

    start: int
    end: int
    sums: Sums


class Report(NamedTuple):
    question: Question
    sums: Sums
    before: Sums
    variance: Variance
    anomalies: Anomalies | None
    """None where rows that tell them were compacted."""
    metrics: tuple[Metric, ...]
    covered: Covered
    """Of the totals."""
    trend: tuple[Point, ...]
    groups: tuple[Group, ...]
    """By the question's dimensions, dearest first."""
    models: tuple[Group, ...]
    apps: tuple[Group, ...]
    unpriced: tuple[Group, ...]
    """(provider, model) groups with requests that have no cost, most requests first."""
    layers: tuple[str, ...]
    """The price layers that priced the ledger's rows."""
    newest_us: int | None
    """Time of the newest row at or before the period's end; None: there is none."""


def report(ledger: Ledger, question: Question) -> Report:
    """One consistent view of the ledger.

    Raises:
        UsageError: an unknown dimension, or a granularity too fine for the period.
    """
    period, before = question.compared
    with ledger.snapshot():
        base = ledger.sums(_query(period, question, _BASE))
        earlier = ledger.sums(_query(before, question, _BASE))
        by = tuple(dimension(name) for name in question.by)
        sums = Sums.total([group.sums for group in base])
        return Report(
            question,
            sums,
            Sums.total([group.sums for group in earlier]),
            variance(base, earlier),
            anomalies(ledger, period, granularity=question.granularity, where=question.where),
            metrics(sums),
            ledger.covered(_query(period, question)),
            tuple(_trend(ledger, period, question)),
            dearest(_fold(base, by) if set(by) <= set(_BASE) else ledger.sums(_query(period, question, by))),
            dearest(_fold(base, ("model",))),
            dearest(_fold(base, ("app",))),
            _unpriced(base),
            tuple(ledger.price_layers()),
            ledger.newest_at(period.end - 1),
        )


#: One scan of the period by these answers the totals, the models, the apps and what is unpriced.
_BASE = ("provider", "model", "app")


def _fold(base: Sequence[Group], by: tuple[str, ...]) -> list[Group]:
    """Groups by some of the _BASE dimensions."""
    at = [_BASE.index(name) for name in by]
    folded: defaultdict[tuple[str, ...], list[Sums]] = defaultdict(list)
    for group in base:
        folded[tuple(group.key[place] for place in at)].append(group.sums)
    return [Group(key, Sums.total(parts)) for key, parts in folded.items()]


def granularity_for(period: Period) -> Granularity:
    """The granularity whose trend is readable: hours up to two days, days up to 92, weeks up to two years."""
    days = (period.end - period.start) / DAY_US
    if days <= 2.1:
        return "hour"
    return "day" if days <= 92 else "week" if days <= 731 else "month"


def dearest(groups: Sequence[Group]) -> tuple[Group, ...]:
    """By cost, then tokens, then name, so that equal reports print equally."""
    return tuple(sorted(groups, key=lambda g: (-g.sums["cost"], -g.sums.usage.tokens, g.key)))


def _query(period: Period, question: Question, by: tuple[str, ...] = ()) -> Query:
    return Query(period.start, period.end, by, question.where)


def _total(ledger: Ledger, period: Period, question: Question) -> Sums:
    return ledger.sums(_query(period, question))[0].sums


def _trend(ledger: Ledger, period: Period, question: Question) -> list[Point]:
    cuts = edges(period, question.granularity)
    bounds = ledger.bounds() if len(cuts) > MAX_POINTS else None
    if bounds is not None:
        # In a period far longer than the ledger, points that end before its first row say nothing.
        cuts = cuts[max(0, bisect_right(cuts, bounds[0], hi=len(cuts) - 1) - 1) :]
    if len(cuts) > MAX_POINTS:
        raise UsageError(
            f"a trend by {question.granularity} would have {len(cuts) - 1:,} points", "use a coarser --granularity"
        )
    return [
        Point(first, last, _total(ledger, period._replace(start=first, end=last), question))
        for first, last in pairwise(cuts)
    ]


def _unpriced(base: Sequence[Group]) -> tuple[Group, ...]:
    groups = [group for group in _fold(base, ("provider", "model")) if group.sums["unpriced"]]
    return tuple(sorted(groups, key=lambda group: (-group.sums["unpriced"], group.key)))
