from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.estimate.estimate import Calls, estimate
from llmcost.estimate.models import Model, priced_model
from llmcost.tokens.prompt import Prompt, plain
from tests.estimate.books import NOW, book

BOOK = book()


def model(name: str) -> Model:
    return priced_model(BOOK, name, "standard", NOW)


def never(prompt: Prompt) -> Model:
    raise AssertionError(prompt)


def test_one_prompt_for_one_model() -> None:
    made = estimate([("a", plain("hello"))], [model("gpt-4o")], fallback=never, output_tokens=100)
    (item,) = made.items
    # 8 x 2.5 $/M + 100 x 10 $/M
    assert (item.input_tokens, item.exact, item.output_tokens, item.cost_nano) == (8, True, 100, 1_020_000)
    assert made.total_nano == 1_020_000


def test_unknown_output_is_not_counted_as_zero_tokens() -> None:
    made = estimate([("a", plain("hello"))], [model("gpt-4o")], fallback=never)
    assert (made.items[0].output_tokens, made.items[0].cost_nano) == (None, 20_000)


def test_models_are_compared_cheapest_first_and_not_added_up() -> None:
    prompts = [("a", plain("hello")), ("b", plain("hello"))]
    made = estimate(prompts, [model("gpt-4o"), model("gpt-4o-mini")], fallback=never)
    assert [(t.model.name, t.input_tokens, t.cost_nano) for t in made.totals] == [
        ("gpt-4o-mini", 16, 2_400), ("gpt-4o", 16, 40_000),
    ]  # fmt: skip
    assert made.total_nano is None
    assert [(i.path, i.model.name) for i in made.items] == [
        ("a", "gpt-4o"), ("a", "gpt-4o-mini"), ("b", "gpt-4o"), ("b", "gpt-4o-mini"),
    ]  # fmt: skip


def test_without_models_each_prompt_says_its_own() -> None:
    names = {"one": "gpt-4o", "two": "gpt-4o-mini"}
    prompts = [(name, plain("hello")) for name in names]
    by_prompt = iter(names.values())
    made = estimate(prompts, [], fallback=lambda _: model(next(by_prompt)))
    assert [item.model.name for item in made.items] == ["gpt-4o", "gpt-4o-mini"]
    assert made.total_nano == 20_000 + 1_200


def test_a_long_prompt_pays_the_context_tiers_rate() -> None:
    # 200 words "a b" are over 100 tokens: 6 $/M for all of them.
    made = estimate([("a", plain("a " * 200))], [model("claude-x")], fallback=never)
    assert made.items[0].input_tokens > 100
    assert made.items[0].cost_nano == made.items[0].input_tokens * 6_000
    assert not made.items[0].exact


def test_a_total_is_exact_only_when_every_prompt_is() -> None:
    prompts = [("a", plain("hello")), ("b", plain("hello", complete=False))]
    assert not estimate(prompts, [model("gpt-4o")], fallback=never).totals[0].exact


@pytest.mark.parametrize(
    ("calls", "monthly"), [(Calls(12, "day"), 3_650), (Calls(20_000, "month"), 200_000), (Calls(1, "day"), 304)]
)
def test_a_month_is_a_twelfth_of_365_days(calls: Calls, monthly: int) -> None:
    # 1 a day: 304.1666 nano-dollars.
    assert calls.monthly(10) == monthly


@given(st.lists(st.sampled_from(["", "hello", "你好", "a b c"]), min_size=1, max_size=5), st.integers(0, 10**6))
def test_the_total_is_the_sum_of_the_items(texts: list[str], output: int) -> None:
    prompts = [(str(index), plain(text)) for index, text in enumerate(texts)]
    made = estimate(prompts, [model("gpt-4o-mini")], fallback=never, output_tokens=output)
    assert made.total_nano == sum(item.cost_nano for item in made.items) == made.totals[0].cost_nano
    assert all(item.cost_nano == item.input_tokens * 150 + output * 600 for item in made.items)
