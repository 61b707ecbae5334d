from __future__ import annotations

from decimal import Decimal

import pytest

from llmcost.core.errors import DataError, UsageError
from llmcost.routing.smart_router import SmartModelRouter, Tier
from tests.estimate.books import NOW, book

PRICES = """
version: 1
models:
  - {model: gpt-3.5-turbo, provider: openai, input: 1.5, output: 2}
  - {model: gpt-4-turbo, provider: openai, input: 10, output: 30}
  - {model: claude-3-sonnet, provider: anthropic, input: 3, output: 15}
"""


@pytest.fixture
def router() -> SmartModelRouter:
    return SmartModelRouter(book(PRICES), at_us=NOW)


def test_the_articles_example(router: SmartModelRouter) -> None:
    prompt = "请详细分析这份财报数据并给出投资建议"
    assert router.route(prompt, context={"require_quality": True}) == "gpt-4-turbo"
    # cl100k: 19 tokens of text and 7 of the chat format; o200k 13 x 1.32 = 17.16 -> 17, and 7.
    assert router.estimate_cost(prompt, expected_output_tokens=1000) == {
        "simple": {"model": "gpt-3.5-turbo", "estimated_cost": Decimal("0.002039"), "quality_score": 70},
        "complex": {"model": "gpt-4-turbo", "estimated_cost": Decimal("0.03026"), "quality_score": 95},
        "creative": {"model": "claude-3-sonnet", "estimated_cost": Decimal("0.015072"), "quality_score": 85},
    }


def test_five_hundred_output_tokens_by_default(router: SmartModelRouter) -> None:
    assert router.estimate_cost("hello") == router.estimate_cost("hello", 500)


def test_every_tier_is_reached(router: SmartModelRouter) -> None:
    assert router.route("你好") == "gpt-3.5-turbo"
    assert router.route("写一首关于秋天的诗") == "claude-3-sonnet"
    assert router.route("Write a poem about autumn") == "claude-3-sonnet"
    assert router.route("Compare Rust and Go") == "gpt-4-turbo"


@pytest.mark.parametrize("prompt", ["是", "但是", "你好", "hello", "这是简单的问题"])
def test_quality_is_honoured_whatever_the_words(router: SmartModelRouter, prompt: str) -> None:
    assert router.route(prompt, {"require_quality": True}) == "gpt-4-turbo"


def test_a_word_that_contains_a_short_answer_is_not_easy(router: SmartModelRouter) -> None:
    assert router.classify_complexity("但是这个方案是否可行") == "medium"


def test_a_prompt_that_does_not_fit_goes_to_a_model_that_holds_it(router: SmartModelRouter) -> None:
    assert router.route("hi", {"expected_output_tokens": 20_000}) == "claude-3-sonnet"
    assert router.route("hi", {"expected_output_tokens": 150_000, "require_quality": True}) == "claude-3-sonnet"
    with pytest.raises(DataError, match="no model's context window"):
        router.route("hi", {"expected_output_tokens": 1_000_000})


def test_price_decides_among_those_good_enough() -> None:
    models = {"a": Tier("gpt-4-turbo", 90, 10_000, "openai"), "b": Tier("claude-3-sonnet", 90, 10_000, "anthropic")}
    router = SmartModelRouter(book(PRICES), at_us=NOW, models=models)
    assert router.route("prove it") == "claude-3-sonnet"


def test_an_unpriced_model_is_an_error() -> None:
    router = SmartModelRouter(book(PRICES), at_us=NOW, models={"x": Tier("gpt-77", 90, 10_000)})
    with pytest.raises(UsageError, match="no price for candidate 'gpt-77'"):
        router.estimate_cost("hello")


def test_no_answer_costs_less_than_nothing(router: SmartModelRouter) -> None:
    with pytest.raises(UsageError, match="no -5 tokens"):
        router.estimate_cost("hello", expected_output_tokens=-5)
    with pytest.raises(UsageError, match="no -5 tokens"):
        router.route("hello", {"expected_output_tokens": -5})


def test_without_a_book_the_packaged_prices_serve() -> None:
    estimates = SmartModelRouter().estimate_cost("hello")
    assert {each["model"] for each in estimates.values()} == {"gpt-3.5-turbo", "gpt-4-turbo", "claude-3-sonnet"}
    assert all(each["estimated_cost"] > 0 for each in estimates.values())
