"""Now and then a random candidate, so that something is learned of it; and with what probability each is taken."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from llmcost.routing.judged import Judged


class Drawn(NamedTuple):
    taken: Judged
    propensity: Fraction
    """Probability with which `taken` is taken."""
    by_lot: bool
    """Whether it is another than the best choice."""


def draw(best: Judged, arms: Sequence[Judged], share: Fraction, key: str) -> Drawn:
    """`best`, or with probability `share` any of `arms`, each as likely as the others.

    The same `key` always draws the same: a decision can be repeated, and the draw tells nothing of what is asked.
    """
    arms = sorted(arms, key=lambda each: (each.candidate.model, each.candidate.provider))
    if not share or not arms:
        return Drawn(best, Fraction(1), by_lot=False)
    each_one = share / len(arms)
    at = int(_uniform(key) / each_one)
    if at < len(arms) and arms[at].candidate != best.candidate:
        return Drawn(arms[at], each_one, by_lot=True)
    among = any(each.candidate == best.candidate for each in arms)
    return Drawn(best, 1 - share + (each_one if among else 0), by_lot=False)


def _uniform(key: str) -> Fraction:
    """From 0, below 1."""
    digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest()
    return Fraction(int.from_bytes(digest, "big"), 2**64)
