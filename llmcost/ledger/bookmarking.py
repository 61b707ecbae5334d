"""The SQLite ledger's bookmarks. Implements `ledger.bookmarks.Bookmarks`."""

from __future__ import annotations

from collections.abc import Sequence

from llmcost.ledger.bookmarks import Bookmark
from llmcost.ledger.part import LedgerPart
from llmcost.ledger.schema import BOOKMARK

_SELECT = f"SELECT {', '.join(BOOKMARK)} FROM bookmark WHERE path = ?"
_KEEP = f"INSERT OR REPLACE INTO bookmark ({', '.join(BOOKMARK)}) VALUES ({', '.join('?' * len(BOOKMARK))})"


class SqliteBookmarks(LedgerPart):
    def of(self, path: str) -> Bookmark | None:
        with self._reading():
            row = self._db.execute(_SELECT, (path,)).fetchone()
        return None if row is None else Bookmark(*row)

    def keep(self, bookmarks: Sequence[Bookmark]) -> None:
        with self._transaction():
            self._db.executemany(_KEEP, bookmarks)

    def drop_all(self) -> None:
        """Within a transaction: every file is to be read again."""
        self._db.execute("DELETE FROM bookmark")
