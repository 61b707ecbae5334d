"""Exact percentiles of amounts that are sorted already, in one sequence or in several."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction


def percentile_cont(parts: Sequence[Sequence[int]], share: Fraction) -> Fraction:
    """SQL's PERCENTILE_CONT of the amounts of all `parts` together: linear between the two nearest.

    Each part is sorted and not empty; `share` is between 0 and 1.
    """
    place = share * (sum(map(len, parts)) - 1)
    below = int(place)
    low = _nth(parts, below)
    return low if place == below else low + (place - below) * (_nth(parts, below + 1) - low)


def _nth(parts: Sequence[Sequence[int]], place: int) -> Fraction:
    """The amount at this place (from 0) of all parts together: halving the range of amounts, not sorting them."""
    low, high = min(part[0] for part in parts), max(part[-1] for part in parts)
    while low < high:
        middle = (low + high) // 2
        if sum(bisect_right(part, middle) for part in parts) > place:
            high = middle
        else:
            low = middle + 1
    return Fraction(low)
