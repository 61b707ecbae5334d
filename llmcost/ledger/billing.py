"""Lines of providers' bills and usage reports, beside the requests and never among them."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NamedTuple, Protocol

from llmcost.core.billed import Billed


class Brought(NamedTuple):
    """What became of billed lines."""

    lines: int = 0
    """New, or in place of others."""
    replaced: int = 0
    """Lines that no longer stand."""
    unchanged: int = 0
    left_out: int = 0
    """Because others of their scope could not be read, and whole ones stand."""


class Billing(Protocol):
    def add(self, lines: Sequence[Billed], batch: int, damaged: Set[str] = frozenset()) -> Brought:
        """Add the lines of one ingest: those of a scope take the place of all its earlier ones.

        Those of `damaged` scopes, of which not every line could be read, take no other's place.
        Two that say the same are two: what tells them apart (a key, a resource) may not be among what is kept.
        """

    def between(self, start: int, end: int) -> list[Billed]:
        """The lines that begin in [start, end), in order of time."""
