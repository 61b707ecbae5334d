"""What an API charges for a month. USD, exact."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from llmcost.breakeven.traffic import Mix


class Rates(NamedTuple):
    """USD per token; None where the price book has none, which is not zero."""

    input: Fraction | None
    cached: Fraction | None
    write: Fraction | None
    output: Fraction | None


class ApiCost(NamedTuple):
    """USD for the volume asked (a month's tokens, or one token)."""

    input: Fraction
    cached: Fraction
    write: Fraction
    output: Fraction

    @property
    def total(self) -> Fraction:
        return sum(self, Fraction(0))


def api_cost(
    tokens: Fraction | int,
    mix: Mix,
    rates: Rates,
    *,
    batch_share: Fraction | int = 0,
    batch_discount: Fraction | int = 0,
) -> ApiCost:
    """[V_in((1-c-w) p_in + c p_cached + w p_write) + V_out p_out] (1 - b d).

    V_in = tokens x input share, V_out the rest; cached (c) and written (w) tokens are part of the input, so no
    token is charged twice; b of the requests go through a batch interface at discount d on every rate.
    Source: providers' price lists, which bill each class of token at its own rate; linear in `tokens` for a card
    without context tiers or request fees.

    Raises:
        ValueError: there are tokens of a class whose rate is unknown.
    """
    factor = 1 - Fraction(batch_share) * Fraction(batch_discount)
    given = tokens * mix.input_share * factor
    plain = 1 - mix.cached_share - mix.write_share
    return ApiCost(
        input=_charge(given * plain, rates.input),
        cached=_charge(given * mix.cached_share, rates.cached),
        write=_charge(given * mix.write_share, rates.write),
        output=_charge(tokens * mix.output_share * factor, rates.output),
    )


def _charge(tokens: Fraction, rate: Fraction | None) -> Fraction:
    if rate is None:
        if tokens:
            raise ValueError("tokens without a rate")
        return Fraction(0)
    return tokens * rate
