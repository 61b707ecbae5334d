"""An API's rates: from a card of the price book, or as a scenario states them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from llmcost.breakeven.api import Rates
from llmcost.core.errors import UsageError
from llmcost.core.money import FEMTO_PER_USD
from llmcost.core.usage import BUCKETS
from llmcost.pricing.book import Priced, price_or_error

if TYPE_CHECKING:
    from llmcost.breakeven.fields import Inputs
    from llmcost.breakeven.traffic import Mix
    from llmcost.pricing.book import PriceBook
    from llmcost.pricing.card import Card

_MILLION = 10**6
_CLASSES = {"input": "input", "cached input": "cached", "cache writes": "write_5m", "output": "output"}


class Prices(NamedTuple):
    rates: Rates
    batch: Rates | None
    priced: Priced | None
    """The standard card; None for prices of a scenario."""


def of_model(
    book: PriceBook, model: str, place: str, us: int, mix: Mix, *, batch: bool, per_request: int | None
) -> Prices:
    """The price book's rates for `model` at `us` (microseconds UTC), for requests of `per_request` input tokens.

    Raises:
        UsageError: there is no price, none for batches where `batch`, none for a class of token the mix has, or a fee
            per request and nothing that says how many requests there are.
    """
    priced = price_or_error(book, model, us, place=place)
    rates = rates_of(priced.card, mix, per_request)
    if not batch:
        return Prices(rates, None, priced)
    batched = price_or_error(book, model, us, tier="batch", place=place).card
    if batched.note:
        raise UsageError(
            f"model {model!r} has no batch price", "write --batch-share 0, or state the price under `tiers: {batch: …}`"
        )
    return Prices(rates, rates_of(batched, mix, per_request), priced)


def rates_of(card: Card, mix: Mix, per_request: int | None = None) -> Rates:
    """The card's USD per token in requests of `per_request` input tokens; without that, below its first context tier.

    Where only the input above a threshold pays more (`marginal`), input rates are averages over such a request.

    Raises:
        UsageError: a rate the mix needs is unknown, or there is a fee per request, whose number is unknown.
    """
    if card.per_request and not (per_request and mix.input_share):
        raise UsageError(
            f"{card.model!r} charges a fee per request, which a volume of tokens does not determine",
            "say how long requests are: --input-per-request 2000",
        )
    needed = (
        mix.input_share * (1 - mix.cached_share - mix.write_share),
        mix.input_share * mix.cached_share,
        mix.input_share * mix.write_share,
        mix.output_share,
    )
    rates: list[Fraction | None] = []
    for (name, bucket), share in zip(_CLASSES.items(), needed, strict=True):
        rate = _rate(card, BUCKETS.index(bucket), per_request or 0)
        if rate is None and share:
            raise UsageError(
                f"model {card.model!r} has no rate for {name}", "`llmcost prices add` writes one; unpriced is not free"
            )
        rates.append(rate)
    fee = Fraction(card.per_request, FEMTO_PER_USD) / per_request if per_request else Fraction(0)
    input_, cached, write, output = rates
    return Rates(input_, cached, write, output, fee)


def _rate(card: Card, bucket: int, length: int) -> Fraction | None:
    reached = [(above, rates[bucket]) for above, rates in card.bands if not above or length > above]
    if not card.marginal or bucket == BUCKETS.index("output") or len(reached) == 1:
        femto = reached[-1][1]
        return None if femto is None else Fraction(femto, FEMTO_PER_USD)
    ends = [*(above for above, _ in reached[1:]), length]
    total = Fraction(0)
    for (above, femto), end in zip(reached, ends, strict=True):
        if femto is None:
            return None
        total += Fraction((end - above) * femto, length)
    return total / FEMTO_PER_USD


def of_scenario(given: Inputs, mix: Mix, *, batch: bool) -> Prices:
    """A scenario's prices. Cached and written tokens without a price cost as much as other input.

    Raises:
        UsageError: a price the mix needs is missing, or the discount of the batches.
    """

    def rate(*names: str, share: Fraction) -> Fraction | None:
        name = next((name for name in names if given.has(name)), names[-1])
        return given.number(name) / _MILLION if share or given.has(name) else None

    read = mix.input_share
    rates = Rates(
        rate("price_in", share=read),
        rate("price_cached_in", "price_in", share=read * mix.cached_share),
        rate("price_cache_write", "price_in", share=read * mix.write_share),
        rate("price_out", share=mix.output_share),
    )
    return Prices(rates, rates.times(1 - given.number("batch_discount")) if batch else None, None)
