"""Currencies other than the dollar, at rates a price file states."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple


class Currency(NamedTuple):
    """What money is written and shown in. Costs and limits are kept in nano-USD."""

    code: str
    usd: Fraction
    """USD per unit."""
    date: str
    """The day the rate is of, ISO; empty for USD."""
    layer: str = ""
    """The price layer that states the rate; empty for USD."""

    @property
    def rate(self) -> str:
        """USD per unit as an exact decimal, as its file has it."""
        with localcontext() as context:
            context.prec = 60
            return format(Decimal(self.usd.numerator) / self.usd.denominator, "f")


USD = Currency("USD", Fraction(1), "")
