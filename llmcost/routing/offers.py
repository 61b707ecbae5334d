"""Candidates with the price they have at a moment: an unknown price is an error, never zero."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from llmcost.core.errors import UsageError
from llmcost.core.usage import COST_PARTS, Usage
from llmcost.pricing.book import PriceBook, Priced, price_or_error
from llmcost.routing.policy import Candidate

#: A provider caches no shorter prompt (https://platform.openai.com/docs/guides/prompt-caching; Anthropic's least is
#: the same or more).
LEAST_CACHED = 1_024
_AT = {part: index for index, part in enumerate(COST_PARTS)}


class Offer(NamedTuple):
    candidate: Candidate
    priced: Priced
    context_window: int | None
    """The policy's, else the one a price source states."""

    def is_model(self, provider: str, model: str) -> bool:
        """Whether a rate card of `provider` for `model` is this offer's."""
        return (self.priced.card.provider, self.priced.card.model) == (provider, model)


class Cost(NamedTuple):
    """nano-USD of one request, and its parts, which add up to it."""

    nano: int
    input: int
    cached: int
    """Of the input that comes from the provider's prompt cache."""
    output: int
    fees: int


def offers(book: PriceBook, candidates: Iterable[Candidate], us: int) -> tuple[Offer, ...]:
    """The candidates at the prices of `us` (microseconds UTC).

    Raises:
        UsageError: no price is known for one then.
    """
    return tuple(
        Offer(each, price_of(book, each, us), each.context_window or _window(book, each)) for each in candidates
    )


def price_of(book: PriceBook, candidate: Candidate, us: int) -> Priced:
    """The candidate's card at `us`.

    Raises:
        UsageError: no price is known for it then.
    """
    return price_or_error(
        book, candidate.model, us, provider=candidate.provider, what="candidate", place=candidate.place
    )


def cost_of(offer: Offer, usage: Usage) -> Cost:
    """What a request of `usage` (text only) costs.

    Raises:
        UsageError: the price has no rate for a kind of token used.
    """
    costed = offer.priced.card.cost(usage)
    candidate = offer.candidate
    if costed is None:
        missing = ", ".join(offer.priced.card.missing(usage))
        at = f" ({candidate.place})" if candidate.place else ""
        raise UsageError(
            f"candidate {candidate.model!r} has no rate for {missing}{at}", "remove it, or give it a price"
        )
    nano, parts = costed
    return Cost(nano, parts[_AT["input"]], parts[_AT["cached"]], parts[_AT["output"]], parts[_AT["fees"]])


def usage_of(tokens: int, output: int, cached: int) -> Usage:
    """Input of `tokens`, of which `cached` come from the provider's cache where they are enough to be kept there."""
    kept = min(tokens, cached)
    if kept < LEAST_CACHED:
        kept = 0
    return Usage(input=tokens - kept, cached=kept, output=output)


def share_of(tokens: int, share: Fraction) -> int:
    """`share` of `tokens`, rounded down."""
    return tokens * share.numerator // share.denominator


def _window(book: PriceBook, candidate: Candidate) -> int | None:
    matches = book.matches(candidate.provider, candidate.model)
    return next((m.entry.context_window for _, m in matches if m.entry.context_window is not None), None)
