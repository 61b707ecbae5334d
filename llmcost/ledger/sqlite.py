"""The ledger in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmcost.core.errors import LedgerError, UsageError
from llmcost.core.instants import DAY_US, QUARTER_US
from llmcost.core.record import merge_key
from llmcost.ledger import schema
from llmcost.ledger import statements as sql
from llmcost.ledger.connect import connect, translated
from llmcost.ledger.protocol import Added, Basis, BatchInfo, Group, LedgerInfo, PricedRecord, Query, StoredRequest, Sums
from llmcost.ledger.rows import AT, Decoder, code_of_special, day_of, hash64, to_columns
from llmcost.ledger.schema import CODED, COLUMNS, PRICING

_PRICE = slice(len(schema.CONTENT), len(schema.CONTENT) + len(PRICING))
#: Stands in for a user's name after `ledger forget`.
FORGOTTEN = "(forgotten)"


class SqliteLedger:
    """Implements `ledger.protocol.Ledger`. One connection; not for use from several threads."""

    def __init__(self, path: Path, *, write: bool) -> None:
        self.path = path
        self._write = write
        self._db = connect(path, write=write)
        self._codes: dict[str, dict[tuple[str, ...], int]] = {name: {} for name in (*CODED, "card")}
        self._names: dict[tuple[str, int], tuple[str, ...]] = {}
        self._bases: dict[int, Basis] = {}
        self._decoder = Decoder(self._dimension_names, self._basis)
        self._staged = False

    # Writing

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with translated(self.path):
            if not self._write:
                raise LedgerError(f"the ledger {self.path} was opened to read", "this is a bug: report it")
            nested = self._db.in_transaction
            self._db.execute("SAVEPOINT step" if nested else "BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("RELEASE step" if nested else "COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                # Codes handed out within are gone with the transaction.
                for codes in self._codes.values():
                    codes.clear()
                self._names.clear()
                raise

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Whatever is written within is taken back at the end: the road of a dry run."""
        with translated(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def begin_batch(self, label: str, now_us: int) -> int:
        with self._transaction():
            cursor = self._db.execute("INSERT INTO batch (started_us, label) VALUES (?, ?)", (now_us, label))
            return int(cursor.lastrowid or 0)

    def add(self, rows: Sequence[PricedRecord], batch: int) -> Added:
        if not rows:
            return Added()
        winners, repeated = _fold(rows)
        with self._transaction():
            self._stage(winners, batch)
            staged = len(winners)
            self._db.execute(sql.DROP_DUPLICATES)
            left = self._db.execute("SELECT count(*) FROM temp.incoming").fetchone()[0]
            duplicates = staged - left
            updated, kept = self._merge_known(batch)
            cost, unpriced = self._db.execute(sql.STAGED_COST).fetchone()
            self._db.execute(sql.INSERT_ROWS)
            self._db.execute(sql.INSERT_SEEN)
            for statement in sql.APPLY_INCOMING:
                self._db.execute(statement)
            self._apply_delta()
        return Added(left - updated - kept, updated, duplicates + kept + repeated, unpriced, cost)

    def _stage(self, rows: Sequence[PricedRecord], batch: int) -> None:
        for statement in sql.CLEAR_STAGING if self._staged else sql.CREATE_STAGING:
            self._db.execute(statement)
        self._staged = True
        codes = self._codes
        forgotten = self._forgotten()

        def intern(table: str, names: tuple[str, ...]) -> int:
            code = codes[table].get(names)
            if code is None:
                if forgotten and table == "party":
                    names = self._without_forgotten(names, forgotten)
                code = self._intern(table, names)
            return code

        self._db.executemany(
            sql.STAGE,
            (
                (
                    n,
                    row.record.ts // DAY_US,
                    hash64(row.record.id),
                    *to_columns(row, batch, intern, self._card(row.basis)),
                )
                for n, row in enumerate(rows)
            ),
        )

    def _merge_known(self, batch: int) -> tuple[int, int]:
        """Settle ids already stored in another version: (replaced, left as they were)."""
        known: dict[int, list[tuple[Any, ...]]] = {}
        for n, *stored in self._db.execute(sql.SELECT_KNOWN):
            known.setdefault(n, []).append(tuple(stored))
        updated = kept = 0
        for n, versions in known.items():
            mine = self._db.execute(sql.SELECT_STAGED, (n,)).fetchone()
            best = max((mine, *versions), key=lambda columns: merge_key(self._decoder.record(columns)))
            for version in versions:
                if version is not best:
                    self._remove(version)
                    self._supersede(version, batch)
            if best is mine:
                updated += 1
            else:
                kept += 1
                self._db.execute(sql.DROP_STAGED, (n,))
                self._supersede(mine, best[AT["batch"]])
        return updated, kept

    def _remove(self, columns: Sequence[Any]) -> None:
        ts, identity = columns[AT["ts"]], columns[AT["id"]]
        self._db.execute(sql.DELTA_OUT, (ts, identity))
        self._db.execute(sql.DELETE_ROW, (ts, identity))
        self._db.execute(sql.DELETE_SEEN, (day_of(ts), hash64(identity), ts))

    def _insert(self, columns: Sequence[Any]) -> None:
        ts, identity = columns[AT["ts"]], columns[AT["id"]]
        self._db.execute(sql.INSERT_ROW, tuple(columns))
        self._db.execute(sql.INSERT_SEEN_ROW, (day_of(ts), hash64(identity), ts))
        self._db.execute(sql.DELTA_IN, (ts, identity))

    def _supersede(self, columns: Sequence[Any], other_batch: int) -> None:
        """Keep a version that lost to another batch's, so that undoing that batch brings it back."""
        if columns[AT["batch"]] == other_batch:
            return
        identity, batch = columns[AT["id"]], columns[AT["batch"]]
        row = self._db.execute("SELECT row FROM superseded WHERE id = ? AND batch = ?", (identity, batch)).fetchone()
        if row is not None:
            held = json.loads(row[0])
            if merge_key(self._decoder.record(held)) >= merge_key(self._decoder.record(columns)):
                return
        self._db.execute("INSERT OR REPLACE INTO superseded VALUES (?, ?, ?)", (identity, batch, json.dumps(columns)))

    def _apply_delta(self) -> None:
        if self._db.execute("SELECT EXISTS (SELECT 1 FROM temp.delta)").fetchone()[0]:
            for statement in sql.APPLY_DELTA:
                self._db.execute(statement)

    def _begin_delta(self) -> None:
        for statement in sql.CLEAR_STAGING if self._staged else sql.CREATE_STAGING:
            self._db.execute(statement)
        self._staged = True

    # Codes

    def _intern(self, table: str, names: tuple[str, ...]) -> int:
        columns = CODED[table]
        quoted = [f'"{column}"' for column in columns]
        where = " AND ".join(f"{column} = ?" for column in quoted)
        found = self._db.execute(f"SELECT id FROM {table} WHERE {where}", names).fetchone()
        if found is None:
            marks = ", ".join("?" * len(names))
            cursor = self._db.execute(f"INSERT INTO {table} ({', '.join(quoted)}) VALUES ({marks})", names)
            code = int(cursor.lastrowid or 0)
        else:
            code = int(found[0])
        self._codes[table][names] = code
        return code

    def _card(self, basis: Basis) -> int:
        key = (basis.card_id, basis.match, basis.layer)
        code = self._codes["card"].get(key)
        if code is None:
            code = code_of_special(basis)
        if code is None:
            select = "SELECT id FROM card WHERE card_id = ? AND match = ? AND layer = ?"
            found = self._db.execute(select, key).fetchone()
            if found is None:
                insert = "INSERT INTO card (card_id, match, layer, body) VALUES (?, ?, ?, ?)"
                code = int(self._db.execute(insert, (*key, basis.body)).lastrowid or 0)
            else:
                code = int(found[0])
            self._codes["card"][key] = code
        return code

    def _dimension_names(self, table: str, code: int) -> tuple[str, ...]:
        names = self._names.get((table, code))
        if names is None:
            columns = ", ".join(f'"{column}"' for column in CODED[table])
            names = self._db.execute(f"SELECT {columns} FROM {table} WHERE id = ?", (code,)).fetchone()
            self._names[table, code] = names
        return names

    def _basis(self, code: int) -> Basis:
        basis = self._bases.get(code)
        if basis is None:
            row = self._db.execute("SELECT card_id, match, layer, body FROM card WHERE id = ?", (code,)).fetchone()
            basis = self._bases[code] = Basis(*row)
        return basis

    # Reading

    def sums(self, query: Query) -> list[Group]:
        query = _canonical(query)
        table = sql.plan(query)
        size = {"quarter": QUARTER_US, "day": DAY_US, "raw": 1}[table]
        first, last = -(-query.start // size), query.end // size
        with translated(self.path):
            if table == "raw" or first >= last:
                return self._grouped(query, [("raw", query.start, query.end)])
            return self._grouped(
                query, [(table, first, last), ("raw", query.start, first * size), ("raw", last * size, query.end)]
            )

    def _grouped(self, query: Query, stretches: list[tuple[str, int, int]]) -> list[Group]:
        groups: dict[tuple[str, ...], Sums] = {} if query.by else {(): Sums()}
        width = len(query.by)
        for table, start, end in stretches:
            if start >= end:
                continue
            for row in self._db.execute(*sql.sums_statement(query, table, start, end)):
                if row[width] is None:
                    continue
                key, sums = tuple(str(name) for name in row[:width]), Sums(row[width:])
                groups[key] = groups[key] + sums if key in groups else sums
        return [Group(key, sums) for key, sums in groups.items()]

    def requests(self, query: Query, *, order: str = "cost", limit: int | None = None) -> Iterator[StoredRequest]:
        with translated(self.path):
            for columns in self._db.execute(*sql.requests_statement(_canonical(query), order, limit)):
                yield self._decoder.stored(columns)

    def bounds(self) -> tuple[int, int] | None:
        with translated(self.path):
            first, last = self._db.execute(
                "SELECT (SELECT min(ts) FROM request), (SELECT max(ts) FROM request)"
            ).fetchone()
        return None if first is None else (first, last)

    def newest_at(self, us: int) -> int | None:
        with translated(self.path):
            found = self._db.execute("SELECT max(ts) FROM request WHERE ts <= ?", (us,)).fetchone()[0]
        return None if found is None else int(found)

    def dimension_values(self, name: str) -> set[str]:
        """Every value a coded dimension has ever had (also of rows since removed)."""
        name = sql.dimension(name)
        for table, columns in CODED.items():
            if name in columns:
                with translated(self.path):
                    return {row[0] for row in self._db.execute(f'SELECT DISTINCT "{name}" FROM {table}')}
        return set()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with translated(self.path):
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                if self._db.in_transaction:
                    self._db.execute("COMMIT")

    # Maintenance

    def reprice(self, rows: Sequence[PricedRecord]) -> int:
        changed = 0
        with self._transaction():
            self._begin_delta()
            for row in rows:
                r = row.record
                select = f"SELECT {', '.join(COLUMNS)} FROM request WHERE ts = ? AND id = ?"
                stored = self._db.execute(select, (r.ts, r.id)).fetchone()
                if stored is None:
                    continue
                new = to_columns(row, stored[AT["batch"]], lambda _table, _names: 0, self._card(row.basis))[_PRICE]
                if tuple(stored[_PRICE]) == new:
                    continue
                self._db.execute(sql.DELTA_OUT, (r.ts, r.id))
                self._db.execute(sql.UPDATE_PRICE, (*new, r.ts, r.id))
                self._db.execute(sql.DELTA_IN, (r.ts, r.id))
                changed += 1
            self._apply_delta()
        return changed

    def undo(self, batch: int) -> int:
        with self._transaction():
            found = self._db.execute("SELECT undone FROM batch WHERE id = ?", (batch,)).fetchone()
            if found is None:
                raise UsageError(f"no batch {batch} in the ledger", "`llmcost ledger info` lists them")
            if found[0]:
                raise UsageError(f"batch {batch} is already undone", "`llmcost ledger info` lists them")
            self._begin_delta()
            self._db.execute("DELETE FROM superseded WHERE batch = ?", (batch,))
            rows = self._db.execute(sql.SELECT_BATCH_ROWS, (batch,)).fetchall()
            for columns in rows:
                self._remove(columns)
                self._restore(columns[AT["id"]])
            self._apply_delta()
            self._db.execute("UPDATE batch SET undone = 1 WHERE id = ?", (batch,))
        return len(rows)

    def _restore(self, identity: str) -> None:
        held = [json.loads(row[0]) for row in self._db.execute("SELECT row FROM superseded WHERE id = ?", (identity,))]
        if not held:
            return
        best = max(held, key=lambda columns: merge_key(self._decoder.record(columns)))
        self._insert(best)
        self._db.execute("DELETE FROM superseded WHERE id = ? AND batch = ?", (identity, best[AT["batch"]]))

    def forget_user(self, user: str) -> int:
        with self._transaction():
            self._db.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (self._digest(user),))
            parties = self._db.execute('SELECT id, project FROM party WHERE "user" = ?', (user,)).fetchall()
            self._begin_delta()
            count = 0
            for code, project in parties:
                anonymous = self._intern("party", (FORGOTTEN, project))
                for columns in self._db.execute(
                    f"SELECT {', '.join(COLUMNS)} FROM request WHERE party = ?", (code,)
                ).fetchall():
                    count += 1
                    self._remove(columns)
                    self._db.execute("DELETE FROM superseded WHERE id = ?", (columns[AT["id"]],))
                    self._insert(self._anonymous(columns, anonymous))
            self._apply_delta()
            for code, _ in parties:
                self._db.execute(f"DELETE FROM superseded WHERE json_extract(row, '$[{AT['party']}]') = ?", (code,))
                self._db.execute("DELETE FROM party WHERE id = ?", (code,))
            for cache in self._codes.values():
                cache.clear()
            self._names.clear()
        with translated(self.path):
            # Erased bytes must leave the file and its log too.
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def _anonymous(self, columns: Sequence[Any], party: int) -> list[Any]:
        anonymous = list(columns)
        anonymous[AT["party"]] = party
        _, branch, _, region, source = self._dimension_names("context", columns[AT["context"]])
        anonymous[AT["context"]] = self._intern("context", ("", branch, "", region, source))
        for name in ("tags", "error", "prompt_id", "prompt_digest", "prefix_digest"):
            anonymous[AT[name]] = None
        return anonymous

    def _digest(self, text: str) -> bytes:
        import hashlib

        return hashlib.blake2b(text.encode("utf-8", "replace"), key=self.digest_key(), digest_size=16).digest()

    def _forgotten(self) -> set[bytes]:
        return {row[0] for row in self._db.execute("SELECT digest FROM forgotten")}

    def _without_forgotten(self, names: tuple[str, ...], forgotten: set[bytes]) -> tuple[str, ...]:
        return (FORGOTTEN, *names[1:]) if names[0] and self._digest(names[0]) in forgotten else names

    def digest_key(self) -> bytes:
        with translated(self.path):
            return bytes(self._db.execute("SELECT value FROM meta WHERE key = 'digest_key'").fetchone()[0])

    def info(self) -> LedgerInfo:
        with translated(self.path):
            execute = self._db.execute
            requests, unpriced = execute(
                "SELECT coalesce(sum(requests), 0), coalesce(sum(unpriced), 0) FROM rollup_quarter"
            ).fetchone()
            counts = dict(execute("SELECT batch, count(*) FROM request GROUP BY batch"))
            batches = tuple(
                BatchInfo(number, started, label, counts.get(number, 0), bool(undone))
                for number, started, label, undone in execute(
                    "SELECT id, started_us, label, undone FROM batch ORDER BY id"
                )
            )
            size = execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()").fetchone()[0]
            version = execute("PRAGMA user_version").fetchone()[0]
        first, last = self.bounds() or (None, None)
        return LedgerInfo(str(self.path), version, requests, first, last, unpriced, size, batches)

    def check(self) -> list[str]:
        self._db.create_function("hash64", 1, hash64, deterministic=True)
        with self.snapshot():
            found = [row[0] for row in self._db.execute("PRAGMA integrity_check(20)")]
            problems = [] if found == ["ok"] else [f"SQLite finds: {text}" for text in found]
            for statement, what in sql.CHECKS:
                count = self._db.execute(statement).fetchone()[0]
                if count:
                    problems.append(f"{count} {what}")
        return problems

    def backup(self, target: Path) -> None:
        """Copy the ledger as it stands to a new file, while others may be writing.

        Raises:
            UsageError: the target exists.
            LedgerError: it cannot be written.
        """
        if target.exists():
            raise UsageError(f"{target} exists", "name a new file: a backup never overwrites")
        with translated(target):
            copy = sqlite3.connect(target)
            try:
                self._db.backup(copy)
            finally:
                copy.close()

    def close(self) -> None:
        self._db.close()


def _fold(rows: Sequence[PricedRecord]) -> tuple[list[PricedRecord], int]:
    """One row per id: the greatest under `merge_key`; and how many were folded away."""
    best: dict[str, PricedRecord] = {}
    for row in rows:
        identity = row.record.id
        held = best.get(identity)
        if held is None or merge_key(row.record) > merge_key(held.record):
            best[identity] = row
    return list(best.values()), len(rows) - len(best)


def _canonical(query: Query) -> Query:
    return query._replace(
        by=tuple(sql.dimension(name) for name in query.by),
        where=tuple((sql.dimension(name), value) for name, value in query.where),
    )
