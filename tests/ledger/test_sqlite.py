"""The SQLite engine: the contract, and what only a file can get wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from llmcost.core.errors import LedgerError, LedgerFileError, UsageError
from llmcost.ledger import costs_sorted
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import Added, Ledger, Query
from llmcost.ledger.sqlite import SqliteLedger
from tests.ledger.contract import LedgerContract, SharedLedgerContract
from tests.ledger.samples import DAY, EVERYTHING, QUARTER, T0, add, batch, row, stored, summed, totals


@pytest.fixture(autouse=True)
def every_day_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs are kept sorted of days of a single request, too."""
    monkeypatch.setattr(costs_sorted, "FEWEST", 1)


@pytest.mark.full
class TestMemory(LedgerContract):
    def fresh(self) -> Ledger:
        return SqliteLedger(MEMORY, write=True)


class TestFile(SharedLedgerContract):
    def fresh(self) -> Ledger:
        return SqliteLedger(Path(mkdtemp(dir=".")) / "ledger.db", write=True)

    def again(self, ledger: Ledger) -> Ledger:
        assert isinstance(ledger, SqliteLedger)
        return SqliteLedger(ledger.path, write=True)


@pytest.fixture
def path() -> Path:
    """A ledger of three requests: two of one user (one replaced), one of another."""
    path = Path("ledger.db")
    with closing(SqliteLedger(path, write=True)) as ledger:
        add(ledger, row("openai:1", user="ann", tokens=1), row("openai:2", ts=T0 + DAY, user="bob", tags=(("k", "v"),)))
        add(ledger, row("openai:1", user="ann", tokens=2), row("openai:3", ts=T0 + QUARTER, user="ann"))
    return path


def tampered(path: Path, *statements: str) -> list[str]:
    """What `check` says after somebody else's statements."""
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            assert db.execute(statement).rowcount != 0, "nothing was tampered with"
        db.commit()
    with closing(SqliteLedger(path, write=False)) as ledger:
        return ledger.check()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE rollup_quarter SET cost = cost + 1 WHERE quarter = (SELECT min(quarter) FROM rollup_quarter)",
         ["2 quarter-hour roll-ups that differ from their rows"]),
        ("UPDATE rollup_day SET t_output = 0 WHERE day = (SELECT max(day) FROM rollup_day)",
         ["2 daily roll-ups that differ from their rows"]),
        ("DELETE FROM rollup_quarter WHERE quarter = (SELECT max(quarter) FROM rollup_quarter)",
         ["1 quarter-hour roll-ups that differ from their rows"]),
        ("UPDATE rollup_day_series SET hits = hits + 1",
         ["4 daily roll-ups by model and app that differ from their rows"]),
        ("UPDATE rollup_quarter_all SET requests = 0 WHERE quarter = (SELECT min(quarter) FROM rollup_quarter)",
         ["2 quarter-hour totals that differ from their rows"]),
        ("UPDATE request SET n_output = n_output + 1, n_input = n_input + 1 WHERE id = 'openai:3'",
         ["2 quarter-hour roll-ups that differ from their rows", "2 daily roll-ups that differ from their rows",
          "2 daily roll-ups by model and app that differ from their rows",
          "2 quarter-hour totals that differ from their rows", "1 rows whose parts do not add up to their cost"]),
        ("DELETE FROM request WHERE id = 'openai:3'",
         ["1 quarter-hour roll-ups that differ from their rows", "2 daily roll-ups that differ from their rows",
          "2 daily roll-ups by model and app that differ from their rows",
          "1 quarter-hour totals that differ from their rows", "1 id-index entries without a row"]),
        ("UPDATE request SET id = 'openai:9' WHERE id = 'openai:3'", ["1 rows missing from the id index"]),
        ("DELETE FROM seen", ["3 rows missing from the id index"]),
        ("UPDATE seen SET h64 = h64 + 1 WHERE ts = (SELECT max(ts) FROM seen)", ["1 rows missing from the id index"]),
        ("INSERT INTO seen VALUES (1, 2, 3)", ["1 id-index entries without a row"]),
        ("UPDATE card SET body = replace(body, '7000000', '9000000') WHERE body <> ''",
         ["1 price cards that were changed"]),
        ("UPDATE card SET card_id = 'ffff' WHERE body <> ''", ["1 price cards that were changed"]),
        ("DELETE FROM card WHERE body <> ''", ["3 rows without their price card"]),
        ("UPDATE request SET batch = 9 WHERE id = 'openai:3'", ["1 rows without their batch"]),
        ("DELETE FROM series", ["3 rows without their series"]),
        ("DELETE FROM party WHERE \"user\" = 'ann'", ["2 rows without their party"]),
        ("DELETE FROM context", ["3 rows without their context"]),
    ],
)  # fmt: skip
def test_check_finds_what_was_tampered_with(path: Path, statement: str, expected: list[str]) -> None:
    assert tampered(path, statement) == expected


