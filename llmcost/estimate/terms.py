"""What is known of the calls made with a prompt: how long the answers are, how many calls, how much of them cached."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from llmcost.core.errors import UsageError
from llmcost.core.money import round_half_even

if TYPE_CHECKING:
    from llmcost.estimate import prompts
    from llmcost.estimate.traffic import Traffic

#: Days of an average month of the Gregorian year are 365 / 12.
_MONTH_DAYS = (365, 12)
#: How far back the ledger is looked at.
DAYS = 30
#: Lengths of the answers that the ledger knows. A month's cost is calls times the mean.
LENGTHS = ("mean", "p50", "p90")

Where = tuple[tuple[str, str], ...]
"""(dimension, value) pairs that select rows of the ledger."""


class Calls(NamedTuple):
    """How often a prompt is sent."""

    times: int
    per: str
    """`day` or `month`."""

    def monthly(self, nano: int) -> int:
        """nano-USD a month of a cost of `nano` per call; a month has 365/12 days."""
        if self.per == "month":
            return nano * self.times
        days, months = _MONTH_DAYS
        return round_half_even(nano * self.times * days, months)


class Terms(NamedTuple):
    """The calls of one prompt. What is None is not known, and in no total."""

    output_tokens: int | None = None
    """Of each answer."""
    output_from: str = ""
    """Where that number is from."""
    cached_share: Fraction | None = None
    """Part of the input that comes from the provider's prompt cache."""
    calls: Calls | None = None
    model: str = ""
    """The model that is declared for the prompt."""
    where: Where = ()
    variables: tuple[tuple[str, str | int], ...] = ()
    """(placeholder, the text for it or its size in tokens)."""

    def cached_tokens(self, input_tokens: int) -> int:
        """Of `input_tokens`, rounded down."""
        if not self.cached_share:
            return 0
        return input_tokens * self.cached_share.numerator // self.cached_share.denominator


class Told:
    """The `Terms` of each prompt by its path: the options of the command line over what prompts.yaml declares.

    `length` (one of `LENGTHS`) takes the length of the answers from the ledger: from the rows that the options
    select, else from those declared for the prompt, else from those whose `prompt_id` is its path. `silent` are the
    paths the ledger has no such rows for.
    """

    def __init__(
        self,
        options: Terms,
        *,
        declared: Callable[[str], prompts.Calls] | None = None,
        length: str = "",
        measure: Callable[[Where], Traffic | None] | None = None,
    ) -> None:
        self.options = options
        self._declared = declared
        self._length = length
        self._measure = measure
        self._measured: dict[Where, Traffic | None] = {}
        self.silent: dict[str, None] = {}

    @property
    def measures(self) -> bool:
        """Whether the ledger is asked anything."""
        return self._measure is not None

    def __call__(self, path: str) -> Terms:
        options = self.options
        terms = options if self._declared is None else _over(options, self._declared(path))
        if not terms.where:
            terms = terms._replace(where=(("prompt_id", path),))
        if not self._length:
            return terms
        traffic = self.measured(terms.where)
        if traffic is None:
            self.silent[path] = None
            return terms._replace(output_tokens=None, output_from="")
        tokens = {"mean": traffic.output_mean, "p50": traffic.output_p50, "p90": traffic.output_p90}[self._length]
        return terms._replace(output_tokens=tokens, output_from=f"{self._length} of {described(traffic, terms.where)}")

    def measured(self, where: Where) -> Traffic | None:
        """What the ledger has of the rows `where` selects; None where that is nothing or there is no ledger."""
        if self._measure is None:
            return None
        if where not in self._measured:
            self._measured[where] = self._measure(where)
        return self._measured[where]


def described(traffic: Traffic, where: Where) -> str:
    selected = ", ".join(f"{dimension}={value}" for dimension, value in where)
    return f"{traffic.requests:,} requests of {selected} in {DAYS} days"


def _over(options: Terms, declared: prompts.Calls) -> Terms:
    """`options`, and what is declared where they say nothing."""
    named = dict(options.variables)
    sizes = [pair for pair in declared.variable_tokens if pair[0] not in named]
    texts = [pair for pair in declared.variables if pair[0] not in named]
    terms = options._replace(
        model=declared.model, where=options.where or declared.where, variables=(*sizes, *texts, *options.variables)
    )
    if terms.output_tokens is None and declared.output_tokens is not None:
        terms = terms._replace(output_tokens=declared.output_tokens, output_from="prompts.yaml")
    if terms.cached_share is None:
        terms = terms._replace(cached_share=declared.cached_share)
    if terms.calls is None and declared.calls_per_month is not None:
        terms = terms._replace(calls=Calls(declared.calls_per_month, "month"))
    return terms


def share(text: str) -> Fraction:
    """A share as a person writes it: `80%` or `0.8`, at most 1.

    Raises:
        UsageError: it is none.
    """
    from llmcost.core.money import decimal_of

    number = text.strip()
    try:
        value = Fraction(decimal_of(number.removesuffix("%"))) / (100 if number.endswith("%") else 1)
    except ValueError:
        value = Fraction(-1)
    if not 0 <= value <= 1:
        raise UsageError(f"--cached-share {text!r} is no share from 0 to 1", "write --cached-share 80% or 0.8")
    return value
