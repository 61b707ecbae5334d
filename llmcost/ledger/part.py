"""What the parts of a SQLite ledger beside its requests share: its connection and its transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager


class LedgerPart:
    """`transaction` is the ledger's own, `reading` turns SQLite's errors into ours."""

    def __init__(
        self,
        db: sqlite3.Connection,
        transaction: Callable[[], AbstractContextManager[None]],
        reading: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._db = db
        self._transaction = transaction
        self._reading = reading
