"""The breakdown's panes add up to the ledger's totals."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.analysis.breakdown import AppUse, Breakdown, Line, ModelCost, breakdown
from llmcost.core.errors import UsageError
from llmcost.core.instants import DAY_US, Period
from llmcost.core.usage import COST_PARTS, Usage
from llmcost.ledger.protocol import Basis, PricedRecord
from tests.budgets.rows import ledger, row, us

START = us("2026-11-18T00:00:00Z")
WEEK = Period(START, START + 3 * DAY_US, UTC, "test")


def split(when: str, app: str, parts: dict[str, int], usage: Usage, **more: Any) -> PricedRecord:
    """A request whose cost has these parts, nano-USD."""
    record = row(when, app, 0, usage=usage, **more).record
    return PricedRecord(record, sum(parts.values()), tuple(parts.get(name, 0) for name in COST_PARTS), Basis("card"))


def of(*rows: PricedRecord, period: Period = WEEK, **more: Any) -> Breakdown:
    with closing(ledger(*rows)) as store:
        return breakdown(store, period, **more)


def test_every_pane_of_a_small_ledger() -> None:
    found = of(
        split(
            "2026-11-18T09:00:00Z", "chat", {"input": 2, "cached": 3, "output": 10, "reasoning": 5, "web_searches": 7},
            Usage(input=100, cached=50, output=20, reasoning=4), model="big", id="a:1",
        ),
        split("2026-11-19T09:00:00Z", "chat", {"input": 1, "output": 1}, Usage(input=9, output=2), id="a:2"),
        split("2026-11-20T23:59:59Z", "batch", {"output": 4, "fees": 50}, Usage(output=2), id="a:3"),
        row("2026-11-20T10:00:00Z", "batch", None, model="mystery", usage=Usage(input=1_000)),
        row("2026-11-17T23:59:59Z", "chat", 999),
        row("2026-11-21T00:00:00Z", "chat", 999),
    )  # fmt: skip
    assert found.models == (ModelCost("one", 2, 0, 56), ModelCost("big", 1, 0, 27), ModelCost("mystery", 1, 1, 0))
    assert found.apps == (AppUse("batch", 2, 1, 1_000, 2, 54, 0, 4), AppUse("chat", 2, 0, 159, 26, 29, 6, 16))
    assert [app.other_cost for app in found.apps] == [50, 7]
    assert found.cuts == tuple(START + day * DAY_US for day in range(4))
    assert found.trend == (Line("batch", (0, 0, 54)), Line("chat", (27, 2, 0)))
    assert (found.cost, found.requests, found.unpriced) == (83, 4, 1)


def test_filters_apply_to_every_pane() -> None:
    found = of(
        row("2026-11-18T09:00:00Z", "chat", 5), row("2026-11-18T10:00:00Z", "batch", 7), where=(("app", "chat"),)
    )
    assert found.models == (ModelCost("one", 1, 0, 5),)
    assert [app.app for app in found.apps] == ["chat"]
    assert found.trend == (Line("chat", (5, 0, 0)),)


def test_five_apps_have_their_own_line_and_a_single_sixth_keeps_its_name() -> None:
    rows = [row("2026-11-18T09:00:00Z", f"app{number}", 10 - number) for number in range(8)]
    six = of(*rows[:6])
    assert [line.app for line in six.trend] == ["app0", "app1", "app2", "app3", "app4", "app5"]
    eight = of(*rows)
    assert [line.app for line in eight.trend] == ["app0", "app1", "app2", "app3", "app4", None]
    assert eight.trend[-1].costs == (5 + 4 + 3, 0, 0)


def test_days_are_those_of_the_zone() -> None:
    zone = ZoneInfo("Europe/Berlin")
    # The clocks go back on 25 October: that day has 25 hours.
    period = Period(us("2026-10-24T22:00:00Z"), us("2026-10-26T23:00:00Z"), zone, "test")
    found = of(row("2026-10-25T22:59:59Z", "chat", 1), row("2026-10-25T23:00:00Z", "chat", 2), period=period)
    assert found.cuts == (us("2026-10-24T22:00:00Z"), us("2026-10-25T23:00:00Z"), us("2026-10-26T23:00:00Z"))
    assert found.trend == (Line("chat", (1, 2)),)


def test_an_empty_period_has_empty_panes() -> None:
    found = of()
    assert (found.models, found.apps, found.trend) == ((), (), ())
    assert (found.cost, found.requests, found.unpriced) == (0, 0, 0)


def test_too_many_points_are_refused() -> None:
    long = Period(START - 9_000 * DAY_US, START, UTC, "test")
    with pytest.raises(UsageError, match="9,000 points"):
        of(period=long)


@given(
    st.lists(
        st.tuples(
            st.integers(-DAY_US, 4 * DAY_US - 1), st.sampled_from([*"abcdefgh", "", "客服助手"]),
            st.sampled_from(["m", "n"]), st.none() | st.lists(st.integers(0, 10**12), min_size=13, max_size=13),
        ),
        max_size=30,
    ),
    st.sampled_from(["hour", "day", "week", "month"]),
)  # fmt: skip
def test_each_pane_adds_up_to_the_total(made: list[tuple[int, str, str, list[int] | None]], granularity: str) -> None:
    rows = []
    for number, (offset, app, model, parts) in enumerate(made):
        record = row("2026-11-18T00:00:00Z", app, None, model=model, id=f"p:{number}", ts=START + offset).record
        cost = None if parts is None else sum(parts)
        rows.append(PricedRecord(record, cost, tuple(parts or ()), Basis("unpriced" if parts is None else "card")))
    found = of(*rows, granularity=granularity)
    inside = [each for each in rows if WEEK.start <= each.record.ts < WEEK.end]
    total = sum(each.cost or 0 for each in inside)
    assert found.cost == total == sum(model.cost for model in found.models)
    assert total == sum(cost for line in found.trend for cost in line.costs)
    assert found.requests == len(inside) == sum(model.requests for model in found.models)
    assert all(len(line.costs) == len(found.cuts) - 1 for line in found.trend)
    assert all(min(app.input_cost, app.output_cost, app.other_cost) >= 0 for app in found.apps)
    assert found.unpriced == sum(each.cost is None for each in inside)
