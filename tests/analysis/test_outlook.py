"""The month's end, as a budget of the month would foretell it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from llmcost.analysis.outlook import outlook
from llmcost.budgets.check import check
from llmcost.budgets.model import Budget, Limit, Window
from llmcost.core.instants import DAY_US, to_us
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import UNPRICED, Basis, PricedRecord
from llmcost.ledger.sqlite import SqliteLedger

USD = 10**9
NOW = to_us(datetime(2026, 11, 23, 15, tzinfo=UTC))


def put(ledger: SqliteLedger, *rows: tuple[int, int | None]) -> None:
    ledger.add(
        [
            PricedRecord(
                Record(ts, f"p:{ts}", "openai", "m", Usage(input=1)), cost,
                () if cost is None else (cost, *(0,) * 12), Basis(UNPRICED) if cost is None else Basis("c"),
            )
            for ts, cost in rows
        ],
        ledger.begin_batch("test", NOW),
    )  # fmt: skip


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")])
@pytest.mark.parametrize("count", [0, 3, 60])
def test_it_is_that_of_a_monthly_budget(zone: tzinfo, count: int) -> None:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        put(ledger, *((NOW - back * DAY_US, (10 + back % 7) * USD) for back in range(count)))
        found = outlook(ledger, NOW, zone)
        limit = Limit(Window("month"), "usd", 10**15)
        standing = check(ledger, [Budget("all", (), (limit,))], now=NOW, zone=zone).standings[0]
    assert (found.spent, found.forecast) == (standing.spent, standing.forecast)
    assert found.month._replace(label="") == standing.period._replace(label="")


def test_what_has_no_price_is_counted() -> None:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        put(ledger, (NOW - DAY_US, None), (NOW, 5 * USD), (NOW + 1, 7 * USD), (NOW - 40 * DAY_US, None))
        found = outlook(ledger, NOW, UTC)
    assert (found.spent, found.unpriced) == (5 * USD, 1)
