from fractions import Fraction

import pytest

from llmcost.breakeven.fields import TRAFFIC, Field, Given, Inputs
from llmcost.breakeven.traffic import Mix, mix_of, volumes_of
from llmcost.core.errors import UsageError


def inputs(**values: str) -> Inputs:
    known = {**TRAFFIC, "monthly_tokens": Field("tokens")}
    return Inputs("the traffic", known, {name: Given(text, f"--{name}", "option") for name, text in values.items()})


def test_volumes() -> None:
    assert volumes_of(inputs()) == ()
    assert volumes_of(inputs(monthly_tokens="500M")) == (500_000_000,)
    assert volumes_of(inputs(input_tokens="800_000_000", output_tokens="0.2B")) == (10**9,)
    assert volumes_of(inputs(input_tokens="5", output_tokens="0")) == (5,)
    assert volumes_of(inputs(volumes_M="100, 1000,100")) == (10**8, 10**9)
    assert volumes_of(inputs(volumes_M="100", monthly_tokens="2k")) == (2000, 10**8)


def test_mixes() -> None:
    counts = {"input_tokens": "300", "output_tokens": "100"}
    assert mix_of(inputs(input_share="75%")) == Mix(Fraction(3, 4))
    assert mix_of(inputs(**counts)).input_share == Fraction(3, 4)
    assert mix_of(inputs(mix="2:1")).input_share == Fraction(2, 3)
    assert mix_of(inputs(mix="2:1", **counts)).input_share == Fraction(3, 4)
    assert mix_of(inputs(input_share="0.1", mix="2:1", **counts)).input_share == Fraction(1, 10)
    found = mix_of(inputs(input_share="1", cached_share="0.5", cache_write_share="50%"))
    assert found == Mix(Fraction(1), Fraction(1, 2), Fraction(1, 2))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"monthly_tokens": "0"}, "--monthly_tokens '0' is not between 1 and 10^18 tokens"),
        ({"monthly_tokens": "-5M"}, "--monthly_tokens '-5M' is negative"),
        ({"volumes_M": "100, x"}, "--volumes_M 'xM' is not a number of tokens"),
        ({"volumes_M": "0"}, "--volumes_M '0M' is not between 1 and 10^18 tokens"),
        ({"volumes_M": ", ".join(map(str, range(1, 102)))}, "--volumes_M lists 101 volumes"),
        ({"input_tokens": "5"}, "--input_tokens stands without 'output_tokens'"),
        ({"output_tokens": "5"}, "--output_tokens stands without 'input_tokens'"),
        ({"input_tokens": "0", "output_tokens": "0"}, "input_tokens and output_tokens are both 0"),
        ({"input_tokens": "-1", "output_tokens": "2"}, "--input_tokens '-1' is negative"),
    ],
)
def test_what_is_no_volume(values: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        volumes_of(inputs(**values))
    assert caught.value.message == message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"input_share": "1.5"}, "--input_share '1.5' is not a share from 0 to 1"),
        ({"input_share": "-0.5"}, "--input_share '-0.5' is negative"),
        ({"mix": "2"}, "--mix '2' is not a ratio"),
        ({"mix": "0:0"}, "--mix '0:0' has no tokens"),
        ({"mix": "-1:2"}, "--mix '-1' is negative"),
        (
            {"input_share": "1", "cached_share": "0.6", "cache_write_share": "0.5"},
            "cached and written input add up to more than 1 (--cache_write_share '0.5' beside '0.6')",
        ),
    ],
)
def test_what_is_no_mix(values: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        mix_of(inputs(**values))
    assert caught.value.message == message
    assert caught.value.hint
