"""Amounts set aside for requests under way, in a SQLite file of its own beside the ledger.

A request reserves what it may cost before it is sent and settles what it did cost afterwards. Each limit has one
counter: `spent`, the ledger's sum as last read plus what was settled since, and `reserved`, the sum of its open
reservations. A reservation is admitted when spent + reserved + amount stays within the limit, decided for all of
its limits in one transaction, so that no number of processes can overshoot.

A file apart from the ledger, because a bulk ingest holds the ledger's write lock for seconds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from llmcost.core.errors import LedgerError
from llmcost.ledger.connect import BUSY_TIMEOUT_MS, translated

VERSION = 1
#: "llmr": tells these files from other SQLite databases.
APPLICATION_ID = 0x6C6C6D72

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS counter (
  key TEXT PRIMARY KEY, start INTEGER NOT NULL, spent INTEGER NOT NULL, reserved INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY AUTOINCREMENT, beat_us INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS reservation (
  id INTEGER PRIMARY KEY AUTOINCREMENT, holder INTEGER NOT NULL, made_us INTEGER NOT NULL, claims TEXT NOT NULL,
  request TEXT
);
CREATE TABLE IF NOT EXISTS epoch (number INTEGER NOT NULL);
INSERT INTO epoch SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM epoch);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
COMMIT;
"""
_ADMIT = "UPDATE counter SET reserved = reserved + ? WHERE key = ? AND start = ? AND spent + reserved <= ?"
_TAKE = "INSERT INTO reservation (holder, made_us, claims) VALUES (?, ?, ?)"
_FREE = "UPDATE counter SET reserved = reserved - ? WHERE key = ?"
_SETTLE = "UPDATE counter SET reserved = reserved - ?, spent = spent + ? WHERE key = ? AND start = ?"
_DROP = "DELETE FROM reservation WHERE id = ?"


class Claim(NamedTuple):
    """What one limit is asked for."""

    key: str
    """Which limit of which budget; the counter's name."""
    start: int
    """Start of the limit's window, microseconds UTC."""
    limit: int
    """The most that may be spent and reserved together, in the limit's own unit."""
    amount: int
    """What the request may use."""


class Reservation(NamedTuple):
    number: int
    claims: tuple[Claim, ...]


class Refused(NamedTuple):
    """The first limit without room, and how it stands."""

    claim: Claim
    spent: int
    reserved: int


class Abandoned(NamedTuple):
    """A request that was sent by a process that is gone: nobody knows what it cost."""

    number: int
    claims: tuple[Claim, ...]
    request: str
    """What `sent` was told of it."""


class Counter(NamedTuple):
    """How one limit stands, as of the window it counts."""

    start: int
    spent: int
    reserved: int


def reserved_beside(ledger: Path) -> Path:
    """The file of the reservations of the ledger at this path."""
    return ledger.with_name(ledger.name + ".reservations")


def counters(path: Path) -> dict[str, Counter]:
    """Every counter in the file by its key, for those who only look; empty when there is no such file.

    Raises:
        LedgerError: it cannot be read.
    """
    if not path.exists():
        return {}
    with translated(path), closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as db:
        if not _version(db, path):
            return {}
        return {key: Counter(*row) for key, *row in db.execute("SELECT key, start, spent, reserved FROM counter")}


def _version(db: sqlite3.Connection, path: Path) -> int:
    """Of the file's tables; 0 where there are none yet: whoever made the file was killed, or is about to make them."""
    application, version = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("application_id", "user_version")
    )
    if application not in {0, APPLICATION_ID} or version > VERSION:
        raise LedgerError(f"{path} is not a file of reservations of this version", "remove or rename it")
    return version


#: Reads from the ledger what was spent in the window of a claim.
Spent = Callable[[Claim], int]


