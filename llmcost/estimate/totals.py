"""What an estimate is made of: one file priced for one model, and sums of those. Unknown parts stay unknown."""

from __future__ import annotations

from typing import NamedTuple

from llmcost.estimate.models import Model
from llmcost.estimate.terms import Terms

#: Different remarks that the requests of one file may have.
_NOTES_PER_FILE = 20


def _plus(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


class Item(NamedTuple):
    """One file for one model: each of its prompts sent once."""

    path: str
    folder: str
    """The folder named that it was found in; empty for a file named itself."""
    kind: str
    """`text`, `messages`, or `requests` for a file of several."""
    model: Model
    requests: int
    input_tokens: int
    input_low: int | None
    """The band's ends; both are `input_tokens` where that is exact, and None where no band is known."""
    input_high: int | None
    exact: bool
    method: str
    terms: Terms
    cached_tokens: int
    """Of the input tokens, those priced as read from the prompt cache."""
    cost_nano: int
    """Without the output where `terms.output_tokens` is None."""
    cost_low: int | None
    cost_high: int | None
    over_window: int
    """Requests longer than the model's context window, output included."""
    notes: tuple[str, ...]

    @property
    def monthly_nano(self) -> int | None:
        """None where the number of calls is not known."""
        return None if self.terms.calls is None else self.terms.calls.monthly(self.cost_nano)

    def with_another(self, other: Item) -> Item:
        """Both as one item: they are requests of one file."""
        notes = tuple(dict.fromkeys((*self.notes, *other.notes))) if other.notes else self.notes
        method = self.method if other.method in self.method.split("; ") else f"{self.method}; {other.method}"
        return self._replace(
            kind="requests", requests=self.requests + other.requests,
            input_tokens=self.input_tokens + other.input_tokens,
            input_low=_plus(self.input_low, other.input_low), input_high=_plus(self.input_high, other.input_high),
            exact=self.exact and other.exact, method=method, cached_tokens=self.cached_tokens + other.cached_tokens,
            cost_nano=self.cost_nano + other.cost_nano,
            cost_low=_plus(self.cost_low, other.cost_low), cost_high=_plus(self.cost_high, other.cost_high),
            over_window=self.over_window + other.over_window, notes=notes[:_NOTES_PER_FILE],
        )  # fmt: skip


class Total(NamedTuple):
    """Items of one model, each sent once."""

    model: Model
    items: int
    requests: int
    input_tokens: int
    input_low: int | None
    input_high: int | None
    exact: bool
    cost_nano: int
    cost_low: int | None
    cost_high: int | None
    without_band: int
    """Items whose tokens have no known band, for which the total has none either."""
    with_output: int
    """Items whose cost covers the output."""
    monthly_nano: int | None
    """Of those items whose number of calls is known; None where it is known of none."""
    monthly_low: int | None
    monthly_high: int | None
    with_calls: int
    over_window: int


class Sum:
    """A total in the making."""

    __slots__ = (*(name for name in Total._fields if name != "model"),)

    def __init__(self) -> None:
        self.items = self.requests = self.input_tokens = self.cost_nano = 0
        self.without_band = self.with_output = self.with_calls = self.over_window = 0
        self.exact = True
        self.input_low: int | None = 0
        self.input_high: int | None = 0
        self.cost_low: int | None = 0
        self.cost_high: int | None = 0
        self.monthly_nano: int | None = None
        self.monthly_low: int | None = None
        self.monthly_high: int | None = None

    def add(self, item: Item) -> None:
        self.items += 1
        self.without_band += item.input_low is None
        self.with_output += item.terms.output_tokens is not None
        self._add(item)
        calls = item.terms.calls
        if calls is not None:
            low, high = item.cost_low, item.cost_high
            self._add_month(
                1, calls.monthly(item.cost_nano),
                None if low is None else calls.monthly(low), None if high is None else calls.monthly(high),
            )  # fmt: skip

    def include(self, total: Total) -> None:
        """Add everything that `total` is the sum of."""
        self.items += total.items
        self.without_band += total.without_band
        self.with_output += total.with_output
        self._add(total)
        if total.monthly_nano is not None:
            self._add_month(total.with_calls, total.monthly_nano, total.monthly_low, total.monthly_high)

    def _add(self, part: Item | Total) -> None:
        self.requests += part.requests
        self.input_tokens += part.input_tokens
        self.exact = self.exact and part.exact
        self.cost_nano += part.cost_nano
        self.over_window += part.over_window
        self.input_low = _plus(self.input_low, part.input_low)
        self.input_high = _plus(self.input_high, part.input_high)
        self.cost_low = _plus(self.cost_low, part.cost_low)
        self.cost_high = _plus(self.cost_high, part.cost_high)

    def _add_month(self, items: int, nano: int, low: int | None, high: int | None) -> None:
        first = self.monthly_nano is None
        self.with_calls += items
        self.monthly_nano = nano + (self.monthly_nano or 0)
        self.monthly_low = low if first else _plus(self.monthly_low, low)
        self.monthly_high = high if first else _plus(self.monthly_high, high)

    def total(self, model: Model) -> Total:
        return Total(model, *(getattr(self, name) for name in self.__slots__))
