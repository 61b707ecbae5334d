"""What one of each costs, by hand-made ledgers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.analysis.units import Units, quantile, units
from llmcost.core.errors import UsageError
from llmcost.core.instants import DAY_US, Period, to_us
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import UNPRICED, Basis, PricedRecord
from llmcost.ledger.sqlite import SqliteLedger

T0 = to_us(datetime(2026, 11, 16, tzinfo=UTC))
WEEK = Period(T0, T0 + 7 * DAY_US, UTC, "week")


@pytest.fixture
def ledger() -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(MEMORY, write=True)) as made:
        yield made


def put(ledger: SqliteLedger, *rows: tuple[int | None, dict[str, Any]]) -> None:
    ledger.add(
        [
            PricedRecord(
                Record(T0 + at, f"p:{at}", "openai", "m", Usage(input=1))._replace(**fields), cost,
                () if cost is None else (cost, *(0,) * 12), Basis(UNPRICED) if cost is None else Basis("c"),
            )
            for at, (cost, fields) in enumerate(rows)
        ],
        ledger.begin_batch("test", T0),
    )  # fmt: skip


def told(found: Units) -> dict[str, tuple[int, int, int]]:
    return {unit.name: (unit.number, unit.cost, unit.unattributed) for unit in found.units}


def test_users_sessions_features_and_tasks(ledger: SqliteLedger) -> None:
    tagged = {"tags": (("feature", "search"),)}
    put(ledger, (10, {"user": "ann", **tagged}), (20, {"user": "bob", "session": "s", "prompt_id": "x.j2"}),
        (30, {"user": "ann"}), (40, {}))  # fmt: skip
    found = units(ledger, WEEK)
    assert told(found) == {"user": (2, 60, 40), "session": (1, 20, 80), "feature": (1, 10, 90), "task": (1, 20, 80)}
    user = found.units[0]
    assert user.average == user.median == 30
    assert user.p90 == 38


def test_other_dimensions_for_features_and_tasks(ledger: SqliteLedger) -> None:
    put(ledger, (10, {"app": "a", "operation": "chat"}), (20, {"app": "b"}))
    assert told(units(ledger, WEEK, feature="app", task="operation"))["feature"] == (2, 30, 0)
    with pytest.raises(UsageError, match="unknown dimension"):
        units(ledger, WEEK, feature="colour")


def test_a_success_costs_what_the_failures_cost_as_well(ledger: SqliteLedger) -> None:
    put(ledger, (10, {}), (20, {"status": "error"}), (None, {}), (30, {}), (None, {"status": "error"}))
    found = units(ledger, WEEK)
    # $60 for three priced requests, and for two priced successes: what has no price is no success for nothing.
    assert found.per_request == 20
    assert found.per_success == 30
    assert found.succeeded["requests"] == 3
    assert found.units[0].average is None


def test_who_has_no_priced_request_is_no_unit_of_zero(ledger: SqliteLedger) -> None:
    put(ledger, (10, {"user": "ann"}), (30, {"user": "bob"}), (None, {"user": "bob"}), (None, {"user": "eve"}))
    user = units(ledger, WEEK).units[0]
    assert (user.number, user.unknown, user.unpriced) == (2, 1, 2)
    assert user.average == user.median == 20


def test_what_subscriptions_cover_is_told(ledger: SqliteLedger) -> None:
    put(ledger, (10, {"unmetered": True}), (20, {}))
    assert tuple(units(ledger, WEEK).covered) == (1, 10)


def test_without_requests_nothing_is_known(ledger: SqliteLedger) -> None:
    found = units(ledger, WEEK)
    assert (found.per_request, found.per_success, quantile([], Fraction(1, 2))) == (None, None, None)


@given(st.lists(st.tuples(st.none() | st.integers(0, 10**9), st.sampled_from(["", "ann", "bob"])), max_size=12))
def test_attributed_and_not_are_all_of_it(rows: list[tuple[int | None, str]]) -> None:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        put(ledger, *((cost, {"user": user}) for cost, user in rows))
        found = units(ledger, WEEK)
    for unit in found.units:
        assert unit.cost + unit.unattributed == found.total["cost"] == sum(cost or 0 for cost, _ in rows)
