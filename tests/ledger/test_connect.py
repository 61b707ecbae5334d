"""Files that are no ledger, or that cannot be used: two lines and the right exit code, the ledger unchanged."""

from __future__ import annotations

import os
import random
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from llmcost.core.errors import DataError, LedgerError, LlmcostError
from llmcost.ledger import schema
from llmcost.ledger.connect import connect, translated
from llmcost.ledger.protocol import PricedRecord
from llmcost.ledger.sqlite import SqliteLedger
from tests.ledger.samples import EVERYTHING, T0, add, row, stored

ROOT = os.geteuid() == 0


def refusal(path: Path, *, write: bool) -> tuple[int, str]:
    """The exit code and the message of an attempt to open `path`."""
    with pytest.raises(LlmcostError) as caught:
        SqliteLedger(path, write=write)
    error = caught.value
    assert error.hint, "the second line says what to do"
    assert "\n" not in error.message
    assert path.name in error.message, "the message names the file"
    return int(error.exit_code), error.message


def ledger_file(rows: int = 3) -> Path:
    path = Path("ledger.db")
    with closing(SqliteLedger(path, write=True)) as ledger:
        add(ledger, *(row(f"openai:{n}", ts=T0 + n, user=f"user{n}") for n in range(rows)))
    return path


@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize(
    "content",
    [b"timestamp,model\n" * 100, b"\x00" * 4096, b"x", b"SQLite format 3\x00", random.Random(1).randbytes(9000)],
)
def test_a_file_that_is_no_database_is_refused_and_left(content: bytes, write: bool) -> None:
    path = Path("notes.txt")
    path.write_bytes(content)
    code, message = refusal(path, write=write)
    assert code == 2
    assert "not a SQLite file" in message
    assert path.read_bytes() == content


@pytest.mark.parametrize("write", [True, False])
def test_another_programs_database_is_refused_and_left(write: bool) -> None:
    path = Path("places.sqlite")
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE moz_places (id INTEGER)")
    content = path.read_bytes()
    assert refusal(path, write=write) == (2, "places.sqlite is a database of another program")
    assert path.read_bytes() == content


@pytest.mark.parametrize("write", [True, False])
def test_a_newer_version_is_refused_and_left(write: bool) -> None:
    path = ledger_file()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    content = path.read_bytes()
    code, message = refusal(path, write=write)
    assert (code, message) == (2, f"the ledger ledger.db is of version 99; this llmcost reads up to {schema.VERSION}")
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_ledger_but_holds_nothing_to_read() -> None:
    path = Path("ledger.db")
    path.touch()
    with pytest.raises(DataError, match=r"ledger\.db is empty") as caught:
        SqliteLedger(path, write=False)
    assert int(caught.value.exit_code) == 6
    assert path.stat().st_size == 0
    with closing(SqliteLedger(path, write=True)) as ledger:
        add(ledger, row())
    with closing(SqliteLedger(path, write=False)) as ledger:
        assert stored(ledger) == [row()]


def test_a_missing_ledger_is_made_to_write_and_refused_to_read() -> None:
    path = Path("new/folder/ledger.db")
    assert refusal(path, write=False) == (2, "no ledger at new/folder/ledger.db")
    assert not path.parent.exists()
    with closing(SqliteLedger(path, write=True)) as ledger:
        assert ledger.check() == []


@pytest.mark.parametrize("write", [True, False])
def test_a_folder_is_no_ledger(write: bool) -> None:
    path = Path("folder")
    path.mkdir()
    assert refusal(path, write=write) == (2, "the ledger folder is a folder")


@pytest.mark.parametrize("write", [True, False])
def test_pipes_devices_and_sockets_are_no_ledgers(write: bool) -> None:
    os.mkfifo("pipe")
    assert refusal(Path("pipe"), write=write) == (2, "the ledger pipe is not an ordinary file")
    assert refusal(Path(os.devnull), write=write) == (2, "the ledger /dev/null is not an ordinary file")
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind("socket")
        assert refusal(Path("socket"), write=write) == (2, "the ledger socket is not an ordinary file")


def test_a_folder_that_is_a_file_is_an_error() -> None:
    Path("file").write_text("x")
    assert refusal(Path("file/ledger.db"), write=True) == (1, "cannot use the ledger file/ledger.db: File exists")


def test_a_name_that_is_too_long_is_an_error() -> None:
    path = Path("x" * 300)
    assert refusal(path, write=True)[0] == 1
    assert refusal(path, write=False)[0] == 1


@pytest.mark.parametrize("name", ["a b.db", "a?mode=memory.db", "a%20b.db", "a#b.db", "ü 中文.db", "file:x.db", "'.db"])
def test_any_file_name_is_a_file_name(name: str) -> None:
    with closing(SqliteLedger(Path(name), write=True)) as ledger:
        add(ledger, row())
    assert Path(name).is_file()
    with closing(SqliteLedger(Path(name), write=False)) as ledger:
        assert stored(ledger) == [row()]


