"""What a record costs, and on which ground."""

from typing import Any

import pytest

from llmcost.core.record import KeptPrice, Record
from llmcost.core.usage import COST_PARTS, Usage
from llmcost.ingest.pricing import Pricer
from llmcost.ledger.protocol import Basis, PricedRecord
from llmcost.pricing.book import PriceBook
from llmcost.pricing.yaml_book import compile_yaml
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


def test_a_log_of_costs_without_tokens_counts_what_was_reported() -> None:
    row = priced(usage=Usage(), reported_nano=50_000_000)
    assert (row.cost, row.basis.card_id) == (50_000_000, "reported")


@pytest.mark.parametrize("status", ["billed", "200 OK", "partial", "error"])
def test_a_reported_cost_counts_whatever_the_status_is_called(status: str) -> None:
    row = priced(usage=Usage(), status=status, reported_nano=250_000_000)
    assert (row.cost, row.basis.card_id) == (250_000_000, "reported")
    assert priced(usage=Usage(), status="error", reported_nano=0).cost == 0


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


FEES = PriceBook(
    [
        compile_yaml(
            """
version: 1
models:
  - {provider: openai, model: gpt-4o, input: 2.50, output: 10, per_request: 0.01}
  - {provider: openrouter, model: anthropic/claude-x, input: 3, output: 15, cache_write: 3.75}
""",
            "prices.yaml",
            name="test",
        )
    ]
)


def with_fees(**changes: Any) -> PricedRecord:
    return Pricer(FEES).price(Record(TS, "x:1", **{"provider": "openai", "model": "gpt-4o", **changes}))


def test_a_failed_request_that_used_nothing_pays_no_fee_either() -> None:
    row = with_fees(usage=Usage(), status="error")
    assert (row.cost, parts(row), row.basis) == (0, {}, Basis("nothing-used", "error"))
    # unless its log says that it cost something
    assert with_fees(usage=Usage(), status="error", reported_nano=7).cost == 7
    # 10 x 2,500 and a cent; a request that worked pays its fee even without tokens
    row = with_fees(usage=Usage(input=10), status="error")
    assert (row.cost, parts(row)) == (10_025_000, {"input": 25_000, "fees": 10_000_000})
    assert with_fees(usage=Usage()).cost == 10_000_000


def test_an_answer_from_the_callers_own_cache_costs_nothing() -> None:
    for model in ("gpt-4o", "acme-1"):
        row = with_fees(usage=Usage(input=100, output=20), model=model, cache_hit=True, reported_nano=7)
        assert (row.cost, parts(row), row.basis) == (0, {}, Basis("response-cache", "cache-hit"))
    for miss in (False, None):
        # 100 x 2,500 + 20 x 10,000 and a cent
        assert with_fees(usage=Usage(input=100, output=20), cache_hit=miss).cost == 10_450_000


@pytest.mark.parametrize("bucket", ["cached", "cached_audio", "write_5m", "write_1h"])
def test_tokens_of_the_providers_cache_prove_that_it_was_asked(bucket: str) -> None:
    row = priced(
        provider="anthropic", model="claude-sonnet-4-5", cache_hit=True, usage=Usage(input=100)._replace(**{bucket: 10})
    )
    expected = {"cached": 303_000, "write_5m": 337_500, "write_1h": 360_000, "cached_audio": None}
    assert row.cost == expected[bucket]
    assert row.basis.card_id != "response-cache"


def test_an_export_of_a_free_row_is_the_same_row() -> None:
    for row in (
        priced(usage=Usage(), status="error"),
        priced(cache_hit=True),
    ):
        kept = KeptPrice(row.cost, row.basis.card_id, row.basis.match)
        assert Pricer(BOOK).price(row.record._replace(kept=kept))[1:] == row[1:]


def test_only_a_request_that_used_a_derived_rate_is_assumed() -> None:
    pricer = Pricer(FEES)
    rows = [
        pricer.price(Record(TS, f"x:{number}", "openrouter", "anthropic/claude-x", usage))
        for number, usage in enumerate((Usage(input=100, write_5m=8), Usage(input=100, write_1h=8), Usage(input=100)))
    ]
    # 100 x 3,000 with 8 x 3,750, then 8 x twice 3,000
    assert [(row.cost, row.basis.assumed) for row in rows] == [(330_000, False), (348_000, True), (300_000, False)]
    assert len({row.basis[:4] for row in rows}) == 1


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
