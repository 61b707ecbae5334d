from fractions import Fraction

import pytest

from llmcost.breakeven.api import Rates
from llmcost.breakeven.fields import SECTIONS, Given, Inputs
from llmcost.breakeven.prices import Prices, of_model, of_scenario, rates_of
from llmcost.breakeven.traffic import Mix
from llmcost.core.errors import UsageError
from llmcost.core.usage import Usage
from llmcost.pricing.book import price_or_error
from tests.breakeven.books import BOOK, NOW
from tests.breakeven.samples import MIX

M = 10**6


def of(model: str, mix: Mix = MIX, *, batch: bool = False, length: int | None = None, us: int = NOW) -> Prices:
    return of_model(BOOK, model, "", us, mix, batch=batch, per_request=length)


def per_million(*rates: str) -> tuple[Fraction, ...]:
    return tuple(Fraction(rate) / M for rate in rates)


def test_the_book_s_rates() -> None:
    found = of("one")
    assert found.rates[:4] == per_million("2.5", "1.25", "2.5", "10")
    assert (found.batch, found.priced is not None) == (None, True)


def test_batches_follow_their_provider_s_rule() -> None:
    """One keeps the cached rate, the other halves all of it (docs/pricing.md)."""
    assert of("half", batch=True).batch == Rates(*per_million("1", "1", "1", "4"))
    assert of("claude-x", batch=True).batch == Rates(*per_million("2", "0.2", "2.5", "10"))
    with pytest.raises(UsageError, match="model 'one' has no batch price"):
        of("one", batch=True)


def test_context_tiers_go_by_the_length_of_a_request() -> None:
    assert of("long").rates[:1] == per_million("1")
    assert of("long", length=200_000).rates[:4] == per_million("1", "1", "1", "2")
    assert of("long", length=200_001).rates[:4] == per_million("3", "3", "3", "4")


@pytest.mark.parametrize("length", [1, 999, 1000, 1001, 4000])
def test_a_marginal_tier_is_averaged_over_a_request(length: int) -> None:
    """As the card itself prices one such request with a hundred output tokens."""
    rates = of("marginal", Mix(Fraction(length, length + 100)), length=length).rates
    card = price_or_error(BOOK, "marginal", NOW).card
    cost = card.cost(Usage(input=length, output=100))
    assert rates.input is not None
    assert rates.output is not None
    assert cost is not None
    assert round((rates.input * length + rates.output * 100) * 10**9) == cost[0]


def test_a_fee_per_request_needs_to_know_the_requests() -> None:
    with pytest.raises(UsageError) as caught:
        of("searcher")
    assert caught.value.message == "'searcher' charges a fee per request, which a volume of tokens does not determine"
    assert "--input-per-request" in caught.value.hint
    assert of("searcher", length=2000).rates.fee == Fraction(5, 1000) / 2000
    with pytest.raises(UsageError, match="a fee per request"):
        of("searcher", Mix(Fraction(0)), length=2000)


def test_unknown_names_and_times_are_errors() -> None:
    with pytest.raises(UsageError) as unknown:
        of("oen")
    assert unknown.value.message == "no price for model 'oen'; did you mean 'one'?"
    assert "prices add" in unknown.value.hint
    with pytest.raises(UsageError, match="no price for model 'later' at that time"):
        of("later", us=1_700_000_000_000_000)


def test_an_unknown_rate_is_not_zero() -> None:
    card = price_or_error(BOOK, "embed", NOW).card
    assert rates_of(card, Mix(Fraction(1))).output is None
    with pytest.raises(UsageError, match="model 'embed' has no rate for output"):
        rates_of(card, MIX)


def scenario(mix: Mix = MIX, *, batch: bool = False, **values: str) -> Prices:
    given = {name: Given(text, f"s.yaml:1: {name!r}", "s.yaml:1") for name, text in values.items()}
    return of_scenario(Inputs("section 'api'", SECTIONS["api"], given), mix, batch=batch)


def test_prices_of_a_scenario() -> None:
    found = scenario(price_in="2.50", price_cached_in="1.25", price_cache_write="3", price_out="10")
    assert found.rates == Rates(*per_million("2.5", "1.25", "3", "10"))
    half = scenario(batch=True, price_in="2", price_out="8", batch_discount="50%")
    assert half.batch == Rates(*per_million("1", "1", "1", "4"))


def test_cached_tokens_without_a_price_cost_as_much_as_others() -> None:
    cached = Mix(Fraction(1), Fraction(1, 2), Fraction(1, 4))
    assert list(scenario(cached, price_in="2").rates[:4]) == [*per_million("2", "2", "2"), None]


@pytest.mark.parametrize(
    ("mix", "batch", "values", "missing"),
    [
        (MIX, False, {"price_in": "2"}, "price_out"),
        (MIX, False, {"price_out": "2"}, "price_in"),
        (MIX, True, {"price_in": "2", "price_out": "2"}, "batch_discount"),
    ],
)
def test_a_missing_price_is_an_error(mix: Mix, batch: bool, values: dict[str, str], missing: str) -> None:
    with pytest.raises(UsageError) as caught:
        scenario(mix, batch=batch, **values)
    assert caught.value.message == f"section 'api' has no {missing!r}"
    assert caught.value.hint == f"add `{missing}: …` to the scenario"
