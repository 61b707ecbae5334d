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
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.errors import DataError, LedgerError
from llmcost.ingest import pipeline
from llmcost.ingest.attribution import parse_rules
from llmcost.ingest.pipeline import Ingest
from llmcost.ingest.relabel import relabel
from llmcost.ledger import connect
from llmcost.ledger.protocol import PricedRecord, Query
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.pricing.book import PriceBook
from tests.ledger.samples import EVERYTHING, stored, summed
from tests.run import llmcost

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


def ingest(path: Path = LEDGER, logs: Sequence[Path] = ()) -> pipeline.Ingested:
    with closing(SqliteLedger(path, write=True)) as ledger:
        job = Ingest(ledger, PriceBook(()), incremental=True, label="logs")
        job.paths(logs or sorted(LOGS.glob("*.jsonl")))
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
    """Whether a process that does `work` was killed, as it began its nth statement that matches; else it did it all."""

    def traced() -> None:
        left = nth
        opened = connect._open

        def connection(path: Path, mode: str) -> sqlite3.Connection:
            def trace(statement: str) -> None:
                nonlocal left
                left -= re.match(pattern, statement) is not None
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            made = opened(path, mode)
            made.set_trace_callback(trace)
            return made

        connect._open = connection
        work()

    return killed(forked(traced))


def forked(work: Callable[[], object]) -> int:
    """A process that does `work` and ends with 0, or with 1 and its traceback."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def killed(pid: int) -> bool:
    """Whether a process ended by SIGKILL; else it ended well."""
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def remove(path: Path = LEDGER) -> None:
    for name in ("", "-wal", "-shm"):
        Path(f"{path}{name}").unlink(missing_ok=True)


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
        remove()
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


@pytest.mark.full
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
    for nth in range(1, 400):
        remove()
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
    """Two writers of other but overlapping logs are killed, until so many were, while a reader looks all the time."""
    dice = random.Random(seed)
    expected = clean()
    logs = sorted(LOGS.glob("*.jsonl"))
    got = rounds = 0
    while got < kills:
        rounds += 1
        assert rounds < 30 * kills
        reader = forked(_look)
        writers = [forked(partial(ingest, LEDGER, mine)) for mine in (logs[:2], logs[1:])]
        time.sleep(dice.random() * 0.05)
        for pid in (*writers, reader):
            os.kill(pid, signal.SIGKILL)
        hit = sum([killed(pid) for pid in writers])
        assert killed(reader), "the reader found something"
        got += hit
        if not hit or dice.random() < 0.5:
            ingest()
            assert everything() == expected
            remove()
    ingest()
    assert everything() == expected


def _look() -> None:
    """What is seen at any moment agrees with itself, and no request that was seen is lost again."""
    seen = 0
    while True:
        try:
            ledger = SqliteLedger(LEDGER, write=False)
        except (LedgerError, DataError):
            continue  # not made yet, or only half
        with closing(ledger), ledger.snapshot():
            rolled, rows = ledger.sums(EVERYTHING)[0].sums, ledger.sums(EVERYTHING._replace(by=("session",)))
        for name in ("requests", "cost"):
            assert rolled[name] == sum(group.sums[name] for group in rows)
        assert rolled["requests"] >= seen
        seen = rolled["requests"]


def test_writers_killed_at_random_lose_and_double_nothing() -> None:
    _kill_at_random(20, 1)


@pytest.mark.full
def test_a_hundred_more_kills() -> None:
    _kill_at_random(100, 2)


def test_a_ledger_that_is_locked_for_too_long_is_told_and_left(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = sorted(map(str, LOGS.glob("*.jsonl")))
    assert llmcost("ingest", logs[0], "--ledger", str(LEDGER)).code == 0
    before = everything()
    monkeypatch.setattr(connect, "BUSY_TIMEOUT_MS", 50)
    held, release = os.pipe(), os.pipe()

    def hold() -> None:
        with closing(sqlite3.connect(LEDGER, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            os.write(held[1], b".")
            os.read(release[0], 1)

    holder = forked(hold)
    os.read(held[0], 1)
    refused = llmcost("ingest", *logs, "--ledger", str(LEDGER))
    reported = llmcost("report", "--since", "2026-10-01", "--until", "2026-10-05", "--json", "--ledger", str(LEDGER))
    os.write(release[1], b".")
    assert not killed(holder)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.splitlines() == [
        "error: the ledger ledger.db is locked by another process",
        "hint: wait for it to finish and run the command again",
    ]
    assert (reported.code, reported.json["summary"]["requests"]) == (0, 13)
    assert everything() == before
    assert llmcost("ingest", *logs, "--ledger", str(LEDGER)).code == 0
    assert len(everything()[0]) == len(clean()[0])
