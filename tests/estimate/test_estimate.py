from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.estimate.estimate import KEPT_NOTES, Estimate, estimate
from llmcost.estimate.find import Input
from llmcost.estimate.models import Model, priced_model
from llmcost.estimate.terms import Calls, Terms
from llmcost.estimate.totals import Item
from llmcost.tokens.counter import Count
from llmcost.tokens.prompt import Prompt, plain
from tests.estimate.books import NOW, book

BOOK = book()


def model(name: str) -> Model:
    return priced_model(BOOK, name, "standard", NOW)


def never(prompt: Prompt, terms: Terms) -> Model:
    raise AssertionError(prompt)


def texts(*pairs: tuple[str, str], folder: str = "") -> list[Input[Prompt]]:
    return [Input(path, folder, plain(text)) for path, text in pairs]


def made(prompts: list[Input[Prompt]], *names: str, terms: Terms | None = None) -> Estimate:
    return estimate(prompts, [model(name) for name in names], fallback=never, terms=lambda _: terms or Terms())


def test_one_prompt_for_one_model() -> None:
    result = made(texts(("a", "hello")), "gpt-4o", terms=Terms(output_tokens=100))
    (item,) = result.items
    # 8 x 2.5 $/M + 100 x 10 $/M
    assert (item.input_tokens, item.exact, item.terms.output_tokens, item.cost_nano) == (8, True, 100, 1_020_000)
    assert (item.input_low, item.input_high, item.cost_low, item.cost_high) == (8, 8, 1_020_000, 1_020_000)
    assert result.total is not None
    assert result.total.cost_nano == 1_020_000


def test_unknown_output_is_not_counted_as_zero_tokens() -> None:
    result = made(texts(("a", "hello")), "gpt-4o")
    assert (result.items[0].terms.output_tokens, result.items[0].cost_nano) == (None, 20_000)
    assert result.totals[0].with_output == 0


def test_cached_input_pays_its_own_rate() -> None:
    (item,) = made(texts(("a", "word " * 1_500)), "gpt-cached", terms=Terms(cached_share=Fraction(1, 2))).items
    # 1,508 tokens: 754 x 2 + 754 x 0.5 $/M
    assert (item.input_tokens, item.cached_tokens, item.cost_nano) == (1_508, 754, 1_885_000)


@pytest.mark.parametrize(
    ("text", "beginning", "cached"),
    [
        ("hello", None, 0),  # under OpenAI's 1,024
        ("word " * 1_500, None, 1_408),  # 1,501 of text: 1,024 and three steps of 128
        ("word " * 1_500, "", 0),
        ("word " * 1_500, "word " * 1_000, 0),
        ("word " * 1_500, "word" + " word" * 1_279, 1_280),
    ],
)
def test_no_more_is_cached_than_the_provider_can_serve(text: str, beginning: str | None, cached: int) -> None:
    prompt = replace(plain(text), beginning=beginning)
    (item,) = made([Input("a", "", prompt)], "gpt-cached", terms=Terms(cached_share=Fraction(1))).items
    assert item.cached_tokens == cached
    assert item.cost_nano == (item.input_tokens - cached) * 2_000 + cached * 500


def test_models_are_compared_cheapest_first_and_not_added_up() -> None:
    result = made(texts(("a", "hello"), ("b", "hello")), "gpt-4o", "gpt-4o-mini")
    assert [(t.model.name, t.items, t.input_tokens, t.cost_nano) for t in result.totals] == [
        ("gpt-4o-mini", 2, 16, 2_400), ("gpt-4o", 2, 16, 40_000),
    ]  # fmt: skip
    assert result.total is None
    assert result.prompts == 2
    assert [(i.path, i.model.name) for i in result.items] == [
        ("a", "gpt-4o"), ("a", "gpt-4o-mini"), ("b", "gpt-4o"), ("b", "gpt-4o-mini"),
    ]  # fmt: skip


def test_without_models_each_prompt_says_its_own() -> None:
    names = {"one": "gpt-4o", "two": "gpt-4o-mini"}
    prompts = texts(*((name, "hello") for name in names))
    by_prompt = iter(names.values())
    result = estimate(prompts, [], fallback=lambda *_: model(next(by_prompt)))
    assert [item.model.name for item in result.items] == ["gpt-4o", "gpt-4o-mini"]
    assert result.total is not None
    assert result.total.cost_nano == 20_000 + 1_200


