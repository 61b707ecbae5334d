from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.breakeven.quantities import parse_amount, parse_ratio, parse_share, parse_tokens
from llmcost.core.errors import UsageError


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("500M", 500_000_000),
        ("1.2B", 1_200_000_000),
        ("750k", 750_000),
        ("2T", 2_000_000_000_000),
        ("3G", 3_000_000_000),
        ("500_000_000", 500_000_000),
        ("1,000", 1000),
        ("500m", 500_000_000),
        (" 1 K ", 1000),
        ("0.000001M", 1),
        ("1.123456789B", 1_123_456_789),
        ("1000000T", 10**18),
    ],
)
def test_volumes(text: str, tokens: int) -> None:
    assert parse_tokens(text, "--n") == tokens


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--n '' is not a number of tokens"),
        ("lots", "--n 'lots' is not a number of tokens"),
        ("-5M", "--n '-5M' is negative"),
        ("1e9", "--n '1e9' is not a number of tokens"),
        ("5 MB", "--n '5 MB' is not a number of tokens"),
        ("٥M", "--n '٥M' is not a number of tokens"),
        ("1.2345k", "--n '1.2345k' is not a whole number of tokens"),
        ("0", "--n '0' is not between 1 and 10^18 tokens"),
        ("1000001T", "--n '1000001T' is not between 1 and 10^18 tokens"),
        ("nan", "--n 'nan' is not a number of tokens"),
    ],
)
def test_what_is_no_volume(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_tokens(text, "--n")
    assert caught.value.message == message
    assert caught.value.hint


@given(st.integers(1, 10**18))
def test_plain_digits_are_themselves(tokens: int) -> None:
    assert parse_tokens(str(tokens), "--n") == tokens
    assert parse_tokens(f"{tokens:,}", "--n") == parse_tokens(f"{tokens:_}", "--n") == tokens


def test_amounts() -> None:
    assert parse_amount("1.50", "--x") == Fraction(3, 2)
    assert parse_amount("0", "--x", zero=True) == 0


@pytest.mark.parametrize("text", ["", "-1", "1e3", "$2", "0", "0.000", "1000000001", "inf", "1/2", "1" * 400])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(UsageError, match="--x"):
        parse_amount(text, "--x")


def test_shares() -> None:
    assert parse_share("0.75", "--x") == parse_share("75%", "--x") == parse_share("75 %", "--x") == Fraction(3, 4)
    assert [parse_share(text, "--x") for text in ("0", "1", "100%")] == [0, 1, 1]


@pytest.mark.parametrize("text", ["", "-0.1", "1.01", "101%", "75", "%", "0.5%%", "half"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(UsageError, match="--x"):
        parse_share(text, "--x")


@pytest.mark.parametrize("text", ["-5", "-5M", "−1.5", "- 2", "-5%"])
def test_negative_numbers_are_called_so(text: str) -> None:
    for parse in (parse_tokens, parse_amount, parse_share):
        with pytest.raises(UsageError, match="is negative"):
            parse(text, "--x")


def test_no_tokens_may_be_meant() -> None:
    assert parse_tokens("0", "--x", zero=True) == 0


def test_ratios() -> None:
    assert [parse_ratio(text, "--x") for text in ("2:1", "1 : 0.25", "0:5", "1:0")] == [
        Fraction(2, 3), Fraction(4, 5), 0, 1,
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "2", ":", "1:", "a:b", "0:0", "-1:2", "1:2:3"])
def test_what_is_no_ratio(text: str) -> None:
    with pytest.raises(UsageError, match="--x"):
        parse_ratio(text, "--x")


def test_a_share_that_may_not_be_zero() -> None:
    with pytest.raises(UsageError, match="not a share above 0 to 1"):
        parse_share("0", "--x", zero=False)
