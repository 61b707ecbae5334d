"""Migrations: from nothing to the newest version, all or nothing, whoever comes first."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from llmcost.core.errors import LedgerFileError
from llmcost.ledger import connect as connect_module
from llmcost.ledger import schema
from llmcost.ledger.connect import connect
from llmcost.ledger.protocol import Query
from llmcost.ledger.sqlite import SqliteLedger
from tests.ledger.samples import DAY, T0, add, row, stored, summed

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
        "rollup_quarter", "rollup_day", "rollup_day_series",
        "rollup_quarter_all", "prediction", "alert", "label", "features", "bookmark", "billed",
        "day_costs", "fixed_cost",
    }  # fmt: skip


def _extra(execute: Execute) -> None:
    execute("ALTER TABLE batch ADD COLUMN note TEXT")


def _broken(execute: Execute) -> None:
    execute("CREATE TABLE half (a)")
    execute("UPDATE batch SET label = 'changed'")
    raise RuntimeError("power cut")


@pytest.mark.parametrize("write", [True, False])
def test_an_older_ledger_is_brought_up_to_date_with_its_rows(write: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("ledger.db")
    with closing(SqliteLedger(path, write=True)) as ledger:
        add(ledger, row())
    newer = schema.VERSION + 1
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, _extra))
    monkeypatch.setattr(schema, "VERSION", newer)
    with closing(SqliteLedger(path, write=write)) as ledger:
        assert stored(ledger) == [row()]
        assert ledger.check() == []
    assert version(path) == newer
    SqliteLedger(path, write=True).close()
    assert version(path) == newer


def test_a_ledger_of_the_first_version_gains_what_later_ones_have() -> None:
    path, by_app = Path("ledger.db"), Query(T0, T0 + 2 * DAY, ("app",))
    with closing(SqliteLedger(path, write=True)) as ledger:
        add(ledger, row(), row("openai:2", ts=T0 + 20 * 60 * 1_000_000), row("openai:3", ts=T0 + DAY, app="other"))
        before = stored(ledger), summed(ledger, by_app)
    first = sqlite3.connect(":memory:")
    schema.MIGRATIONS[0](first.execute)
    names = "SELECT name FROM sqlite_master WHERE type = 'table'"
    with closing(sqlite3.connect(path)) as db:
        for (name,) in set(db.execute(names)) - set(first.execute(names)):
            db.execute(f"DROP TABLE {name}")
        db.execute("DROP INDEX request_covered")
        db.execute("ALTER TABLE batch DROP COLUMN compacted")
        db.execute("PRAGMA user_version = 1")
        db.commit()
    with closing(SqliteLedger(path, write=False)) as ledger:
        assert (stored(ledger), summed(ledger, by_app)) == before
        assert ledger.check() == []
        assert ledger.predictions() == []
        assert ledger.outbox.alerts() == []
        assert ledger.labels.all() == []
    assert version(path) == schema.VERSION


def test_an_older_ledger_that_cannot_be_written_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("ledger.db")
    with closing(SqliteLedger(path, write=True)) as ledger:
        add(ledger, row())

    def refuse(path: Path, mode: str) -> sqlite3.Connection:
        if mode == "rwc":
            raise sqlite3.OperationalError("attempt to write a readonly database")
        return opened(path, mode)

    opened = connect_module._open
    monkeypatch.setattr(connect_module, "_open", refuse)
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with pytest.raises(LedgerFileError, match=r"of the older version .* and cannot be written"):
        SqliteLedger(path, write=False)


@pytest.mark.parametrize("existing", [True, False])
def test_an_interrupted_migration_leaves_the_ledger_as_it_was(existing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("ledger.db")
    if existing:
        with closing(SqliteLedger(path, write=True)) as ledger:
            add(ledger, row())
    whole = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", (*whole, _extra, _broken))
    before = schema.VERSION
    monkeypatch.setattr(schema, "VERSION", before + 2)
    with pytest.raises(RuntimeError, match="power cut"):
        SqliteLedger(path, write=True)
    assert version(path) == (before if existing else 0)
    assert "half" not in tables(path)
    monkeypatch.setattr(schema, "MIGRATIONS", whole)
    monkeypatch.setattr(schema, "VERSION", before)
    with closing(SqliteLedger(path, write=True)) as ledger:
        assert stored(ledger) == ([row()] if existing else [])
        assert [info.label for info in ledger.info().batches] == (["test"] if existing else [])
        assert ledger.check() == []


def test_a_ledger_migrated_by_another_process_meanwhile_is_not_migrated_twice() -> None:
    path = Path("ledger.db")
    connect(path, write=True).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as late:
        schema.migrate(late, 0)  # it had read version 0 before the other was done
    assert version(path) == schema.VERSION
