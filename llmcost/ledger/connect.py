"""Opening a ledger file: which file it is, whether it is ours, and what SQLite's errors mean to a person."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path
from urllib.parse import quote

from llmcost.core.errors import DataError, LedgerError, LedgerFileError, LlmcostError
from llmcost.ledger import schema

BUSY_TIMEOUT_MS = 30_000
#: A ledger that is gone when it is closed.
MEMORY = Path(":memory:")


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """A connection in autocommit mode to the ledger at `path`, which is made when `write` and missing.

    Raises:
        LedgerFileError: there is none to read, it is no ledger, or it comes from a newer llmcost.
        DataError: the file is empty.
        LedgerError: it cannot be opened, read or written.
    """
    if path == MEMORY:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        schema.migrate(connection, 0)
        return connection
    with translated(path):
        exists = path.exists()
        if not exists and not write:
            raise LedgerFileError(f"no ledger at {path}", "run `llmcost ingest` first, or name one with --ledger")
        if path.is_dir():
            raise LedgerFileError(f"the ledger {path} is a folder", "name a file with --ledger")
        if exists and not path.is_file():
            raise LedgerFileError(f"the ledger {path} is not an ordinary file", "name another file with --ledger")
        if exists and not _may_be_sqlite(path):
            raise LedgerFileError(f"{path} is not a SQLite file", "name another file with --ledger")
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = _open(path, "rwc")
        else:
            connection = _open_to_read(path)
        try:
            _check_and_migrate(connection, path, write=write)
            if write:
                _prepare_to_write(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _may_be_sqlite(path: Path) -> bool:
    # SQLite takes a file of a few bytes for an empty database, and would write over it.
    with path.open("rb") as file:
        head = file.read(16)
    return head in {b"", b"SQLite format 3\x00"}


def _open(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _open_to_read(path: Path) -> sqlite3.Connection:
    try:
        return _open(path, "ro")
    except sqlite3.OperationalError as error:
        log = path.with_name(path.name + "-wal")
        unwritable = "unable to open" in str(error) or "readonly" in str(error)
        if not unwritable or (log.exists() and log.stat().st_size):
            raise
    # A WAL database in a folder we may not write, with nothing in its log: nobody else is writing either.
    return _open(path, "ro&immutable=1")


def _prepare_to_write(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # The switch needs the file for itself and does not wait; the mode stays with the file, so that
            # whoever opens it next makes up for it.
            if "locked" not in str(error):
                raise
    connection.execute("PRAGMA synchronous = NORMAL")
    # A chunk of rows changes some thousand pages of the roll-ups, and the next chunk the same: copy them less often.
    connection.execute("PRAGMA wal_autocheckpoint = 16384")


def _check_and_migrate(connection: sqlite3.Connection, path: Path, *, write: bool) -> None:
    """Refuse what is no ledger of ours; bring an older one up to date, also for a reader who may write to it."""
    # Within one transaction, or another process that is making this ledger could be seen half way.
    connection.execute("BEGIN")
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute("COMMIT")
    if application != schema.APPLICATION_ID and tables:
        raise LedgerFileError(f"{path} is a database of another program", "name another file with --ledger")
    if version > schema.VERSION:
        raise LedgerFileError(
            f"the ledger {path} is of version {version}; this llmcost reads up to {schema.VERSION}", "upgrade llmcost"
        )
    if version < schema.VERSION:
        if not write and not tables:
            raise DataError(f"the ledger {path} is empty", "run `llmcost ingest` first")
        if write:
            schema.migrate(connection, version)
            return
        try:
            connect(path, write=True).close()
        except LedgerError:
            raise LedgerFileError(
                f"the ledger {path} is of the older version {version} and cannot be written",
                "run the command once where it can: it is brought up to date then",
            ) from None


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's and the file system's errors into ours."""
    try:
        yield
    except LlmcostError:
        raise
    except sqlite3.Error as error:
        raise _ledger_error(path, error) from error
    except (UnicodeDecodeError, JSONDecodeError) as error:
        raise _damaged(path, str(error)) from error
    except OverflowError as error:
        raise LedgerError(
            f"a number is too large for the ledger {path}: {error}", "check the newest log: a field is corrupt"
        ) from error
    except OSError as error:
        raise LedgerError(
            f"cannot use the ledger {path}: {error.strerror or error}", "check the path and its permissions"
        ) from error


def _damaged(path: Path, text: str) -> LedgerFileError:
    return LedgerFileError(
        f"the ledger {path} is damaged: {text}", "restore a backup, or ingest the logs into a new ledger"
    )


def _ledger_error(path: Path, error: sqlite3.Error) -> LedgerError:
    text = str(error)
    if "not a database" in text:
        return LedgerFileError(f"{path} is not a SQLite file", "name another file with --ledger")
    if "malformed" in text or "corrupt" in text or "decode" in text:
        return _damaged(path, text)
    if "full" in text:
        return LedgerError(
            f"the disk is full: nothing of this step was written to {path}", "free some space and run the command again"
        )
    if "readonly" in text or "read-only" in text or "attempt to write" in text:
        return LedgerError(f"the ledger {path} is read-only", "check its permissions and those of its folder")
    if "locked" in text or "busy" in text:
        return LedgerError(
            f"the ledger {path} is locked by another process", "wait for it to finish and run the command again"
        )
    if "overflow" in text or "whole_totals" in text:
        return LedgerError(
            f"a total is too large for the ledger {path}: nothing of this step was written",
            "check the newest log: a cost or a token count is corrupt",
        )
    if "unable to open" in text:
        return LedgerError(f"cannot open the ledger {path}", "check the path and its permissions")
    return LedgerError(f"the ledger {path} could not be used: {text}", "run `llmcost ledger check`")
