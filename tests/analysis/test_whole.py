"""The whole cost: every rule of sharing, and sums that are those of the groups exactly."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.analysis.whole import Key, Parts, WholeReport, whole
from llmcost.core.errors import UsageError
from llmcost.core.instants import Period
from llmcost.ledger.costs import FixedCost, Share
from llmcost.ledger.protocol import UNPRICED, Basis, Covered, Ledger, PricedRecord
from llmcost.ledger.sqlite import SqliteLedger
from tests.ledger.samples import DAY, T0, add, row

#: March 2026 begins on a Sunday, a day before T0.
MARCH = Period(T0 - DAY, T0 + 30 * DAY, UTC, "")
FIRST = date(2026, 3, 1)
MEMORY = Path(":memory:")
#: 7 nano-USD a token: 700, 2100, and 7000 that a subscription covers.
ROWS = (
    row("o:1", app="chatbot", team="a", tokens=100, user="u"),
    row("o:2", app="search", team="b", tokens=100, user="v"),
    row("o:3", app="search", team="b", tokens=200, user="v", ts=T0 + DAY),
    row("o:4", app="code", team="b", tokens=1000, user="u", source="tool", unmetered=True),
    row("o:5", app="code", team="a", basis=Basis(UNPRICED), tokens=50, user="w"),
)


def cost(amount: int, rule: str = "tokens", category: str = "infrastructure", **fields: Any) -> FixedCost:
    return FixedCost("c", category, amount, "month", FIRST, rule=rule)._replace(**fields)


def asked(*entries: FixedCost, by: tuple[str, ...] = ("app",), rows: tuple[PricedRecord, ...] = ROWS) -> WholeReport:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        add(ledger, *rows)
        ledger.costs.put([each._replace(name=f"{place}") for place, each in enumerate(entries)])
        return whole(ledger, MARCH, by)


def shared(report: WholeReport) -> dict[Key | None, int]:
    return {group.key: group.parts.infrastructure for group in report.groups if group.parts.infrastructure}


def test_the_requests_alone_without_what_a_subscription_covers() -> None:
    report = asked()
    assert report.total.parts == Parts(requests=2800)
    assert {group.key: (group.parts.total, group.requests, group.unpriced) for group in report.groups} == {
        ("search",): (2100, 2, 0), ("chatbot",): (700, 1, 0), ("code",): (0, 2, 1),
    }  # fmt: skip
    assert report.covered == Covered(1, 7000)
    assert (report.total.unpriced, report.total.tokens, report.compacted) == (1, 1450, None)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        # Tokens: 100, 300 and 1050 of 1450.
        (cost(1450), {("chatbot",): 100, ("search",): 300, ("code",): 1050}),
        (cost(50, "requests"), {("chatbot",): 10, ("search",): 20, ("code",): 20}),
        # What the subscription covers costs nothing here.
        (cost(4, "cost"), {("chatbot",): 1, ("search",): 3}),
        (cost(-3, "even"), {("chatbot",): -1, ("search",): -1, ("code",): -1}),
        (cost(8, where=(("team", "b"), ("user", "v"))), {("search",): 8}),
        (cost(8, where=(("app", "chatbot"), ("app", "search"))), {("chatbot",): 2, ("search",): 6}),
        (cost(8, where=(("team", "none"),)), {None: 8}),
        # Whose it is, is said: no use is needed.
        (cost(8, where=(("app", "new"),)), {("new",): 8}),
        (cost(8, "cost", where=(("app", "code"), ("team", "a"))), {("code",): 8}),
        (cost(8, "cost", where=(("user", "w"),)), {None: 8}),
    ],
)
def test_a_rule_shares_a_cost_among_the_groups(entry: FixedCost, expected: dict[Key | None, int]) -> None:
    report = asked(entry)
    assert shared(report) == expected
    assert report.portions[0].amount == entry.amount
    assert report.portions[0].unallocated == expected.get(None, 0)


def test_weights_by_hand_reach_groups_of_other_dimensions_by_their_tokens() -> None:
    shares = (Share("app", "code", Fraction(60)), Share("app", "unseen", Fraction(40)))
    entry = cost(1050, "manual", shares=shares)
    assert shared(asked(entry)) == {("code",): 630, ("unseen",): 420}
    # 1000 tokens of code are of team b, 50 of team a; nobody knows whose the unseen one is.
    assert shared(asked(entry, by=("team",))) == {("a",): 30, ("b",): 600, None: 420}
    assert shared(asked(entry, by=("app", "team"))) == {("code", "a"): 30, ("code", "b"): 600, None: 420}


def test_a_seat_goes_where_its_user_works_and_to_the_user_in_any_case() -> None:
    seat = cost(100, category="seat", user="u", tool="tool")
    idle = cost(20, category="seat", user="x", tool="tool")
    by_app = asked(seat, idle)
    assert {group.key: group.parts.seats for group in by_app.groups if group.parts.seats} == {("code",): 100, None: 20}
    assert by_app.groups[-1].key is None
    by_user = asked(seat, idle, by=("user",))
    assert {group.key: group.parts.seats for group in by_user.groups if group.parts.seats} == {("u",): 100, ("x",): 20}
    assert by_user.total.parts.operations == 120


def test_each_category_has_its_place_and_the_total_is_their_sum() -> None:
    parts = asked(
        cost(1), cost(10, category="inference"), cost(100, category="operations"),
        cost(1000, category="seat", user="u", tool="tool"),
    ).total.parts  # fmt: skip
    assert parts == Parts(infrastructure=1, requests=2800, commitments=10, tools=100, seats=1000)
    assert (parts.inference, parts.operations) == (2810, 1100)
    assert parts.total == parts.infrastructure + parts.inference + parts.operations == 3911


def test_an_entry_outside_the_period_is_not_mentioned() -> None:
    later = cost(5, start=date(2026, 4, 1))
    over = cost(5, start=date(2026, 1, 1), end=date(2026, 2, 28))
    single = cost(5, start=date(2026, 2, 28), per="once")
    assert asked(later, over, single).portions == ()


def test_a_period_without_requests_leaves_everything_unallocated() -> None:
    report = asked(cost(5), cost(-4, "even"), rows=())
    assert [(group.key, group.parts.total) for group in report.groups] == [(None, 1)]
    assert asked(rows=()).groups == ()


def test_compacted_rows_no_longer_say_what_was_covered() -> None:
    seat = cost(100, category="seat", user="u", tool="tool")
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        add(ledger, *ROWS)
        ledger.costs.put([seat])
        ledger.compact(T0 + DAY)
        report = whole(ledger, MARCH, ("user",))
        by_app = whole(ledger, MARCH, ("app",))
    assert (report.total.parts.requests, report.covered, report.compacted) == (9800, Covered(0, 0), T0 + DAY)
    assert {group.key: group.parts.seats for group in report.groups if group.parts.seats} == {("u",): 100}
    assert {group.key: group.parts.seats for group in by_app.groups if group.parts.seats} == {None: 100}


def test_a_seat_is_shared_by_what_it_covered_not_by_what_was_paid_beside_it() -> None:
    more = row("o:6", app="tests", team="a", tokens=3000, user="u", source="tool", unmetered=True)
    seat = cost(100, "cost", category="seat", user="u", tool="tool")
    report = asked(seat, rows=(*ROWS, more))
    assert {group.key: group.parts.seats for group in report.groups if group.parts.seats} == {
        ("code",): 25, ("tests",): 75,
    }  # fmt: skip


def test_an_unknown_dimension_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown dimension 'ap'"):
        asked(by=("ap",))


_where = st.lists(
    st.tuples(st.sampled_from(["app", "team", "user"]), st.sampled_from(["chatbot", "search", "b", "u", "none"])),
    max_size=2,
).map(tuple)
_entry = st.builds(
    lambda amount, rule, category, where: cost(amount, rule, category, where=where, user="u", tool="tool"),
    st.integers(-(10**12), 10**12), st.sampled_from(["tokens", "requests", "cost", "even"]),
    st.sampled_from(["infrastructure", "inference", "operations", "seat"]), _where,
)  # fmt: skip
_by_hand = st.builds(
    lambda amount, weights: cost(
        amount,
        "manual",
        shares=tuple(Share("app", app, weight) for app, weight in zip(("chatbot", "none"), weights, strict=False)),
    ),
    st.integers(-(10**12), 10**12),
    st.lists(st.fractions(Fraction(1, 100), 100, max_denominator=100), min_size=1, max_size=2),
)


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    made = SqliteLedger(MEMORY, write=True)
    add(made, *ROWS)
    return made


@settings(max_examples=60)
@given(
    entries=st.lists(_entry | _by_hand, max_size=5),
    by=st.sampled_from([("app",), ("team",), ("user", "app"), ("source",)]),
)
def test_the_total_is_the_sum_of_the_groups_and_of_what_is_paid(
    ledger: Ledger, entries: list[FixedCost], by: tuple[str, ...]
) -> None:
    for each in ledger.costs.all():
        ledger.costs.remove(each.name)
    ledger.costs.put([each._replace(name=f"{place}") for place, each in enumerate(entries)])
    report = whole(ledger, MARCH, by)
    assert report.total.parts.total == 2800 + sum(each.amount for each in entries)
    assert report.total.parts.total == sum(group.parts.total for group in report.groups)
    unallocated = [group.parts.total for group in report.groups if group.key is None]
    assert sum(unallocated) == sum(portion.unallocated for portion in report.portions)
    assert len(unallocated) <= 1
