"""Where two modes cost the same: every volume at which the cheaper one changes, exact."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, NamedTuple

from llmcost.breakeven.curve import Curve, Piece

#: Beyond this many the list says that it is cut instead of growing.
MAX_CROSSINGS = 64
#: Pieces looked at, which bounds the time two nearly parallel stairs take.
_MOST_PIECES = 1_000

Side = Literal[0, 1]
"""Which of the two curves."""


class Crossing(NamedTuple):
    tokens: Fraction
    cheaper_above: Side
    """Which costs less just above `tokens`; up to and including it the other one does (or both the same)."""


class Crossings(NamedTuple):
    at_first: Side | None
    """Which costs less for the first token; None: both the same."""
    found: tuple[Crossing, ...]
    """Ascending; the first MAX_CROSSINGS at most."""
    last: Crossing | None
    """The last of all; None where there is none, or where none was found to be the last."""
    complete: bool
    """Whether `found` is all there are."""

    @property
    def in_the_end(self) -> Side | None:
        """Which is never dearer above the last crossing (everywhere, if there is none); None where not known."""
        if self.last is not None:
            return self.last.cheaper_above
        return self.at_first if self.complete and not self.found else None


class _Step(NamedTuple):
    """Both curves between two volumes: their difference is intercept + slope V there."""

    start: Fraction
    end: Fraction | None
    intercept: Fraction
    slope: Fraction

    def before(self, tokens: Fraction) -> Side | None:
        """Which costs less just above `tokens`, a volume at or after the start and before the end."""
        return _cheaper(self.intercept + self.slope * tokens or self.slope)

    def at(self, tokens: Fraction) -> Side | None:
        return _cheaper(self.intercept + self.slope * tokens)


def crossings(a: Curve, b: Curve) -> Crossings:
    """All crossings of two curves, V > 0.

    Each curve lies between two parallels, low + s V <= cost < high + s V. With s_b > s_a, a costs less for certain
    above (high_a - low_b) / (s_b - s_a), and b below (low_a - high_b) / (s_b - s_a); between them both curves are
    walked piece by piece, each piece being straight. A crossing is a root within a piece or a jump at its start.
    """
    gap = b.slope - a.slope
    first, until = Fraction(0), None
    if gap:
        winner, loser = (a, b) if gap > 0 else (b, a)
        until = max(Fraction(0), (winner.high - loser.low) / abs(gap))
        first = max(Fraction(0), (winner.low - loser.high) / abs(gap))
    at_first = _step(a.above(Fraction(0)), b.above(Fraction(0))).before(Fraction(0))
    found: list[Crossing] = []
    complete = True
    for crossing in _walk(a, b, first, until, at_first):
        if crossing is None or len(found) == MAX_CROSSINGS:
            complete = False
            break
        found.append(crossing)
    if complete:
        last = found[-1] if found else None
    else:
        last = None if until is None else _last(a, b, until, 0 if gap > 0 else 1)
    return Crossings(at_first, tuple(found), last, complete)


def _cheaper(difference: Fraction) -> Side | None:
    """0 when a is cheaper, 1 when b is."""
    return None if not difference else 0 if difference < 0 else 1


def _step(a: Piece, b: Piece) -> _Step:
    ends = [end for end in (a.end, b.end) if end is not None]
    return _Step(
        max(a.start, b.start), min(ends, default=None), a.intercept - b.intercept, a.slope - b.slope
    )  # fmt: skip


def _walk(
    a: Curve, b: Curve, tokens: Fraction, until: Fraction | None, state: Side | None
) -> Iterator[Crossing | None]:
    """Crossings from `tokens`, below which `state` is the cheaper one, up to `until`; None: there may be more."""
    for _ in range(_MOST_PIECES):
        step = _step(a.above(tokens), b.above(tokens))
        above = step.before(tokens)
        if above is not None and above != state:
            state = above
            yield Crossing(tokens, above)
        if step.slope:
            root = -step.intercept / step.slope
            if root > tokens and (step.end is None or root < step.end):
                state = 0 if step.slope < 0 else 1
                yield Crossing(root, state)
        if step.end is None or (until is not None and step.end > until):
            return
        tokens = step.end
    yield None


def _last(a: Curve, b: Curve, until: Fraction, winner: Side) -> Crossing | None:
    """The last crossing, found from above: the highest step on which the loser is cheaper anywhere holds it."""
    tokens, loser = until, 1 - winner
    for _ in range(_MOST_PIECES):
        if not tokens:
            return None
        step = _step(a.at(tokens), b.at(tokens))
        if loser in (step.at(tokens), step.before(step.start)):
            after = [crossing for crossing in _walk(a, b, step.start, until, None) if crossing is not None]
            return next((crossing for crossing in reversed(after) if crossing.cheaper_above == winner), None)
        tokens = step.start
    return None