# Read-only places


def test_a_read_only_connection_is_an_error_and_unchanged() -> None:
    path = ledger_file()
    content = path.read_bytes()
    with closing(SqliteLedger(path, write=True)) as ledger:
        ledger._db.execute("PRAGMA query_only = ON")
        with pytest.raises(LedgerError, match=r"the ledger ledger\.db is read-only") as caught:
            add(ledger, row("openai:9"))
        assert int(caught.value.exit_code) == 1
        assert caught.value.hint
    assert path.read_bytes() == content


def test_a_read_only_connection_cannot_be_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("ledger.db")
    path.touch()
    monkeypatch.setattr("llmcost.ledger.connect._open", lambda where, _: sqlite3.connect(
        f"file:{where}?mode=ro", uri=True, isolation_level=None))  # fmt: skip
    assert refusal(path, write=True) == (1, "the ledger ledger.db is read-only")
    assert path.stat().st_size == 0


@contextmanager
def nobody() -> Iterator[None]:
    """Permissions are asked for as an ordinary user, also where the tests run as root."""
    if not ROOT:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def locked() -> Iterator[Path]:
    """A ledger in a folder nobody may write to, which everybody may read."""
    with TemporaryDirectory(dir="/tmp") as folder:
        path = ledger_file().rename(Path(folder, "ledger.db"))
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        yield path
        Path(folder).chmod(0o755)


def test_a_ledger_in_a_folder_one_may_not_write_can_be_read(locked: Path) -> None:
    with nobody(), closing(SqliteLedger(locked, write=False)) as ledger:
        assert len(stored(ledger)) == 3
        assert ledger.check() == []
    assert [file.name for file in locked.parent.iterdir()] == ["ledger.db"]


def test_a_ledger_one_may_not_write_is_refused_and_unchanged(locked: Path) -> None:
    content = locked.read_bytes()
    with nobody(), pytest.raises(LedgerError, match="is read-only") as caught:
        add(SqliteLedger(locked, write=True), row("openai:9"))
    assert (int(caught.value.exit_code), bool(caught.value.hint)) == (1, True)
    assert locked.read_bytes() == content


def test_a_ledger_cannot_be_made_in_a_folder_one_may_not_write(locked: Path) -> None:
    with nobody():
        assert refusal(locked.with_name("new.db"), write=True)[0] == 1
        assert refusal(locked.parent / "folder" / "new.db", write=True)[0] == 1


@pytest.mark.parametrize("write", [True, False])
def test_a_ledger_one_may_not_read_is_an_error(locked: Path, write: bool) -> None:
    locked.chmod(0)
    with nobody():
        assert refusal(locked, write=write) == (1, f"cannot use the ledger {locked}: Permission denied")


@pytest.mark.parametrize("write", [True, False])
def test_a_ledger_in_a_folder_one_may_not_enter_is_an_error(locked: Path, write: bool) -> None:
    locked.parent.chmod(0)
    with nobody():
        assert refusal(locked, write=write) == (1, f"cannot use the ledger {locked}: Permission denied")


def test_where_the_log_cannot_be_made_a_quiet_ledger_is_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    path = ledger_file()
    _refuse_the_log(monkeypatch, "unable to open database file")
    with closing(SqliteLedger(path, write=False)) as ledger:
        assert len(stored(ledger)) == 3


def test_where_the_log_holds_rows_that_cannot_be_read_the_ledger_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    path = ledger_file()
    Path("ledger.db-wal").write_bytes(b"rows")
    _refuse_the_log(monkeypatch, "unable to open database file")
    assert refusal(path, write=False) == (1, "cannot open the ledger ledger.db")


def test_a_locked_ledger_is_not_read_past_its_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    path = ledger_file()
    _refuse_the_log(monkeypatch, "database is locked")
    assert refusal(path, write=False) == (1, "the ledger ledger.db is locked by another process")


