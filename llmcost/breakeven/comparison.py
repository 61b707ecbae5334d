"""API against one hosted deployment at a volume: both costs, the verdict and where it turns."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, NamedTuple

from llmcost.breakeven.api import ApiCost, Rates, api_cost
from llmcost.breakeven.crossings import Crossings, Stairs, crossings
from llmcost.breakeven.hosted import Deployment, HostedCost, hosted_cost, replicas_per_token
from llmcost.breakeven.traffic import Mix
from llmcost.core.errors import UsageError
from llmcost.core.money import FEMTO_PER_USD
from llmcost.core.usage import BUCKETS
from llmcost.pricing.book import PriceBook, Priced, price_or_error
from llmcost.pricing.card import Card

Mode = Literal["api", "hosted"]


class Comparison(NamedTuple):
    """Money in USD, exact."""

    tokens: int
    mix: Mix
    priced: Priced
    rates: Rates
    deployment: Deployment
    api: ApiCost
    hosted: HostedCost
    crossings: Crossings

    @property
    def cheapest(self) -> Mode | None:
        """None when both cost the same."""
        if self.api.total == self.hosted.total:
            return None
        return "api" if self.api.total < self.hosted.total else "hosted"

    @property
    def saving(self) -> Fraction:
        """USD per month between the two."""
        return abs(self.api.total - self.hosted.total)

    @property
    def full_replica_per_token(self) -> Fraction:
        """USD per token of one replica as full as its peak allows, without anything fixed: the GPUs' best case."""
        return self.deployment.replica_month * replicas_per_token(self.mix, self.deployment)


def compare(tokens: int, mix: Mix, priced: Priced, deployment: Deployment) -> Comparison:
    """Both modes at `tokens` a month and every volume where the cheaper one changes, the mix held fixed.

    Raises:
        UsageError: the card has no rate for a class of token the mix has, or a fee per request.
    """
    rates = rates_of(priced.card, mix)
    stairs = Stairs(
        replicas_per_token(mix, deployment), deployment.replica_month, deployment.fixed,
        deployment.min_replicas, deployment.spare_replicas,
    )  # fmt: skip
    return Comparison(
        tokens, mix, priced, rates, deployment,
        api_cost(tokens, mix, rates), hosted_cost(tokens, mix, deployment),
        crossings(api_cost(1, mix, rates).total, stairs),
    )  # fmt: skip


def price_of(book: PriceBook, model: str, us: int) -> Priced:
    """The card of `model` at `us` (microseconds UTC).

    Raises:
        UsageError: no price is known: unpriced is not free.
    """
    return price_or_error(book, model, us)


def rates_of(card: Card, mix: Mix) -> Rates:
    """The card's rates for requests below its first context tier, USD per token.

    Raises:
        UsageError: a rate the mix needs is unknown, or there is a fee per request, whose number a volume of
            tokens does not tell.
    """
    if card.per_request:
        raise UsageError(
            f"{card.model!r} charges a fee per request, which a volume of tokens does not determine",
            "compare with a model priced by tokens alone",
        )
    rate = dict(zip(BUCKETS, card.bands[0][1], strict=True))
    needed = {
        "input": (rate["input"], mix.input_share * (1 - mix.cached_share - mix.write_share)),
        "cached input": (rate["cached"], mix.input_share * mix.cached_share),
        "cache writes": (rate["write_5m"], mix.input_share * mix.write_share),
        "output": (rate["output"], mix.output_share),
    }
    for name, (femto, share) in needed.items():
        if femto is None and share:
            raise UsageError(
                f"model {card.model!r} has no rate for {name}", "`llmcost prices add` writes one; unpriced is not free"
            )
    return Rates(*(None if femto is None else Fraction(femto, FEMTO_PER_USD) for femto, _ in needed.values()))
