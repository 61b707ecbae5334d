"""Small integers that stand in `request` for dimension tuples and price cards."""

from __future__ import annotations

import sqlite3

from llmcost.ledger.protocol import REPORTED, UNPRICED, Basis
from llmcost.ledger.schema import CODED, REPORTED_CODE, UNPRICED_CODE

#: Codes and names each; a ledger may have millions of sessions.
_REMEMBERED = 100_000
_SPECIAL = {UNPRICED: UNPRICED_CODE, REPORTED: REPORTED_CODE}


class Codes:
    """Codes of one connection, remembered until another connection writes or a transaction fails."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._codes: dict[tuple[str, tuple[str, ...]], int] = {}
        self._names: dict[tuple[str, int], tuple[str, ...]] = {}
        self._bases: dict[int, Basis] = {}
        self._data_version = -1

    def clear(self) -> None:
        self._codes.clear()
        self._names.clear()
        self._bases.clear()

    def renew(self) -> None:
        """Forget everything if another connection has written: it may have deleted a code and given it anew."""
        version = self._db.execute("PRAGMA data_version").fetchone()[0]
        if version != self._data_version:
            self.clear()
            self._data_version = version

    def of(self, table: str, names: tuple[str, ...]) -> int:
        """The code of a dimension tuple, made when it is new."""
        code = self._codes.get((table, names))
        if code is None:
            if len(self._codes) > _REMEMBERED:
                self._codes.clear()
            columns = [f'"{column}"' for column in CODED[table]]
            where = " AND ".join(f"{column} = ?" for column in columns)
            found = self._db.execute(f"SELECT id FROM {table} WHERE {where}", names).fetchone()
            if found is None:
                insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(names))})"
                code = int(self._db.execute(insert, names).lastrowid or 0)
            else:
                code = int(found[0])
            self._codes[table, names] = code
        return code

    def card(self, basis: Basis) -> int:
        """The code of a price basis, whose card is stored when it is new."""
        key = (basis.card_id, basis.match, basis.layer)
        code = self._codes.get(("card", key), _SPECIAL.get(basis.card_id))
        if code is None:
            select = "SELECT id FROM card WHERE card_id = ? AND match = ? AND layer = ?"
            found = self._db.execute(select, key).fetchone()
            if found is None:
                insert = "INSERT INTO card (card_id, match, layer, body) VALUES (?, ?, ?, ?)"
                code = int(self._db.execute(insert, (*key, basis.body)).lastrowid or 0)
            else:
                code = int(found[0])
            self._codes["card", key] = code
        return code

    def names(self, table: str, code: int) -> tuple[str, ...]:
        names = self._names.get((table, code))
        if names is None:
            if len(self._names) > _REMEMBERED:
                self._names.clear()
            columns = ", ".join(f'"{column}"' for column in CODED[table])
            names = self._db.execute(f"SELECT {columns} FROM {table} WHERE id = ?", (code,)).fetchone()
            if names is None:
                raise sqlite3.DatabaseError(f"malformed: a row without its {table}")
            self._names[table, code] = names
        return names

    def basis(self, code: int) -> Basis:
        basis = self._bases.get(code)
        if basis is None:
            row = self._db.execute("SELECT card_id, match, layer, body FROM card WHERE id = ?", (code,)).fetchone()
            if row is None:
                raise sqlite3.DatabaseError("malformed: a row without its price card")
            basis = self._bases[code] = Basis(*row)
        return basis
