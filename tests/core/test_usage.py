import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.usage import (
    BUCKETS,
    COST_PARTS,
    Usage,
    usage_from_parts,
    usage_from_totals,
)

counts = st.integers(0, 10**9)


def test_the_buckets_are_the_fields_and_a_cost_has_fees_too() -> None:
    assert BUCKETS == ("input", "cached", "write_5m", "write_1h", "input_audio", "cached_audio", "input_image",
                       "output", "reasoning", "output_audio", "output_image", "web_searches")  # fmt: skip
    assert (*BUCKETS, "fees") == COST_PARTS


def test_totals_count_every_token_once_and_searches_never() -> None:
    usage = Usage(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)
    assert usage.input_total == 127
    assert usage.cached_total == 34
    assert usage.output_total == 1920
    assert usage.tokens == 2047


def test_openai_style_totals_are_split() -> None:
    usage = usage_from_totals(
        input_total=1000, cached=600, input_audio=50, cached_audio=100, output_total=300, reasoning=200, web_searches=2
    )
    assert usage == Usage(input=350, cached=500, input_audio=50, cached_audio=100, output=100, reasoning=200,
                          web_searches=2)  # fmt: skip
    assert usage.input_total == 1000
    assert usage.output_total == 300


@given(st.lists(counts, min_size=7, max_size=7), st.lists(counts, min_size=4, max_size=4))
def test_splitting_totals_undoes_adding_up(inputs: list[int], outputs: list[int]) -> None:
    usage = Usage(*inputs, *outputs)
    again = usage_from_totals(
        input_total=sum(inputs), cached=usage.cached + usage.cached_audio, write_5m=usage.write_5m,
        write_1h=usage.write_1h, input_audio=usage.input_audio, cached_audio=usage.cached_audio,
        input_image=usage.input_image, output_total=sum(outputs), reasoning=usage.reasoning,
        output_audio=usage.output_audio, output_image=usage.output_image,
    )  # fmt: skip
    assert again == usage


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"input_total": -1}, "negative"),
        ({"input_total": 10, "web_searches": -1}, "negative"),
        ({"input_total": 10**12 + 1}, "implausibly large"),
        ({"input_total": 10, "cached": 11}, "exceed the input"),
        ({"input_total": 10, "cached": 5, "write_5m": 6}, "exceed the input"),
        ({"input_total": 10, "cached": 5, "cached_audio": 6}, "exceed the input"),
        ({"output_total": 10, "reasoning": 11}, "exceed the output"),
        ({"output_total": 10, "output_audio": 6, "output_image": 6}, "exceed the output"),
    ],
)
def test_counts_that_contradict_each_other_are_refused(given: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        usage_from_totals(**given)


def test_disjoint_counts_are_checked_and_kept() -> None:
    assert usage_from_parts(Usage(1, 2, 3)) == Usage(1, 2, 3)
    with pytest.raises(ValueError, match="negative"):
        usage_from_parts(Usage(output=-1))
    with pytest.raises(ValueError, match="implausibly large"):
        usage_from_parts(Usage(cached=10**12 + 1))
