"""The SQLite ledger's costs beside the requests. Implements `ledger.costs.Costs`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from llmcost.ledger.costs import FixedCost, Share
from llmcost.ledger.part import LedgerPart
from llmcost.ledger.rows import well_formed
from llmcost.ledger.schema import FIXED_COST

_ALL = ", ".join(FIXED_COST)
_SELECT = f"SELECT {_ALL} FROM fixed_cost ORDER BY name, start"
_SAME = f"SELECT {_ALL} FROM fixed_cost WHERE name = ? AND start = ?"
_PUT = f"INSERT OR REPLACE INTO fixed_cost ({_ALL}) VALUES ({', '.join('?' * len(FIXED_COST))})"


class SqliteCosts(LedgerPart):
    def put(self, entries: Sequence[FixedCost]) -> int:
        replaced = 0
        with self._transaction():
            for entry in entries:
                row = _columns(entry)
                standing = self._db.execute(_SAME, (row[0], row[4])).fetchone()
                if standing == row:
                    continue
                replaced += standing is not None
                self._db.execute(_PUT, row)
        return replaced

    def all(self) -> list[FixedCost]:
        with self._reading():
            return [_entry(row) for row in self._db.execute(_SELECT)]

    def remove(self, name: str, start: date | None = None) -> int:
        first = None if start is None else start.isoformat()
        with self._transaction():
            return self._db.execute(
                "DELETE FROM fixed_cost WHERE name = ? AND start = coalesce(?, start)", (well_formed(name), first)
            ).rowcount

    def forget(self, user: str, name: str) -> None:
        """Within a transaction: what names `user` names `name`, in seats, filters and weights."""
        for row in self._db.execute(_SELECT).fetchall():
            entry = _entry(row)
            changed = entry._replace(
                user=name if entry.user == user else entry.user,
                where=tuple((each, name if (each, value) == ("user", user) else value) for each, value in entry.where),
                shares=tuple(
                    each._replace(value=name) if (each.dimension, each.value) == ("user", user) else each
                    for each in entry.shares
                ),
            )
            if changed != entry:
                self._db.execute(_PUT, _columns(changed))


def _columns(entry: FixedCost) -> tuple[Any, ...]:
    shares = [(each.dimension, each.value, str(each.weight)) for each in entry.shares]
    values = entry._replace(
        start=entry.start.isoformat(),  # type: ignore[arg-type]
        end=None if entry.end is None else entry.end.isoformat(),  # type: ignore[arg-type]
        where=json.dumps(entry.where),  # type: ignore[arg-type]
        shares=json.dumps(shares),  # type: ignore[arg-type]
    )
    return tuple(well_formed(value) if isinstance(value, str) else value for value in values)


def _entry(row: Sequence[Any]) -> FixedCost:
    raw = FixedCost(*row)
    return raw._replace(
        start=date.fromisoformat(str(raw.start)),
        end=None if raw.end is None else date.fromisoformat(str(raw.end)),
        where=tuple((name, value) for name, value in json.loads(str(raw.where))),
        shares=tuple(Share(name, value, Fraction(weight)) for name, value, weight in json.loads(str(raw.shares))),
    )
