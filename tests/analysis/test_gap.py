"""Each cause of a difference in its dollars, worked out by hand; together always the difference."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from llmcost.analysis.gap import CAUSES, Side, gap
from llmcost.core.usage import BUCKETS, Usage
from llmcost.ledger.measures import Sums
from tests.analysis.test_variance import sums


def told(
    bill: Side | None, ledger: Sums | None, tiers: dict[str, int] | None = None, covered: int = 0
) -> dict[str, int]:
    found = gap(bill, ledger, tiers or {}, covered)
    assert sum(found.values()) == (bill.cost if bill else 0) - (ledger["cost"] if ledger else 0)
    return {cause: int(amount) for cause, amount in found.items() if amount}


def side(
    cost: int, rounding: int = 0, requests: int | None = None, tiers: dict[str, int] | None = None, **usage: int
) -> Side:
    return Side(Fraction(cost), Fraction(rounding), Usage(**usage) if usage else None, requests, tiers or {})


def test_the_same_is_no_difference() -> None:
    assert told(side(1_000, input=100), sums(input=(100, 1_000))) == {}


def test_calls_the_ledger_lacks_cost_its_own_rates() -> None:
    # Half as many tokens again on either side, at 10 and 40 a token.
    assert told(side(1_500 + 600, input=150, output=15), sums(input=(100, 1_000), output=(10, 400))) == {"calls": 700}


def test_calls_the_bill_lacks() -> None:
    assert told(side(500, input=50), sums(input=(100, 1_000))) == {"extra_calls": -500}


def test_a_model_on_one_side_only() -> None:
    assert told(side(900), None) == {"calls": 900}
    assert told(None, sums(input=(1, 900))) == {"extra_calls": -900}


def test_requests_stand_for_tokens_where_a_bill_has_none() -> None:
    assert told(side(3_000, requests=30), sums(requests=10, input=(100, 1_000))) == {"calls": 2_000}
    assert told(side(3_000, requests=10), sums(requests=10, input=(100, 1_000))) == {"price": 2_000}


def test_another_price_for_the_same_use() -> None:
    assert told(side(1_200, input=100), sums(input=(100, 1_000))) == {"price": 200}


def test_the_batch_tier_was_missed() -> None:
    bill = side(500, tiers={"batch": 100}, input=100)
    assert told(bill, sums(input=(100, 1_000)), {"standard": 100}) == {"tier": -500}


def test_cached_tokens_counted_as_plain_ones() -> None:
    # 40 of 100 move from 10 to 1 a token.
    ledger = sums(input=(90, 900), cached=(10, 10))
    assert told(side(550, input=50, cached=50), ledger) == {"cache": -360}


def test_cached_tokens_that_the_ledger_never_saw() -> None:
    assert told(side(640, input=60, cached=40), sums(input=(100, 1_000))) == {"cache": -360}


def test_cache_writes_of_an_hour_taken_for_five_minutes() -> None:
    # 30 of the writes were for an hour: at 20 instead of 12 a token.
    ledger = sums(write_5m=(90, 1_080), write_1h=(10, 200))
    assert told(side(60 * 12 + 40 * 20, write_5m=60, write_1h=40), ledger) == {"cache_ttl": 240}
    assert told(side(100 * 20, write_1h=100), sums(write_5m=(100, 1_200))) == {"cache_ttl": 800}


def test_reasoning_that_the_ledger_never_saw() -> None:
    bill = side(700, output=50, reasoning=50)
    assert told(bill, sums(output=(100, 500))) == {"reasoning": 200}


def test_rounding_of_the_bill_and_of_every_request() -> None:
    assert told(side(1_003, rounding=2, input=100), sums(requests=2, input=(100, 1_000))) == {"rounding": 3}
    assert told(side(1_004, rounding=2, input=100), sums(requests=2, input=(100, 1_000))) == {"price": 4}


def test_requests_without_a_price() -> None:
    assert told(side(5_000, input=100), sums(requests=2, unpriced=1, input=(100, 1_000))) == {"unpriced": 4_000}


def test_what_a_subscription_pays_for_is_on_no_bill() -> None:
    assert told(None, sums(input=(100, 1_000)), covered=400) == {"subscription": -400, "extra_calls": -600}
    assert told(side(600), sums(input=(100, 1_000)), covered=400) == {"subscription": -400}


def test_without_counts_nothing_is_guessed() -> None:
    assert told(side(1_200), sums(input=(100, 1_000))) == {"unexplained": 200}


_counts = st.integers(0, 10**6)


@st.composite
def ledgers(draw: st.DrawFn) -> Sums:
    parts = {name: (draw(_counts), draw(st.integers(0, 10**9))) for name in draw(st.sets(st.sampled_from(BUCKETS)))}
    return sums(draw(st.integers(1, 9)), draw(st.sampled_from([0, 0, 1])), **parts)


@st.composite
def sides(draw: st.DrawFn) -> Side:
    usage = Usage(**{name: draw(_counts) for name in draw(st.sets(st.sampled_from(BUCKETS)))})
    return Side(
        Fraction(draw(st.integers(-(10**10), 10**10)), draw(st.integers(1, 9))), Fraction(draw(st.integers(0, 99))),
        draw(st.sampled_from([None, usage])), draw(st.none() | st.integers(0, 99)),
        draw(st.sampled_from([{}, {"batch": 5}, {"standard": 7}])),
    )  # fmt: skip


@given(st.none() | sides(), ledgers(), st.integers(0, 10**9))
def test_the_causes_are_the_difference(bill: Side | None, ledger: Sums, covered: int) -> None:
    found = gap(bill, ledger, {"standard": 3}, covered)
    assert tuple(found) == CAUSES
    assert sum(found.values()) == (bill.cost if bill else 0) - ledger["cost"]
