"""Versions of one request: which stands, which wait behind it, and how one takes another's place.

Two rows with one id are versions of one request when their UTC days are equal or adjacent; further apart
they are two requests (a log that numbers its calls anew each month). docs/ledger.md states the rule.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from llmcost.core.record import Record, merge_key, said_app
from llmcost.ledger import statements as sql
from llmcost.ledger.protocol import PricedRecord
from llmcost.ledger.rows import AT, Decoder, day_of, hash64
from llmcost.ledger.schema import CONTENT

_CONTENT = slice(0, len(CONTENT))


def fold(rows: Sequence[PricedRecord]) -> tuple[list[PricedRecord], int]:
    """One row per request: the greatest under `merge_key`; the greatest first where an id names several.

    And how many lost to one of another app or model.
    """
    clashes = 0
    kept: dict[str, PricedRecord] = {}
    repeated: dict[str, list[PricedRecord]] = {}
    for row in rows:
        identity = row.record.id
        first = kept.setdefault(identity, row)
        if first is not row and first != row:
            repeated.setdefault(identity, [first]).append(row)
    others: list[PricedRecord] = []
    for identity, versions in repeated.items():
        versions.sort(key=lambda row: merge_key(row.record), reverse=True)
        standing: list[PricedRecord] = []
        for row in versions:
            winner = next((other for other in standing if _near(row.record, other.record)), None)
            if winner is None:
                standing.append(row)
            else:
                clashes += clash(row.record, winner.record)
        kept[identity] = standing[0]
        others += standing[1:]
    return [*kept.values(), *others], clashes


#: No provider's response ids are this short; those of logs that number their calls themselves are.
_SHORT_ID = 12


def clash(a: Record, b: Record) -> bool:
    """Whether two records of one id are hardly versions of one request: a short id, of another app or model.

    A long id is a response's own, however two logs of the call name its app.
    """
    apps = {said_app(a), said_app(b)} - {""}
    return (len(apps) > 1 or a.model != b.model) and len(a.id.partition(":")[2]) < _SHORT_ID


def _near(a: Record, b: Record) -> bool:
    return abs(day_of(a.ts) - day_of(b.ts)) <= 1


class Versions:
    """Moves rows in and out of `request` with its id index and deltas; the caller owns the transaction."""

    def __init__(self, db: sqlite3.Connection, decoder: Decoder) -> None:
        self._db = db
        self._decoder = decoder

    def _key(self, columns: Sequence[Any]) -> tuple[object, ...]:
        return merge_key(self._decoder.record(columns))

    def settle(self, batch: int) -> tuple[int, int, int]:
        """Settle staged ids that are stored in another version: (replaced, left as they were, clashes)."""
        known: dict[int, list[tuple[Any, ...]]] = {}
        for n, *stored in self._db.execute(sql.SELECT_KNOWN):
            known.setdefault(n, []).append(tuple(stored))
        gone: set[tuple[int, str]] = set()
        updated = kept = clashes = 0
        for n in sorted(known):
            standing = [row for row in known[n] if (row[AT["ts"]], row[AT["id"]]) not in gone]
            if not standing:
                continue
            mine = self._db.execute(sql.SELECT_STAGED, (n,)).fetchone()
            best = max(standing, key=self._key)
            clashes += clash(self._decoder.record(mine), self._decoder.record(best))
            if self._key(mine) > self._key(best):
                updated += 1
                for row in standing:
                    self.remove(row)
                    gone.add((row[AT["ts"]], row[AT["id"]]))
                    self._hold(row, batch)
            else:
                kept += 1
                self._db.execute(sql.DROP_STAGED, (n,))
                self._hold(mine, best[AT["batch"]])
        return updated, kept, clashes

    def remove(self, columns: Sequence[Any]) -> None:
        ts, identity = columns[AT["ts"]], columns[AT["id"]]
        self._db.execute(sql.DELTA_OUT, (ts, identity))
        self._db.execute(sql.DELETE_ROW, (ts, identity))
        self._db.execute(sql.DELETE_SEEN, (day_of(ts), hash64(identity), ts))

    def insert(self, columns: Sequence[Any]) -> None:
        ts, identity = columns[AT["ts"]], columns[AT["id"]]
        self._db.execute(sql.INSERT_ROW, tuple(columns))
        self._db.execute(sql.INSERT_SEEN_ROW, (day_of(ts), hash64(identity), ts))
        self._db.execute(sql.DELTA_IN, (ts, identity))

    def _hold(self, columns: Sequence[Any], winner_batch: int) -> None:
        """Keep a version that lost to another batch's, so that undoing that batch brings it back."""
        if columns[AT["batch"]] == winner_batch:
            return
        content = tuple(columns[_CONTENT])
        # A log read again and again brings the same losing version each time: once is enough.
        if any(tuple(held[_CONTENT]) == content for _, held in self._held(columns[AT["id"]])):
            return
        self._db.execute(sql.INSERT_HELD, (columns[AT["id"]], columns[AT["batch"]], json.dumps(columns)))

    def _held(self, identity: str) -> list[tuple[int, list[Any]]]:
        return [(key, json.loads(row)) for key, row in self._db.execute(sql.SELECT_HELD, (identity,)).fetchall()]

    def take_back(self, batch: int) -> int:
        """Remove every row of a batch; versions it had replaced stand again. The number of rows removed."""
        self._db.execute("DELETE FROM superseded WHERE batch = ?", (batch,))
        rows = self._db.execute(sql.SELECT_BATCH_ROWS, (batch,)).fetchall()
        for columns in rows:
            self.remove(columns)
            self._restore(columns[AT["id"]])
        return len(rows)

    def _restore(self, identity: str) -> None:
        held = self._held(identity)
        for key, columns in sorted(held, key=lambda item: self._key(item[1]), reverse=True):
            day = day_of(columns[AT["ts"]])
            near = (day - 1, day, day + 1, hash64(identity), identity)
            if self._db.execute(sql.STANDING, near).fetchone() is None:
                self.insert(columns)
                self._db.execute("DELETE FROM superseded WHERE key = ?", (key,))
