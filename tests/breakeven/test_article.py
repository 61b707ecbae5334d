from fractions import Fraction

from llmcost.breakeven.article import CLUSTERS, LOWER, MODELS, UPPER

ONE, PAIR = CLUSTERS
TURBO, OLD, LLAMA = MODELS


def test_what_the_article_prints_is_for_two_million_tokens() -> None:
    assert [model.printed for model in MODELS] == [40, 2, 2]
    assert [model.per_million for model in MODELS] == [20, 1, 1]


def test_its_half_dollar_is_a_gpu_that_is_always_full() -> None:
    """$1.50 / 3600 s / $0.0000005 = 833.3 tokens/s: 2.19 billion a month, for $1,095."""
    assert ONE.tokens_per_second == Fraction(2500, 3)
    assert ONE.full_month == 2_190_000_000
    assert ONE.month == 1095
    assert ONE.per_million(2_190_000_000) == Fraction(1, 2)


def test_140_gb_need_two_of_80() -> None:
    assert PAIR.gpus == 2
    assert PAIR.month == 2190
    assert [PAIR.per_million(tokens) for tokens in (LOWER, UPPER)] == [Fraction("21.9"), Fraction("4.38")]
    assert PAIR.utilisation(UPPER) == Fraction(500, 2190)


def test_break_even() -> None:
    """2,190 / 20 = 109.5M; against $1 the pair would have to serve 2.19B, which fills it."""
    assert [PAIR.break_even(model) for model in MODELS] == [109_500_000, None, None]
    assert [ONE.break_even(model) for model in MODELS] == [54_750_000, 1_095_000_000, 1_095_000_000]


def test_what_would_have_to_be_true() -> None:
    """$100 and $500 of API for 1,460 GPU-hours."""
    assert PAIR.gpu_hour_for(LLAMA, LOWER) == Fraction(100, 1460)
    assert PAIR.gpu_hour_for(OLD, UPPER) == Fraction(500, 1460)
    assert PAIR.gpu_hour_for(TURBO, LOWER) == Fraction(2000, 1460)
