"""What a router knows of a prompt: 36 numbers, and which hashed n-grams it holds. Pure Python, no text kept."""

from __future__ import annotations

import re
import zlib
from array import array
from collections import Counter
from itertools import pairwise
from math import log1p
from typing import NamedTuple

#: Changes when the same prompt would give other features: labels and models of another version are not used.
VERSION = 1
#: Hash buckets of n-grams; a bucket's number fits 16 bits.
BUCKETS = 8_192
#: Of longer prompts only this many characters at either end are read.
_WINDOW = 8_000

_CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_CJK}]+|[^\W\d_{_CJK}]+|\d+|[^\w\s]")
_IS_CJK = re.compile(f"[{_CJK}]")
_MATHS = frozenset("=<>+-*/^≤≥≠×÷√∑∫πθ∞")

#: One per number of `Features.dense`.
NAMES = (
    "characters", "characters squared", "tokens", "mean token length", "distinct tokens", "lines", "longest line",
    "share of CJK", "share of digits", "digits", "share of capitals", "share of signs", "share of formula signs",
    "long words", "very long words", "numbers", "questions", "commas", "full stops", "brackets", "quotation marks",
    "underscores", "backslashes", "dollar signs", "colons", "semicolons", "braces", "backticks", "exclamation marks",
    "percent signs", "blank lines", "listed choices", "starts with a capital", "ends with a question",
    "ends with a colon", "lines per character",
)  # fmt: skip
_CHOICE = re.compile(r"^\s*[(（]?[A-Ea-e1-9][.)）．、:：]", re.MULTILINE)


class Features(NamedTuple):
    dense: tuple[float, ...]
    """In the order of `NAMES`."""
    grams: tuple[int, ...]
    """Distinct bucket numbers, ascending."""


def features(text: str) -> Features:
    """The features of a prompt of any length; the middle of a very long one is not read."""
    size = len(text)
    if size > 2 * _WINDOW:
        text = f"{text[:_WINDOW]}\n{text[-_WINDOW:]}"
    tokens = _TOKEN.findall(text.lower())
    return Features(_dense(text, tokens, size), _grams(tokens))


def _grams(tokens: list[str]) -> tuple[int, ...]:
    """Words, numbers and signs, pairs of them, first four and last three letters; Chinese, Japanese and Korean two to
    four characters at a time."""
    found = set(tokens)
    before = ""
    for token in tokens:
        if _IS_CJK.match(token):
            found.discard(token)
            found.update(map("".join, pairwise(token)))
            found.update(map("".join, zip(token, token[1:], token[2:], strict=False)))
            found.update(map("".join, zip(token, token[1:], token[2:], token[3:], strict=False)))
            before = ""
        else:
            if before:
                found.add(f"{before} {token}")
            if len(token) > 4:
                found.add(f"^{token[:4]}")
                found.add(f"{token[-3:]}$")
            before = token
    return tuple(sorted({zlib.crc32(each.encode("utf-8", "replace")) % BUCKETS for each in found}))


def _dense(text: str, tokens: list[str], size: int) -> tuple[float, ...]:
    signs = Counter(text)
    read = max(1, len(text))
    lines = text.split("\n")
    words = [len(token) for token in tokens if len(token) > 1]
    some = max(1, len(words))
    digits = capitals = cjk = maths = other = 0
    for sign, many in signs.items():
        if sign.isdigit():
            digits += many
        elif sign.isupper():
            capitals += many
        elif _IS_CJK.match(sign):
            cjk += many
        elif sign in _MATHS:
            maths += many
        elif not sign.isalnum() and not sign.isspace():
            other += many

    def times(*which: str) -> float:
        return log1p(sum(signs[each] for each in which))

    stripped = text.rstrip()
    return (
        log1p(size), log1p(size) ** 2, log1p(len(tokens)), sum(words) / some, len(set(tokens)) / max(1, len(tokens)),
        log1p(len(lines)), log1p(max(map(len, lines))), cjk / read, digits / read, log1p(digits), capitals / read,
        other / read, maths / read, sum(n > 7 for n in words) / some, sum(n > 10 for n in words) / some,
        log1p(sum(token.isdigit() for token in tokens)), times("?", "？"), times(",", "，"), times(".", "。"),
        times("(", ")", "（", "）"), times('"', "“", "”"), times("_"), times("\\"), times("$"), times(":", "："),
        times(";", "；"), times("{", "}"), times("`"), times("!", "！"), times("%"),
        log1p(text.count("\n\n")), log1p(len(_CHOICE.findall(text))), float(text[:1].isupper()),
        float(stripped.endswith(("?", "？"))), float(stripped.endswith((":", "："))), len(lines) / read,
    )  # fmt: skip


def packed(of: Features) -> bytes:
    """As it is kept in the ledger: version, numbers as 32-bit floats, buckets as 16-bit integers, little-endian."""
    return bytes([VERSION]) + _little(array("f", of.dense)) + _little(array("H", of.grams))


def unpacked(body: bytes) -> Features | None:
    """What `packed` was given, to the precision of 32 bits; None for another version, or anything else."""
    numbers = 4 * len(NAMES)
    if len(body) < 1 + numbers or body[0] != VERSION or (len(body) - 1 - numbers) % 2:
        return None
    dense, grams = array("f"), array("H")
    dense.frombytes(body[1 : 1 + numbers])
    grams.frombytes(body[1 + numbers :])
    dense, grams = _native(dense), _native(grams)
    if not all(number - number == 0 for number in dense) or any(gram >= BUCKETS for gram in grams):
        return None
    return Features(tuple(dense), tuple(sorted(set(grams))))


def _little(values: array) -> bytes:  # type: ignore[type-arg]
    return _native(values).tobytes()


def _native(values: array) -> array:  # type: ignore[type-arg]
    """Its bytes swapped on a big-endian machine."""
    import sys

    if sys.byteorder == "big":
        values.byteswap()
    return values
