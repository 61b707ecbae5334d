"""Amounts as people type them, read exactly."""

from __future__ import annotations

import re
from fractions import Fraction

from llmcost.core.errors import UsageError

_SCALES = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9, "t": 10**12}
#: More than all models of the world write in a month; beyond it a volume is a typing error.
MAX_TOKENS = 10**18
_SIZE = re.compile(r"([0-9][0-9_,]{0,30}(?:\.[0-9]{1,18})?)\s*([kmbgt]?)", re.IGNORECASE)
_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,18})?")


def parse_tokens(text: str, option: str) -> int:
    """`500M`, `1.2B`, `750k`, `2T` or `500_000_000` tokens.

    Raises:
        UsageError: not a volume, not a whole number of tokens, zero, or implausible.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{option} {text[:60]!r} is not a number of tokens", "write 500M, 1.2B, 750k or 500_000_000")
    tokens = Fraction(match[1].replace("_", "").replace(",", "")) * _SCALES[match[2].lower()]
    if tokens.denominator != 1:
        raise UsageError(f"{option} {text!r} is not a whole number of tokens", "write 500M, 1.2B or 500_000_000")
    if not 0 < tokens <= MAX_TOKENS:
        raise UsageError(f"{option} {text!r} is not between 1 and 10^18 tokens", "write 500M, 1.2B or 500_000_000")
    return tokens.numerator


def parse_amount(text: str, option: str, *, zero: bool = False) -> Fraction:
    """A plain decimal, exactly as written; above zero unless `zero`.

    Raises:
        UsageError: not a number, zero where that means nothing, or over a billion.
    """
    digits = text.strip()
    if not _DECIMAL.fullmatch(digits):
        raise UsageError(f"{option} {text[:60]!r} is not a number", f"write a plain decimal: {option} 1.50")
    value = Fraction(digits)
    if value == 0 and not zero:
        raise UsageError(f"{option} {text!r} must be greater than zero", f"write {option} 1.50")
    if value > 10**9:
        raise UsageError(f"{option} {text!r} is implausible", "check the unit")
    return value


def parse_share(text: str, option: str, *, zero: bool = True) -> Fraction:
    """`0.75` or `75%`: a share of at most 1.

    Raises:
        UsageError: not a share, above 1, or zero where that means nothing.
    """
    digits = text.strip().removesuffix("%").rstrip()
    if not _DECIMAL.fullmatch(digits):
        raise UsageError(f"{option} {text[:60]!r} is not a share", f"write {option} 0.75 or 75%")
    value = Fraction(digits) / (100 if text.strip().endswith("%") else 1)
    if value > 1 or (value == 0 and not zero):
        raise UsageError(f"{option} {text!r} is not a share {'from' if zero else 'above'} 0 to 1", "write 0.75 or 75%")
    return value
