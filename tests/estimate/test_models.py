from __future__ import annotations

import pytest

from llmcost.core.errors import UsageError
from llmcost.core.instants import parse_timestamp
from llmcost.estimate.models import DEFAULT_MODEL, every_model, priced_model
from llmcost.pricing.book import PriceBook
from llmcost.pricing.entry import Entry, Layer, Prices, Rate
from llmcost.pricing.store import load_book
from llmcost.tokens.counter import count
from tests.estimate.books import NOW, book


def test_the_price_of_a_model_by_tier() -> None:
    assert priced_model(book(), "gpt-4o", "standard", NOW).cost(1_000, 100) == 3_500_000
    assert priced_model(book(), "gpt-4o", "batch", NOW).cost(1_000, 100) == 1_750_000


def test_cached_input_is_part_of_the_input_at_its_own_rate() -> None:
    model = priced_model(book(), "gpt-cached", "standard", NOW)
    # 200 x 2 + 800 x 0.5 + 10 x 8 $/M
    assert model.cost(1_000, 10, 800) == 880_000
    assert model.discounts_cached
    without = priced_model(book(), "gpt-4o", "standard", NOW)
    assert not without.discounts_cached
    assert without.cost(1_000, 0, 800) == without.cost(1_000, 0)


def test_a_model_without_price_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no price for model 'gpt-4o-mni' \(--model\); did you mean 'gpt-4o-mini'\?"):
        priced_model(book(), "gpt-4o-mni", "standard", NOW)


def test_a_model_that_had_no_price_yet_is_an_error() -> None:
    with pytest.raises(UsageError, match="no price for model 'gpt-5' at that time"):
        priced_model(book(), "gpt-5", "standard", parse_timestamp("2025-12-31T23:59:59Z")[0])


def test_output_of_a_model_without_an_output_rate_is_an_error_not_free() -> None:
    model = priced_model(book(), "text-embedding-3-small", "standard", NOW)
    assert model.cost(1_000_000, 0) == 20_000_000
    with pytest.raises(UsageError, match="no rate for output"):
        model.cost(1, 1)


def test_what_is_known_of_a_price() -> None:
    dated = priced_model(book(), "gpt-5", "standard", NOW)
    assert (dated.valid_from, dated.checked, dated.origin) == (
        parse_timestamp("2026-01-01T00:00:00Z")[0], "2026-05-01", "prices.yaml",
    )  # fmt: skip
    assert priced_model(book(), "gpt-4o", "standard", NOW).context_window == 1_000
    plain = priced_model(book(), "gpt-4o-mini", "standard", NOW)
    assert (plain.valid_from, plain.checked, plain.context_window) == (None, "", None)


def test_who_serves_a_model() -> None:
    both = book("version: 1\nmodels:\n  - {model: m, provider: a, input: 1, output: 1}\n"
                "  - {model: m, provider: b, input: 2, output: 2}\n")  # fmt: skip
    assert priced_model(both, "m", "standard", NOW, provider="b").cost(1_000, 0) == 2_000_000
    with pytest.raises(UsageError, match="no price for model 'm'"):
        priced_model(both, "m", "standard", NOW)


def entry(provider: str, model: str, *, deprecated: bool = False, rates: tuple[str, ...] = ("input", "output"),
          price: int = 1_000_000_000) -> Entry:  # fmt: skip
    return Entry(provider, model, (Prices({name: Rate(price) for name in rates}),), deprecated=deprecated)


def named(*layers: Layer, provider: str = "") -> list[str]:
    return [model.name for model in every_model(PriceBook(layers), "standard", NOW, provider=provider)]


def test_every_text_model_once() -> None:
    mine = Layer("mine", "f", (entry("openai", "gpt-x", price=7), entry("openai", "old")))
    catalogue = Layer("catalogue", "c", (
        entry("openai", "gpt-x"), entry("azure", "gpt-x"), entry("openai", "old", deprecated=True),
        entry("openai", "embed", rates=("input",)), entry("openai", "gpt-image-1"), entry("openai", "gpt-4o-mini-tts"),
        entry("google", "gemini-3.1-flash-image-preview"), entry("mistral", "mistral-embed"),
        entry("x", "deepseek-ocr-2"),
        entry("openai", "gpt-realtime"), entry("x", "imagine-text"),
    ))  # fmt: skip
    assert named(mine, catalogue) == ["openai/gpt-x", "azure/gpt-x", "x/imagine-text"]
    assert every_model(PriceBook([mine, catalogue]), "standard", NOW)[0].cost(10**6, 0) == 7
    assert named(mine, catalogue, provider="azure.ai.openai") == ["azure/gpt-x"]


def test_what_nobody_offers_beside_the_others_is_left_out() -> None:
    """A router's bare name for a model it sells by its vendor's at the same price, its batches, and examples."""
    layer = Layer("c", "c", (
        entry("r", "lfm-7b"), entry("r", "liquid/lfm-7b"), entry("r", "lfm-8b"), entry("r", "liquid/lfm-8b", price=7),
        entry("s", "lfm-7b"), entry("r", "x:batch"), entry("example", "llama"),
    ))  # fmt: skip
    assert named(layer) == ["r/liquid/lfm-7b", "r/lfm-8b", "r/liquid/lfm-8b", "s/lfm-7b"]
    batches = every_model(PriceBook([layer]), "batch", NOW)
    assert [model.name for model in batches if model.name.endswith(":batch")] == ["r/x:batch"]


def test_every_name_printed_is_one_that_is_found() -> None:
    """Of the packaged prices and the catalogue, whatever the provider and however many slashes the model has."""
    prices = load_book([], cache_dir=None)
    models = every_model(prices, "standard", NOW)
    assert len(models) > 1_000
    for model in models:
        found = priced_model(prices, model.name, "standard", NOW)
        card, same = found.priced.card, model.priced.card
        assert (card.provider, card.model, card.bands) == (same.provider, same.model, same.bands)


def test_a_provider_that_sells_nothing_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"no text models of provider 'opnai'; did you mean 'openai'\?"):
        named(Layer("c", "c", (entry("openai", "gpt-x"),)), provider="opnai")


def test_the_default_model_is_counted_exactly() -> None:
    assert count("hello", DEFAULT_MODEL, "openai").exact
