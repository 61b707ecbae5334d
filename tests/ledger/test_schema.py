"""Migrations: from nothing to the newest version, all or nothing, whoever comes first."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from llmcost.core.errors import LedgerFileError
from llmcost.ledger import schema
from llmcost.ledger.connect import connect
from llmcost.ledger.sqlite import SqliteLedger
from tests.ledger.samples import add, row, stored

Execute = Callable[[str], object]


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as db:
        return {found[0] for found in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_new_ledger_is_of_the_newest_version() -> None:
    path = Path("ledger.db")
    connect(path, write=True).close()
    assert version(path) == schema.VERSION == len(schema.MIGRATIONS)
    assert tables(path) == {
        "meta", "series", "party", "context", "card", "batch", "request", "seen", "superseded", "forgotten",
        "rollup_quarter", "rollup_day",
    }  # fmt: skip


def _two(execute: Execute) -> None:
    execute("ALTER TABLE batch ADD COLUMN note TEXT")


def _broken(execute: Execute) -> None:
    execute("CREATE TABLE half (a)")
    execute("UPDATE batch SET label = 'changed'")
    raise RuntimeError("power cut")


def test_an_older_ledger_is_brought_up_to_date_with_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("ledger.db")
    with closing(SqliteLedger(path, write=True)) as ledger:
        add(ledger, row())
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, _two))
    monkeypatch.setattr(schema, "VERSION", 2)
    with pytest.raises(LedgerFileError, match="of the older version 1"):
        SqliteLedger(path, write=False)
    assert version(path) == 1
    with closing(SqliteLedger(path, write=True)) as ledger:
        assert stored(ledger) == [row()]
        assert ledger.check() == []
    assert version(path) == 2
    SqliteLedger(path, write=True).close()
    assert version(path) == 2


@pytest.mark.parametrize("existing", [True, False])
def test_an_interrupted_migration_leaves_the_ledger_as_it_was(existing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("ledger.db")
    if existing:
        with closing(SqliteLedger(path, write=True)) as ledger:
            add(ledger, row())
    whole = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", (*whole, _two, _broken))
    monkeypatch.setattr(schema, "VERSION", 3)
    with pytest.raises(RuntimeError, match="power cut"):
        SqliteLedger(path, write=True)
    assert version(path) == (1 if existing else 0)
    assert "half" not in tables(path)
    monkeypatch.setattr(schema, "MIGRATIONS", whole)
    monkeypatch.setattr(schema, "VERSION", 1)
    with closing(SqliteLedger(path, write=True)) as ledger:
        assert stored(ledger) == ([row()] if existing else [])
        assert [info.label for info in ledger.info().batches] == (["test"] if existing else [])
        assert ledger.check() == []


def test_a_ledger_migrated_by_another_process_meanwhile_is_not_migrated_twice() -> None:
    path = Path("ledger.db")
    connect(path, write=True).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as late:
        schema.migrate(late, 0)  # it had read version 0 before the other was done
    assert version(path) == 1
