"""Pricing again what the ledger holds."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ingest.pricing import Pricer
from llmcost.ingest.reprice import Repriced, reprice
from llmcost.ledger.protocol import Query
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.pricing.book import PriceBook
from llmcost.pricing.yaml_book import compile_yaml

DAY = 86_400_000_000
START = 20_000 * DAY
ALL = Query(0, 2**62)


def book(**usd_per_million: str) -> PriceBook:
    lines = ["version: 1", "models:"]
    for model, usd in usd_per_million.items():
        lines.append(f"  - {{model: {model}, provider: p, input: {usd}}}")
    return PriceBook([compile_yaml("\n".join(lines) + "\n", "book", name="book")])


def record(number: int, model: str, *, day: int = 0, reported: int | None = None, status: str = "ok") -> Record:
    return Record(
        START + day * DAY + number, f"p:{number}", "p", model, Usage(input=1_000 * number if status == "ok" else 0),
        reported_nano=reported, status=status,
    )  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    pricer = Pricer(book(known="1"))
    records = [
        record(1, "known"), record(2, "new"), record(3, "new", day=1), record(4, "new", day=400, reported=77),
        record(5, "never", day=400), record(6, "never", day=401, status="error"),
    ]  # fmt: skip
    with closing(SqliteLedger(path, write=True)) as ledger:
        ledger.add([pricer.price(each) for each in records], ledger.begin_batch("test", 0))
    return path


def costs(ledger: SqliteLedger) -> dict[str, int | None]:
    return {row.priced.record.id: row.priced.cost for row in ledger.requests(ALL, order="time", limit=None)}


def test_every_day_is_visited_and_totals_follow(path: Path) -> None:
    with closing(SqliteLedger(path, write=True)) as ledger:
        # 1,000 tokens at $1 per million are 1,000,000 nano-dollars.
        assert costs(ledger) == {"p:1": 1_000_000, "p:2": None, "p:3": None, "p:4": 77, "p:5": None, "p:6": 0}
        assert reprice(ledger, book(known="9", new="2"), ALL) == Repriced(4, 3, 1, 77, 18_000_000)
        assert costs(ledger) == {
            "p:1": 1_000_000, "p:2": 4_000_000, "p:3": 6_000_000, "p:4": 8_000_000, "p:5": None, "p:6": 0,
        }  # fmt: skip
        sums = ledger.sums(ALL)[0].sums
        assert (sums["cost"], sums["unpriced"], sums["reported_only"], sums["reported"]) == (19_000_000, 1, 0, 77)
        assert ledger.check() == []
        assert reprice(ledger, book(known="9", new="2"), ALL) == Repriced(1, 0, 1, 0, 0)


def test_everything(path: Path) -> None:
    with closing(SqliteLedger(path, write=True)) as ledger:
        done = reprice(ledger, book(known="9"), ALL, everything=True)
        assert done == Repriced(6, 1, 3, 1_000_077, 9_000_077)
        assert costs(ledger)["p:1"] == 9_000_000
        # No price any more: not known, never zero.
        assert reprice(ledger, book(other="1"), ALL, everything=True) == Repriced(6, 1, 4, 9_000_077, 77)
        assert costs(ledger)["p:1"] is None
        assert ledger.check() == []


@pytest.mark.parametrize(
    ("query", "changed"),
    [
        (Query(START, START + DAY), {"p:2"}),
        (Query(START + 2, START + DAY + 3), {"p:2"}),
        (Query(START + 3, START + DAY + 4), {"p:3"}),
        (Query(START + 2, START + 2), set()),
        (Query(-(2**62), START), set()),
        (Query(START + 401 * DAY, 2**62), set()),
        (Query(0, 2**62, where=(("model", "never"),)), set()),
    ],
)
def test_a_stretch_of_time(path: Path, query: Query, changed: set[str]) -> None:
    with closing(SqliteLedger(path, write=True)) as ledger:
        before = costs(ledger)
        done = reprice(ledger, book(new="2"), query)
        after = costs(ledger)
        assert {key for key in before if before[key] != after[key]} == changed
        assert done.changed == len(changed)
        assert ledger.check() == []


def test_an_empty_ledger(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "empty.db", write=True)) as ledger:
        assert reprice(ledger, book(new="2"), ALL, everything=True) == Repriced()


def test_a_rehearsal_takes_it_back(path: Path) -> None:
    with closing(SqliteLedger(path, write=True)) as ledger:
        before = costs(ledger)
        with ledger.rehearsal():
            assert reprice(ledger, book(new="2"), ALL).changed == 3
        assert costs(ledger) == before
        assert ledger.check() == []
