"""Costs beside the requests: what is paid by the month or once, and who shares it. Never among the requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple, Protocol

CATEGORIES = ("infrastructure", "inference", "operations", "seat")
#: What an amount is for: each such local stretch, or once and for all.
UNITS = ("month", "week", "day", "once")
#: How an amount is shared out: by the groups' own figures, in equal parts, or by weights somebody wrote down.
RULES = ("tokens", "requests", "cost", "even", "manual")


class Share(NamedTuple):
    """A manual weight: the part of the groups whose `dimension` has this value."""

    dimension: str
    value: str
    weight: Fraction


class FixedCost(NamedTuple):
    """One entry; its name and its first day tell it from others."""

    name: str
    category: str
    amount: int
    """nano-USD per unit; a credit is negative."""
    per: str
    start: date
    """Its first local day."""
    end: date | None = None
    """Its last local day; None: none yet."""
    rule: str = "tokens"
    where: tuple[tuple[str, str], ...] = ()
    """Only groups of these requests share it: (dimension, value) pairs as in `Query.where`."""
    shares: tuple[Share, ...] = ()
    """Of the rule `manual`, all of one dimension."""
    user: str = ""
    """Whose seat it is."""
    tool: str = ""
    """Which tool's: the `source` of its requests."""


class Costs(Protocol):
    def put(self, entries: Sequence[FixedCost]) -> int:
        """Keep entries; each takes the place of one of its name and first day. How many of those differed."""

    def all(self) -> list[FixedCost]:
        """Every entry, by name and first day."""

    def remove(self, name: str, start: date | None = None) -> int:
        """Take out the entries of a name, or the one that begins on a day. How many there were."""