def test_a_roll_up_of_no_row_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        columns = db.execute("SELECT name FROM pragma_table_info('rollup_day') WHERE name <> 'day'")
        names = ", ".join(f'"{found[0]}"' for found in columns)
    stray = f"INSERT INTO rollup_day (day, {names}) SELECT day + 9, {names} FROM rollup_day LIMIT 1"
    assert tampered(path, stray) == ["1 daily roll-ups that differ from their rows"]


def test_sorted_costs_that_lack_a_request_are_found(path: Path) -> None:
    with closing(SqliteLedger(path, write=True)) as ledger:
        number = ledger.begin_batch("later", T0 + 9 * DAY)
        ledger.add([row("openai:4", ts=T0 + 5)], number)
        ledger.end_batch(number)
    assert tampered(path, f"UPDATE day_costs SET costs = substr(costs, 9) WHERE day = {T0 // DAY}") == [
        "2 days whose sorted costs differ from their rows"
    ]


def test_an_unpriced_row_with_a_price_is_found(path: Path) -> None:
    found = tampered(path, "UPDATE request SET cost = NULL WHERE id = 'openai:3'")
    assert "1 rows without a cost that name a price" in found
    assert "1 rows whose parts do not add up to their cost" in found


def test_check_reports_damage_that_sqlite_itself_finds(path: Path) -> None:
    assert tampered(path, "DROP TABLE seen") == ["SQLite finds: no such table: seen"]


