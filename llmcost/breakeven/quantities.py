"""Amounts as people type them, read exactly."""

from __future__ import annotations

import re
from fractions import Fraction

from llmcost.core.errors import UsageError

_SCALES = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9, "t": 10**12}
#: More than all models of the world write in a month; beyond it a volume is a typing error.
MAX_TOKENS = 10**18
_SIZE = re.compile(r"([0-9][0-9_,]{0,30}(?:\.[0-9]{1,18})?)\s*([kmbgt]?)", re.IGNORECASE)
_NEGATIVE = re.compile(r"[-−]\s*[0-9.,_]+\s*[kmbgt%]?", re.IGNORECASE)
_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,18})?")


def parse_tokens(text: str, option: str, *, zero: bool = False) -> int:
    """`500M`, `1.2B`, `750k`, `2T` or `500_000_000` tokens.

    Raises:
        UsageError: not a volume, not a whole number of tokens, negative, zero unless `zero`, or implausible.
    """
    _not_negative(text, option)
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{option} {text[:60]!r} is not a number of tokens", "write 500M, 1.2B, 750k or 500_000_000")
    tokens = Fraction(match[1].replace("_", "").replace(",", "")) * _SCALES[match[2].lower()]
    if tokens.denominator != 1:
        raise UsageError(f"{option} {text!r} is not a whole number of tokens", "write 500M, 1.2B or 500_000_000")
    if not (zero or tokens) or tokens > MAX_TOKENS:
        least = 0 if zero else 1
        raise UsageError(
            f"{option} {text!r} is not between {least} and 10^18 tokens", "write 500M, 1.2B or 500_000_000"
        )
    return tokens.numerator


def parse_amount(text: str, option: str, *, zero: bool = False) -> Fraction:
    """A plain decimal, exactly as written; above zero unless `zero`.

    Raises:
        UsageError: not a number, negative, zero where that means nothing, or over a billion.
    """
    _not_negative(text, option)
    digits = text.strip()
    if not _DECIMAL.fullmatch(digits):
        raise UsageError(f"{option} {text[:60]!r} is not a number", "write a plain decimal: 1.50")
    value = Fraction(digits)
    if value == 0 and not zero:
        raise UsageError(f"{option} {text!r} must be greater than zero", "write a positive number: 1.50")
    if value > 10**9:
        raise UsageError(f"{option} {text!r} is implausible", "check the unit")
    return value


def parse_share(text: str, option: str, *, zero: bool = True) -> Fraction:
    """`0.75` or `75%`: a share of at most 1.

    Raises:
        UsageError: not a share, negative, above 1, or zero where that means nothing.
    """
    _not_negative(text, option)
    digits = text.strip().removesuffix("%").rstrip()
    if not _DECIMAL.fullmatch(digits):
        raise UsageError(f"{option} {text[:60]!r} is not a share", "write 0.75 or 75%")
    value = Fraction(digits) / (100 if text.strip().endswith("%") else 1)
    if value > 1 or (value == 0 and not zero):
        raise UsageError(f"{option} {text!r} is not a share {'from' if zero else 'above'} 0 to 1", "write 0.75 or 75%")
    return value


def parse_ratio(text: str, option: str) -> Fraction:
    """`2:1`, input to output tokens, as the input share of all tokens: 2/3.

    Raises:
        UsageError: not two numbers, or both zero.
    """
    given, colon, out = text.partition(":")
    if not colon:
        raise UsageError(f"{option} {text[:60]!r} is not a ratio", "write input:output, such as 2:1")
    parts = [parse_amount(part, option, zero=True) for part in (given, out)]
    if not any(parts):
        raise UsageError(f"{option} {text!r} has no tokens", "write input:output, such as 2:1")
    return parts[0] / sum(parts)


def _not_negative(text: str, option: str) -> None:
    if _NEGATIVE.fullmatch(text.strip()):
        raise UsageError(f"{option} {text[:60]!r} is negative", "write a number above zero")
