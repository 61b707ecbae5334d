"""The SQLite ledger's outbox. Implements `ledger.alerts.Outbox`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from llmcost.ledger.alerts import Alert, StoredAlert
from llmcost.ledger.part import LedgerPart
from llmcost.ledger.rows import well_formed
from llmcost.ledger.schema import ALERT

_ALL = ", ".join(ALERT)
_KNOWN = "SELECT key FROM alert WHERE key = ? OR (subject = ? AND standing AND ?)"
_INSERT = (
    "INSERT INTO alert (key, subject, channel, body, standing, made_us, attempts, due_us, error)"
    " VALUES (?, ?, ?, ?, ?, ?, 0, ?, '')"
)
_SENT = "UPDATE alert SET sent_us = ?, due_us = NULL, error = '' WHERE number = ? AND sent_us IS NULL"
_CLAIMED = "WHERE number = ? AND attempts = ? AND sent_us IS NULL AND due_us IS NOT NULL"


def _of(channels: Sequence[str]) -> str:
    return f"sent_us IS NULL AND channel IN ({', '.join('?' * len(channels))})"


class SqliteOutbox(LedgerPart):
    def enqueue(self, alerts: Sequence[Alert], now_us: int) -> int:
        new = 0
        with self._transaction():
            for each in alerts:
                alert = each._replace(body=well_formed(each.body), channel=well_formed(each.channel))
                known = self._db.execute(_KNOWN, (alert.key, alert.subject, alert.standing)).fetchall()
                if known:
                    if alert.standing:
                        self._db.execute("UPDATE alert SET standing = 1 WHERE key = ?", (alert.key,))
                    continue
                self._db.execute(_INSERT, (*alert, now_us, now_us))
                new += 1
        return new

    def end(self, subjects: Iterable[str]) -> None:
        with self._transaction():
            self._db.executemany(
                "UPDATE alert SET standing = 0 WHERE subject = ? AND standing", [(subject,) for subject in subjects]
            )

    def claim(self, channels: Sequence[str], now_us: int, until_us: int) -> list[StoredAlert]:
        due = f"{_of(channels)} AND due_us <= ?"
        with self._transaction():
            # The moment it is due again is the lease's end: one who is killed needs no cleaning up.
            rows = self._db.execute(f"SELECT {_ALL} FROM alert WHERE {due} ORDER BY number", (*channels, now_us))
            found = [_stored(row) for row in rows.fetchall()]
            update = f"UPDATE alert SET attempts = attempts + 1, due_us = ? WHERE {due}"
            self._db.execute(update, (until_us, *channels, now_us))
        return [stored._replace(attempts=stored.attempts + 1, due_us=until_us) for stored in found]

    def sent(self, claimed: StoredAlert, now_us: int) -> None:
        with self._transaction():
            self._db.execute(_SENT, (now_us, claimed.number))

    def failed(self, claimed: StoredAlert, due_us: int | None, error: str) -> None:
        update = f"UPDATE alert SET due_us = ?, error = ? {_CLAIMED}"
        with self._transaction():
            self._db.execute(update, (due_us, well_formed(error), claimed.number, claimed.attempts))

    def unclaim(self, claimed: StoredAlert, now_us: int) -> None:
        update = f"UPDATE alert SET due_us = ?, attempts = attempts - 1 {_CLAIMED}"
        with self._transaction():
            self._db.execute(update, (now_us, claimed.number, claimed.attempts))

    def revive(self, channels: Sequence[str], now_us: int) -> int:
        update = f"UPDATE alert SET due_us = ?, attempts = 0 WHERE {_of(channels)} AND due_us IS NULL"
        with self._transaction():
            return self._db.execute(update, (now_us, *channels)).rowcount

    def alerts(self, *, unsent: bool = False) -> list[StoredAlert]:
        which = "WHERE sent_us IS NULL" if unsent else ""
        with self._reading():
            rows = self._db.execute(f"SELECT {_ALL} FROM alert {which} ORDER BY number").fetchall()
            return [_stored(row) for row in rows]

    def relabel(self, word: re.Pattern[str], replacement: str) -> None:
        """Put `replacement` in place of a forgotten name in every message."""
        for number, body in self._db.execute("SELECT number, body FROM alert").fetchall():
            renamed = json.dumps(_replaced(json.loads(body), word, replacement), ensure_ascii=False)
            self._db.execute("UPDATE alert SET body = ? WHERE number = ?", (renamed, number))


def _replaced(value: object, word: re.Pattern[str], replacement: str) -> object:
    """A JSON value with `word` replaced in every text."""
    if isinstance(value, dict):
        return {key: _replaced(item, word, replacement) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, word, replacement) for item in value]
    return word.sub(replacement, value) if isinstance(value, str) else value


def _stored(row: Sequence[object]) -> StoredAlert:
    column = dict(zip(ALERT, row, strict=True))
    alert = Alert(*(column[name] for name in Alert._fields))  # type: ignore[arg-type]
    rest = {name: column[name] for name in StoredAlert._fields if name != "alert"}
    return StoredAlert(alert=alert._replace(standing=bool(alert.standing)), **rest)  # type: ignore[arg-type]
