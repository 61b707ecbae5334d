"""Costs of single requests, sorted by day and app: exact percentiles of weeks without reading the rows again.

A day's costs are written once it is over, and go when any of its totals changes (a trigger of migration 9).
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from sys import byteorder

from llmcost.core.instants import DAY_US, QUARTER_US
from llmcost.core.percentile import percentile_cont
from llmcost.ledger.protocol import Spread

#: A day of fewer priced requests is read from its rows as quickly.
FEWEST = 500
#: Days before today that percentiles are asked of.
_DAYS = 40

_FULL_DAYS = (
    f"SELECT quarter / {DAY_US // QUARTER_US} AS day FROM rollup_quarter_all WHERE quarter >= ? AND quarter < ?"
    " GROUP BY day HAVING sum(requests) - sum(unpriced) >= ? AND NOT EXISTS (SELECT 1 FROM day_costs d WHERE d.day ="
    f" quarter / {DAY_US // QUARTER_US})"
)
_RAW = (
    "SELECT s.app, f.cost FROM request f JOIN series s ON s.id = f.series"
    " WHERE f.ts >= ? AND f.ts < ? AND f.cost IS NOT NULL"
)
_KEEP = "INSERT INTO day_costs (day, app, costs) VALUES (?, ?, ?)"
_KEPT = "SELECT day, app, costs FROM day_costs WHERE day >= ? AND day < ?"


class SortedCosts:
    """The caller owns the transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def missing(self, now_us: int) -> list[int]:
        """UTC days that are over and large enough to keep, and not kept."""
        today = now_us // DAY_US
        quarters = [day * (DAY_US // QUARTER_US) for day in (today - _DAYS, today)]
        return [row[0] for row in self._db.execute(_FULL_DAYS, (*quarters, FEWEST))]

    def keep(self, day: int) -> None:
        """Write one UTC day's costs; that it has none, too."""
        self._db.execute("DELETE FROM day_costs WHERE day = ?", (day,))
        costs = self._raw(day * DAY_US, (day + 1) * DAY_US) or {"": array("q")}
        self._db.executemany(_KEEP, [(day, app, _little(each).tobytes()) for app, each in costs.items()])

    def keep_before(self, us: int) -> None:
        """Write every day before `us` that still has rows and is not kept."""
        first = self._db.execute("SELECT min(ts) FROM request WHERE ts < ?", (us,)).fetchone()[0]
        if first is not None:
            kept = {row[0] for row in self._db.execute("SELECT DISTINCT day FROM day_costs")}
            for day in range(first // DAY_US, us // DAY_US):
                if day not in kept:
                    self.keep(day)

    def of(self, start: int, end: int) -> tuple[dict[str, list[array[int]]], list[tuple[int, int]]]:
        """Sorted costs of whole days kept in [start, end), by app; and the stretches that are not kept."""
        first, last = -(-start // DAY_US), end // DAY_US
        found: defaultdict[str, list[array[int]]] = defaultdict(list)
        days: set[int] = set()
        for day, app, blob in self._db.execute(_KEPT, (first, last)):
            costs = array("q")
            costs.frombytes(blob)
            days.add(day)
            if costs:
                found[app].append(_little(costs))
        stretches, at = [], start
        for day in [*sorted(days), None]:
            until = end if day is None else day * DAY_US
            if at < until:
                stretches.append((at, until))
            at = until if day is None else until + DAY_US
        return found, stretches

    def spreads(
        self, kept: Mapping[str, Sequence[array[int]]], stretches: Iterable[tuple[int, int]], share: Fraction
    ) -> dict[str, Spread]:
        """As `Ledger.cost_percentiles`, of what `of` gave."""
        found = {app: list(costs) for app, costs in kept.items()}
        for stretch in stretches:
            for app, costs in self._raw(*stretch).items():
                found.setdefault(app, []).append(costs)
        return {app: _spread(parts, share) for app, parts in found.items()}

    def _raw(self, start: int, end: int) -> dict[str, array[int]]:
        costs: defaultdict[str, list[int]] = defaultdict(list)
        for app, cost in self._db.execute(_RAW, (start, end)):
            costs[app].append(cost)
        return {app: array("q", sorted(each)) for app, each in costs.items()}


def _little(costs: array[int]) -> array[int]:
    """To the byte order of a ledger's file, or from it: a file may move to another machine."""
    if byteorder != "little":
        costs.byteswap()
    return costs


def _spread(parts: Sequence[array[int]], share: Fraction) -> Spread:
    count = sum(map(len, parts))
    return Spread(count, percentile_cont(parts, share), Fraction(sum(map(sum, parts)), count))
