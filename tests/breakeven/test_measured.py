"""A month's traffic as the ledger has measured it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from llmcost.breakeven.measured import HOUR_US, measured
from llmcost.core.errors import DataError
from llmcost.core.usage import Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import Ledger, PricedRecord
from llmcost.ledger.sqlite import SqliteLedger
from tests.ledger.samples import DAY, T0, add, row

NOW = T0 + 40 * DAY
#: A whole hour.
START = NOW // HOUR_US * HOUR_US - 2 * DAY


def call(n: int, ts: int, usage: Usage | None = None, **fields: Any) -> PricedRecord:
    return row(
        f"openai:{n}", ts=ts, usage=usage or Usage(input=60, cached=30, write_5m=6, write_1h=4, output=20), **fields
    )


def ledger_of(*rows: PricedRecord) -> Ledger:
    ledger = SqliteLedger(MEMORY, write=True)
    add(ledger, *rows)
    return ledger


def test_by_hand() -> None:
    """48 hours: one call in each, ten more in the fifth; 58 calls of 100 tokens in and 20 out."""
    rows = [call(hour, START + hour * HOUR_US + 1) for hour in range(48)]
    rows += [call(100 + n, START + 4 * HOUR_US + n) for n in range(10)]
    found = measured(ledger_of(*rows), now_us=NOW, span_us=30 * DAY)
    assert (found.requests, found.hours) == (58, 48)
    assert found.input_tokens == round(Fraction(5800 * 730, 48))
    assert found.output_tokens == round(Fraction(1160 * 730, 48))
    assert (found.cached_share, found.write_share) == (Fraction(3, 10), Fraction(1, 10))
    assert found.input_per_request == 100
    # 11 of 58 calls in one of 48 hours
    assert found.peak_to_average == Fraction(11 * 48, 58)
    assert [found.model, found.model_share, found.batch_share] == ["gpt-4o", 1, 0]


def test_batches_and_models_by_tokens() -> None:
    small, large = Usage(input=50), Usage(input=150)
    rows = [
        call(1, START, small, model="a", tier="batch"),
        call(2, START, small, model="a"),
        call(3, START, large, model="b"),
    ]
    found = measured(ledger_of(*rows), now_us=NOW, span_us=30 * DAY)
    assert found.batch_share == Fraction(1, 5)
    assert (found.model, found.model_share) == ("b", Fraction(3, 5))


def test_only_what_is_selected_counts() -> None:
    rows = [call(1, START, Usage(input=5), app="x"), call(2, START, Usage(input=7), app="y"), call(3, START - 9 * DAY)]
    found = measured(ledger_of(*rows), now_us=NOW, span_us=5 * DAY, where=(("app", "x"),))
    assert (found.requests, found.input_per_request) == (1, 5)


def test_a_few_minutes_count_as_a_day() -> None:
    found = measured(ledger_of(call(1, START), call(2, START + 1)), now_us=NOW, span_us=30 * DAY)
    assert [found.hours, found.peak_to_average] == [24, 24]


def test_the_stretch_ends_with_the_ledger_s_newest_row() -> None:
    """Any app's: the app's own silence is silence."""
    rows = [call(1, START, app="x"), call(2, START + DAY, app="y")]
    found = measured(ledger_of(*rows), now_us=NOW, span_us=30 * DAY, where=(("app", "x"),))
    assert found.hours == 25


@pytest.mark.parametrize(
    "rows",
    [(), (call(1, NOW - 35 * DAY),), (call(1, NOW + 1),), (call(1, START, Usage()),)],
    ids=["empty", "too old", "later than now", "without tokens"],
)
def test_no_tokens_are_no_answer(rows: tuple[PricedRecord, ...]) -> None:
    with pytest.raises(DataError) as caught:
        measured(ledger_of(*rows), now_us=NOW, span_us=30 * DAY)
    assert caught.value.message == "the ledger has no tokens in that time"
    assert "--monthly-tokens" in caught.value.hint
