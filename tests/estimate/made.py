"""Estimates of made-up prompts for the made-up models of `books`."""

from __future__ import annotations

from collections.abc import Callable

from llmcost.estimate.estimate import Estimate, estimate, locally
from llmcost.estimate.find import Input
from llmcost.estimate.models import Model, priced_model
from llmcost.estimate.terms import Terms
from llmcost.estimate.totals import Item
from llmcost.tokens.counter import Count
from llmcost.tokens.prompt import Prompt, plain
from tests.estimate.books import NOW, book

BOOK = book()


def model(name: str, tier: str = "standard") -> Model:
    return priced_model(BOOK, name, tier, NOW)


def about(low: int, tokens: int, high: int) -> Callable[[Prompt, Model], Count]:
    """A counter whose every count is that estimate."""
    return lambda prompt, model: Count(tokens, False, "a guess", low, high)


def uncalibrated(prompt: Prompt, model: Model) -> Count:
    return Count(100, False, "a guess, uncalibrated")


def made(
    *names: str,
    prompts: int = 1,
    inputs: list[Input[Prompt]] | None = None,
    terms: Terms | None = None,
    tier: str = "standard",
    counted: Callable[[Prompt, Model], Count] = locally,
    each: Callable[[Item], None] | None = None,
    keep: int = 20,
) -> Estimate:
    """`prompts` files of the text "hello", or `inputs`, for the models of those names."""
    given = inputs or [Input(f"p{number}.txt", "", plain("hello")) for number in range(prompts)]

    def never(prompt: Prompt, terms: Terms) -> Model:
        raise AssertionError(prompt)

    return estimate(
        given, [model(name, tier) for name in names], fallback=never, terms=lambda _: terms or Terms(),
        counted=counted, each=each, keep=keep,
    )  # fmt: skip
