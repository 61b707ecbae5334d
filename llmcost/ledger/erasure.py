"""Forgetting a person: their name and what could identify them leave the ledger, their costs stay."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from llmcost.core.errors import UsageError
from llmcost.core.record import Record
from llmcost.ledger import statements as sql
from llmcost.ledger.block import block
from llmcost.ledger.codes import Codes
from llmcost.ledger.labelling import SqliteLabels
from llmcost.ledger.outbox import SqliteOutbox
from llmcost.ledger.protocol import Prediction, PricedRecord
from llmcost.ledger.rows import AT, Decoder
from llmcost.ledger.versions import Versions

#: Stands in for a user's name after `ledger forget`.
FORGOTTEN = "(forgotten)"
_WHOLE_PATH = re.compile(r"/|~|[A-Za-z]:[/\\]")


def anonymous(record: Record) -> Record:
    """The record without what could identify its user. Branch, app and team name no one person; of a project that
    is a path, which leads through a home folder, the last name is kept."""
    return record._replace(
        user=FORGOTTEN, project=_last_name(record.project), session="", machine="", error="", tags=(),
        prompt_id="", prompt_digest="", prefix_digest="",
    )  # fmt: skip


def _last_name(project: str) -> str:
    return re.split(r"[/\\]", project.rstrip("/\\"))[-1] if _WHOLE_PATH.match(project) else project


class Erasure:
    """The list of forgotten names (as keyed digests) and what it means for rows old and new."""

    def __init__(
        self,
        db: sqlite3.Connection,
        codes: Codes,
        decoder: Decoder,
        versions: Versions,
        outbox: SqliteOutbox,
        labels: SqliteLabels,
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._labels = labels
        self._codes = codes
        self._decoder = decoder
        self._versions = versions

    def hidden(self, users: Iterable[str]) -> set[str]:
        """Those of the names that the ledger was told to forget."""
        digests = {row[0] for row in self._db.execute("SELECT digest FROM forgotten")}
        if not digests:
            return set()
        key = self.key()
        return {user for user in set(users) if user and _digest(user, key) in digests}

    def without_forgotten(self, rows: Sequence[PricedRecord]) -> Sequence[PricedRecord]:
        """Rows as they may be stored: those of forgotten users are made anonymous."""
        hidden = self.hidden(row.record.user for row in rows)
        if not hidden:
            return rows
        return [row._replace(record=anonymous(row.record)) if row.record.user in hidden else row for row in rows]

    def expect_known(self, predictions: Sequence[Prediction]) -> None:
        """Refuse predictions for a forgotten user: their filters would bring the name back."""
        digests = {row[0] for row in self._db.execute("SELECT digest FROM forgotten")}
        users = {value for each in predictions for name, value in each.where if name == "user"}
        if any(_digest(user, self.key()) in digests for user in users):
            raise UsageError(
                "a prediction is filtered by a user whom the ledger was told to forget",
                "choose the requests by another dimension",
            )

    def key(self) -> bytes:
        return bytes(self._db.execute("SELECT value FROM meta WHERE key = 'digest_key'").fetchone()[0])

    def forget(self, user: str) -> int:
        """Make every row of `user` anonymous, standing or held back. The number of standing rows."""
        self._db.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (_digest(user, self.key()),))
        rows = self._db.execute(sql.SELECT_USER_ROWS, (user,)).fetchall()
        for columns in rows:
            self._versions.remove(columns)
            self._versions.insert(self._anonymous(columns))
        self._forget_held(user, (columns[AT["id"]] for columns in rows))
        self._db.execute('DELETE FROM party WHERE "user" = ?', (user,))
        self._drop_unused_contexts()
        word = re.compile(rf"(?<!\w){re.escape(user)}(?!\w)")
        self._relabel_batches(word)
        self._drop_predictions(user, word)
        self._outbox.relabel(word, FORGOTTEN)
        self._labels.drop(columns[AT["id"]] for columns in rows)
        self._labels.drop(f"prompt:{columns[AT['prompt_digest']]}" for columns in rows if columns[AT["prompt_digest"]])
        return len(rows)

    def parties(self, user: str) -> list[tuple[int, int]]:
        """(code, code without the name) of what the user's days are rolled up under."""
        found = self._db.execute('SELECT id, project FROM party WHERE "user" = ?', (user,)).fetchall()
        return [(code, self._codes.of("party", (FORGOTTEN, _last_name(project)))) for code, project in found]

    def _anonymous(self, columns: Sequence[Any]) -> tuple[Any, ...]:
        priced = self._decoder.stored(columns).priced
        row = priced._replace(record=anonymous(priced.record))
        return next(block([row], columns[AT["batch"]], self._codes).rows())

    def _forget_held(self, user: str, identities: Iterable[str]) -> None:
        """Other versions of the person's requests, and versions that name them, are theirs too."""
        known = set(identities)
        held = self._db.execute("SELECT key, id, row FROM superseded").fetchall()
        for key, identity, text in held:
            columns = json.loads(text)
            if identity in known or self._codes.names("party", columns[AT["party"]])[0] == user:
                row = json.dumps(self._anonymous(columns))
                self._db.execute("UPDATE superseded SET row = ? WHERE key = ?", (row, key))

    def _drop_unused_contexts(self) -> None:
        """Sessions and machines no row refers to any more."""
        used = {row[0] for row in self._db.execute("SELECT DISTINCT context FROM request")}
        used |= {json.loads(row[0])[AT["context"]] for row in self._db.execute("SELECT row FROM superseded")}
        codes = [row[0] for row in self._db.execute("SELECT id FROM context")]
        self._db.executemany("DELETE FROM context WHERE id = ?", [(code,) for code in codes if code not in used])

    def _relabel_batches(self, word: re.Pattern[str]) -> None:
        """A batch's label is the paths it read, which may hold the name as a word."""
        for number, label in self._db.execute("SELECT id, label FROM batch").fetchall():
            if word.search(label):
                self._db.execute("UPDATE batch SET label = ? WHERE id = ?", (word.sub(FORGOTTEN, label), number))

    def _drop_predictions(self, user: str, word: re.Pattern[str]) -> None:
        """Those whose filters name the person, and those of a prompt whose whole path leads through their home."""
        for number, path, filters in self._db.execute("SELECT number, path, filters FROM prediction").fetchall():
            where = json.loads(filters)
            paths = [text for text in (path, *(value for _, value in where)) if _WHOLE_PATH.match(text)]
            if ["user", user] in where or any(map(word.search, paths)):
                self._db.execute("DELETE FROM prediction WHERE number = ?", (number,))


def _digest(user: str, key: bytes) -> bytes:
    return hashlib.blake2b(user.encode("utf-8", "replace"), key=key, digest_size=16).digest()
