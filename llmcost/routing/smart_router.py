"""The router of the article llmcost grew from, with its interface kept and its faults mended.

The article's version looked for cues inside other words (是 in 但是), ignored negation, let a low cue override
`require_quality`, guessed tokens as characters / 4, and read neither prices nor quality nor context windows.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict

from llmcost.core.errors import DataError, UsageError
from llmcost.core.money import usd_text
from llmcost.core.usage import Usage
from llmcost.pricing.book import PriceBook
from llmcost.routing.complexity import Level, classify
from llmcost.routing.offers import price_of
from llmcost.routing.policy import OUTPUT_TOKENS, Candidate
from llmcost.tokens.counter import count
from llmcost.tokens.prompt import plain

#: Prices "now" for a caller that gives no moment: open-ended prices hold at any later time. 2100-01-01 in µs.
_LATEST_US = 4_102_444_800_000_000


class Tier(NamedTuple):
    model: str
    quality_score: int
    """0 to 100."""
    context_window: int
    provider: str = ""


#: The article's three tiers with their quality scores; windows as the providers state them.
TIERS: dict[str, Tier] = {
    "simple": Tier("gpt-3.5-turbo", 70, 16_385, "openai"),
    "complex": Tier("gpt-4-turbo", 95, 128_000, "openai"),
    "creative": Tier("claude-3-sonnet", 85, 200_000, "anthropic"),
}
#: Quality score a prompt of each complexity needs.
FLOORS: dict[Level, int] = {"low": 0, "medium": 80, "high": 90}


class CostEstimate(TypedDict):
    model: str
    estimated_cost: Decimal
    """USD of one request."""
    quality_score: int


class SmartModelRouter:
    """Routes by cost and quality. Prices come from `book` as of `at_us` (microseconds UTC; None: the latest known)."""

    def __init__(
        self, book: PriceBook | None = None, *, at_us: int | None = None, models: Mapping[str, Tier] | None = None
    ) -> None:
        if book is None:
            from llmcost.pricing.store import load_book

            book = load_book((), cache_dir=None)
        self._book = book
        self._us = _LATEST_US if at_us is None else at_us
        self.models = dict(models or TIERS)

    def classify_complexity(self, prompt: str) -> Level:
        """`high`, `medium` or `low`: a heuristic on cue words, see `complexity.classify`."""
        return classify(prompt).level

    def route(self, prompt: str, context: Mapping[str, Any] | None = None) -> str:
        """The name of the cheapest model whose quality suffices for the prompt and whose window holds it.

        `context["require_quality"]` true: the best model, whatever the prompt looks like.
        `context["expected_output_tokens"]`: tokens of the answer (default 500).

        Raises:
            DataError: the prompt fits no model's context window.
            UsageError: a model has no price, or the number of tokens is negative.
        """
        context = context or {}
        output = int(context.get("expected_output_tokens", OUTPUT_TOKENS))
        known = {tier: self._usage_and_cost(each, prompt, output) for tier, each in self.models.items()}
        fitting = [
            (nano, -self.models[tier].quality_score, self.models[tier].model)
            for tier, (usage, nano) in known.items()
            if usage.input + usage.output <= self.models[tier].context_window
        ]
        if not fitting:
            raise DataError(
                "the prompt and its answer fit no model's context window", "shorten the prompt, or add a model"
            )
        best = max(-score for _, score, _ in fitting)
        floor = best if context.get("require_quality") else min(best, FLOORS[self.classify_complexity(prompt)])
        return min(each for each in fitting if -each[1] >= floor)[2]

    def estimate_cost(self, prompt: str, expected_output_tokens: int = OUTPUT_TOKENS) -> dict[str, CostEstimate]:
        """Tier -> model, its cost in USD for this prompt and an answer of that many tokens, and its quality score."""
        return {
            tier: CostEstimate(
                model=each.model,
                estimated_cost=Decimal(usd_text(self._usage_and_cost(each, prompt, expected_output_tokens)[1])),
                quality_score=each.quality_score,
            )
            for tier, each in self.models.items()
        }

    def _usage_and_cost(self, tier: Tier, prompt: str, output: int) -> tuple[Usage, int]:
        if output < 0:
            raise UsageError(f"an answer has no {output} tokens", "expected_output_tokens is zero or more")
        priced = price_of(self._book, Candidate(tier.model, tier.provider), self._us)
        counted = count(plain(prompt), tier.model, priced.card.provider, also=priced.card.model)
        usage = Usage(input=counted.tokens, output=output)
        costed = priced.card.cost(usage)
        if costed is None:
            raise DataError(f"model {tier.model!r} has no rate for this request", "give it a price")
        return usage, costed[0]
