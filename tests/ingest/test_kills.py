"""A process that is killed at any moment loses nothing and doubles nothing: the next ingest makes up for it."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from llmcost.ingest import pipeline
from llmcost.ingest.attribution import parse_rules
from llmcost.ingest.pipeline import Ingest
from llmcost.ingest.relabel import relabel
from llmcost.ledger import connect
from llmcost.ledger.protocol import PricedRecord, Query
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.pricing.book import PriceBook
from tests.ledger.samples import EVERYTHING, stored, summed

ALWAYS = (-(2**62), 2**62)
LEDGER, LOGS = Path("ledger.db"), Path("logs")
DAY = 86_400_000_000
#: 2026-10-01.
START = 1_790_812_800_000_000
Everything = tuple[list[PricedRecord], list[Any]]


def line(number: int, *, tokens: int = 10) -> str:
    second = START // 1_000_000 + number * 3_600
    return json.dumps({
        "timestamp": str(second), "request_id": f"request-number-{number}", "provider": "openai", "model": "gpt-4o",
        "user": f"u{number % 3}", "app": f"app{number % 2}", "input_tokens": tokens, "cost_usd": "0.25",
    }) + "\n"  # fmt: skip


@pytest.fixture(autouse=True)
def logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three logs that share requests and hold fuller versions of each other's; four rows make a transaction."""
    monkeypatch.setattr(pipeline, "CHUNK", 4)
    LOGS.mkdir()
    (LOGS / "a.jsonl").write_text("".join(line(n) for n in range(13)))
    (LOGS / "b.jsonl").write_text("".join(line(n, tokens=99) for n in range(6, 17)))
    (LOGS / "c.jsonl").write_text("".join(line(n) for n in range(12, 22)))


def ingest(path: Path = LEDGER) -> pipeline.Ingested:
    with closing(SqliteLedger(path, write=True)) as ledger:
        job = Ingest(ledger, PriceBook(()), incremental=True, label="logs")
        job.paths(sorted(LOGS.glob("*.jsonl")))
        return job.finish()


def everything(path: Path = LEDGER) -> Everything:
    """Every row and total; the ledger is sound."""
    with closing(SqliteLedger(path, write=False)) as ledger:
        assert ledger.check() == []
        groupings: list[tuple[str, ...]] = [(), ("app",), ("user",), ("model", "app")]
        if ledger.raw_since() is None:
            groupings.append(("session",))
        return stored(ledger), [summed(ledger, EVERYTHING._replace(by=by)) for by in groupings]


def clean() -> Everything:
    path = Path("clean.db")
    if not path.exists():
        ingest(path)
    return everything(path)


def dies(work: Callable[[], object], pattern: str, nth: int = 1) -> bool:
    """Whether a process that does `work` was killed, as it began its nth statement that matches."""
    pid = os.fork()
    if pid:
        return os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    try:
        left = nth
        opened = connect._open

        def traced(path: Path, mode: str) -> sqlite3.Connection:
            def trace(statement: str) -> None:
                nonlocal left
                left -= re.match(pattern, statement) is not None
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            connection = opened(path, mode)
            connection.set_trace_callback(trace)
            return connection

        connect._open = traced
        work()
    finally:
        os._exit(0)


POINTS = {
    "before the ledger has its tables": ("CREATE TABLE request", 1),
    "in a later migration": ("CREATE TABLE bookmark", 1),
    "before the migration is committed": ("COMMIT", 2),
    "before the batch": ("INSERT INTO batch", 1),
    "before the first row": ("INSERT INTO request", 1),
    "between rows": ("INSERT INTO request", 3),
    "before the id index": ("INSERT OR IGNORE INTO seen", 1),
    "within the id index": ("INSERT OR IGNORE INTO seen", 4),
    "before the roll-ups": ("INSERT INTO rollup_quarter ", 1),
    "between roll-ups": ("INSERT INTO rollup_day_series", 2),
    "after the roll-ups": ("INSERT INTO rollup_quarter_all", 4),
    "in the second chunk": ("INSERT INTO request", 6),
    "as a version takes another's place": ("DELETE FROM request", 1),
    "between delta and roll-ups": ("INSERT INTO temp.delta", 1),
    "before the bookmarks": ("INSERT OR REPLACE INTO bookmark", 1),
    "between bookmarks": ("INSERT OR REPLACE INTO bookmark", 2),
}


