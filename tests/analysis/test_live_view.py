"""The last hour and today, up to now itself."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from llmcost.analysis.live_view import MINUTE_US, Frame, frame
from llmcost.core.instants import to_us
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import UNPRICED, Basis, PricedRecord
from llmcost.ledger.sqlite import SqliteLedger

USD = 10**9
NOW = to_us(datetime(2026, 11, 23, 17, 30, 45, tzinfo=UTC))


def seen(*rows: tuple[int, int | None, str], zone: tzinfo = UTC) -> Frame:
    """Of rows (microseconds before now, nano-USD, app)."""
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ledger.add(
            [
                PricedRecord(
                    Record(NOW - before, f"p:{at}", "openai", "m", Usage(input=1), app=app), cost,
                    () if cost is None else (cost, *(0,) * 12), Basis(UNPRICED) if cost is None else Basis("c"),
                )
                for at, (before, cost, app) in enumerate(rows)
            ],
            ledger.begin_batch("test", NOW),
        )  # fmt: skip
        return frame(ledger, NOW, zone)


def test_minutes_are_those_of_the_clock() -> None:
    found = seen(
        (0, 1, "a"), (46 * 10**6, 2, "a"), (45 * 10**6, 4, "a"), (59 * MINUTE_US, 8, "a"), (60 * MINUTE_US, 16, "a")
    )
    assert [each.cost for each in found.minutes[-2:]] == [2, 5]
    assert (found.minutes[0].cost, len(found.minutes)) == (8, 60)
    assert found.today["cost"] == 31


def test_what_is_to_come_is_not_there_yet() -> None:
    found = seen((-1, 5, "a"), (0, 7, "a"))
    assert (found.today["cost"], found.minutes[-1].cost, found.newest_us) == (7, 7, NOW)


@pytest.mark.parametrize(
    ("zone", "cost"), [(UTC, 3), (ZoneInfo("Asia/Shanghai"), 1), (ZoneInfo("America/New_York"), 3)]
)
def test_today_is_the_zones(zone: tzinfo, cost: int) -> None:
    # In Shanghai it is past one o'clock of the next day; in New York noon.
    assert (
        seen((0, 1, "a"), (3 * 60 * MINUTE_US, 2, "a"), (18 * 60 * MINUTE_US, 4, "a"), zone=zone).today["cost"] == cost
    )


def test_apps_and_requests_are_the_dearest() -> None:
    found = seen(*((at, at * USD, f"app-{at:02}") for at in range(11)), (5, None, "unknown"))
    assert [group.key[0] for group in found.apps] == [f"app-{at:02}" for at in range(10, 2, -1)]
    assert found.others == 4
    assert [row.priced.cost for row in found.requests] == [at * USD for at in range(10, 5, -1)]
    assert found.today["unpriced"] == 1


def test_an_empty_ledger() -> None:
    found = seen()
    assert (found.today["requests"], found.apps, found.requests, found.newest_us) == (0, (), (), None)
