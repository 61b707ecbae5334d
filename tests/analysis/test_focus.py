"""Charges: exact units x rate, and together the ledger's total."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmcost.analysis.focus import ADJUSTMENT, FEES, REPORTED_COST, Charge, Charges, month_bounds, month_of
from llmcost.core.instants import DAY_US, to_us
from llmcost.core.record import Record
from llmcost.core.usage import BUCKETS, Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import REPORTED, UNPRICED, Basis, PricedRecord, Query
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.pricing.card import Card

T0 = to_us(datetime(2026, 10, 31, 12, tzinfo=UTC))
#: $0.0375 per million input tokens, $10.0000005 output, and double above 100; $0.001 a request.
RATES = {"input": 37_500_000, "cached": 12_345_678, "output": 10_000_000_500, "web_searches": 10**13}
_BANDS = tuple(
    (above, tuple(times * RATES[name] if name in RATES else None for name in BUCKETS))
    for above, times in ((0, 1), (100, 2))
)
CARD = Card("openai", "gpt-4o", "standard", _BANDS, per_request=10**12)


def basis(card: Card) -> Basis:
    return Basis(card.card_id, "exact", "test", json.dumps(card.as_dict(), sort_keys=True, separators=(",", ":")))


def row(ts: int, usage: Usage, card: Card = CARD, **fields: Any) -> PricedRecord:
    costed = card.cost(usage)
    assert costed is not None
    record = Record(ts, f"p:{ts}{fields}", "openai", "gpt-4o", usage, app="chat")._replace(**fields)
    return PricedRecord(record, *costed, basis(card))


def charges(*rows: PricedRecord) -> tuple[list[Charge], Charges]:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ledger.add(rows, ledger.begin_batch("test", T0))
        found = Charges(ledger.requests(Query(0, 2**62), order="time", limit=None))
        return list(found), found


def told(found: list[Charge]) -> list[tuple[str, int, int | None, int]]:
    return [(charge.kind, charge.units, charge.rate, charge.amount) for charge in found]


def test_units_of_a_day_at_their_rate() -> None:
    found, _ = charges(row(T0, Usage(input=3, output=1)), row(T0 + 1, Usage(input=5, cached=2)))
    assert told(found) == [
        ("cached", 2, 12_345_678, 24_691_356),
        ("fees", 2, 10**12, 2 * 10**12),
        ("input", 8, 37_500_000, 300_000_000),
        ("output", 1, 10_000_000_500, 10_000_000_500),
        # 112.5 + 10,000.0005 nano-dollars and 187.5 + 24.691356 were rounded to 10,113 and 212.
        ("adjustment", 0, None, 10**6 * (10_113 + 212) - 300_000_000 - 10_000_000_500 - 24_691_356),
    ]
    assert found[0].start == T0 // DAY_US * DAY_US
    assert (found[-1].start, found[-1].end) == month_bounds(month_of(T0))


def test_long_prompts_have_rates_of_their_own() -> None:
    found, _ = charges(row(T0, Usage(input=100)), row(T0 + 1, Usage(input=101)))
    assert [(units, rate) for kind, units, rate, _ in told(found) if kind == "input"] == [
        (100, 37_500_000), (101, 75_000_000)
    ]  # fmt: skip


def test_who_it_is_of_keeps_charges_apart() -> None:
    one = Usage(output=1)
    found, _ = charges(
        row(T0, one, app="x"), row(T0 + 1, one, team="x"), row(T0 + 2, one, region="x"), row(T0 + 3, one, user="x")
    )
    assert len({charge.service for charge in found if charge.kind == "output"}) == 4


def test_what_only_a_log_told_is_a_charge_of_its_own() -> None:
    one = row(T0, Usage(input=3))._replace(cost=77, parts=(*(0,) * 12, 77), basis=Basis(REPORTED))
    found, _ = charges(one)
    assert told(found) == [(REPORTED_COST, 1, None, 77 * 10**6)]


def test_a_cost_that_its_card_does_not_give_is_no_rounding() -> None:
    one = row(T0, Usage(input=3))
    # The fee, and 112.5 nano-dollars rounded to the even one.
    assert one.cost == 1_000_112
    other_side = one._replace(cost=1_000_113, parts=(113, *(0,) * 11, 1_000_000))
    assert [kind for kind, *_ in told(charges(other_side)[0])] == [FEES, "input", ADJUSTMENT]
    beyond = one._replace(cost=1_000_114, parts=(114, *(0,) * 11, 1_000_000))
    assert told(charges(beyond)[0]) == [(REPORTED_COST, 1, None, 1_000_114 * 10**6)]


def test_a_request_that_used_nothing_and_cost_nothing_is_no_charge() -> None:
    lump = (0,) * 13
    nothing = row(T0, Usage())._replace(cost=0, parts=lump, basis=Basis("nothing-used", "error"))
    assert charges(nothing)[0] == []
    free = row(T0, Usage(output=5))._replace(cost=0, parts=lump, basis=Basis(REPORTED))
    assert told(charges(free)[0]) == [(REPORTED_COST, 1, None, 0)]


def test_bands_that_are_filled_one_after_the_other_have_no_single_rate() -> None:
    card = Card("openai", "gpt-4o", "standard", CARD.bands, marginal=True)
    found, _ = charges(row(T0, Usage(input=150), card))
    assert [kind for kind, *_ in told(found)] == [REPORTED_COST]


def test_unknown_is_not_zero_and_subscriptions_are_no_charges() -> None:
    unknown = row(T0, Usage(input=3))._replace(cost=None, parts=(), basis=Basis(UNPRICED))
    found, counted = charges(unknown, row(T0 + 1, Usage(input=3), unmetered=True))
    assert (found, counted.unpriced, counted.covered, counted.total) == ([], 1, 1, 0)


def test_every_month_has_its_own_adjustment() -> None:
    found, _ = charges(row(T0, Usage(input=1)), row(T0 + DAY_US, Usage(input=1)))
    months = [charge.month % 12 + 1 for charge in found if charge.kind == ADJUSTMENT]
    assert months == [10, 11]
    assert [charge.month % 12 + 1 for charge in found if charge.kind == FEES] == [10, 11]


_usages = st.tuples(st.integers(0, 300), st.integers(0, 99), st.integers(0, 9), st.integers(0, 2)).map(
    lambda counts: Usage(input=counts[0], cached=counts[1], output=counts[2], web_searches=counts[3])
)


@given(st.lists(st.tuples(st.integers(-40, 40), _usages, st.sampled_from(["", "chat"]), st.booleans()), max_size=12))
def test_all_charges_are_the_ledgers_total(rows: list[tuple[int, Usage, str, bool]]) -> None:
    made = [
        row(T0 + day * DAY_US + at, usage, app=app, unmetered=covered)
        for at, (day, usage, app, covered) in enumerate(rows)
    ]
    found, counted = charges(*made)
    total = sum(one.cost or 0 for one in made if not one.record.unmetered)
    assert sum(charge.amount for charge in found) == total * 10**6 == counted.total * 10**6
    assert all(charge.amount == charge.units * charge.rate for charge in found if charge.rate is not None)
    assert [charge.month for charge in found] == sorted(charge.month for charge in found)
    adjusted = sum(abs(charge.amount) for charge in found if charge.kind == ADJUSTMENT)
    assert adjusted <= len(made) * 10**6 // 2, "half a nano-dollar for each request"
