"""The names that rules of attribution ever gave in a ledger: rows under one of them may be given another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from typing import Protocol

from llmcost.ledger.part import LedgerPart

_SELECT = "SELECT value FROM meta WHERE key = 'ruled'"


class Ruled(Protocol):
    def names(self) -> dict[str, set[str]]:
        """app, environment or team -> names."""

    def add(self, given: Mapping[str, Set[str]]) -> None:
        """Remember names that rules give."""


class SqliteRuled(LedgerPart):
    def names(self) -> dict[str, set[str]]:
        with self._reading():
            row = self._db.execute(_SELECT).fetchone()
        return {} if row is None else {field: set(names) for field, names in json.loads(row[0]).items()}

    def add(self, given: Mapping[str, Set[str]]) -> None:
        known = self.names()
        if all(names <= known.get(field, set()) for field, names in given.items()):
            return
        with self._transaction():
            known = self.names()
            merged = {field: sorted(known.get(field, set()) | given.get(field, set())) for field in {*known, *given}}
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('ruled', ?)", (json.dumps(merged),))
