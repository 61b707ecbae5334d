"""The SQLite ledger's lines of bills. Implements `ledger.billing.Billing`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from decimal import Decimal
from typing import Any

from llmcost.core.billed import Billed
from llmcost.core.usage import Usage
from llmcost.ledger.billing import Brought
from llmcost.ledger.part import LedgerPart
from llmcost.ledger.rows import well_formed
from llmcost.ledger.schema import BILLED

_USAGE = BILLED.index("usage")
_DECIMALS = (BILLED.index("cost"), BILLED.index("quantity"))
_ALL = ", ".join(BILLED)
_STANDING = f"SELECT {_ALL} FROM billed WHERE scope = ? AND replaced_by IS NULL ORDER BY number"
_BETWEEN = f"SELECT {_ALL} FROM billed WHERE replaced_by IS NULL AND start >= ? AND start < ? ORDER BY start, number"
_REPLACE = "UPDATE billed SET replaced_by = ? WHERE scope = ? AND replaced_by IS NULL"
_INSERT = f"INSERT INTO billed (batch, {_ALL}) VALUES (?, {', '.join('?' * len(BILLED))})"
#: What a batch replaced is replaced by whatever replaced the batch's own lines of that scope; else it stands again.
_HAND_ON = (
    "UPDATE billed SET replaced_by = (SELECT mine.replaced_by FROM billed mine WHERE mine.batch = :batch"
    " AND mine.scope = billed.scope LIMIT 1) WHERE replaced_by = :batch"
)


class SqliteBilling(LedgerPart):
    def __init__(
        self, *shared: Any, changed: Callable[[int], None], hidden: Callable[[Iterable[str]], set[str]], name: str
    ) -> None:
        """`hidden`: which users are forgotten, whose lines are those of `name`."""
        super().__init__(*shared)
        self._changed = changed
        self._hidden = hidden
        self._name = name

    def add(self, lines: Sequence[Billed], batch: int, damaged: Set[str] = frozenset()) -> Brought:
        scopes: dict[str, list[tuple[Any, ...]]] = {}
        with self._reading():
            hidden = self._hidden(line.user for line in lines)
        for line in lines:
            named = line._replace(user=self._name) if line.user in hidden else line
            scopes.setdefault(well_formed(line.scope), []).append(_columns(named))
        added = replaced = unchanged = left_out = 0
        damaged = {well_formed(scope) for scope in damaged}
        with self._transaction():
            for scope, rows in scopes.items():
                standing = self._db.execute(_STANDING, (scope,)).fetchall()
                if Counter(standing) == Counter(rows):
                    unchanged += len(rows)
                    continue
                if standing and scope in damaged:
                    left_out += len(rows)
                    continue
                self._db.execute(_REPLACE, (batch, scope))
                self._db.executemany(_INSERT, [(batch, *row) for row in rows])
                added += len(rows)
                replaced += len(standing)
        if added:
            self._changed(batch)
        return Brought(added, replaced, unchanged, left_out)

    def between(self, start: int, end: int) -> list[Billed]:
        with self._reading():
            return [_line(row) for row in self._db.execute(_BETWEEN, (start, end))]

    def take_back(self, batch: int) -> int:
        """Within a transaction: remove a batch's lines; those they replaced stand again. How many were removed."""
        self._db.execute(_HAND_ON, {"batch": batch})
        return self._db.execute("DELETE FROM billed WHERE batch = ?", (batch,)).rowcount

    def forget(self, user: str, name: str) -> None:
        """Within a transaction: lines of `user` are those of `name`."""
        self._db.execute('UPDATE billed SET "user" = ? WHERE "user" = ?', (name, user))


def _columns(line: Billed) -> tuple[Any, ...]:
    values: list[Any] = [well_formed(value) if isinstance(value, str) else value for value in line]
    for place in _DECIMALS:
        if values[place] is not None:
            values[place] = str(values[place])
    values[_USAGE] = None if line.usage is None else " ".join(map(str, line.usage))
    return tuple(values)


def _line(row: Iterable[Any]) -> Billed:
    values = list(row)
    for place in _DECIMALS:
        if values[place] is not None:
            values[place] = Decimal(values[place])
    if values[_USAGE] is not None:
        values[_USAGE] = Usage(*map(int, values[_USAGE].split()))
    return Billed(*values)
