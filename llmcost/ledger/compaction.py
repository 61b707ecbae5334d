"""Letting old rows go: their roll-ups stay, and from then on nothing from before that time is added or taken back."""

from __future__ import annotations

import sqlite3

from llmcost.core.errors import UsageError
from llmcost.core.instants import DAY_US, QUARTER_US, from_us
from llmcost.ledger import statements as sql
from llmcost.ledger.protocol import Query
from llmcost.ledger.schema import COLUMNS, QUARTERS

_CONTEXT = COLUMNS.index("context")


class Compaction:
    """What was let go of a ledger; the caller owns the transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @property
    def since(self) -> int | None:
        """Rows before this time (a UTC midnight) are gone; None: none ever was."""
        found = self._db.execute(sql.SELECT_SINCE).fetchone()
        return None if found is None else int(found[0])

    def drop_before(self, us: int) -> int:
        """Let go of the rows before `us`, a UTC midnight. How many there were."""
        count = int(self._db.execute("SELECT count(*) FROM request WHERE ts < ?", (us,)).fetchone()[0])
        if count:
            # Nor can those be undone whose rows stand, a day or two on, in place of versions that go.
            self._db.execute(
                "UPDATE batch SET compacted = 1 WHERE id IN (SELECT batch FROM request WHERE ts < ?1 UNION"
                f" SELECT batch FROM request WHERE ts >= ?1 AND ts < ?1 + {2 * DAY_US} AND id IN"
                " (SELECT id FROM superseded WHERE json_extract(row, '$[0]') < ?1))",
                (us,),
            )
            self._db.execute("DELETE FROM request WHERE ts < ?", (us,))
            # Those of the last day tell later versions of its requests, which may be dated a day on.
            self._db.execute("DELETE FROM seen WHERE day < ?", (us // DAY_US - 1,))
            self._db.execute("DELETE FROM superseded WHERE json_extract(row, '$[0]') < ?", (us,))
            self._db.execute(
                "DELETE FROM context WHERE id NOT IN (SELECT context FROM request UNION ALL"
                f" SELECT json_extract(row, '$[{_CONTEXT}]') FROM superseded)"
            )
            self._db.execute(sql.KEEP_SINCE, (us,))
        return count

    def expect_undoable(self, batch: int) -> None:
        """Raises UsageError: rows of the batch are gone, so that it cannot be taken back whole."""
        if self._db.execute("SELECT compacted FROM batch WHERE id = ?", (batch,)).fetchone()[0]:
            raise UsageError(
                f"batch {batch} cannot be undone: some of its rows were compacted", "restore a backup from before"
            )

    def expect_rows(self, start: int, end: int, query: Query) -> None:
        """Raises UsageError: the query needs rows of [start, end) that are gone."""
        since = self.since
        if since is None or start >= since:
            return
        quarters = (start // QUARTER_US, -(-min(end, since) // QUARTER_US))
        if not self._db.execute(sql.ROLLED, quarters).fetchone()[0]:
            return
        *rolled, _ = sql.levels(query)
        kept = f"kept by the {_LENGTHS[rolled[-1].bucket]} only" if rolled else "not kept"
        names = ", ".join(dict.fromkeys([*query.by, *(name for name, _ in query.where)]))
        day = from_us(since).strftime("%Y-%m-%d")
        raise UsageError(
            f"rows before {day} (UTC) were compacted; totals{f' by {names}' if names else ''} are {kept} there",
            f"ask from {day} on" + ("" if rolled and rolled[-1] is QUARTERS else ", or by model or app"),
        )


_LENGTHS = {"quarter": "quarter of an hour", "day": "UTC day"}
