"""The ledger in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from operator import itemgetter
from pathlib import Path

from llmcost.core.errors import LedgerError, UsageError
from llmcost.core.instants import DAY_US, QUARTER_US
from llmcost.ledger import schema
from llmcost.ledger import statements as sql
from llmcost.ledger.billed_lines import SqliteBilling
from llmcost.ledger.block import block, prices
from llmcost.ledger.bookmarking import SqliteBookmarks
from llmcost.ledger.connect import translated
from llmcost.ledger.erasure import FORGOTTEN, Erasure
from llmcost.ledger.fixed_costs import SqliteCosts
from llmcost.ledger.labelling import SqliteLabels
from llmcost.ledger.outbox import SqliteOutbox
from llmcost.ledger.protocol import (
    Added,
    BatchInfo,
    LedgerInfo,
    Names,
    Prediction,
    PricedRecord,
)
from llmcost.ledger.reading import Reading
from llmcost.ledger.rollups import measured, totals
from llmcost.ledger.rows import card_hash, day_of, hash64, storable, well_formed
from llmcost.ledger.ruled import SqliteRuled
from llmcost.ledger.schema import COLUMNS, DAY_SERIES, DAYS, PRICING, QUARTERS, QUARTERS_ALL
from llmcost.ledger.versions import Versions, fold

_TS_AND_ID = itemgetter(0, 1)
_QUARTERS_A_DAY = DAY_US // QUARTER_US
_PRICE = slice(len(schema.CONTENT), len(schema.CONTENT) + len(PRICING))


class SqliteLedger(Reading):
    """Implements `ledger.protocol.Ledger`. One connection; not for use from several threads."""

    def __init__(self, path: Path, *, write: bool) -> None:
        super().__init__(path, write=write)
        #: Batches begun here that have not added or replaced a row.
        self._barren: set[int] = set()
        self._write = write
        self._versions = Versions(self._db, self._decoder)
        self.outbox = SqliteOutbox(self._db, self._transaction, lambda: translated(path))
        self.labels = SqliteLabels(self._db, self._transaction, lambda: translated(path))
        self.costs = SqliteCosts(self._db, self._transaction, lambda: translated(path))
        self.ruled = SqliteRuled(self._db, self._transaction, lambda: translated(path))
        self.bookmarks = SqliteBookmarks(self._db, self._transaction, lambda: translated(path))
        self._erasure = Erasure(self._db, self._codes, self._decoder, self._versions, self.outbox, self.labels)
        self.billing = SqliteBilling(
            self._db, self._transaction, lambda: translated(path), changed=self._barren.discard,
            hidden=self._erasure.hidden, name=FORGOTTEN,
        )  # fmt: skip
        self._rehearsing = False

    # Writing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is read and written within is one step: nobody writes between, and all of it holds or nothing."""
        with self._transaction():
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with translated(self.path):
            if not self._write:
                raise LedgerError(f"the ledger {self.path} was opened to read", "this is a bug: report it")
            nested = self._db.in_transaction
            if self._rehearsing and not nested:
                raise LedgerError("the trial run was broken off by an earlier error", "mend that and run it again")
            self._db.execute("SAVEPOINT step" if nested else "BEGIN IMMEDIATE")
            try:
                self._codes.renew()
                yield
                self._db.execute("RELEASE step" if nested else "COMMIT")
            except BaseException:
                # SQLite itself has already rolled everything back after some errors (a full disk).
                if self._db.in_transaction:
                    if nested:
                        self._db.execute("ROLLBACK TO step")
                        self._db.execute("RELEASE step")
                    else:
                        self._db.execute("ROLLBACK")
                # Codes handed out within are gone with the transaction.
                self._codes.clear()
                raise

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Whatever is written within is taken back at the end: the road of a dry run."""
        with translated(self.path):
            self._db.execute("BEGIN IMMEDIATE")
        self._rehearsing = True
        try:
            yield
        finally:
            self._rehearsing = False
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._codes.clear()

    def begin_batch(self, label: str, now_us: int) -> int:
        with self._transaction():
            insert = "INSERT INTO batch (started_us, label) VALUES (?, ?)"
            cursor = self._db.execute(insert, (now_us, well_formed(label)))
            batch = int(cursor.lastrowid or 0)
        self._barren.add(batch)
        return batch

    def end_batch(self, batch: int) -> bool:
        if batch in self._barren:
            with self._transaction():
                if self._db.execute(sql.DELETE_BARREN, (batch, batch)).rowcount:
                    return False
        if not self._rehearsing:
            self._keep_costs(batch)
        return True

    def _keep_costs(self, batch: int) -> None:
        """Sort the costs of days that were over when the batch began. A step a day: others may write between."""
        with translated(self.path):
            (started,) = self._db.execute("SELECT started_us FROM batch WHERE id = ?", (batch,)).fetchone()
            missing = self._sorted_costs.missing(started)
        for day in missing:
            with self._transaction():
                self._sorted_costs.keep(day)

    def add(self, rows: Sequence[PricedRecord], batch: int) -> Added:
        if not rows:
            return Added()
        try:
            return self._add(rows, batch)
        except UnicodeEncodeError:
            return self._add([storable(row) for row in rows], batch)

    def _add(self, rows: Sequence[PricedRecord], batch: int) -> Added:
        with self._transaction():
            self._expect_batch(batch)
            since = self._compaction.since
            kept = rows if since is None else [row for row in rows if row.record.ts >= since]
            if not kept:
                return Added(compacted=len(rows))
            winners, folded_clashes = fold(self._erasure.without_forgotten(kept))
            hashes = [hash64(row.record.id) for row in winners]
            known, gone = self._known(winners, hashes, since)
            places = sorted(known - gone)
            added = self._merge([winners[p] for p in places], [hashes[p] for p in places], batch)
            fresh = [p for p in range(len(winners)) if p not in known and p not in gone]
            added = added.plus(self._insert([winners[p] for p in fresh], [hashes[p] for p in fresh], batch))
        if added.new or added.updated:
            self._barren.discard(batch)
        folded = Added(
            duplicate=len(kept) - len(winners), clashes=folded_clashes, compacted=len(rows) - len(kept) + len(gone)
        )
        return added.plus(folded)

    def _known(
        self, rows: Sequence[PricedRecord], hashes: Sequence[int], since: int | None
    ) -> tuple[set[int], set[int]]:
        """Places of the rows whose id may be stored within a day of theirs: all that are, and chance likenesses.

        And of those whose request was let go.
        """
        places: dict[int, list[int]] = {}
        for place, row in enumerate(rows):
            places.setdefault(day_of(row.record.ts), []).append(place)
        found: set[int] = set()
        gone: set[int] = set()
        for day, here in places.items():
            asked = str(sorted(hashes[place] for place in here))
            for near in (day - 1, day, day + 1):
                if not self._db.execute(sql.DAY_SEEN, (near,)).fetchone()[0]:
                    continue
                held = {row[0] for row in self._db.execute(sql.SELECT_SEEN, (asked, near))}
                if held:
                    kind = found if since is None or near >= day_of(since) else gone
                    kind.update(place for place in here if hashes[place] in held)
        return found, gone

    def _insert(self, rows: Sequence[PricedRecord], hashes: Sequence[int], batch: int) -> Added:
        """Add rows whose ids are not stored near them."""
        if not rows:
            return Added()
        made = block(rows, batch, self._codes)
        told = tuple(made.columns)
        self._db.executemany(sql.insert_rows(told), sorted(made.bound(told), key=_TS_AND_ID))
        times = made.columns["ts"]
        days = [day_of(ts) for ts in times]
        self._db.executemany(sql.INSERT_SEEN_ROW, sorted(zip(days, hashes, times, strict=True)))
        measures = measured(made)
        quarters = [ts // QUARTER_US for ts in times]
        by_series = totals(zip(quarters, made.columns["series"], strict=True), measures)
        for rollup, sums in (
            (QUARTERS, by_series),
            (DAYS, totals(zip(days, made.columns["party"], strict=True), measures)),
            (DAY_SERIES, by_series.under(lambda key: (key[0] // _QUARTERS_A_DAY, key[1]))),
            (QUARTERS_ALL, by_series.under(lambda key: key[:1])),
        ):
            try:
                self._db.executemany(sql.add_totals(rollup, sums.names), sums.rows())
            except OverflowError as error:
                raise sqlite3.DataError("integer overflow") from error
        return Added(len(rows), unpriced=sum(measures.get("unpriced", ())), cost=sum(measures.get("cost", ())))

    def _merge(self, rows: Sequence[PricedRecord], hashes: Sequence[int], batch: int) -> Added:
        """Add rows whose ids may be stored: duplicates are dropped, versions settled."""
        if not rows:
            return Added()
        self._clear_staging()
        made = block(rows, batch, self._codes)
        days = (day_of(ts) for ts in made.columns["ts"])
        keys = zip(count(), days, hashes, strict=False)
        self._db.executemany(sql.STAGE, (key + row for key, row in zip(keys, made.bound(COLUMNS), strict=False)))
        self._db.execute(sql.DROP_DUPLICATES)
        left = self._db.execute("SELECT count(*) FROM temp.incoming").fetchone()[0]
        updated, kept, clashes = self._versions.settle(batch)
        cost, unpriced = self._db.execute(sql.STAGED_COST).fetchone()
        self._db.execute(sql.INSERT_ROWS)
        self._db.execute(sql.INSERT_SEEN)
        for statement in sql.APPLY_INCOMING:
            self._db.execute(statement)
        self._apply_delta()
        return Added(left - updated - kept, updated, len(rows) - left + kept, unpriced, cost, clashes)

    def _expect_batch(self, batch: int) -> None:
        found = self._db.execute("SELECT undone FROM batch WHERE id = ?", (batch,)).fetchone()
        if found is None:
            raise UsageError(f"no batch {batch} in the ledger", "`llmcost ledger info` lists them")
        if found[0]:
            raise UsageError(f"batch {batch} is already undone", "`llmcost ledger info` lists them")

    def _clear_staging(self) -> None:
        for statement in (*sql.CREATE_STAGING, *sql.CLEAR_STAGING):
            self._db.execute(statement)

    def _apply_delta(self) -> None:
        if self._db.execute("SELECT EXISTS (SELECT 1 FROM temp.delta)").fetchone()[0]:
            for statement in sql.APPLY_DELTA:
                self._db.execute(statement)

    def predict(self, predictions: Sequence[Prediction]) -> None:
        rows = [tuple(map(_prediction_column, each)) for each in predictions]
        with self._transaction():
            self._erasure.expect_known(predictions)
            self._db.executemany("DELETE FROM prediction WHERE name = ?", {(row[0],) for row in rows})
            self._db.executemany(sql.INSERT_PREDICTION, rows)

    # Maintenance

    def reprice(self, rows: Sequence[PricedRecord]) -> int:
        changed = 0
        with self._transaction():
            self._clear_staging()
            for row in rows:
                r = row.record
                stored = self._db.execute(sql.SELECT_ROW, (r.ts, r.id)).fetchone()
                if stored is None:
                    continue
                new = next(zip(*prices([row], self._codes).values(), strict=True))
                if tuple(stored[_PRICE]) == new:
                    continue
                self._db.execute(sql.DELTA_OUT, (r.ts, r.id))
                self._db.execute(sql.UPDATE_PRICE, (*new, r.ts, r.id))
                self._db.execute(sql.DELTA_IN, (r.ts, r.id))
                changed += 1
            self._apply_delta()
        return changed

    def relabel(self, start: int, end: int, renamed: Callable[[Names], Names]) -> int:
        with self._transaction():
            changes = []
            for codes in self._db.execute(sql.SELECT_NAMES_USED, (start, end)).fetchall():
                series, names = self._names_of(*codes)
                new = renamed(names)
                # In the order of schema.SERIES.
                wanted = (*series[:2], new.app, new.environment, new.team, *series[5:])
                if wanted != series:
                    changes.append((*codes, self._codes.of("series", tuple(map(well_formed, wanted)))))
            if not changes:
                return 0
            self._clear_staging()
            self._db.execute(sql.CREATE_RENAMED)
            self._db.execute("DELETE FROM temp.renamed")
            self._db.executemany("INSERT INTO temp.renamed VALUES (?, ?, ?, ?)", changes)
            for statement in (sql.RENAMED_OUT, sql.RENAMED_IN):
                self._db.execute(statement, (start, end))
            count = self._db.execute(sql.RENAME, (start, end)).rowcount
            self._apply_delta()
        return count

    def _names_of(self, series: int, party: int, context: int) -> tuple[tuple[str, ...], Names]:
        """The series' names, and all of a combination."""
        found = self._codes.names("series", series)
        provider, model, app, environment, team, _, _ = found
        user, project = self._codes.names("party", party)
        _, branch, machine, _, source = self._codes.names("context", context)
        return found, Names(provider, model, app, environment, team, user, project, branch, machine, source)

    def withdraw(self, us: int, identity: str) -> bool:
        with self._transaction():
            stored = self._db.execute(sql.SELECT_ROW, (us, identity)).fetchone()
            if stored is None:
                return False
            self._clear_staging()
            self._versions.remove(stored)
            self._apply_delta()
        return True

    def undo(self, batch: int) -> int:
        with self._transaction():
            self._expect_batch(batch)
            self._compaction.expect_undoable(batch)
            self._clear_staging()
            count = self._versions.take_back(batch)
            self.billing.take_back(batch)
            self._apply_delta()
            self._db.execute("UPDATE batch SET undone = 1 WHERE id = ?", (batch,))
            self.bookmarks.drop_all()
        return count

    def raw_since(self) -> int | None:
        with translated(self.path):
            return self._compaction.since

    def compact(self, us: int) -> int:
        with self._transaction():
            self._sorted_costs.keep_before(us // DAY_US * DAY_US)
            count = self._compaction.drop_before(us // DAY_US * DAY_US)
            self._codes.clear()
        if count and not self._rehearsing:
            with translated(self.path):
                self._purge()
        return count

    def forget_user(self, user: str) -> int:
        if user in {"", FORGOTTEN}:
            raise UsageError(f"no user is called {user!r}", "name the user as `llmcost report --by user` shows it")
        with self._transaction():
            self._clear_staging()
            days = self._erasure.parties(well_formed(user)) if self._compaction.since is not None else []
            count = self._erasure.forget(well_formed(user))
            self.billing.forget(well_formed(user), FORGOTTEN)
            self.costs.forget(well_formed(user), FORGOTTEN)
            self.bookmarks.drop_all()
            self._apply_delta()
            for old, new in days:
                self._db.execute(sql.MOVE_DAYS, (new, old))
                self._db.execute("DELETE FROM rollup_day WHERE party = ?", (old,))
            self._codes.clear()
        with translated(self.path):
            self._purge()
        return count

    def _purge(self) -> None:
        """Make erased bytes leave the file and its log too."""
        # VACUUM builds the new file in temporary storage, which must not be memory for a large ledger.
        self._db.execute("PRAGMA temp_store = DEFAULT")
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA temp_store = MEMORY")
        if self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise LedgerError(
                f"forgotten, but the old bytes stay in {self.path}-wal while another process reads the ledger",
                "when it has ended, run the command again",
            )

    def price_layers(self) -> list[str]:
        with translated(self.path):
            return [row[0] for row in self._db.execute(sql.SELECT_LAYERS)]

    def digest_key(self) -> bytes:
        with translated(self.path):
            return self._erasure.key()

    def info(self) -> LedgerInfo:
        with translated(self.path):
            execute = self._db.execute
            requests, unpriced = execute(
                "SELECT coalesce(sum(requests), 0), coalesce(sum(unpriced), 0) FROM rollup_quarter_all"
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
        since = self.raw_since()
        return LedgerInfo(str(self.path), version, requests, first, last, unpriced, size, batches, since)

    def check(self) -> list[str]:
        self._db.create_function("hash64", 1, hash64, deterministic=True)
        self._db.create_function("card_hash", 1, card_hash, deterministic=True)
        problems: list[str] = []
        try:
            with self.snapshot():
                found = [row[0] for row in self._db.execute("PRAGMA integrity_check(20)")]
                problems += [f"SQLite finds: {text}" for text in found if text != "ok"]
                for statement, what in sql.CHECKS:
                    count = self._db.execute(statement).fetchone()[0]
                    if count:
                        problems.append(f"{count} {what}")
        except (sqlite3.Error, UnicodeDecodeError, LedgerError) as error:
            problems.append(f"SQLite finds: {error}")
        return problems

    def backup(self, target: Path) -> None:
        """Copy the ledger as it stands to a new file, while others may be writing.

        Raises:
            UsageError: the target exists.
            LedgerError: it cannot be written.
        """
        with translated(target):
            if target.exists():
                raise UsageError(f"{target} exists", "name a new file: a backup never overwrites")
            copy = sqlite3.connect(target)
            try:
                self._db.backup(copy)
            except BaseException:
                copy.close()
                target.unlink(missing_ok=True)
                raise
            copy.close()

    def close(self) -> None:
        self._db.close()


def _prediction_column(value: object) -> object:
    if isinstance(value, tuple):
        return json.dumps(value)
    return well_formed(value) if isinstance(value, str) else value
