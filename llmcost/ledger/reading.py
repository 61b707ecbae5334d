"""Questions put to the SQLite ledger: sums, series, rows and percentiles."""

from __future__ import annotations

import json
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from heapq import nlargest
from operator import neg
from pathlib import Path

from llmcost.core.instants import QUARTER_US
from llmcost.core.record import dimension
from llmcost.ledger import schema
from llmcost.ledger import statements as sql
from llmcost.ledger.codes import Codes
from llmcost.ledger.compaction import Compaction
from llmcost.ledger.connect import connect, translated
from llmcost.ledger.costs_sorted import SortedCosts
from llmcost.ledger.measures import Amounts, Group, Sums
from llmcost.ledger.protocol import Covered, CoveredGroup, Dear, Prediction, Query, Spread, StoredRequest
from llmcost.ledger.rows import Decoder, well_formed
from llmcost.ledger.schema import Rollup
from llmcost.ledger.stretches import series_stretches, stretches

_FILTERS = schema.PREDICTION.index("filters")


class Reading:
    """The reading half of `ledger.protocol.Ledger`. One connection; not for use from several threads."""

    def __init__(self, path: Path, *, write: bool) -> None:
        self.path = path
        self._db = connect(path, write=write)
        self._codes = Codes(self._db)
        self._decoder = Decoder(self._codes.names, self._codes.basis)
        self._compaction = Compaction(self._db)
        self._sorted_costs = SortedCosts(self._db)

    def sums(self, query: Query) -> list[Group]:
        query = _canonical(query)
        with translated(self.path), self.snapshot():
            return self._grouped(query, stretches(query.start, query.end, sql.levels(query)))

    def _grouped(self, query: Query, parts: Iterable[tuple[Rollup, int, int, int]]) -> list[Group]:
        found: defaultdict[tuple[str, ...], list[Sums]] = defaultdict(list)
        width = len(query.by)
        for level, start, end, sign in parts:
            if level is sql.RAW:
                self._compaction.expect_rows(start, end, query)
            for row in self._db.execute(*sql.sums_statement(query, level, start, end)):
                if row[width] is not None:
                    found[tuple(map(str, row[:width]))].append(Sums(row[width:] if sign > 0 else map(neg, row[width:])))
        groups = [Group(key, Sums.total(parts)) for key, parts in found.items()]
        return [group for group in groups if group.sums["requests"]] if query.by else groups or [Group((), Sums())]

    def series(self, query: Query, cuts: Sequence[int], *, tokens: bool = True) -> dict[tuple[str, ...], list[Amounts]]:
        query = _canonical(query)
        width = len(query.by)
        levels = sql.levels(query)
        found: dict[tuple[str, ...], list[Amounts]] = {}
        with translated(self.path), self.snapshot():
            for first, steps, level, start, end, sign in series_stretches(cuts, levels):
                if level is sql.RAW:
                    self._compaction.expect_rows(start, end, query)
                statement, before, behind = sql.series_statement(query, level, tokens=tokens)
                length = (end - start) // steps
                for row in self._db.execute(statement, [*before, start, length, start, end, *behind]):
                    amounts = found.setdefault(tuple(map(str, row[:width])), [Amounts()] * (len(cuts) - 1))
                    number = first + row[width]
                    amounts[number] = amounts[number].plus(Amounts(*(sign * each for each in row[width + 1 :])))
        return {key: amounts for key, amounts in found.items() if any(each.requests for each in amounts)}

    def requests(
        self, query: Query, *, order: str = "cost", limit: int | None = None, without_card: bool = False
    ) -> Iterator[StoredRequest]:
        statement = sql.requests_statement(_canonical(query), order, limit, without_card=without_card)
        with translated(self.path):
            self._codes.renew()
            for columns in self._db.execute(*statement):
                yield self._decoder.stored(columns)

    def token_percentiles(self, query: Query, side: str, percents: Sequence[int]) -> tuple[int, ...] | None:
        statement = sql.ranked_tokens_statement(_canonical(query), side)
        with translated(self.path):
            ranked = array("q", (row[0] for row in self._db.execute(*statement)))
        if not ranked:
            return None
        return tuple(ranked[-(-percent * len(ranked) // 100) - 1] for percent in percents)

    def cost_percentiles(self, start: int, end: int, share: Fraction) -> dict[str, Spread]:
        with translated(self.path), self.snapshot():
            kept, others = self._sorted_costs.of(start, end)
            for stretch in others:
                self._compaction.expect_rows(*stretch, Query(start, end, ("app",)))
            return self._sorted_costs.spreads(kept, others, share)

    def covered(self, query: Query) -> Covered:
        groups = self.covered_groups(query._replace(by=()))
        return Covered(groups[0].requests, groups[0].cost) if groups else Covered()

    def covered_groups(self, query: Query) -> list[CoveredGroup]:
        width = len(query.by)
        with translated(self.path):
            rows = self._db.execute(*sql.covered_groups_statement(_canonical(query)))
            return [CoveredGroup(tuple(map(str, row[:width])), *row[width:]) for row in rows]

    def dear(self, query: Query, above: Mapping[str, int], limit: int) -> Dear:
        query = _canonical(query)._replace(by=())
        if not above:
            return Dear(0, 0, ())
        with translated(self.path), self.snapshot():
            self._compaction.expect_rows(query.start, query.end, query)
            found = [
                (cost - above[app], -ts, identity, cost)
                for ts, identity, cost, app in self._db.execute(*sql.dear_statement(query, min(above.values())))
                if app in above and cost > above[app]
            ]
            self._codes.renew()
            rows = [
                self._db.execute(sql.SELECT_ROW, (-before, identity)).fetchone()
                for _, before, identity, _ in nlargest(limit, found)
            ]
            return Dear(len(found), sum(each[3] for each in found), tuple(map(self._decoder.stored, rows)))

    def predictions(self) -> list[Prediction]:
        with translated(self.path):
            rows = self._db.execute(sql.SELECT_PREDICTIONS).fetchall()
            return [
                Prediction(*row)._replace(where=tuple((name, value) for name, value in json.loads(row[_FILTERS])))
                for row in rows
            ]

    def bounds(self) -> tuple[int, int] | None:
        with translated(self.path):
            first, last = self._db.execute(
                "SELECT (SELECT min(ts) FROM request), (SELECT max(ts) FROM request)"
            ).fetchone()
            rolled = self._db.execute("SELECT min(quarter), max(quarter) FROM rollup_quarter_all").fetchone()
        if rolled[0] is None:
            return None
        if self._compaction.since is not None:
            # Of rows that are gone only the quarter of an hour is known.
            first = min(first or 2**62, rolled[0] * QUARTER_US)
            last = max(last or 0, rolled[1] * QUARTER_US)
        return first, last

    def newest_at(self, us: int) -> int | None:
        with translated(self.path):
            found = self._db.execute("SELECT max(ts) FROM request WHERE ts <= ?", (us,)).fetchone()[0]
            if found is None and self._compaction.since is not None:
                found = self._db.execute(sql.SELECT_NEWEST_QUARTER, (us,)).fetchone()[0]
        return None if found is None else int(found)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        # Errors of what is done within are not the ledger's: only its own statements are translated.
        outermost = not self._db.in_transaction
        if outermost:
            with translated(self.path):
                self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            if outermost and self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        if outermost and self._db.in_transaction:
            with translated(self.path):
                self._db.execute("COMMIT")


def _canonical(query: Query) -> Query:
    return query._replace(
        by=tuple(well_formed(dimension(name)) for name in query.by),
        where=tuple((well_formed(dimension(name)), well_formed(value)) for name, value in query.where),
    )
