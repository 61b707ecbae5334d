"""From exact fractions of a dollar to nano-USD, once."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from llmcost.core.money import FEMTO_PER_USD, NANO_PER_USD, allocate, round_half_even


def nano(usd: Fraction) -> int:
    """USD to nano-USD, half-even."""
    return round_half_even(usd.numerator * NANO_PER_USD, usd.denominator)


def nano_parts(parts: Sequence[Fraction]) -> tuple[int, tuple[int, ...]]:
    """(total, parts) in nano-USD: the sum of USD amounts rounded once and shared out by largest remainder."""
    divisor = lcm(*(part.denominator for part in parts))
    return allocate([int(part * divisor) * FEMTO_PER_USD for part in parts], divisor)
