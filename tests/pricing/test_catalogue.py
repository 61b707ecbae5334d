"""Our compiled catalogue against genai-prices' own calculator, which llmcost never calls for a row.

Deviations meant by llmcost, and so left out of the comparison:
- a tier's rate also holds before the day the catalogue verified it, while the base rates are the same;
- rates with binary float noise (0.19999999999999998) are taken as what was meant (0.2): compared with tolerance;
- a bucket without any rate makes the request unpriced here, and free there;
- a Claude's cache writes without a rate are multiples of its input price here, and plain input there; other models'
  one-hour writes without a rate are unpriced here, and five-minute ones there;
- OpenAI's search models, whose fee per search the catalogue lacks, are unpriced here;
- prices in units without a bucket (text-only rates, audio seconds, characters, pages) are not modelled.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from llmcost.core.instants import to_us
from llmcost.core.money import NANO_PER_USD
from llmcost.core.usage import Usage
from llmcost.pricing.book import PriceBook
from llmcost.pricing.catalogue import compile_catalogue
from llmcost.pricing.entry import Layer

snapshot: Any = pytest.importorskip("genai_prices.data_snapshot")
genai_types: Any = pytest.importorskip("genai_prices.types")

CONTEXTS = {
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}
BASICS = {"input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok"}
BASICS |= {"cache_write_5m_mtok", "cache_write_1h_mtok", "web_searches_kcount", "requests_kcount"}


def _catalogue() -> Layer:
    layer = compile_catalogue()
    assert layer is not None
    return layer


LAYER = _catalogue()
BOOK = PriceBook([LAYER])
PROVIDERS = {provider.id: provider for provider in snapshot.get_snapshot().providers}
MODELS = {(provider.id, model.id): model for provider in PROVIDERS.values() for model in provider.models}


def _keys(model: Any) -> set[str]:
    prices = model.prices if isinstance(model.prices, list) else [model]
    return {key for item in prices for key, value in vars(item.prices).items() if value is not None}


#: Models whose every price is of a kind that both calculators read alike.
PLAIN = sorted(
    key
    for key, model in MODELS.items()
    if _keys(model) <= BASICS and "input_mtok" in _keys(model) and "-search-" not in key[1]
)
TIERED = sorted(key for key in PLAIN if MODELS[key].price_variants)
SPECIAL = sorted(key for key in PLAIN if isinstance(MODELS[key].prices, list) or MODELS[key].price_variants)


def theirs(key: tuple[str, str], usage: Usage, when: datetime, tier: str) -> Decimal:
    given_usage = genai_types.Usage(
        input_tokens=usage.input_total,
        cache_read_tokens=usage.cached,
        cache_write_tokens=usage.write_5m + usage.write_1h,
        cache_write_5m_tokens=usage.write_5m,
        cache_write_1h_tokens=usage.write_1h,
        output_tokens=usage.output_total,
        web_searches=usage.web_searches,
    )
    found = MODELS[key].calc_price(
        given_usage, PROVIDERS[key[0]], genai_request_timestamp=when, price_context=CONTEXTS.get(tier)
    )
    total: Decimal = found.total_price
    return total


counts = st.one_of(st.just(0), st.integers(0, 5000), st.integers(190_000, 300_000))
usages = st.tuples(counts, counts, counts, counts, counts, counts).map(
    lambda n: Usage(input=n[0], cached=n[1], write_5m=n[2], write_1h=n[3], output=n[4], reasoning=n[5])
)
moments = st.one_of(
    st.integers(0, 1000 * 86_400).map(lambda s: datetime(2024, 4, 1, tzinfo=UTC) + timedelta(seconds=s)),
    st.datetimes(datetime(2026, 10, 15), datetime(2026, 11, 24), timezones=st.just(UTC)),  # noqa: DTZ001
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.sampled_from(PLAIN), st.sampled_from(SPECIAL)), usages, moments)
def test_standard_prices_equal_the_catalogues_own(key: tuple[str, str], usage: Usage, when: datetime) -> None:
    _compare(key, usage, when.replace(microsecond=0), "standard")


# Most moments are before a tier was verified: nothing can be compared then.
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.sampled_from(TIERED), usages, moments, st.sampled_from(sorted(CONTEXTS)))
def test_tiers_equal_the_catalogues_own(key: tuple[str, str], usage: Usage, when: datetime, tier: str) -> None:
    assume(when >= datetime(2026, 10, 15, tzinfo=UTC))
    _compare(key, usage, when.replace(microsecond=0), tier)


def _compare(key: tuple[str, str], usage: Usage, when: datetime, tier: str) -> None:
    provider, model = key
    quote = BOOK.quote(provider, model, tier, to_us(when), usage)
    assert quote.priced is not None
    assert (quote.priced.card.provider, quote.priced.card.model) == key
    assume(quote.cost is not None)
    assert quote.cost is not None
    assume(not any(getattr(usage, bucket) for bucket in quote.priced.card.derived))
    expected = theirs(key, usage, when, tier) * NANO_PER_USD
    assert abs(quote.cost[0] - expected) <= 1 + expected * Decimal("1e-11")


def test_a_tier_verified_later_holds_before_while_the_base_is_the_same() -> None:
    usage = Usage(input=1000, output=1000)
    for when, cost in ((datetime(2025, 7, 1, tzinfo=UTC), 5_000_000), (datetime(2026, 11, 1, tzinfo=UTC), 5_000_000)):
        quote = BOOK.quote("openai", "o3", "batch", to_us(when), usage)
        assert quote.cost is not None
        assert quote.cost[0] == cost
    before_the_cut = BOOK.quote("openai", "o3", "batch", to_us(datetime(2025, 5, 1, tzinfo=UTC)), usage)
    assert before_the_cut.cost is not None
    assert before_the_cut.cost[0] == 50_000_000
    assert before_the_cut.priced is not None
    assert "no batch rate" in before_the_cut.priced.card.note


def test_reasoning_and_audio_rates() -> None:
    quote = BOOK.quote(
        "google", "gemini-2.5-flash", "standard", to_us(datetime(2026, 11, 1, tzinfo=UTC)), Usage(input_audio=10)
    )
    assert quote.cost is not None
    assert quote.cost[0] == 10_000


def test_every_entry_compiles_to_exact_rates_without_float_noise() -> None:
    assert len(LAYER.entries) > 1000
    for entry in LAYER.entries:
        for prices in entry.prices:
            for rate in prices.rates.values():
                assert rate.base >= 0
                assert [above for above, _ in rate.steps] == sorted(above for above, _ in rate.steps)


NOW = to_us(datetime(2026, 11, 1, tzinfo=UTC))


@pytest.mark.parametrize("model", ["gpt-4o-audio-preview", "gpt-4o-mini-audio-preview"])
def test_audio_of_an_openai_model_without_audio_rates_is_unpriced(model: str) -> None:
    assert BOOK.quote("openai", model, "standard", NOW, Usage(input=10, output=10)).cost is not None
    for bucket in ("input_audio", "cached_audio", "output_audio"):
        quote = BOOK.quote("openai", model, "standard", NOW, Usage(input=10)._replace(**{bucket: 1}))
        assert (quote.cost, quote.reason) == (None, f"model {model!r} has no rate for {bucket}")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openrouter", "anthropic/claude-sonnet-4"),
        ("google", "claude-4-sonnet"),
        ("aws", "us.anthropic.claude-sonnet-4-20250514-v1:0"),
    ],
)
def test_one_hour_writes_of_claude_sold_by_others(provider: str, model: str) -> None:
    """100,000 tokens at twice $3 per million."""
    quote = BOOK.quote(provider, model, "standard", NOW, Usage(write_1h=100_000))
    assert quote.cost is not None
    assert quote.cost[0] == 600_000_000


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o-mini-search-preview"),
        ("", "gpt-4o-mini-search-preview-2025-03-11"),
        ("openai", "gpt-4o-search-preview"),
        ("openai", "gpt-4o-search-preview-2025-03-11"),
        ("openai", "gpt-5-search-api"),
        ("openrouter", "openai/gpt-4o-mini-search-preview"),
        ("azure", "gpt-4o-search-preview"),
    ],
)
def test_models_billed_by_an_unlisted_fee_per_search_are_unpriced(provider: str, model: str) -> None:
    quote = BOOK.quote(provider, model, "standard", NOW, Usage(input=10))
    assert (quote.cost, quote.reason) == (None, f"no price for model {model!r}")


def test_azure_batch_costs_the_same_however_the_model_is_named() -> None:
    """The catalogue knows no batch price of Azure: 1,000 input tokens at OpenAI's standard $2.50, as the note says"""
    for provider, model in (
        ("azure", "gpt-4o"),
        ("azure", "azure/gpt-4o"),
        ("", "azure/gpt-4o"),
        ("", "azure/eu/gpt-4o"),
    ):
        quote = BOOK.quote(provider, model, "batch", NOW, Usage(input=1000))
        assert quote.cost is not None
        assert quote.priced is not None
        assert (quote.cost[0], quote.priced.match) == (2_500_000, "reseller:openai")
        assert quote.priced.card.note == "no batch rate known: standard rates"
