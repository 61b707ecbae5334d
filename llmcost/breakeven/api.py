"""What an API charges for a month. USD, exact."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from llmcost.breakeven.curve import Curve
from llmcost.breakeven.operations import Operations
from llmcost.breakeven.traffic import Mix


class Rates(NamedTuple):
    """USD per token; None where no price is known, which is not zero."""

    input: Fraction | None
    cached: Fraction | None
    write: Fraction | None
    output: Fraction | None
    fee: Fraction = Fraction(0)
    """Fees per request, spread over the input tokens of a request."""

    def times(self, factor: Fraction) -> Rates:
        """Every rate but the fee, which a batch does not change, multiplied."""
        input_, cached, write, output = (None if rate is None else rate * factor for rate in self[:4])
        return Rates(input_, cached, write, output, self.fee)


class Api(NamedTuple):
    rates: Rates
    batch: Rates | None = None
    """Rates of the batch interface: the price book's, whose rules for cached tokens differ between providers."""
    batch_share: Fraction = Fraction(0)
    operations: Operations = Operations()

    def parts(self, tokens: Fraction | int, mix: Mix) -> dict[str, Fraction]:
        """USD a month by kind.

        V_in ((1-c-w) p_in + c p_cached + w p_write) + V_out p_out, a share b of it at the batch interface's rates.
        With one discount d for all of these, that is the standard price x (1 - b d). V_in = tokens x input share, V_out
        the rest; cached (c) and written (w) tokens are part of the input, so no token is charged twice.
        Source: providers' price lists, which bill each class of token at its own rate.

        Raises:
            ValueError: there are tokens of a class whose rate is unknown.
        """
        given = tokens * mix.input_share
        volumes = {
            "input": given * (1 - mix.cached_share - mix.write_share),
            "cached": given * mix.cached_share,
            "write": given * mix.write_share,
            "output": tokens * mix.output_share,
            "fees": given,
        }
        shares = [(1 - self.batch_share, self.rates)]
        if self.batch_share:
            if self.batch is None:
                raise ValueError("a batch without rates")
            shares.append((self.batch_share, self.batch))
        parts = {
            name: sum((_charge(volume * share, rates[index]) for share, rates in shares), Fraction(0))
            for index, (name, volume) in enumerate(volumes.items())
        }
        return parts | self.operations.parts(sum(parts.values(), Fraction(0)), volumes["output"])

    def curve(self, mix: Mix) -> Curve:
        token = sum(self.parts(1, mix).values(), -self.operations.fixed)
        return Curve(fixed=self.operations.fixed, linear=token)


def _charge(tokens: Fraction, rate: Fraction | None) -> Fraction:
    if rate is None:
        if tokens:
            raise ValueError("tokens without a rate")
        return Fraction(0)
    return tokens * rate