def test_a_row_without_its_names_is_damage_not_a_traceback(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM party")
        db.commit()
    with closing(SqliteLedger(path, write=False)) as ledger, pytest.raises(LedgerFileError, match="damaged"):
        stored(ledger)


# Erasure


def test_a_forgotten_name_leaves_the_files_bytes() -> None:
    path = Path("ledger.db")
    secrets = (b"Xaviera", b"session-of-x", b"laptop-of-x", b"mail-of-x", b"digest-of-x")
    with closing(SqliteLedger(path, write=True)) as ledger:
        ledger._db.execute("PRAGMA secure_delete = OFF")  # some builds of SQLite have it on
        fields: dict[str, Any] = {"session": "session-of-x", "machine": "laptop-of-x", "prompt_digest": "digest-of-x",
                  "tags": (("mail", "mail-of-x"),), "error": "Xaviera failed"}  # fmt: skip
        for number in range(3):
            logs = ledger.begin_batch("/home/Xaviera/logs", T0)
            rows = [
                row(f"openai:{n}", ts=T0 + n * QUARTER, user="Xaviera", tokens=n + number, **fields) for n in range(200)
            ]
            ledger.add(rows, logs)
        add(ledger, row("other", user="Xavier"))
        before = ledger.sums(EVERYTHING)[0].sums["cost"]
        add(ledger, row("gone", user="other", session="session-of-x"))
        ledger.undo(5)  # deleted bytes stay in the file until it is rewritten
        content = b"".join(file.read_bytes() for file in Path().glob("ledger.db*"))
        assert all(secret in content for secret in secrets)
        assert ledger.forget_user("Xaviera") == 200
        for file in Path().glob("ledger.db*"):
            assert not [secret for secret in secrets if secret in file.read_bytes()], file
        assert ledger.sums(EVERYTHING)[0].sums["cost"] == before
        assert [info.label for info in ledger.info().batches] == ["/home/(forgotten)/logs"] * 3 + ["test"] * 2
        assert ledger.check() == []
        # The connection is as good as before.
        assert ledger.add([row("later", user="Xaviera")], batch(ledger)).new == 1
    assert b"Xaviera" not in path.read_bytes()


def test_a_name_within_a_word_is_left_in_labels() -> None:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ledger.begin_batch("/logs/annual ann.jsonl", T0)
        ledger.forget_user("ann")
        assert [info.label for info in ledger.info().batches] == ["/logs/annual (forgotten).jsonl"]


def test_forgetting_beside_a_reader_says_that_bytes_remain(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmcost.ledger.connect.BUSY_TIMEOUT_MS", 1)
    with closing(SqliteLedger(path, write=True)) as ledger, closing(SqliteLedger(path, write=False)) as reader:
        with reader.snapshot():
            assert len(stored(reader)) == 3
            with pytest.raises(LedgerError, match="old bytes stay"):
                ledger.forget_user("ann")
        assert {one.record.user for one in stored(ledger)} == {"(forgotten)", "bob"}
        ledger.forget_user("ann")
    assert b"ann" not in path.read_bytes().replace(b"channel", b"")  # the name of a column


# Versions


def test_a_log_read_again_and_again_does_not_make_the_file_grow() -> None:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        add(ledger, row(tokens=9))
        for _ in range(3):
            add(ledger, row(tokens=1), row(tokens=2), row("openai:2", ts=T0 + 1))
        assert ledger._db.execute("SELECT count(*) FROM superseded").fetchone()[0] == 1


def test_the_parts_of_a_sum_are_of_one_state() -> None:
    # A ragged interval takes several statements; another process writes between the first and the second.
    path = Path("ledger.db")
    query = Query(T0 + 1, T0 + DAY + 1, by=("model",))
    with closing(SqliteLedger(path, write=True)) as ledger, closing(SqliteLedger(path, write=True)) as other:
        add(ledger, row("openai:1", ts=T0 + QUARTER, tokens=1))
        before = summed(ledger, query)
        statements: list[str] = []

        def interfere(statement: str) -> None:
            statements.append(statement)
            if sum(one.startswith("SELECT") for one in statements) == 2:
                ledger._db.set_trace_callback(None)
                add(other, row("openai:2", ts=T0 + 1, tokens=2), row("openai:3", ts=T0 + DAY, tokens=2))

        ledger._db.set_trace_callback(interfere)
        assert summed(ledger, query) == before
        assert len(stored(ledger)) == 3
        assert summed(ledger, query)["gpt-4o",]["requests"] == 3


# Rehearsal


def test_a_rehearsal_leaves_no_trace(path: Path) -> None:
    content = path.read_bytes()
    with closing(SqliteLedger(path, write=True)) as ledger:
        with ledger.rehearsal():
            number = ledger.begin_batch("dry", T0)
            assert ledger.add([row("openai:9", model="new", user="new")], number) == Added(new=1, cost=700)
            assert ledger.sums(EVERYTHING)[0].sums["requests"] == 4
        assert ledger.sums(EVERYTHING)[0].sums["requests"] == 3
        # Codes and tables made in the rehearsal are gone with it.
        add(ledger, row("openai:9", model="newer", user="newer"), row("openai:10", model="new", user="new"))
        assert ledger.check() == []
        assert {one.record.model for one in stored(ledger)} == {"gpt-4o", "newer", "new"}
    assert path.read_bytes() != content


def test_a_failure_in_a_rehearsal_takes_back_its_own_step_only(path: Path) -> None:
    with closing(SqliteLedger(path, write=True)) as ledger:
        with ledger.rehearsal():
            number = ledger.begin_batch("dry", T0)
            ledger.add([row("openai:8", model="one")], number)
            with pytest.raises(UsageError, match="no batch"):
                ledger.add([row("openai:9", model="two")], 99)
            ledger.add([row("openai:9", model="three")], number)
            assert ledger.sums(EVERYTHING)[0].sums["requests"] == 5
        assert ledger.sums(EVERYTHING)[0].sums["requests"] == 3
        assert ledger.check() == []


def test_a_rehearsal_that_sqlite_broke_off_writes_nothing_more(path: Path) -> None:
    with closing(SqliteLedger(path, write=True)) as ledger:
        with ledger.rehearsal():
            ledger._db.execute("ROLLBACK")  # what SQLite does by itself when the disk is full
            with pytest.raises(LedgerError, match="broken off"):
                ledger.begin_batch("dry", T0)
        assert len(ledger.info().batches) == 2


# Backup


def test_a_backup_is_the_whole_ledger(path: Path) -> None:
    with closing(SqliteLedger(path, write=True)) as ledger:
        add(ledger, row("openai:4"))  # still in the write-ahead log
        ledger.backup(Path("copy.db"))
        key, rows = ledger.digest_key(), stored(ledger)
    with closing(SqliteLedger(Path("copy.db"), write=True)) as copy:
        assert stored(copy) == rows
        assert copy.digest_key() == key
        assert copy.check() == []
        add(copy, row("openai:5"))
    with closing(SqliteLedger(path, write=False)) as ledger:
        assert len(stored(ledger)) == 4


def test_a_backup_never_overwrites_and_needs_a_folder(path: Path) -> None:
    Path("mine.txt").write_text("keep")
    with closing(SqliteLedger(path, write=False)) as ledger:
        with pytest.raises(UsageError, match=r"mine\.txt exists"):
            ledger.backup(Path("mine.txt"))
        with pytest.raises(LedgerError, match="cannot open"):
            ledger.backup(Path("absent/copy.db"))
    assert Path("mine.txt").read_text() == "keep"


# Numbers


def test_a_number_beyond_64_bits_is_an_error_and_changes_nothing() -> None:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        number = batch(ledger)
        with pytest.raises(LedgerError, match="too large"):
            ledger.add([row("a"), row("b", latency_us=2**63)], number)
        assert stored(ledger) == []


def test_totals_beyond_64_bits_are_an_error_not_a_float() -> None:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        huge = [row(f"openai:{n}", ts=T0 + n, tokens=0, latency_us=2**62) for n in range(3)]
        ledger.add(huge[:1], batch(ledger))
        with pytest.raises(LedgerError, match="a total is too large"):
            ledger.add(huge[1:2], batch(ledger))
        with pytest.raises(LedgerError, match="a total is too large"):
            ledger.add(huge[1:], batch(ledger))
        assert stored(ledger) == huge[:1]
        assert summed(ledger, EVERYTHING) == totals(huge[:1], EVERYTHING)


def test_a_ledger_opened_to_read_refuses_to_write(path: Path) -> None:
    with closing(SqliteLedger(path, write=False)) as ledger:
        writes: list[Callable[[], object]] = [
            lambda: ledger.begin_batch("x", T0),
            lambda: ledger.add([row()], 1),
            lambda: ledger.undo(1),
            lambda: ledger.reprice([row()]),
            lambda: ledger.forget_user("ann"),
        ]
        for write in writes:
            with pytest.raises(LedgerError, match="opened to read"):
                write()