def _refuse_the_log(monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    """Make every first read of a database not opened as immutable fail with `message`."""

    class Refusing(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if sql.startswith("SELECT count"):
                raise sqlite3.OperationalError(message)
            return super().execute(sql, *parameters)

    honest = sqlite3.connect

    def opened(name: str, **options: Any) -> sqlite3.Connection:
        return honest(name, factory=sqlite3.Connection if "immutable=1" in name else Refusing, **options)

    monkeypatch.setattr("llmcost.ledger.connect.sqlite3.connect", opened)


# Damage


def test_a_truncated_ledger_is_an_error_never_a_traceback() -> None:
    path = ledger_file(500)
    whole = path.read_bytes()
    for size in (100, 4096, len(whole) // 2, len(whole) - 4096, len(whole) - 1):
        path.write_bytes(whole[:size])
        _read_everything(path)
        assert path.read_bytes() == whole[:size]


def test_overwritten_bytes_are_found_or_harmless_never_a_traceback() -> None:
    path = ledger_file(500)
    whole = path.read_bytes()
    with closing(SqliteLedger(path, write=False)) as ledger:
        rows = stored(ledger)
    chance = random.Random(7)
    found = 0
    for _ in range(60):
        content = bytearray(whole)
        start = chance.randrange(100, len(whole) - 300)
        content[start : start + 200] = chance.randbytes(200)
        path.write_bytes(content)
        read = _read_everything(path)
        found += read is None
        assert read is None or read == rows, f"bytes {start} to {start + 200} went unnoticed"
    assert found > 20, "the rest hit unused space"


def _read_everything(path: Path) -> list[PricedRecord] | None:
    """The rows of a file, or None if reading or checking it reported anything; only our own errors may be raised."""
    try:
        with closing(SqliteLedger(path, write=False)) as ledger:
            problems = ledger.check()
            rows = stored(ledger)
            for by in ("model", "user", "session"):
                ledger.sums(EVERYTHING._replace(by=(by,)))
            ledger.info()
    except LlmcostError:
        return None
    return None if problems else rows


# A full disk


def test_a_full_disk_leaves_the_ledger_as_it_was() -> None:
    path = ledger_file(20)
    with closing(SqliteLedger(path, write=True)) as ledger:
        before, rows = ledger.sums(EVERYTHING), stored(ledger)
        pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
        ledger._db.execute(f"PRAGMA max_page_count = {pages + 1}")
        number = ledger.begin_batch("big", T0)
        with pytest.raises(LedgerError, match="the disk is full: nothing of this step was written") as caught:
            ledger.add([row(f"other:{n}", ts=T0 + n, user=f"u{n}") for n in range(2000)], number)
        assert (int(caught.value.exit_code), bool(caught.value.hint)) == (1, True)
        assert ledger.sums(EVERYTHING) == before
        assert stored(ledger) == rows
        assert ledger.check() == []
        # With space again, the same connection goes on.
        ledger._db.execute("PRAGMA max_page_count = 1000000")
        assert ledger.add([row(f"other:{n}", ts=T0 + n, user=f"u{n}") for n in range(2000)], number).new == 2000
        assert ledger.check() == []


@pytest.mark.full
def test_a_really_full_disk_leaves_the_ledger_as_it_was() -> None:
    assert ROOT, "this test mounts a file system: run it as root"
    folder = Path("small").absolute()
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    try:
        path = folder / "ledger.db"
        with closing(SqliteLedger(path, write=True)) as ledger:
            add(ledger, row())
            number = ledger.begin_batch("big", T0)
            with pytest.raises(LedgerError, match="disk is full") as caught:
                ledger.add([row(f"other:{n}", ts=T0 + n, user=f"u{n}") for n in range(20_000)], number)
            assert int(caught.value.exit_code) == 1
            assert stored(ledger) == [row()]
        with closing(SqliteLedger(path, write=True)) as ledger:
            assert stored(ledger) == [row()]
            assert ledger.check() == []
            with pytest.raises(LedgerError):
                ledger.backup(folder / ("x" * 300))
            (folder / "filler").write_bytes(b"x" * _free(folder))
            with pytest.raises(LedgerError, match="disk is full"):
                ledger.backup(folder / "copy.db")
            assert not (folder / "copy.db").exists(), "half a backup is none"
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _free(folder: Path) -> int:
    space = os.statvfs(folder)
    return space.f_bavail * space.f_bsize


# Messages


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (sqlite3.DatabaseError("file is not a database"), 2, "not a SQLite file"),
        (sqlite3.DatabaseError("database disk image is malformed"), 2, "damaged"),
        (sqlite3.OperationalError("database or disk is full"), 1, "disk is full"),
        (sqlite3.OperationalError("attempt to write a readonly database"), 1, "read-only"),
        (sqlite3.OperationalError("database is locked"), 1, "locked by another process"),
        (sqlite3.OperationalError("unable to open database file"), 1, "cannot open"),
        (sqlite3.OperationalError("integer overflow"), 1, "too large"),
        (sqlite3.OperationalError("disk I/O error"), 1, "disk I/O error"),
        (PermissionError(13, "Permission denied"), 1, "Permission denied"),
        (OSError(30, "Read-only file system"), 1, "Read-only file system"),
        (OverflowError("int too large"), 1, "too large"),
    ],
)
def test_what_sqlite_says_in_a_persons_words(error: Exception, code: int, words: str) -> None:
    with pytest.raises(LedgerError) as caught, translated(Path("l.db")):
        raise error
    assert int(caught.value.exit_code) == code
    assert words in caught.value.message
    assert "l.db" in caught.value.message
    assert caught.value.hint


def test_our_own_errors_pass_through() -> None:
    with pytest.raises(DataError, match="as it was"), translated(Path("l.db")):
        raise DataError("as it was")


def test_the_connection_is_set_up_for_many_writers() -> None:
    with closing(connect(Path("ledger.db"), write=True)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert db.execute("PRAGMA busy_timeout").fetchone()[0] == 30_000
        assert db.execute("PRAGMA application_id").fetchone()[0] == schema.APPLICATION_ID
