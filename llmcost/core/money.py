"""Exact money. A price is an integer of femto-dollars per unit, a cost an integer of nano-dollars.

1 USD = 10**9 nano-USD = 10**15 femto-USD. $2.50 per million tokens is 2_500_000_000 fUSD per token.
A row's cost is (sum of units x rate), rounded half-even once to nano-USD: rounding half up drifts by
half a nano-dollar on every tie, which a ledger of ten million rows would show.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation, localcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

NANO_PER_USD = 10**9
FEMTO_PER_USD = 10**15
FEMTO_PER_NANO = 10**6

#: Larger than any real invoice line; beyond it a value is a corrupt field, and SQLite sums would overflow.
MAX_NANO = 10**6 * NANO_PER_USD


#: Smallest nano-USD that is shown with so many decimals.
_SHOWN = ((NANO_PER_USD, 2), (NANO_PER_USD // 100, 4), (NANO_PER_USD // 10_000, 6), (0, 9))
#: Longer text, or an exponent further from 0, is no amount: 1e-999999999 would fill the memory as a fraction.
_MAX_DIGITS = 400


def round_half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator as the nearest integer, ties to even. `denominator` > 0."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient & 1):
        return quotient + 1
    return quotient


def decimal_of(value: str | int | float | Decimal) -> Decimal:
    """A finite Decimal. A float is taken at its shortest decimal text, which is what its writer meant.

    Raises:
        ValueError: not a number, or not finite.
    """
    # Decimal itself also takes a sequence of sign, digits and exponent, which no log means.
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(f"not an amount: {value!r:.40}")
    if isinstance(value, str) and len(value) > _MAX_DIGITS:
        raise ValueError(f"not an amount: {value[:40]!r}…")
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        raise ValueError(f"not an amount: {value!r}") from None
    if not number.is_finite() or not -_MAX_DIGITS < number.adjusted() < _MAX_DIGITS:
        raise ValueError(f"not an amount: {value!r}")
    return number


def scaled(value: str | int | float | Decimal, scale: int) -> int:
    """value x scale as an integer, rounded half-even."""
    numerator, denominator = decimal_of(value).as_integer_ratio()
    return round_half_even(numerator * scale, denominator)


def nano_from_usd(value: str | int | float | Decimal) -> int:
    """USD to nano-USD.

    Raises:
        ValueError: not a number, or beyond a million dollars either way.
    """
    number = decimal_of(value)
    if abs(number) > MAX_NANO // NANO_PER_USD:
        raise ValueError(f"implausible amount: {value!r} USD")
    return scaled(number, NANO_PER_USD)


def femto_per_unit(usd: str | int | float | Decimal, units: int) -> int:
    """A price of `usd` per `units` (10**6 tokens, 10**3 searches) as femto-USD per unit, half-even."""
    number = decimal_of(usd)
    if number < 0:
        raise ValueError(f"a price cannot be negative: {usd!r}")
    if number > 10**9:
        raise ValueError(f"implausible price: {usd!r}")
    numerator, denominator = number.as_integer_ratio()
    return round_half_even(numerator * FEMTO_PER_USD, denominator * units)


def shown_decimals(nano: int | Fraction) -> int:
    """How many decimals of an amount a person reads: two from one unit up, below as many as show three figures."""
    return next(decimals for least, decimals in _SHOWN if nano >= least)


def usd_text(nano: int) -> str:
    """nano-USD as an exact decimal string in USD without exponent: 1500000000 -> '1.5'."""
    sign = "-" if nano < 0 else ""
    whole, part = divmod(abs(nano), NANO_PER_USD)
    return f"{sign}{whole}.{part:09d}".rstrip("0").rstrip(".")


def usd_per_million(femto: int) -> str:
    """A rate in femto-USD per token as USD per million tokens, exact: 37_500_000 -> '0.0375'."""
    with localcontext() as context:
        context.prec = 50
        number = Decimal(femto) / Decimal(10**9)
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def allocate(femto: Sequence[int], divisor: int = 1) -> tuple[int, tuple[int, ...]]:
    """Round the sum of `femto` / `divisor` amounts once to nano-USD and share it out by largest remainder.

    Returns (total_nano, parts) with sum(parts) == total_nano and each part within one nano-dollar of
    its own exact amount. Ties go to the earlier part, so the result is a function of the input alone.
    """
    unit = FEMTO_PER_NANO * divisor
    total = round_half_even(sum(femto), unit)
    parts = [amount // unit for amount in femto]
    short = total - sum(parts)
    if short:
        order = sorted(range(len(femto)), key=lambda i: -(femto[i] % unit))
        for index in order[:short]:
            parts[index] += 1
    return total, tuple(parts)
