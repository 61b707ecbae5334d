"""Where an API's straight line and the GPUs' staircase cross: every volume, exact."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Literal, NamedTuple

#: Beyond this many the list says how it ends instead of growing.
MAX_CROSSINGS = 64


class Stairs(NamedTuple):
    """Cost at V tokens a month: (max(first, ceil(V x steps_per_token)) + spare) x step_cost + fixed. USD."""

    steps_per_token: Fraction
    """Above zero."""
    step_cost: Fraction
    """Above zero."""
    fixed: Fraction = Fraction(0)
    first: int = 1
    spare: int = 0

    def step(self, tokens: Fraction | int) -> int:
        """The step that holds V > 0: the n-th covers ((n-1)/k, n/k], the first one everything below it too."""
        return max(self.first, ceil(tokens * self.steps_per_token))

    def height(self, step: int) -> Fraction:
        return (step + self.spare) * self.step_cost + self.fixed

    def cost(self, tokens: Fraction | int) -> Fraction:
        return self.height(self.step(tokens))


class Crossing(NamedTuple):
    tokens: Fraction
    cheaper_above: Literal["line", "stairs"]
    """Which costs less just above `tokens`; up to and including it the other one does (or both the same)."""


class Crossings(NamedTuple):
    found: tuple[Crossing, ...]
    """Ascending; the first MAX_CROSSINGS at most."""
    last: Fraction | None
    """Above this volume the stairs are always cheaper; None when they never are."""

    @property
    def cut(self) -> bool:
        """Whether crossings before `last` are left out."""
        return bool(self.found) and self.found[-1].tokens != self.last


def crossings(slope: Fraction, stairs: Stairs) -> Crossings:
    """All crossings of the line slope x V (USD) with the stairs, V > 0.

    With a = slope, k = steps per token, g = step cost and h(n) = (n + spare) g + fixed, the line passes over
    step n within its reach, at V = h(n)/a, when a n/k > h(n), that is n (a/k - g) > spare g + fixed: never if
    a/k <= g. It is under the stairs again just above V = n/k when a n/k < h(n+1). Both are true from some n on and
    false from some n on, so the first and the last step follow in closed form; each step between crosses twice.
    """
    gain = slope / stairs.steps_per_token - stairs.step_cost
    if gain <= 0:
        return Crossings((), None)
    base = stairs.spare * stairs.step_cost + stairs.fixed
    first = max(stairs.first, floor(base / gain) + 1)
    settled = max(first, ceil((base + stairs.step_cost) / gain))
    found: list[Crossing] = []
    for step in range(first, settled + 1):
        found.append(Crossing(stairs.height(step) / slope, "stairs"))
        if step < settled:
            found.append(Crossing(step / stairs.steps_per_token, "line"))
        if len(found) >= MAX_CROSSINGS:
            break
    return Crossings(tuple(found[:MAX_CROSSINGS]), stairs.height(settled) / slope)