@pytest.mark.parametrize(("pattern", "nth"), POINTS.values(), ids=POINTS)
def test_an_ingest_killed_at_a_named_point_is_made_up_for(pattern: str, nth: int) -> None:
    expected = clean()
    assert dies(ingest, pattern, nth)
    if LEDGER.exists() and LEDGER.stat().st_size:
        with closing(SqliteLedger(LEDGER, write=True)) as ledger:
            assert ledger.check() == []
    ingest()
    assert everything() == expected
    assert ingest().unchanged == 3
    assert everything() == expected


@pytest.mark.parametrize("statement", ["COMMIT", "BEGIN IMMEDIATE"])
def test_an_ingest_killed_between_any_two_steps_is_made_up_for(statement: str) -> None:
    expected = clean()
    nth = 1
    while dies(ingest, statement, nth):
        ingest()
        assert everything() == expected
        for name in ("", "-wal", "-shm"):
            Path(f"{LEDGER}{name}").unlink(missing_ok=True)
        nth += 1
    assert nth > 8


def _undo(ledger: SqliteLedger) -> None:
    ledger.undo(1)


def _compact(ledger: SqliteLedger) -> None:
    ledger.compact(START + DAY // 2 + DAY)


def _forget(ledger: SqliteLedger) -> None:
    ledger.forget_user("u1")


def _relabel(ledger: SqliteLedger) -> None:
    rules = parse_rules([{"match": {"user": "u1"}, "team": "t"}], "config", "/home")
    relabel(ledger, rules, *ALWAYS)


def _reprice(ledger: SqliteLedger) -> None:
    rows = [one.priced for one in ledger.requests(Query(*ALWAYS), order="time", limit=None)]
    ledger.reprice([row._replace(cost=7, parts=(*(0,) * 12, 7)) for row in rows])


@pytest.mark.parametrize("work", [_undo, _compact, _forget, _relabel, _reprice])
def test_maintenance_killed_anywhere_did_all_or_nothing_of_each_step(work: Callable[[SqliteLedger], None]) -> None:
    ingest()
    # In a batch of its own, a fuller version whose predecessor waits behind it.
    (LOGS / "d.jsonl").write_text(line(3, tokens=999))
    ingest()
    shutil.copy(LEDGER, "before.db")

    def done() -> None:
        with closing(SqliteLedger(LEDGER, write=True)) as ledger:
            work(ledger)

    done()
    after = everything()
    killed = 0
    for nth in range(1, 400, 3):
        for name in ("", "-wal", "-shm"):
            Path(f"{LEDGER}{name}").unlink(missing_ok=True)
        shutil.copy("before.db", LEDGER)
        if not dies(done, "INSERT|UPDATE|DELETE|COMMIT|VACUUM", nth):
            break
        killed += 1
        with closing(SqliteLedger(LEDGER, write=False)) as ledger:
            assert ledger.check() == []
            undone = any(batch.undone for batch in ledger.info().batches)
        if not undone:
            done()
        assert everything() == after
    assert killed > 2


def _kill_at_random(kills: int, seed: int) -> None:
    """Two writers of overlapping logs are killed and started again, while a reader looks."""
    dice = random.Random(seed)
    expected = clean()
    seen = 0
    for _ in range(kills):
        writers = []
        for _ in range(2):
            pid = os.fork()
            if not pid:
                try:
                    ingest()
                finally:
                    os._exit(0)
            writers.append(pid)
        time.sleep(dice.random() * 0.05)
        for pid in writers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        if LEDGER.exists() and LEDGER.stat().st_size:
            with closing(SqliteLedger(LEDGER, write=True)) as ledger, ledger.snapshot():
                rolled = ledger.sums(EVERYTHING)[0].sums
                assert (
                    sum(group.sums["cost"] for group in ledger.sums(EVERYTHING._replace(by=("session",))))
                    == (rolled["cost"])
                )
                assert rolled["requests"] >= seen
                seen = rolled["requests"]
    ingest()
    assert everything() == expected


def test_writers_killed_at_random_lose_and_double_nothing() -> None:
    _kill_at_random(15, 1)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_more_kills(seed: int) -> None:
    _kill_at_random(10, 100 + seed)
