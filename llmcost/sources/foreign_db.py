"""SQLite databases of other tools: opened to read, never written, never trusted."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from llmcost.sources.reader import LogFile

MAGIC = b"SQLite format 3\x00"


@contextmanager
def opened(file: LogFile) -> Iterator[sqlite3.Connection]:
    """The database in `file`, with what its write-ahead log holds where it lies on disk.

    Raises:
        OSError: it cannot be read, or is damaged.
    """
    with TemporaryDirectory() as folder:
        path = file.path
        if path is None or not file.plain:
            path = Path(folder) / "copy.db"
            with path.open("wb") as copy:
                shutil.copyfileobj(file.text(), copy)
        try:
            with closing(_connected(path)) as db:
                db.text_factory = _text
                yield db
        except (sqlite3.Error, OverflowError) as error:
            raise OSError(f"not a readable database: {error}") from error


def tables(file: LogFile) -> frozenset[str]:
    """Names of the database's tables and of `table.column`s; empty when the file is no database that can be read."""
    if not file.head.startswith(MAGIC) or file.path is None:
        return frozenset()
    found: set[str] = set()
    with suppress(OSError), opened(file) as db:
        select = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
        for table, column in db.execute(select):
            found |= {table, f"{table}.{column}"}
    return frozenset(found)


def rows(db: sqlite3.Connection, table: str, columns: Sequence[str]) -> sqlite3.Cursor:
    """Columns of a table's rows, oldest first. Names come from our own code only."""
    chosen = ", ".join(columns)
    return db.execute(f"SELECT {chosen} FROM {table} ORDER BY rowid")  # noqa: S608


def holds(path: Path, table: str, identity: str) -> bool:
    """Whether a database has a row of this `id`; one that cannot be read has none."""
    try:
        with closing(_connected(path)) as db:
            found = db.execute(f"SELECT 1 FROM {table} WHERE id = ?", (identity,))  # noqa: S608
            return found.fetchone() is not None
    except sqlite3.Error:
        return False


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