class Reservations:
    """The reservations beside one ledger. One connection, for one thread.

    Raises (all methods):
        LedgerError: the file cannot be used.
    """

    def __init__(self, path: Path, *, now_us: int) -> None:
        self.path = path
        with translated(path):
            self._db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
            try:
                self._open()
                with self._transaction():
                    insert = "INSERT INTO holder (beat_us) VALUES (?)"
                    self.holder = int(self._db.execute(insert, (now_us,)).lastrowid or 0)
            except BaseException:
                self._db.close()
                raise

    def _open(self) -> None:
        if _version(self._db, self.path) < VERSION:
            self._db.executescript(_SCHEMA)
        self._db.execute("PRAGMA journal_mode = WAL")
        # A power cut may lose the last reservations, which are then gone with their processes; a crash loses none.
        self._db.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        execute = self._db.execute
        execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                execute("ROLLBACK")
            raise
        execute("COMMIT")

    def reserve(self, claims: Sequence[Claim], *, now_us: int, spent: Spent) -> Reservation | Refused:
        """Set aside every claim's amount, or none of them.

        `spent` is asked where a counter does not exist yet or counts an earlier window.
        """
        with translated(self.path):
            execute = self._db.execute
            execute("BEGIN IMMEDIATE")
            try:
                for claim in claims:
                    if self._admits(claim, claim.start):
                        continue
                    start = self._renewed(claim, spent)
                    if isinstance(start, Refused) or not self._admits(claim, start):
                        refused = start if isinstance(start, Refused) else Refused(claim, *self._standing(claim.key))
                        execute("ROLLBACK")
                        return refused
                number = execute(_TAKE, (self.holder, now_us, json.dumps(claims))).lastrowid or 0
                execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    execute("ROLLBACK")
                raise
        return Reservation(number, tuple(claims))

    def _admits(self, claim: Claim, start: int) -> bool:
        """Whether the counter counts the window from `start` and has room, which is taken then."""
        admit = (claim.amount, claim.key, start, claim.limit - claim.amount)
        return self._db.execute(_ADMIT, admit).rowcount == 1

    def _renewed(self, claim: Claim, spent: Spent) -> int | Refused:
        """Bring a missing counter, or one of an earlier window, up to date; the refusal of one that is current.

        The start of the window it counts then. That is a later one than the claim's where somebody's clock is ahead:
        the row will be of the earlier window, which must have room as well.
        """
        row = self._db.execute("SELECT start, spent, reserved FROM counter WHERE key = ?", (claim.key,)).fetchone()
        if row is None or row[0] < claim.start:
            self._set(claim, spent(claim))
            return claim.start
        start, used, reserved = row
        if start > claim.start:
            used = spent(claim)
            if used + reserved + claim.amount <= claim.limit:
                return int(start)
        return Refused(claim, used, reserved)

    def _set(self, claim: Claim, spent: int) -> None:
        self._db.execute(
            "INSERT INTO counter VALUES (?, ?, ?, 0)"
            " ON CONFLICT DO UPDATE SET start = excluded.start, spent = excluded.spent",
            (claim.key, claim.start, spent),
        )

    def sent(self, reservation: Reservation, request: str) -> bool:
        """The request goes out now: from here on it costs something, whatever becomes of this process.

        False when the reservation had expired.
        """
        with translated(self.path), self._transaction():
            update = "UPDATE reservation SET request = ? WHERE id = ?"
            return self._db.execute(update, (request, reservation.number)).rowcount == 1

    def epoch(self) -> int:
        """Number of the last reading of the ledger; to be taken before a row is written, for `settle`."""
        with translated(self.path):
            return int(self._db.execute("SELECT number FROM epoch").fetchone()[0])

    def settle(self, reservation: Reservation, used: Sequence[int], *, epoch: int, spent: Spent) -> bool:
        """Replace what was reserved by what was used, whose row is in the ledger already.

        Args:
            used: for each claim, in its own unit.
            epoch: from before the row was written. When another process has read the ledger since, the row may be
                counted already, and the counters are read anew instead.
            spent: asked in that case.

        Returns:
            False when the reservation had expired: then its amount was given back before.
        """
        with translated(self.path), self._transaction():
            if not self._db.execute(_DROP, (reservation.number,)).rowcount:
                self._read(reservation.claims, spent)
                return False
            same = self._db.execute("SELECT number FROM epoch").fetchone()[0] == epoch
            unread = [
                claim
                for claim, amount in zip(reservation.claims, used, strict=True)
                if not (same and self._spend(claim, amount))
            ]
            if unread:
                self._free(unread)
                self._read(unread, spent)
        return True

    def _spend(self, claim: Claim, amount: int) -> bool:
        """Count `amount` as used in place of what was reserved; False when the counter counts another window now."""
        return self._db.execute(_SETTLE, (claim.amount, amount, claim.key, claim.start)).rowcount == 1

    def charge(self, abandoned: Abandoned, write: Callable[[], object]) -> bool:
        """Let `write` put an abandoned request into the ledger and count what was reserved as used.

        Until the ledger is read again that may be too much, never too little. False when somebody else had settled or
        charged it; nothing is written then.
        """
        with translated(self.path), self._transaction():
            if not self._db.execute(_DROP, (abandoned.number,)).rowcount:
                return False
            write()
            for claim in abandoned.claims:
                if not self._spend(claim, claim.amount):
                    self._free([claim])
        return True

    def release(self, reservation: Reservation) -> bool:
        """Give back what was reserved: the request was not sent, or cost nothing. False when it had expired."""
        with translated(self.path), self._transaction():
            held = self._db.execute(_DROP, (reservation.number,)).rowcount == 1
            if held:
                self._free(reservation.claims)
        return held

    def _free(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            self._db.execute(_FREE, (claim.amount, claim.key))

    def refresh(self, claims: Sequence[Claim], spent: Spent) -> None:
        """Read from the ledger anew what was spent: rows may have come by other ways."""
        with translated(self.path), self._transaction():
            self._read(claims, spent)

    def _read(self, claims: Sequence[Claim], spent: Spent) -> None:
        self._db.execute("UPDATE epoch SET number = number + 1")
        for claim in claims:
            row = self._db.execute("SELECT start FROM counter WHERE key = ?", (claim.key,)).fetchone()
            current = claim if row is None else claim._replace(start=max(claim.start, row[0]))
            self._set(current, spent(current))

    def _standing(self, key: str) -> tuple[int, int]:
        row = self._db.execute("SELECT spent, reserved FROM counter WHERE key = ?", (key,)).fetchone()
        return (0, 0) if row is None else (row[0], row[1])

    def standing(self, key: str) -> tuple[int, int]:
        """(spent, reserved) of a limit, zeros for one that nothing was reserved under."""
        with translated(self.path):
            return self._standing(key)

    def beat(self, now_us: int) -> None:
        """Say that this process lives; its reservations expire when it has not for the length of a lease.

        One that was taken for dead begins anew: what it had reserved was given back.
        """
        with translated(self.path), self._transaction():
            self._db.execute("INSERT OR REPLACE INTO holder (id, beat_us) VALUES (?, ?)", (self.holder, now_us))

    def expire(self, before_us: int) -> list[Abandoned]:
        """Give back the reservations of processes last heard of before `before_us`, but not of requests sent.

        Those are returned and stay reserved until they are settled or `charge`d.
        """
        with translated(self.path), self._transaction():
            gone = "SELECT id FROM holder WHERE beat_us < ?"
            rows = self._db.execute(
                f"SELECT id, claims, request FROM reservation WHERE holder IN ({gone})", (before_us,)
            ).fetchall()
            abandoned = []
            for number, text, request in rows:
                claims = tuple(Claim(*claim) for claim in json.loads(text))
                if request is not None:
                    abandoned.append(Abandoned(number, claims, request))
                    continue
                self._db.execute(_DROP, (number,))
                self._free(claims)
            self._db.execute(
                "DELETE FROM holder WHERE beat_us < ? AND id NOT IN (SELECT holder FROM reservation)", (before_us,)
            )
        return abandoned

    def close(self) -> None:
        self._db.close()
