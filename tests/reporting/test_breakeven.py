from fractions import Fraction

import pytest

from llmcost.breakeven.comparison import Comparison, compare, price_of
from llmcost.breakeven.hosted import Deployment
from llmcost.breakeven.traffic import Mix
from llmcost.reporting import breakeven as shown
from tests.breakeven.test_comparison import BOOK, NOW

#: A replica costs 2,190 a month and 6.57 billion tokens keep it busy all the time.
GPUS = Deployment(Fraction(3, 2), 2, Fraction(5000), Fraction(1000), Fraction(1), Fraction(1))


def compared(tokens: int, deployment: Deployment = GPUS, model: str = "one") -> Comparison:
    return compare(tokens, Mix(Fraction(3, 4)), price_of(BOOK, model, NOW), deployment)


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (7, "7"), (999, "999"), (1000, "1k"), (1234, "1.23k"), (12_340, "12.3k"), (123_456, "123k"),
        (1_200_000_000, "1.2B"), (500_000_000, "500M"), (5 * 10**12, "5T"), (Fraction(1, 2) * 10**9, "500M"),
        (100_000_000, "100M"), (10_000, "10k"),
    ],
)  # fmt: skip
def test_sizes(tokens: int | Fraction, text: str) -> None:
    assert shown.tokens_text(tokens) == text


def test_verdicts() -> None:
    assert shown.verdict(compared(10**9)) == (
        "At 1B tokens a month the GPUs are cheaper by $2,185.00 a month (49.9% less)."
    )
    assert shown.verdict(compared(10**8)) == (
        "At 100M tokens a month the API is cheaper by $1,752.50 a month (80.0% less)."
    )


def test_several_crossings_are_listed_and_a_crowd_is_not() -> None:
    # A replica is 16,425 a month and good for 28,743.75 of the API: equal at 16,425 and 32,850 / 4.375e-6.
    few = compared(10**9, GPUS._replace(gpu_hour=Fraction("11.25")))
    assert shown.turning(few) == [
        "Just above 3,754,285,714 (3.75B) tokens a month the GPUs are cheaper.",
        "Just above 6,570,000,000 (6.57B) tokens a month the API is cheaper.",
        "Just above 7,508,571,428 (7.51B) tokens a month the GPUs are cheaper.",
        "Above 7,508,571,428 (7.51B) tokens a month the GPUs are always cheaper.",
    ]
    crowd = shown.turning(compared(10**9, GPUS._replace(gpu_hour=Fraction(196, 10))))
    assert len(crowd) == shown.SHOWN_CROSSINGS + 2
    assert crowd[-2] == "… the cheaper one keeps changing with each further replica …"


def test_a_tiered_price_says_what_it_holds_for() -> None:
    text = shown.as_text(compared(10**9, model="long"), [], [])
    assert "Price per 1M tokens: $1.00 in, $1.00 cached, $2.00 out (exact match, test;" in text
    assert "for requests of up to 200,000 input tokens)" in text