def test_a_long_prompt_pays_the_context_tiers_rate() -> None:
    # 200 words "a b" are over 100 tokens: 6 $/M for all of them.
    (item,) = made(texts(("a", "a " * 200)), "claude-x").items
    assert item.input_tokens > 100
    assert item.cost_nano == item.input_tokens * 6_000
    assert not item.exact


def test_a_total_is_exact_only_when_every_prompt_is() -> None:
    prompts = [*texts(("a", "hello")), Input("b", "", plain("hello", complete=False))]
    assert not made(prompts, "gpt-4o").totals[0].exact


def test_the_prompts_of_a_file_are_one_item() -> None:
    result = made(texts(("a.jsonl", "hello"), ("a.jsonl", "hello"), ("b", "hello")), "gpt-4o")
    assert [(i.path, i.kind, i.requests, i.input_tokens) for i in result.items] == [
        ("a.jsonl", "requests", 2, 16), ("b", "text", 1, 8),
    ]  # fmt: skip
    assert (result.prompts, result.totals[0].items, result.totals[0].requests) == (2, 2, 3)


def test_folders_have_totals_of_their_own() -> None:
    prompts = [*texts(("d/a", "hello"), ("d/x/b", "hello"), ("d/x/y/c", "hello"), ("d/z/d", "hello"), folder="d"),
               *texts(("e", "hello"))]  # fmt: skip
    result = made(prompts, "gpt-4o")
    assert [(folder, total.items, total.cost_nano) for folder, total in result.folders] == [
        ("d", 4, 80_000), ("d/x", 2, 40_000), ("d/z", 1, 20_000),
    ]  # fmt: skip
    assert result.totals[0].cost_nano == 100_000


def test_the_root_is_a_folder_as_well() -> None:
    result = made(texts(("/a", "hello"), ("/d/b", "hello"), folder="/"), "gpt-4o")
    assert [folder for folder, _ in result.folders] == ["/", "/d"]
    here = made(texts(("a", "hello"), ("d/b", "hello"), folder="."), "gpt-4o")
    assert [folder for folder, _ in here.folders] == [".", "d"]


def test_the_band_of_a_count_is_the_band_of_its_cost() -> None:
    def counted(prompt: Prompt, model: Model) -> Count:
        return Count(100, False, "about", 80, 130)

    prompts = texts(("a", "x"), ("b", "x"))
    terms = Terms(output_tokens=1, calls=Calls(3, "month"))
    result = estimate(prompts, [model("claude-x")], fallback=never, terms=lambda _: terms, counted=counted)
    total = result.totals[0]
    # Above 100 tokens the rates are 6 and 22.5 $/M.
    low, mid, high = 80 * 3_000 + 15_000, 100 * 3_000 + 15_000, 130 * 6_000 + 22_500
    assert (total.input_low, total.input_tokens, total.input_high) == (160, 200, 260)
    assert (total.cost_low, total.cost_nano, total.cost_high) == (2 * low, 2 * mid, 2 * high)
    assert (total.monthly_low, total.monthly_nano, total.monthly_high) == (6 * low, 6 * mid, 6 * high)


def test_one_count_without_a_band_leaves_the_total_without_one() -> None:
    def counted(prompt: Prompt, model: Model) -> Count:
        return Count(100, False, "about") if prompt.body == "x" else Count(10, True, "own", 10, 10)

    result = estimate(texts(("a", "x"), ("b", "y")), [model("gpt-4o")], fallback=never, counted=counted)
    assert (result.totals[0].input_low, result.totals[0].cost_high) == (None, None)
    assert (result.items[1].input_low, result.items[1].cost_high) == (10, 25_000)


def test_a_month_is_of_the_prompts_whose_calls_are_known() -> None:
    result = estimate(
        texts(("a", "hello"), ("b", "hello")), [model("gpt-4o")], fallback=never,
        terms=lambda path: Terms(0, calls=Calls(10, "month")) if path == "a" else Terms(),
    )  # fmt: skip
    total = result.totals[0]
    assert (total.monthly_nano, total.with_calls, total.with_output, total.items) == (200_000, 1, 1, 2)
    assert [item.monthly_nano for item in result.items] == [200_000, None]


