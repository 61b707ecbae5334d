"""Labels: how good answers were, and what is kept of the prompts behind them (docs/routing-statistics.md)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol


class StoredLabel(NamedTuple):
    """One opinion of one model's answer."""

    key: str
    """The request's id, or `prompt:` and the keyed digest of the prompt's text."""
    model: str
    quality: float
    """0 bad to 1 good."""
    made_us: int
    features: bytes | None = None
    """The prompt's features (`routing.features.packed`), where they are known."""


class Answered(NamedTuple):
    """What the ledger knows of a request that is labelled."""

    id: str
    """The whole one, with the provider before it."""
    model: str
    cost: int | None
    """nano-USD; None: unpriced."""


class Labels(Protocol):
    """Labels of a ledger. Each call is atomic."""

    def add(self, labels: Sequence[StoredLabel], features: Mapping[str, bytes]) -> int:
        """Keep labels, and features by key; the number of labels that were new.

        Another opinion of the same answer is kept beside the first; the same one again is not. Later features of a key
        replace earlier ones. What the labels themselves say of features does not count.
        """

    def keep(self, features: Sequence[tuple[int, str, bytes]]) -> int:
        """Keep features of requests in the ledger, by time, id and body; of none whose prompt was forgotten.

        Returns how many were kept.
        """

    def remove(self, key: str) -> int:
        """Take back every label of a request, and its features; the number of labels."""

    def all(self) -> list[StoredLabel]:
        """Every label, by key, model and quality."""

    def answered(self, ids: Collection[str]) -> dict[str, Answered]:
        """What is known of the requests with these ids (whole, or without the provider), of those in the ledger."""
