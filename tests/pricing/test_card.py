from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.money import FEMTO_PER_NANO
from llmcost.core.usage import BUCKETS, Usage
from llmcost.pricing.card import FALLBACKS, Card, with_fallbacks

INPUTS = 7
rates = st.one_of(st.integers(0, 10**6), st.integers(0, 10**6).map(lambda n: n * 500_000), st.integers(0, 10**11))
counts = st.one_of(st.just(0), st.integers(0, 20), st.integers(0, 2 * 10**6))
usages = st.tuples(*[counts] * len(BUCKETS)).map(lambda values: Usage(*values))
full_rates = st.tuples(*[rates] * len(BUCKETS))


@st.composite
def cards(draw: st.DrawFn) -> Card:
    starts = sorted(draw(st.sets(st.integers(1, 10**6), max_size=3)))
    bands = tuple((start, draw(full_rates)) for start in (0, *starts))
    fee = draw(st.one_of(st.just(0), st.integers(0, 10**12)))
    return Card("p", "m", "standard", bands, per_request=fee, marginal=draw(st.booleans()))


def rate(value: int | None) -> int:
    assert value is not None
    return value


def exact_parts(card: Card, usage: Usage) -> list[Fraction]:
    """nano-USD per part, straight from the definition."""
    total = usage.input_total
    reached = [values for above, values in card.bands if total > above or above == 0][-1]
    parts = []
    for bucket, count in enumerate(usage):
        if not card.marginal or bucket >= INPUTS or not total:
            femto = Fraction(count * rate(reached[bucket]))
        else:
            ends = [above for above, _ in card.bands[1:]] + [total]
            femto = sum(
                (
                    Fraction(count, total) * max(0, min(total, end) - above) * rate(values[bucket])
                    for (above, values), end in zip(card.bands, ends, strict=True)
                ),
                Fraction(0),
            )
        parts.append(femto / FEMTO_PER_NANO)
    return [*parts, Fraction(card.per_request, FEMTO_PER_NANO)]


@given(cards(), usages)
def test_cost_is_exact_and_rounded_half_even_once(card: Card, usage: Usage) -> None:
    exact = exact_parts(card, usage)
    cost = card.cost(usage)
    assert cost is not None
    total, parts = cost
    assert total == round(sum(exact))  # Fraction rounds half to even
    assert sum(parts) == total
    assert len(parts) == len(BUCKETS) + 1
    for part, amount in zip(parts, exact, strict=True):
        assert abs(part - amount) <= 1


def one_rate(femto: int) -> Card:
    return Card("p", "m", "standard", ((0, with_fallbacks({"input": femto, "output": femto})),))


@pytest.mark.parametrize(("femto", "nano"), [(500_000, 0), (1_500_000, 2), (2_500_000, 2), (2_500_001, 3)])
def test_ties_go_to_even(femto: int, nano: int) -> None:
    cost = one_rate(femto).cost(Usage(input=1))
    assert cost is not None
    assert cost[0] == nano


def banded(*, marginal: bool = False) -> Card:
    low = with_fallbacks({"input": 10**6, "output": 10**6})
    high = with_fallbacks({"input": 2 * 10**6, "output": 3 * 10**6})
    return Card("p", "m", "standard", ((0, low), (1000, high)), marginal=marginal)


@pytest.mark.parametrize(
    ("usage", "whole", "marginal"),
    [
        (Usage(input=999), 999, 999),
        (Usage(input=1000), 1000, 1000),
        (Usage(input=1001), 2002, 1002),
        (Usage(input=1000, output=10), 1010, 1010),
        (Usage(input=600, cached=401, output=10), 2032, 1032),
        (Usage(output=5000), 5000, 5000),
        (Usage(), 0, 0),
    ],
)
def test_bands_start_above_their_threshold(usage: Usage, whole: int, marginal: int) -> None:
    for card, nano in ((banded(), whole), (banded(marginal=True), marginal)):
        cost = card.cost(usage)
        assert cost is not None
        assert cost[0] == nano


@pytest.mark.parametrize("marginal", [False, True])
@pytest.mark.parametrize("bands", [1, 2])
def test_a_used_bucket_without_rate_has_no_cost(bands: int, marginal: bool) -> None:
    values = with_fallbacks({"input": 10**6})
    card = Card("p", "m", "standard", tuple((start * 100, values) for start in range(bands)), marginal=marginal)
    assert card.cost(Usage(input=500)) == (500, (500, *[0] * len(BUCKETS)))
    assert card.cost(Usage(input=500, output=1)) is None
    assert card.missing(Usage(input=500, output=1, web_searches=1)) == ["output", "web_searches"]
    only_output = Card(
        "p", "m", "standard", tuple((s * 100, with_fallbacks({"output": 1})) for s in range(bands)), marginal=marginal
    )
    assert only_output.cost(Usage(input=500)) is None


def test_fallbacks_take_the_nearest_rate() -> None:
    assert with_fallbacks({}) == (None,) * len(BUCKETS)
    found = dict(zip(BUCKETS, with_fallbacks({"input": 10, "output": 20}), strict=True))
    assert {bucket for bucket, value in found.items() if value is None} == {"web_searches"}
    assert all(found[bucket] == 10 for bucket in BUCKETS[:INPUTS])
    assert all(found[bucket] == 20 for bucket in BUCKETS[INPUTS:11])
    found = dict(zip(BUCKETS, with_fallbacks({"input": 10, "write_5m": 12, "input_audio": 30}), strict=True))
    assert (found["write_1h"], found["cached_audio"], found["cached"]) == (12, 30, 10)
    assert set(FALLBACKS) < set(BUCKETS)


def test_card_id_is_the_hash_of_the_canonical_card() -> None:
    assert one_rate(1).card_id == one_rate(1).card_id
    assert len({one_rate(1).card_id, one_rate(2).card_id, banded().card_id, banded(marginal=True).card_id}) == 4
