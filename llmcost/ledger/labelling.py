"""The SQLite ledger's labels. Implements `ledger.labels.Labels`."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from llmcost.ledger.labels import Answered, StoredLabel
from llmcost.ledger.part import LedgerPart
from llmcost.ledger.rows import well_formed

_INSERT = "INSERT OR IGNORE INTO label (key, model, quality, made_us) VALUES (?, ?, ?, ?)"
_KEEP = "INSERT INTO features (key, body) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body"
_KEEP_OF_REQUEST = (
    "INSERT INTO features (key, body) SELECT id, ? FROM request WHERE ts = ? AND id = ? AND prompt_digest IS NOT NULL"
    " ON CONFLICT (key) DO UPDATE SET body = excluded.body"
)
_ALL = (
    "SELECT l.key, l.model, l.quality, l.made_us, f.body FROM label l LEFT JOIN features f ON f.key = l.key"
    " ORDER BY l.key, l.model, l.quality"
)
# Nothing finds a request by its id alone: every row is looked at, in SQLite, which takes a third of the time.
_ANSWERED = (
    "SELECT r.id, s.model, r.cost FROM request r JOIN series s ON s.id = r.series"
    " WHERE r.id IN (SELECT value FROM json_each(?1))"
    " OR substr(r.id, instr(r.id, ':') + 1) IN (SELECT value FROM json_each(?1))"
)


class SqliteLabels(LedgerPart):
    def add(self, labels: Sequence[StoredLabel], features: Mapping[str, bytes]) -> int:
        rows = [(well_formed(each.key), well_formed(each.model), each.quality, each.made_us) for each in labels]
        with self._transaction():
            self._db.executemany(_KEEP, [(well_formed(key), body) for key, body in features.items()])
            before = self._db.total_changes
            self._db.executemany(_INSERT, rows)
            return self._db.total_changes - before

    def keep(self, features: Sequence[tuple[int, str, bytes]]) -> int:
        rows = [(body, us, well_formed(key)) for us, key, body in features]
        with self._transaction():
            before = self._db.total_changes
            self._db.executemany(_KEEP_OF_REQUEST, rows)
            return self._db.total_changes - before

    def remove(self, key: str) -> int:
        with self._transaction():
            return self.drop([well_formed(key)])

    def drop(self, keys: Iterable[str]) -> int:
        """Within a transaction: take back the labels and features of these keys."""
        gone = 0
        for key in keys:
            gone += self._db.execute("DELETE FROM label WHERE key = ?", (key,)).rowcount
            self._db.execute("DELETE FROM features WHERE key = ?", (key,))
        return gone

    def all(self) -> list[StoredLabel]:
        with self._reading():
            return [StoredLabel(*row) for row in self._db.execute(_ALL)]

    def answered(self, ids: Collection[str]) -> dict[str, Answered]:
        wanted = set(ids)
        if not wanted:
            return {}
        with self._reading():
            return {
                name: Answered(found, model, cost)
                for found, model, cost in self._db.execute(_ANSWERED, (json.dumps(list(wanted)),))
                for name in (found, found.partition(":")[2])
                if name in wanted
            }
