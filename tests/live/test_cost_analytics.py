"""The article's CostAnalytics: same calls, same keys, exact numbers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.errors import UsageError
from llmcost.core.instants import DAY_US
from llmcost.core.usage import Usage
from llmcost.ledger.protocol import PricedRecord
from llmcost.live.cost_analytics import CostAnalytics
from llmcost.live.visualization import plot_cost_breakdown
from tests.budgets.rows import USD, ledger, row, us

NOW = us("2026-11-20T10:00:00Z")
STORE = Path("ledger.db")
BERLIN = ZoneInfo("Europe/Berlin")


def analytics(*rows: PricedRecord, now: int = NOW, tz: str = "UTC") -> CostAnalytics:
    ledger(*rows, path=STORE).close()
    return CostAnalytics(STORE, tz=tz, clock=lambda: now)


def at(day: int, hour: int = 0, **more: Any) -> datetime:
    return datetime(2026, 11, day, hour, **more)  # noqa: DTZ001 - the analytics' zone


ROWS = [
    row(
        "2026-11-18T09:00:00Z", "chat", 2 * USD, model="big", usage=Usage(input=100, cached=50, output=20, reasoning=5)
    ),
    row("2026-11-18T10:00:00Z", "chat", USD // 2, model="small", usage=Usage(input=10, output=1)),
    row("2026-11-19T09:00:00Z", "batch", USD, model="small", usage=Usage(output=4)),
    row("2026-11-19T10:00:00Z", "batch", None, model="mystery", usage=Usage(input=7, output=3)),
    row("2026-11-20T09:00:00Z", "lab", None, model="mystery", usage=Usage(input=1)),
]


def test_by_model_and_by_the_articles_name_of_the_app() -> None:
    costs = analytics(*ROWS)
    assert costs.get_cost_by_dimension(at(18), at(20)) == [
        {
            "model": "big", "total_cost": Decimal(2), "total_input": 150, "total_output": 25, "request_count": 1,
            "unpriced_requests": 0,
        },
        {
            "model": "small", "total_cost": Decimal("1.5"), "total_input": 10, "total_output": 5, "request_count": 2,
            "unpriced_requests": 0,
        },
        {
            "model": "mystery", "total_cost": None, "total_input": 7, "total_output": 3, "request_count": 1,
            "unpriced_requests": 1,
        },
    ]  # fmt: skip
    apps = costs.get_cost_by_dimension(at(18), at(20), "app_id")
    assert [(each["app_id"], each["total_cost"], each["unpriced_requests"]) for each in apps] == [
        ("chat", Decimal("2.5"), 0), ("batch", Decimal(1), 1),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="unknown dimension 'cost; DROP TABLE request'"):
        costs.get_cost_by_dimension(at(18), at(20), "cost; DROP TABLE request")


def test_a_period_ends_before_its_end_and_must_not_be_empty() -> None:
    costs = analytics(*ROWS)
    assert [each["model"] for each in costs.get_cost_by_dimension(at(18, 9), at(18, 10))] == ["big"]
    assert costs.get_cost_by_dimension(at(1), at(2)) == []
    with pytest.raises(UsageError, match="is empty"):
        costs.get_cost_by_dimension(at(18), at(18))


def test_times_without_an_offset_are_of_the_zone() -> None:
    costs = analytics(*ROWS, tz="Europe/Berlin")
    # 10:00 in Berlin is 09:00 UTC.
    for start in (
        at(18, 10),
        at(18, 10, tzinfo=BERLIN),
        at(18, 9, tzinfo=UTC),
        at(18, 4, tzinfo=timezone(-timedelta(hours=5))),
    ):
        found = costs.get_cost_by_dimension(start, start + timedelta(minutes=1))
        assert [each["model"] for each in found] == ["big"]


def test_the_trend_has_every_day_of_the_zone() -> None:
    costs = analytics(*ROWS, row("2026-11-17T23:30:00Z", "chat", 7), tz="Europe/Berlin")
    trend = costs.get_cost_trend(days=3)
    assert [list(each) for each in trend] == [["period", "daily_cost", "daily_tokens", "unpriced_requests"]] * 4
    assert [tuple(each.values()) for each in trend] == [
        (at(17, tzinfo=BERLIN), Decimal(0), 0, 0),
        (at(18, tzinfo=BERLIN), Decimal("2.500000007"), 175 + 11 + 10, 0),
        (at(19, tzinfo=BERLIN), Decimal(1), 4 + 10, 1),
        (at(20, tzinfo=BERLIN), None, 1, 1),
    ]


@pytest.mark.parametrize(
    ("granularity", "starts"),
    [
        (
            "hour",
            [at(19, hour, tzinfo=UTC) for hour in range(10, 24)] + [at(20, hour, tzinfo=UTC) for hour in range(10)],
        ),
        ("day", [at(19, tzinfo=UTC), at(20, tzinfo=UTC)]),
        ("week", [at(16, tzinfo=UTC)]),
        ("month", [at(1, tzinfo=UTC)]),
    ],
)
def test_points_begin_where_their_hour_day_week_or_month_does(granularity: str, starts: Sequence[datetime]) -> None:
    trend = analytics(*ROWS).get_cost_trend(1, granularity)
    assert [each["period"] for each in trend] == starts


def test_a_trend_that_cannot_be() -> None:
    costs = analytics()
    with pytest.raises(UsageError, match="unknown granularity 'year'"):
        costs.get_cost_trend(granularity="year")
    with pytest.raises(UsageError, match="a trend of 0 days"):
        costs.get_cost_trend(0)
    with pytest.raises(UsageError, match="4,800 points"):
        costs.get_cost_trend(200, "hour")
    assert [each["daily_cost"] for each in costs.get_cost_trend(1)] == [0, 0]


def test_the_report_has_the_six_keys_of_the_article() -> None:
    report = analytics(*ROWS).generate_cost_report(at(18), at(20))
    assert list(report) == ["period", "summary", "by_model", "by_app", "trend", "anomalies"]
    assert report["period"] == "2026-11-18T00:00:00Z to 2026-11-20T00:00:00Z"
    assert report["summary"] == {
        "total_cost": Decimal("3.5"),
        "total_input": 167,
        "total_output": 33,
        "total_requests": 4,
        "avg_cost_per_request": Decimal("3.5") / 3,
        "avg_tokens_per_request": 50.0,
        "unpriced_requests": 1,
    }
    assert [each["model"] for each in report["by_model"]] == ["big", "small", "mystery"]
    assert [each["app_id"] for each in report["by_app"]] == ["chat", "batch"]
    # Of the 30 days before the report's end, as it was then: the 20th is not among them.
    assert len(report["trend"]) == 30
    assert report["trend"][-1]["period"] == at(19, tzinfo=UTC)
    assert report["trend"][-2]["daily_cost"] == Decimal("2.5")
    assert report["anomalies"] == []


def test_a_report_of_nothing() -> None:
    report = analytics().generate_cost_report(at(18), at(30))
    assert report["summary"] == {
        "total_cost": 0, "total_input": 0, "total_output": 0, "total_requests": 0, "avg_cost_per_request": None,
        "avg_tokens_per_request": None, "unpriced_requests": 0,
    }  # fmt: skip
    assert report["by_model"] == report["by_app"] == []
    # Its end lies ahead: the trend ends now.
    assert report["trend"][-1]["period"] == at(20, tzinfo=UTC)


#: 100, 200, … 2,000 nano-USD; with a 21st of more, their 95th percentile is the 20th of them: 2,000.
SPREAD = [row(f"2026-11-18T09:00:{number:02}Z", "chat", number * 100, id=f"a:{number}") for number in range(1, 21)]


def test_anomalies_are_dear_requests_of_the_last_day() -> None:
    dear = row("2026-11-20T09:00:00Z", "chat", 4_001, id="a:dear", user="ann", usage=Usage(input=3, output=4))
    fine = row("2026-11-20T09:00:00Z", "chat", 4_000, id="a:fine")
    assert analytics(*SPREAD, fine).identify_cost_anomalies() == []
    found = analytics(
        *SPREAD, dear._replace(record=dear.record._replace(id="b:dear", app="other"))
    ).identify_cost_anomalies()
    assert found == []
    STORE.unlink()
    (only,) = analytics(*SPREAD, dear).identify_cost_anomalies()
    assert only == {
        "timestamp": at(20, 9, tzinfo=UTC), "request_id": "a:dear", "provider": "acme", "model": "one",
        "app_id": "chat", "user": "ann", "input_tokens": 3, "output_tokens": 4, "cost": Decimal("0.000004001"),
        "avg_cost": Decimal(25_001) / 21 / 10**9, "p95_cost": Decimal("0.000002"),
    }  # fmt: skip
    later = CostAnalytics(STORE, clock=lambda: NOW + DAY_US)
    assert later.identify_cost_anomalies() == []
    assert later.generate_cost_report(at(18), at(20, 10))["anomalies"] == [only]


@pytest.mark.parametrize("percentile", [0, 101, -5, 99.5, "95", True])
def test_a_percentile_is_a_whole_number(percentile: Any) -> None:
    with pytest.raises(UsageError, match="not a percentile"):
        analytics().identify_cost_anomalies(percentile)


def test_an_open_ledger_serves_as_well_and_stays_open() -> None:
    with closing(ledger(*ROWS)) as store:
        costs = CostAnalytics(store, clock=lambda: NOW)
        assert costs.generate_cost_report(at(18), at(20))["summary"]["total_requests"] == 4
        assert len(costs.get_cost_by_dimension(at(18), at(21), "provider")) == 1


def test_any_thread_may_ask() -> None:
    costs, found = analytics(*ROWS), []
    threads = [Thread(target=lambda: found.append(costs.generate_cost_report(at(18), at(20)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [costs.generate_cost_report(at(18), at(20))] * 4


def test_an_unknown_zone_is_named() -> None:
    with pytest.raises(UsageError, match="unknown time zone 'Mars'"):
        CostAnalytics(STORE, tz="Mars")


@given(st.lists(st.tuples(st.integers(0, 3 * DAY_US - 1), st.sampled_from("abc"), st.integers(0, 10**12)), max_size=12))
def test_every_part_of_a_report_adds_up(made: list[tuple[int, str, int]]) -> None:
    start = us("2026-11-17T00:00:00Z")
    rows = [
        row("2026-11-17T00:00:00Z", app, nano, id=f"a:{number}", ts=start + offset, model=app * 2)
        for number, (offset, app, nano) in enumerate(made)
    ]
    with closing(ledger(*rows)) as store:
        report = CostAnalytics(store, clock=lambda: NOW).generate_cost_report(at(17), at(20))
    total = Decimal(sum(nano for _, _, nano in made)) / 10**9
    assert report["summary"]["total_cost"] == total
    for part in ("by_model", "by_app"):
        assert sum(each["total_cost"] for each in report[part]) == total
    assert sum(each["daily_cost"] or 0 for each in report["trend"]) == total
    assert sum(each["daily_tokens"] for each in report["trend"]) == 10 * len(made)


def test_the_articles_figure() -> None:
    made = plot_cost_breakdown(analytics(*ROWS), at(18), at(21))
    titles = [axes.get_title() for axes in made.axes]
    assert titles == [
        "Cost by model", "Cost per day and app", "Tokens by app", "The same as cost",
        "Cost against requests by app", "",
    ]  # fmt: skip
    assert tuple(made.get_size_inches()) == (15, 12)
    made.savefig("costs.png")
    assert Path("costs.png").read_bytes().startswith(b"\x89PNG")
    assert "matplotlib.pyplot" not in sys.modules
