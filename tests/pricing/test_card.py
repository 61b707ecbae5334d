from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.money import FEMTO_PER_NANO
from llmcost.core.usage import BUCKETS, Usage
from llmcost.pricing.card import FALLBACKS, GOOGLE_FALLBACKS, Card, derived_writes, with_fallbacks

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


def filled(rates: dict[str, int], provider: str = "", derived: tuple[str, ...] = ()) -> dict[str, int | None]:
    return dict(zip(BUCKETS, with_fallbacks(rates, provider, derived), strict=True))


AUDIO = {"input_audio", "cached_audio", "output_audio"}


def test_fallbacks_take_the_nearest_rate() -> None:
    assert with_fallbacks({}) == (None,) * len(BUCKETS)
    found = filled({"input": 10, "output": 20})
    assert {bucket for bucket, value in found.items() if value is None} == {"web_searches", "write_1h", *AUDIO}
    assert [found[b] for b in ("cached", "write_5m", "input_image")] == [10, 10, 10]
    assert [found[b] for b in ("reasoning", "output_image")] == [20, 20]
    assert set(FALLBACKS) < set(GOOGLE_FALLBACKS) < set(BUCKETS)


def test_audio_never_costs_what_text_does_but_at_google() -> None:
    found = filled({"input": 10, "cached": 2, "output": 20}, "openai")
    assert [found[b] for b in ("input_audio", "cached_audio", "output_audio")] == [None, None, None]
    found = filled({"input": 10, "cached": 2, "output": 20, "input_audio": 30}, "openai")
    assert (found["cached_audio"], found["output_audio"]) == (30, None)
    found = filled({"input": 10, "cached": 2, "output": 20}, "google")
    assert [found[b] for b in ("input_audio", "cached_audio", "output_audio")] == [10, 2, 20]
    found = filled({"input": 10, "cached": 2, "output": 20, "input_audio": 30}, "google")
    assert found["cached_audio"] == 30, "audio has a price of its own: text's cached rate is not it"


def test_one_hour_writes_are_never_priced_as_five_minute_ones() -> None:
    assert filled({"input": 10, "write_5m": 12})["write_1h"] is None
    assert filled({"input": 10, "write_5m": 12, "write_1h": 21})["write_1h"] == 21


@pytest.mark.parametrize(
    ("model", "rates", "derived", "write_5m", "write_1h"),
    [
        # 1.25 and 2 times 300.
        ("claude-x", {"input": 300}, ("write_5m", "write_1h"), 375, 600),
        ("anthropic/Claude-X", {"input": 300, "write_5m": 360}, ("write_1h",), 360, 600),
        ("claude-x", {"input": 300, "write_5m": 360, "write_1h": 700}, (), 360, 700),
        # 1.25 x 2 = 2.5 and 1.25 x 6 = 7.5, half to even.
        ("claude-x", {"input": 2}, ("write_5m", "write_1h"), 2, 4),
        ("claude-x", {"input": 6}, ("write_5m", "write_1h"), 8, 12),
        ("claude-x", {"output": 300}, (), None, None),
        ("gpt-x", {"input": 300}, (), 300, None),
    ],
)
def test_claudes_cache_writes_are_multiples_of_its_input_price(
    model: str, rates: dict[str, int], derived: tuple[str, ...], write_5m: int | None, write_1h: int | None
) -> None:
    assert derived_writes(model, rates) == derived
    found = filled(rates, derived=derived)
    assert (found["write_5m"], found["write_1h"]) == (write_5m, write_1h)


def test_a_derived_rate_is_assumed_only_where_it_is_used() -> None:
    bands = ((0, with_fallbacks({"input": 10, "write_5m": 12}, derived=("write_1h",))),)
    card = Card("p", "claude-x", "standard", bands, derived=("write_1h",))
    assert not card.assumed(Usage(input=5, write_5m=5))
    assert card.assumed(Usage(write_1h=1))
    assert card.as_dict()["derived"] == ["write_1h"]
    plain = Card("p", "claude-x", "standard", bands)
    assert plain.card_id != card.card_id
    assert Card("p", "m", "batch", bands, note="no batch rate known: standard rates").assumed(Usage(input=1))


def test_missing_looks_at_the_band_the_request_reaches() -> None:
    low = with_fallbacks({"input": 10**6, "output": 10**6})
    high = with_fallbacks({"input": 10**6})
    only_low = Card("p", "m", "standard", ((0, low), (100, high)))
    assert (only_low.cost(Usage(input=100, output=1)), only_low.missing(Usage(input=100, output=1))) == (
        (101, (100, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0)), [],
    )  # fmt: skip
    assert (only_low.cost(Usage(input=101, output=1)), only_low.missing(Usage(input=101, output=1))) == (
        None,
        ["output"],
    )
    only_high = Card("p", "m", "standard", ((0, high), (100, low)))
    assert only_high.missing(Usage(input=100, output=1, web_searches=1)) == ["output", "web_searches"]
    assert only_high.missing(Usage(input=101, output=1)) == []
    # Marginal: the first 100 tokens pay the first band's rates, so a kind of input it does not price is missing.
    split = Card("p", "m", "standard", ((0, with_fallbacks({"output": 1})), (100, low)), marginal=True)
    assert (split.cost(Usage(input=500)), split.missing(Usage(input=500, output=1))) == (None, ["input"])


@pytest.mark.parametrize("used", [name for name in BUCKETS if name not in ("input", "cached", "write_5m", "output")])
def test_every_bucket_is_billed_at_its_own_rate(used: str) -> None:
    """Rates 1, 2, 4, ... nano-USD by bucket: 3 input and 5 output tokens are 3 x 1 + 5 x 128 = 643."""
    card = Card("p", "m", "standard", ((0, tuple(2**index * 10**6 for index in range(12))),), per_request=9 * 10**6)
    cost = card.cost(Usage(input=3, output=5)._replace(**{used: 1}))
    assert cost is not None
    own = {"write_1h": 8, "input_audio": 16, "cached_audio": 32, "input_image": 64, "reasoning": 256,
           "output_audio": 512, "output_image": 1024, "web_searches": 2048}  # fmt: skip
    assert cost[0] == 643 + own[used] + 9
    assert (cost[1][BUCKETS.index(used)], cost[1][-1], sum(cost[1])) == (own[used], 9, cost[0])


def test_card_id_is_the_hash_of_the_canonical_card() -> None:
    assert one_rate(1).card_id == one_rate(1).card_id
    assert len({one_rate(1).card_id, one_rate(2).card_id, banded().card_id, banded(marginal=True).card_id}) == 4
