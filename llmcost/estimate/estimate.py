"""Prompts times models: tokens and cost of each, and the totals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from llmcost.core.money import round_half_even
from llmcost.estimate.models import Model
from llmcost.tokens.counter import count
from llmcost.tokens.prompt import Prompt

#: Days of an average month of the Gregorian year are 365 / 12.
_MONTH_DAYS = (365, 12)


class Item(NamedTuple):
    """One prompt sent once to one model."""

    path: str
    kind: str
    model: Model
    input_tokens: int
    exact: bool
    method: str
    output_tokens: int | None
    """None: unknown, and not in the cost."""
    cost_nano: int
    notes: tuple[str, ...]


class Total(NamedTuple):
    """All prompts sent once each to one model."""

    model: Model
    input_tokens: int
    exact: bool
    cost_nano: int


class Calls(NamedTuple):
    """How often every prompt is sent."""

    times: int
    per: str
    """`day` or `month`."""

    def monthly(self, nano: int) -> int:
        """nano-USD a month of a cost of `nano` per call; a month has 365/12 days."""
        if self.per == "month":
            return nano * self.times
        days, months = _MONTH_DAYS
        return round_half_even(nano * self.times * days, months)


class Estimate(NamedTuple):
    """`items` in the order of the prompts; `totals` cheapest first. Several models for one prompt are alternatives."""

    items: tuple[Item, ...]
    totals: tuple[Total, ...]
    compared: bool
    """The totals are alternatives and do not add up."""
    output_tokens: int | None
    calls: Calls | None

    @property
    def total_nano(self) -> int | None:
        """nano-USD of all prompts once; None where models are compared."""
        return None if self.compared else sum(item.cost_nano for item in self.items)


def estimate(
    prompts: Iterable[tuple[str, Prompt]],
    models: Sequence[Model],
    *,
    fallback: Callable[[Prompt], Model],
    output_tokens: int | None = None,
    calls: Calls | None = None,
) -> Estimate:
    """Price every prompt for every model; without models for the one `fallback` gives for the prompt.

    Raises:
        UsageError: a model has no rate for what is asked, or a prompt cannot be read.
    """
    items = [
        _item(path, prompt, model, output_tokens)
        for path, prompt in prompts
        for model in (models or [fallback(prompt)])
    ]
    return Estimate(tuple(items), _totals(items), len(models) > 1, output_tokens, calls)


def _item(path: str, prompt: Prompt, model: Model, output_tokens: int | None) -> Item:
    card = model.priced.card
    tokens, exact, method = count(prompt, model.name, card.provider, also=card.model)
    cost = model.cost(tokens, output_tokens or 0)
    return Item(path, prompt.kind, model, tokens, exact, method, output_tokens, cost, prompt.notes)


def _totals(items: Iterable[Item]) -> tuple[Total, ...]:
    totals: dict[str, Total] = {}
    for item in items:
        name = item.model.name
        known = totals.get(name, Total(item.model, 0, True, 0))
        totals[name] = Total(
            item.model, known.input_tokens + item.input_tokens, known.exact and item.exact,
            known.cost_nano + item.cost_nano,
        )  # fmt: skip
    return tuple(sorted(totals.values(), key=lambda total: (total.cost_nano, total.model.name)))
