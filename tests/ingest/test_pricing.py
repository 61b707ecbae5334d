"""What a record costs, and on which ground."""

from typing import Any

import pytest

from llmcost.core.record import KeptPrice, Record
from llmcost.core.usage import COST_PARTS, Usage
from llmcost.ingest.pricing import Pricer
from llmcost.ledger.protocol import PricedRecord
from tests.ingest.logs import BOOK

TS = 1_767_952_800_000_000


def priced(**changes: Any) -> PricedRecord:
    values: dict[str, Any] = {"provider": "openai", "model": "gpt-4o", "usage": Usage(input=100, output=20), **changes}
    return Pricer(BOOK).price(Record(TS, "x:1", **values))


def parts(row: PricedRecord) -> dict[str, int]:
    return {name: nano for name, nano in zip(COST_PARTS, row.parts, strict=True) if nano}


CARD = priced().basis.card_id


def test_our_price_comes_first_and_the_reported_one_stays_beside_it() -> None:
    row = priced(reported_nano=5)
    # 100 x 2,500 and 20 x 10,000 nano-dollars
    assert (row.cost, parts(row), row.record.reported_nano) == (450_000, {"input": 250_000, "output": 200_000}, 5)
    assert (row.basis.match, row.basis.layer, row.basis.assumed) == ("exact", "test", False)


def test_without_a_price_of_ours_what_was_reported_counts() -> None:
    row = priced(model="acme-1", reported_nano=7)
    assert (row.cost, parts(row), row.basis.card_id) == (7, {"fees": 7}, "reported")


def test_unknown_is_not_zero() -> None:
    row = priced(model="acme-1")
    assert (row.cost, row.parts, row.basis.card_id) == (None, (), "unpriced")
    assert Pricer(BOOK).reason(row.record) == "no price for model 'acme-1'"


def test_a_bucket_without_a_rate_is_unpriced_and_says_so() -> None:
    row = priced(usage=Usage(input=1, web_searches=2))
    assert row.cost is None
    assert Pricer(BOOK).reason(row.record) == "model 'gpt-4o' has no rate for web_searches"


def test_a_failed_request_that_used_nothing_costs_nothing() -> None:
    row = priced(model="acme-1", usage=Usage(), status="error")
    assert (row.cost, row.basis.card_id) == (0, "nothing-used")
    assert priced(model="acme-1", usage=Usage(), status="ok").cost is None
    assert priced(model="acme-1", usage=Usage(input=1), status="error").cost is None


def test_a_tier_without_rates_is_priced_at_standard_rates_and_marked() -> None:
    row = priced(tier="priority")
    assert (row.cost, row.basis.assumed) == (450_000, True)
    batch = priced(provider="anthropic", model="claude-sonnet-4-5", tier="batch")
    assert (batch.cost, batch.basis.assumed) == ((100 * 3_000 + 20 * 15_000) // 2, False)


def test_an_exported_price_is_kept_even_when_ours_differs() -> None:
    row = priced(kept=KeptPrice(123, "0123456789abcdef", "alias"))
    assert (row.cost, parts(row)) == (123, {"fees": 123})
    assert row.basis[:3] == ("0123456789abcdef", "alias", "export")


def test_an_exported_price_that_is_still_ours_is_whole_again() -> None:
    assert priced(kept=KeptPrice(450_000, CARD, "exact"))[1:] == priced()[1:]


@pytest.mark.parametrize("kept", [KeptPrice(450_001, CARD, "exact"), KeptPrice(450_000, CARD, "alias")])
def test_an_exported_price_that_is_nearly_ours_is_kept(kept: KeptPrice) -> None:
    row = priced(kept=kept)
    assert (row.cost, row.basis.layer) == (kept.cost_nano, "export")


@pytest.mark.parametrize(
    "kept", [KeptPrice(None, "unpriced", ""), KeptPrice(5, "unpriced", ""), KeptPrice(None, CARD, "exact")]
)
def test_an_exported_row_without_a_price_stays_unpriced(kept: KeptPrice) -> None:
    row = priced(kept=kept)
    assert (row.cost, row.parts, row.basis.card_id) == (None, (), "unpriced")
    assert Pricer(BOOK).reason(row.record) == "exported without a price"


def test_an_exported_reported_price_stays_one() -> None:
    row = priced(kept=KeptPrice(9, "reported", ""))
    assert (row.cost, row.basis.card_id, parts(row)) == (9, "reported", {"fees": 9})


def test_exported_parts_come_back() -> None:
    given = tuple(3 if name in ("input", "output") else 0 for name in COST_PARTS)
    row = priced(kept=KeptPrice(6, "0123456789abcdef", "exact", given, assumed=True))
    assert (parts(row), row.basis.assumed) == ({"input": 3, "output": 3}, True)
