"""Several processes and one ledger file."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from contextlib import closing
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from llmcost.ledger.protocol import PricedRecord
from llmcost.ledger.sqlite import SqliteLedger
from tests.ledger.samples import EVERYTHING, QUARTER, T0, add, row, standing, stored, summed, totals

WRITERS = 4
Answer = tuple[str, str]
Job = Callable[[Path, int, Barrier], str]


def _rows(writer: int) -> list[PricedRecord]:
    """300 requests, half of them shared with the next writer, whose version of them is another."""
    return [
        row(
            f"openai:{(writer * 150 + n) % (WRITERS * 150)}", ts=T0 + n * QUARTER // 10, tokens=(writer * 37 + n) % 90,
            user=f"user{n % 7}", app=f"app{writer}",
        )
        for n in range(300)
    ]  # fmt: skip


def _write(path: Path, writer: int, start: Barrier) -> str:
    start.wait(60)
    with closing(SqliteLedger(path, write=True)) as ledger:
        number = ledger.begin_batch(f"writer {writer}", T0)
        rows = _rows(writer)
        for first in range(0, len(rows), 30):
            ledger.add(rows[first : first + 30], number)
    return "written"


def _read(path: Path, _: int, start: Barrier) -> str:
    start.wait(60)
    with closing(SqliteLedger(path, write=False)) as ledger:
        for _round in range(60):
            with ledger.snapshot():
                whole = ledger.sums(EVERYTHING)[0].sums
                apps = ledger.sums(EVERYTHING._replace(by=("app",)))
                users = ledger.sums(EVERYTHING._replace(by=("user",)))
                raw = len(stored(ledger))
            for groups in (apps, users):
                assert sum(group.sums["cost"] for group in groups) == whole["cost"]
                assert sum(group.sums["requests"] for group in groups) == whole["requests"] == raw
    return "read"


def _create(path: Path, writer: int, start: Barrier) -> str:
    start.wait(60)
    with closing(SqliteLedger(path, write=True)) as ledger:
        add(ledger, row(f"openai:{writer}"))
    return "created"


def _answer(job: Job, path: Path, number: int, start: Barrier, answers: Queue[Answer]) -> None:
    try:
        answers.put((job(path, number, start), ""))
    except BaseException as error:  # noqa: BLE001, RUF100 - whatever it was, the parent must hear of it
        answers.put(("failed", repr(error)))


def run(path: Path, jobs: list[Job]) -> list[Answer]:
    """Run each job in a process of its own, all let go at once; their answers."""
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(len(jobs)), context.Queue()
    processes = [
        context.Process(target=_answer, args=(job, path.absolute(), number, start, answers))
        for number, job in enumerate(jobs)
    ]
    for process in processes:
        process.start()
    found = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)
    return sorted(found)


def test_four_writers_and_a_reader_share_a_ledger() -> None:
    path = Path("ledger.db")
    SqliteLedger(path, write=True).close()
    assert run(path, [_write] * WRITERS + [_read]) == [("read", "")] + [("written", "")] * WRITERS
    expected = standing(one for writer in range(WRITERS) for one in _rows(writer))
    with closing(SqliteLedger(path, write=False)) as ledger:
        assert len(expected) == 600
        assert stored(ledger) == expected
        for by in ((), ("app",), ("user",)):
            query = EVERYTHING._replace(by=by)
            assert summed(ledger, query) == totals(expected, query)
        assert ledger.check() == []


def test_processes_that_make_the_same_ledger_at_once_all_succeed() -> None:
    for round_ in range(3):
        path = Path(f"ledger{round_}.db")
        assert run(path, [_create] * 4) == [("created", "")] * 4
        with closing(SqliteLedger(path, write=False)) as ledger:
            assert len(stored(ledger)) == 4
            assert ledger.check() == []
