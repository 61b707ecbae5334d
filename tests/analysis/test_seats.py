"""What seats cost, what they were worth, and what was paid beside them: three figures that are never one."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date
from fractions import Fraction
from pathlib import Path

import pytest

from llmcost.analysis.seats import Person, Seat, SeatReport, seats
from llmcost.core.errors import UsageError
from llmcost.core.instants import Period
from llmcost.ledger.costs import FixedCost
from llmcost.ledger.protocol import UNPRICED, Basis
from llmcost.ledger.sqlite import SqliteLedger
from tests.ledger.samples import DAY, T0, add, row

MARCH = Period(T0 - DAY, T0 + 30 * DAY, UTC, "")


def seat(name: str, user: str, amount: int, tool: str = "tool", start: date = date(2026, 1, 1)) -> FixedCost:
    return FixedCost(name, "seat", amount, "month", start, user=user, tool=tool)


def asked(*entries: FixedCost, compact: int | None = None) -> SeatReport:
    with closing(SqliteLedger(Path(":memory:"), write=True)) as ledger:
        add(
            ledger,
            row("o:1", user="ann", source="tool", unmetered=True, tokens=100),
            row("o:2", user="ann", source="tool", unmetered=True, tokens=200, ts=T0 + 3 * DAY),
            row("o:3", user="ann", source="tool", tokens=10),
            row("o:4", user="ann", source="gateway", tokens=20),
            row("o:5", user="bob", source="tool", unmetered=True, tokens=1),
            row("o:6", user="bob", source="tool", unmetered=True, basis=Basis(UNPRICED), ts=T0 + DAY),
            row("o:7", user="eve", source="tool", unmetered=True, tokens=9),
            row("o:8", user="kim", source="gateway", tokens=5000),
            row("o:9", user="dan", source="gateway", basis=Basis(UNPRICED)),
        )
        ledger.costs.put(entries)
        if compact is not None:
            ledger.compact(compact)
        return seats(ledger, MARCH)


def test_price_worth_use_and_overage_of_each_seat() -> None:
    found = asked(
        seat("a", "ann", 1000), seat("b", "bob", 500), seat("c", "ann", 30, "other"), seat("d", "dan", 40),
        FixedCost("gpu", "infrastructure", 10**9, "month", date(2026, 1, 1)),
    )  # fmt: skip
    other, ann, bob, dan, eve = found.seats
    # 300 tokens at 7 nano-USD.
    assert ann == Seat("ann", "tool", 1000, 2100, 2, 0, T0 + 3 * DAY)
    assert (ann.utilisation, ann.underused) == (Fraction(21, 10), False)
    assert other == Seat("ann", "other", 30, 0, 0, 0, None)
    assert (other.utilisation, other.underused) == (Fraction(0), True)
    assert bob == Seat("bob", "tool", 500, 7, 2, 1, T0 + DAY)
    # One of bob's requests has no price: perhaps it was worth the rest.
    assert (bob.utilisation, bob.underused) == (Fraction(7, 500), None)
    assert (dan.underused, dan.last_us) == (True, None)
    assert eve == Seat("eve", "tool", None, 63, 1, 0, T0)
    assert (eve.utilisation, eve.underused) == (None, None)
    assert found.people == (
        Person("ann", 210, 2, 0), Person("bob", 0, 0, 0), Person("dan", 0, 1, 1), Person("eve", 0, 0, 0),
    )  # fmt: skip
    assert (found.price, found.value, found.overage) == (1570, 2170, 210)


def test_a_seat_whose_price_changed_costs_both_in_turn_and_one_that_is_free_is_never_underused() -> None:
    found = asked(seat("a", "ann", 310), seat("a", "ann", 620, start=date(2026, 3, 16)), seat("b", "zoe", 31))
    # 15 days at 10 and 16 at 20.
    assert found.seats[0].price == 150 + 320
    assert not Seat("x", "y", 0, 0, 0, 0, None).underused


def test_compacted_rows_no_longer_say_who_used_what() -> None:
    with pytest.raises(UsageError, match="before 2026-03-03 \\(UTC\\) were compacted"):
        asked(compact=T0 + DAY)
