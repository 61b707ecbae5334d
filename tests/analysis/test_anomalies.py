"""Dear requests and unusual days, in ledgers whose answers are worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from llmcost.analysis.anomalies import Anomalies, Explained, anomalies, dear_requests
from llmcost.analysis.outlook import outlook
from llmcost.core.instants import DAY_US, Granularity, Period, to_us
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import UNPRICED, Basis, PricedRecord
from llmcost.ledger.sqlite import SqliteLedger

USD = 10**9
NOW = to_us(datetime(2026, 11, 23, tzinfo=UTC))  # a Monday
HOUR = 3_600_000_000


@pytest.fixture
def ledger() -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(MEMORY, write=True)) as made:
        yield made


def put(ledger: SqliteLedger, *rows: tuple[int, int | None, str], **fields: str) -> None:
    """Rows of (time, nano-USD, app)."""
    number = ledger.begin_batch("test", NOW)
    model = fields.get("model", "gpt-4o")
    ledger.add(
        [
            PricedRecord(
                Record(ts, f"p:{app}{at}{ts}{fields}", "openai", model, Usage(input=1), app=app),
                cost, () if cost is None else (cost, *(0,) * 12),
                Basis(UNPRICED) if cost is None else Basis("card", "exact", "test", "{}"),
            )
            for at, (ts, cost, app) in enumerate(rows)
        ],
        number,
    )  # fmt: skip


def week(ledger: SqliteLedger, zone: tzinfo = UTC, granularity: Granularity = "day") -> Anomalies:
    start = to_us(datetime(2026, 11, 16, tzinfo=zone).astimezone(UTC))
    end = to_us(datetime(2026, 11, 23, tzinfo=zone).astimezone(UTC))
    found = anomalies(ledger, Period(start, end, zone, "week"), granularity=granularity)
    assert found is not None
    return found


def days(ledger: SqliteLedger, app: str, daily: int, count: int = 63, zone: tzinfo = UTC) -> None:
    """`daily` nano-USD at noon of each of the last `count` local days."""
    noon = to_us(datetime(2026, 11, 22, 12, tzinfo=zone).astimezone(UTC))
    put(ledger, *((noon - back * DAY_US, daily + back % 3, app) for back in range(count)))


def test_a_request_above_twice_the_continuous_percentile_of_its_app(ledger: SqliteLedger) -> None:
    # Of 1 .. 21 dollars the 95th percentile lies at place 19 (from 0): 20 dollars. Only above 40 is dear.
    put(ledger, *((NOW - 2 * DAY_US + at, (at + 1) * USD, "chat") for at in range(21)))
    assert dear_requests(ledger, NOW) == ()
    put(ledger, (NOW - 5, 60 * USD, "chat"), (NOW - 4, 39 * USD, "other"), (NOW - 6 * DAY_US, 90 * USD, "other"))
    (dear,) = dear_requests(ledger, NOW)
    assert (dear.stored.priced.cost, dear.stored.priced.record.app) == (60 * USD, "chat")
    # With 22 requests the place is 19.95: between 20 and 21 dollars.
    assert dear.p95 == 20 * USD + Fraction(95, 100) * USD
    assert dear.mean == Fraction((sum(range(1, 22)) + 60) * USD, 22)


def test_the_percentile_is_the_one_asked_for(ledger: SqliteLedger) -> None:
    put(ledger, *((NOW - 9 - at, (at + 1) * USD, "chat") for at in range(21)))
    assert [dear.stored.priced.cost for dear in dear_requests(ledger, NOW, 25)] == [
        at * USD for at in range(21, 12, -1)
    ]
    assert dear_requests(ledger, NOW, 50) == ()


def test_only_the_last_day_is_asked_of_but_seven_make_the_percentile(ledger: SqliteLedger) -> None:
    put(ledger, *((NOW - 3 * DAY_US - at, USD, "chat") for at in range(40)), (NOW - 8 * DAY_US, 99 * USD, "chat"))
    put(ledger, (NOW - DAY_US - 1, 9 * USD, "chat"), (NOW - DAY_US, 9 * USD, "chat"), (NOW, 9 * USD, "chat"))
    assert [dear.stored.priced.record.ts for dear in dear_requests(ledger, NOW)] == [NOW - DAY_US]


def test_a_report_lists_ten_and_counts_all(ledger: SqliteLedger) -> None:
    put(ledger, *((NOW - 3 * DAY_US - at, USD, "chat") for at in range(400)))
    put(ledger, *((NOW - 2 * DAY_US - at, (at + 3) * USD, "chat") for at in range(12)))
    found = week(ledger)
    assert (found.request_count, found.request_cost) == (12, sum(range(3, 15)) * USD)
    assert [dear.stored.priced.cost for dear in found.requests] == [at * USD for at in range(14, 4, -1)]


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")])
def test_a_day_of_three_times_the_usual_and_what_explains_it(ledger: SqliteLedger, zone: tzinfo) -> None:
    days(ledger, "chat", 20 * USD, zone=zone)
    days(ledger, "calm", 20 * USD, zone=zone)
    late = to_us(datetime(2026, 11, 18, 23, 30, tzinfo=zone).astimezone(UTC))
    put(ledger, (late, 40 * USD, "chat"), model="gpt-5")
    (episode,) = week(ledger, zone).episodes
    assert (episode.app, episode.cost // USD, episode.expected // USD, episode.excess // USD) == ("chat", 60, 20, 40)
    assert episode.start == to_us(datetime(2026, 11, 18, tzinfo=zone).astimezone(UTC))
    assert episode.end == episode.start + DAY_US
    assert episode.explained == (Explained("model", "gpt-5", 40 * USD),)


def test_days_without_spend_are_told_unless_prices_are_missing(ledger: SqliteLedger) -> None:
    days(ledger, "stopped", 20 * USD)
    ledger.undo(1)
    noon = NOW - DAY_US // 2
    for app in ("stopped", "unknown"):
        put(ledger, *((noon - back * DAY_US, 20 * USD, app) for back in range(2, 63)))
    put(ledger, (noon, None, "unknown"), (noon - DAY_US, None, "unknown"))
    (episode,) = week(ledger).episodes
    assert (episode.app, episode.cost, episode.expected) == ("stopped", 0, 40 * USD)
    assert (episode.end - episode.start, episode.excess) == (2 * DAY_US, -40 * USD)


def test_a_new_app_is_no_anomaly_and_neither_are_cents(ledger: SqliteLedger) -> None:
    days(ledger, "new", 50 * USD, count=5)
    days(ledger, "small", USD // 100)
    put(ledger, (NOW - 3 * DAY_US, 3 * USD, "small"))
    assert week(ledger).episodes == ()


def test_of_a_day_that_is_not_over_only_more_is_told(ledger: SqliteLedger) -> None:
    noon = NOW - DAY_US // 2
    for app in ("less", "more"):
        put(ledger, *((noon - back * DAY_US, 20 * USD, app) for back in range(1, 63)))
    put(ledger, (NOW - 23 * HOUR, 90 * USD, "more"), (NOW - 23 * HOUR, USD, "less"))
    found = anomalies(ledger, Period(NOW - 7 * DAY_US, NOW - 20 * HOUR, UTC, ""))
    assert found is not None
    assert [episode.app for episode in found.episodes] == ["more"]


def test_hours_are_compared_with_the_same_hours(ledger: SqliteLedger) -> None:
    put(ledger, *((NOW - back * HOUR, (12 if back % 24 < 8 else 2) * USD, "chat") for back in range(1, 49 * 24)))
    assert week(ledger, granularity="hour").episodes == ()
    put(ledger, (NOW - 60 * HOUR, 10 * USD, "chat"))
    (episode,) = week(ledger, granularity="hour").episodes
    assert (episode.end - episode.start, episode.cost, episode.expected) == (HOUR, 12 * USD, 2 * USD)


def test_where_rows_were_compacted_nothing_is_said(ledger: SqliteLedger) -> None:
    days(ledger, "chat", 20 * USD)
    ledger.compact(NOW - 3 * DAY_US)
    assert anomalies(ledger, Period(NOW - 7 * DAY_US, NOW, UTC, "")) is None
    assert anomalies(ledger, Period(NOW - 3 * DAY_US, NOW, UTC, "")) is not None


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")])
@pytest.mark.parametrize("where", [(), (("app", "chat"),), (("user", ""),), (("user", ""), ("session", ""))])
def test_after_compaction_what_is_left_is_looked_at(
    ledger: SqliteLedger, zone: tzinfo, where: tuple[tuple[str, str], ...]
) -> None:
    days(ledger, "chat", 20 * USD, zone=zone)
    put(ledger, (NOW - DAY_US, 70 * USD, "chat"), *((NOW - DAY_US - at, USD, "chat") for at in range(1, 99)))
    ledger.compact(NOW - 12 * DAY_US)
    day = Period(NOW - 2 * DAY_US, NOW, zone, "")
    found = anomalies(ledger, day, where=where)
    assert found is not None
    assert [dear.stored.priced.cost for dear in found.requests] == [70 * USD]
    ledger.compact(NOW - 3 * DAY_US)
    assert anomalies(ledger, day, where=where) is not None
    assert outlook(ledger, NOW, zone, where).spent > 0
