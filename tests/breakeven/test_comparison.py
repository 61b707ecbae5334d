from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.breakeven.api import Rates
from llmcost.breakeven.comparison import Comparison, compare, price_of, rates_of
from llmcost.breakeven.hosted import Deployment
from llmcost.breakeven.traffic import Mix
from llmcost.core.errors import UsageError
from llmcost.pricing.book import PriceBook
from llmcost.pricing.yaml_book import compile_yaml
from tests.breakeven.test_hosted import deployments, mixes

BOOK = PriceBook(
    [
        compile_yaml(
            """
version: 1
models:
  - {model: one, provider: acme, input: 2.50, cached_input: 1.25, output: 10}
  - {model: embed, provider: acme, input: 0.02}
  - {model: searcher, provider: acme, input: 1, output: 1, per_request: 0.005}
  - {model: long, provider: acme, input: 1, output: 2, context_tiers: [{above: 200000, input: 3, output: 4}]}
  - {model: later, provider: acme, prices: [{valid_from: 2026-01-01, input: 1, output: 1}]}
""",
            "p.yaml",
            name="test",
        )
    ]
)
NOW = 1_795_000_000_000_000  # 2026-11-18
GPUS = Deployment(Fraction(3, 2), 2, Fraction(5000), Fraction(1700), Fraction(3), Fraction(4, 5))
MIX = Mix(Fraction(3, 4))


def compared(tokens: int, deployment: Deployment = GPUS, mix: Mix = MIX) -> Comparison:
    return compare(tokens, mix, price_of(BOOK, "one", NOW), deployment)


def test_by_hand() -> None:
    """375M in at 2.50 and 125M out at 10: 937.50 + 1,250. One replica: 2 x 1.50 x 730. Equal at 2190 / 4.375e-6."""
    found = compared(500_000_000)
    assert (found.api.total, found.hosted.total) == (Fraction("2187.5"), Fraction(2190))
    assert (found.cheapest, found.saving) == ("api", Fraction("2.5"))
    # one token takes 0.75/5000 + 0.25/1700 s
    assert found.hosted.utilisation == 500_000_000 * (Fraction(75, 500_000) + Fraction(25, 170_000)) / 2_628_000
    (only,) = found.crossings.found
    assert only.cheaper_above == "stairs"
    assert only.tokens == Fraction("2190") / Fraction("0.000004375")


def test_just_below_and_just_above() -> None:
    assert compared(500_571_428).cheapest == "api"
    assert compared(500_571_429).cheapest == "hosted"


def test_both_the_same() -> None:
    """Of 876M input tokens at 2.50: 2,190."""
    found = compared(876_000_000, mix=Mix(Fraction(1)))
    assert found.cheapest is None
    assert found.saving == 0


def test_unknown_names_and_times_are_errors() -> None:
    with pytest.raises(UsageError) as unknown:
        price_of(BOOK, "oen", NOW)
    assert unknown.value.message == "no price for model 'oen'; did you mean 'one'?"
    assert "prices add" in unknown.value.hint
    with pytest.raises(UsageError, match="no price for model 'later' at that time"):
        price_of(BOOK, "later", 1_700_000_000_000_000)


def test_rates_are_exact_and_unknown_is_not_zero() -> None:
    card = price_of(BOOK, "embed", NOW).card
    assert rates_of(card, Mix(Fraction(1))) == Rates(Fraction(2, 10**8), Fraction(2, 10**8), Fraction(2, 10**8), None)
    with pytest.raises(UsageError, match="model 'embed' has no rate for output"):
        rates_of(card, MIX)


def test_a_fee_per_request_cannot_be_told_from_tokens() -> None:
    with pytest.raises(UsageError, match="'searcher' charges a fee per request"):
        rates_of(price_of(BOOK, "searcher", NOW).card, MIX)


def test_a_card_of_tiers_counts_at_its_first() -> None:
    rates = rates_of(price_of(BOOK, "long", NOW).card, MIX)
    assert (rates.input, rates.output) == (Fraction(1, 10**6), Fraction(2, 10**6))


@given(st.integers(1, 10**13), mixes, deployments)
def test_the_crossings_tell_the_cheaper_one(tokens: int, mix: Mix, deployment: Deployment) -> None:
    found = compared(tokens, deployment, mix)
    crossed = found.crossings
    if crossed.last is not None and tokens > crossed.last:
        assert found.cheapest == "hosted"
    elif not crossed.cut or tokens <= crossed.found[-1].tokens:
        below = [c.cheaper_above for c in crossed.found if c.tokens < tokens]
        assert found.cheapest == "hosted" if below and below[-1] == "stairs" else found.cheapest in ("api", None)


@given(mixes, deployments)
def test_the_cheaper_one_changes_at_each_crossing(mix: Mix, deployment: Deployment) -> None:
    found = compared(1, deployment, mix).crossings.found[:6]
    volumes = [Fraction(0), *(crossing.tokens for crossing in found)]
    for index, crossing in enumerate(found):
        at, after = volumes[index + 1], volumes[index + 2] if index + 2 < len(volumes) else None
        whole = at.numerator // at.denominator
        before_side, after_side = (
            (("api", None), ("hosted",)) if crossing.cheaper_above == "stairs" else (("hosted",), ("api", None))
        )
        if whole > volumes[index]:
            assert compared(whole, deployment, mix).cheapest in before_side
        if (after is None and index + 1 < 6) or (after is not None and whole + 1 < after):
            assert compared(whole + 1, deployment, mix).cheapest in after_side
