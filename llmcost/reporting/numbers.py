"""Numbers as people read them. Costs from one dollar up are short, below they keep what matters."""

from __future__ import annotations

from fractions import Fraction

from llmcost.core.money import round_half_even, shown_decimals


def usd(nano: int | None) -> str:
    """$1,234.56; below a dollar four decimals, below a cent as many as show three figures; None: unpriced."""
    if nano is None:
        return "unpriced"
    sign, size = ("-", -nano) if nano < 0 else ("", nano)
    if size == 0:
        return "$0.00"
    decimals = shown_decimals(size)
    unit = 10 ** (9 - decimals)
    whole, part = divmod(round_half_even(size, unit), 10**decimals)
    return f"{sign}${whole:,}.{part:0{decimals}d}"


def count(number: int) -> str:
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """1 request, 2 requests."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def short(number: int) -> str:
    """1,234 -> 1.2k; 5_600_000 -> 5.6M."""
    for size, unit in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size * 10 or (number >= size > 10**3):
            return f"{number / size:.1f}{unit}"
    return f"{number:,}"


def percent(numerator: int, denominator: int, *, sign: bool = False) -> str:
    """`numerator`/`denominator` in percent with one decimal; n/a without a denominator."""
    if not denominator:
        return "n/a"
    tenths = round_half_even(abs(numerator) * 1000, abs(denominator))
    negative = (numerator < 0) != (denominator < 0) and tenths
    mark = "-" if negative else "+" if sign else ""
    return f"{mark}{tenths // 10}.{tenths % 10}%"


def decimal(value: int | Fraction, places: int) -> str:
    """1,234.5, rounded half to even."""
    scale = 10**places
    exact = Fraction(value) * scale
    whole, part = divmod(round_half_even(exact.numerator, exact.denominator), scale)
    return f"{whole:,}.{part:0{places}d}" if places else f"{whole:,}"
