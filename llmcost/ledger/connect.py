"""Opening a ledger file: which file it is, whether it is ours, and what SQLite's errors mean to a person."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
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
        DataError: there is no ledger to read.
        LedgerFileError: the file is not a ledger, or comes from a newer llmcost.
        LedgerError: it cannot be opened, read or written.
    """
    if path == MEMORY:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        schema.migrate(connection, 0)
        return connection
    exists = path.exists()
    if not exists and not write:
        raise DataError(f"no ledger at {path}", "run `llmcost ingest` first, or name one with --ledger")
    if path.is_dir():
        raise LedgerFileError(f"the ledger {path} is a folder", "name a file with --ledger")
    with translated(path):
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = _open(path, "rwc")
        else:
            connection = _open_to_read(path)
        try:
            _check_and_migrate(connection, path, write=write)
            if write:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
    return connection


def _open(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _open_to_read(path: Path) -> sqlite3.Connection:
    connection = _open(path, "ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        # A WAL database in a folder we may not write: nobody else can be writing either.
        connection.close()
        connection = _open(path, "ro&immutable=1")
    return connection


def _check_and_migrate(connection: sqlite3.Connection, path: Path, *, write: bool) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != schema.APPLICATION_ID and tables:
        raise LedgerFileError(f"{path} is a database of another program", "name another file with --ledger")
    if version > schema.VERSION:
        raise LedgerFileError(
            f"the ledger {path} is of version {version}; this llmcost reads up to {schema.VERSION}", "upgrade llmcost"
        )
    if version < schema.VERSION:
        if not write:
            if not tables:
                raise DataError(f"the ledger {path} is empty", "run `llmcost ingest` first")
            connection.close()
            raise LedgerFileError(
                f"the ledger {path} is of the older version {version}", "run `llmcost ingest` to migrate it"
            )
        schema.migrate(connection, version)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's and the file system's errors into ours."""
    try:
        yield
    except LlmcostError:
        raise
    except sqlite3.Error as error:
        raise _ledger_error(path, error) from error
    except OSError as error:
        raise LedgerError(
            f"cannot use the ledger {path}: {error.strerror or error}", "check the path and its permissions"
        ) from error


def _ledger_error(path: Path, error: sqlite3.Error) -> LedgerError:
    text = str(error)
    if "not a database" in text:
        return LedgerFileError(f"{path} is not a SQLite file", "name another file with --ledger")
    if "malformed" in text:
        return LedgerFileError(
            f"the ledger {path} is damaged: {text}", "restore a backup, or ingest the logs into a new ledger"
        )
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
    if "unable to open" in text:
        return LedgerError(f"cannot open the ledger {path}", "check the path and its permissions")
    return LedgerError(f"the ledger {path} could not be used: {text}", "run `llmcost ledger check`")