def test_requests_longer_than_the_context_window_are_counted() -> None:
    prompts = texts(("a", "hello"), ("b", "word " * 2_000))
    total = made(prompts, "gpt-4o").totals[0]
    assert total.over_window == 1
    # The window is 1,000 tokens: 8 and 992 fit, 993 do not.
    for output, over in ((992, 1), (993, 2)):
        assert made(prompts, "gpt-4o", terms=Terms(output_tokens=output)).totals[0].over_window == over
    assert made(prompts, "gpt-4o-mini").totals[0].over_window == 0


def test_the_band_pays_the_rate_of_cached_input_too() -> None:
    guess = Count(10_000, False, "a guess", 9_000, 12_000)
    terms = Terms(cached_share=Fraction(1, 2))
    result = estimate(
        texts(("a", "hello")), [model("gpt-cached")], fallback=never, terms=lambda _: terms, counted=lambda *_: guess
    )
    # Half at 2 $/M, half at 0.5.
    costs = [(item.cost_low, item.cost_nano, item.cost_high) for item in result.items]
    assert costs == [(11_250_000, 12_500_000, 15_000_000)]


def test_the_requests_of_one_file_add_up() -> None:
    prompts = [Input("a", "", plain("hello")), Input("a", "", plain("word " * 2_000, complete=False))]
    for order in (prompts, [*reversed(prompts)], [prompts[1], *prompts, prompts[1]]):
        (item,) = made(order, "gpt-4o", terms=Terms(output_tokens=1)).items
        long = order.count(prompts[1])
        assert (item.requests, item.exact, item.over_window, item.input_low) == (len(order), False, long, None)
    (item,) = made(prompts[1:] * 3, "gpt-cached", terms=Terms(cached_share=Fraction(1, 2))).items
    # Each 1,004 x 2 and 1,004 x 0.5 $/M.
    assert (item.requests, item.exact, item.cached_tokens, item.cost_nano) == (3, False, 3_012, 7_530_000)


def test_the_dearest_items_are_kept_and_all_are_given_away() -> None:
    prompts = texts(*((str(number), "word " * number) for number in (3, 1, 5, 2, 4)))
    given_away: list[Item] = []
    result = estimate(prompts, [model("gpt-4o")], fallback=never, each=given_away.append, keep=2)
    assert [item.path for item in result.items] == ["5", "4"]
    assert (result.n_items, [item.path for item in given_away]) == (5, ["3", "1", "5", "2", "4"])


def test_remarks_are_kept_up_to_a_number() -> None:
    prompts = [Input(str(number), "", plain("x", notes=("odd",))) for number in range(KEPT_NOTES + 5)]
    result = made(prompts, "gpt-4o", "gpt-5")
    assert (len(result.notes), result.n_notes) == (KEPT_NOTES, KEPT_NOTES + 5)
    assert result.notes[0] == ("0", "odd")


def test_memory_does_not_grow_with_the_prompts() -> None:
    def many(number: int) -> Iterator[Input[Prompt]]:
        for index in range(number):
            yield Input(f"f{index}", "", plain(f"{index} " + "words and more " * 2_000))

    def peak(number: int) -> int:
        tracemalloc.start()
        estimate(many(number), [model("gpt-4o")], fallback=never, keep=5)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(2)
    # 30 kB each: 1,200 prompts are 36 MB.
    assert peak(1_200) < peak(600) + 2_000_000


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_any_number_of_prompts(number: int) -> None:
    result = made(texts(*((str(index), "hello") for index in range(number))), "gpt-4o")
    assert (result.n_items, len(result.totals)) == (number, min(number, 1))
    assert (result.total is None) == (number == 0)


@given(st.lists(st.sampled_from(["", "hello", "你好", "a b c"]), min_size=1, max_size=5), st.integers(0, 10**6))
def test_the_total_is_the_sum_of_the_items(prompts: list[str], output: int) -> None:
    inputs = texts(*((str(index), text) for index, text in enumerate(prompts)))
    result = made(inputs, "gpt-4o-mini", terms=Terms(output_tokens=output))
    assert result.total is not None
    assert result.total.cost_nano == sum(item.cost_nano for item in result.items) == result.totals[0].cost_nano
    assert all(item.cost_nano == item.input_tokens * 150 + output * 600 for item in result.items)
