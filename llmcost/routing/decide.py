"""The decision: the cheapest candidate that meets every constraint and the quality floor."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from llmcost.core.errors import UsageError
from llmcost.core.money import usd_text
from llmcost.core.usage import Usage
from llmcost.pricing.book import PriceBook, Priced, price_or_error
from llmcost.routing.complexity import LEVELS, Complexity
from llmcost.routing.policy import Candidate
from llmcost.tokens.counter import Count, count
from llmcost.tokens.prompt import Prompt


class Constraints(NamedTuple):
    """What a candidate must meet. `min_quality` is asked for, `floor` comes from how hard the prompt looks."""

    output_tokens: int
    min_quality: Fraction = Fraction(0)
    floor: Fraction = Fraction(0)
    max_nano: int | None = None
    require: frozenset[str] = frozenset()


class Judged(NamedTuple):
    """A candidate with what it would cost, and why it was not taken (empty: it could be)."""

    candidate: Candidate
    priced: Priced
    counted: Count
    cost_nano: int
    context_window: int | None
    rejected_because: tuple[str, ...]


class Decision(NamedTuple):
    """`judged`: those that fit, cheapest first, then the rejected ones. `chosen` None: nothing fits."""

    chosen: Judged | None
    judged: tuple[Judged, ...]
    constraints: Constraints
    complexity: Complexity
    floor: Fraction
    """The quality that was held against the candidates."""

    @property
    def reason(self) -> str:
        """One sentence for a person."""
        fitting = sum(not each.rejected_because for each in self.judged)
        if self.chosen is None:
            return f"none of {len(self.judged)} candidates meets every constraint"
        text = f"cheapest of {fitting} (of {len(self.judged)}) candidates that meet every constraint"
        floor = self.floor
        if not floor:
            return text
        if self.chosen.candidate.quality is None:
            return f"{text}; its quality is not known, so the floor of {floor_text(floor)} was not held against it"
        source = "asked for" if self.constraints.min_quality >= floor else self.complexity_text
        return f"{text} and the quality floor of {floor_text(floor)} ({source})"

    @property
    def complexity_text(self) -> str:
        text = f"the prompt looks {self.complexity.level} in complexity, a heuristic"
        wanted = self.constraints.floor
        return text if self.floor >= wanted else f"{text}; no candidate reaches {floor_text(wanted)}"


def decide(
    book: PriceBook,
    candidates: Sequence[Candidate],
    prompt: Prompt,
    constraints: Constraints,
    complexity: Complexity,
    us: int,
) -> Decision:
    """Judge every candidate at the prices of `us` (microseconds UTC); ties go to the better, then the earlier one.

    A quality that is not known fails one that was asked for (`min_quality`), and passes a floor that a heuristic set.
    A heuristic leaves no request without a model: its floor is lowered to the best candidate that fits otherwise.

    Raises:
        UsageError: a candidate has no price: unknown is not free.
    """
    judged = [_judge(book, each, prompt, constraints, us) for each in candidates]
    floor = _reachable(constraints, judged)
    judged = [_held_to(each, floor) for each in judged]
    judged.sort(key=lambda each: (bool(each.rejected_because), each.cost_nano, -(each.candidate.quality or 0)))
    chosen = judged[0] if judged and not judged[0].rejected_because else None
    return Decision(chosen, tuple(judged), constraints, complexity, floor)


def floor_for(complexity: Complexity, floors: Sequence[Fraction]) -> Fraction:
    """The floor of a policy for a prompt that looks this hard."""
    return floors[LEVELS.index(complexity.level)]


def _judge(book: PriceBook, candidate: Candidate, prompt: Prompt, limits: Constraints, us: int) -> Judged:
    priced = price_of(book, candidate, us)
    counted = count(prompt, candidate.model, priced.card.provider, also=priced.card.model)
    usage = Usage(input=counted.tokens, output=limits.output_tokens)
    costed = priced.card.cost(usage)
    if costed is None:
        missing = ", ".join(priced.card.missing(usage))
        raise UsageError(
            f"candidate {candidate.model!r} has no rate for {missing}{_at(candidate)}", "remove it, or give it a price"
        )
    window = candidate.context_window or _window(book, candidate)
    reasons = _reasons(candidate, limits, usage, costed[0], window)
    return Judged(candidate, priced, counted, costed[0], window, tuple(reasons))


def _reasons(candidate: Candidate, limits: Constraints, usage: Usage, cost: int, window: int | None) -> list[str]:
    reasons = []
    if window is not None and usage.input + usage.output > window:
        reasons.append(f"context window of {window:,} tokens is less than {usage.input + usage.output:,}")
    for name in sorted(limits.require - (candidate.capabilities or frozenset())):
        known = "has no" if candidate.capabilities is not None else "is not known to have"
        reasons.append(f"{known} {name}")
    if limits.max_nano is not None and cost > limits.max_nano:
        reasons.append(f"costs ${usd_text(cost)}, more than ${usd_text(limits.max_nano)}")
    if candidate.quality is None:
        if limits.min_quality:
            reasons.append(f"quality is not known, {floor_text(limits.min_quality)} is asked for")
    elif candidate.quality < limits.min_quality:
        reasons.append(_below(candidate.quality, limits.min_quality))
    return reasons


def _below(quality: Fraction, floor: Fraction) -> str:
    return f"quality {floor_text(quality)} is below {floor_text(floor)}"


def _reachable(limits: Constraints, judged: Sequence[Judged]) -> Fraction:
    """The floor that leaves at least one of the candidates that fit otherwise."""
    known = [each.candidate.quality for each in judged if not each.rejected_because]
    best = max((quality for quality in known if quality is not None), default=limits.floor)
    return max(limits.min_quality, min(limits.floor, best))


def _held_to(each: Judged, floor: Fraction) -> Judged:
    quality = each.candidate.quality
    if each.rejected_because or quality is None or quality >= floor:
        return each
    return each._replace(rejected_because=(_below(quality, floor),))


def price_of(book: PriceBook, candidate: Candidate, us: int) -> Priced:
    """The candidate's card at `us`.

    Raises:
        UsageError: no price is known for it then.
    """
    return price_or_error(
        book, candidate.model, us, provider=candidate.provider, what="candidate", place=candidate.place
    )


def _at(candidate: Candidate) -> str:
    return f" ({candidate.place})" if candidate.place else ""


def _window(book: PriceBook, candidate: Candidate) -> int | None:
    """The context window a price source states."""
    matches = book.matches(candidate.provider, candidate.model)
    return next((m.entry.context_window for _, m in matches if m.entry.context_window is not None), None)


def floor_text(share: Fraction) -> str:
    return f"{float(share):.3f}".rstrip("0").rstrip(".") or "0"
