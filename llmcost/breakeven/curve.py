"""What one mode costs as a function of the month's tokens, in one form for all modes. USD, exact."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

_NONE = Fraction(0)


class Piece(NamedTuple):
    """A stretch of a curve, start < V <= end, on which the cost is intercept + slope V."""

    start: Fraction
    end: Fraction | None
    """None: for ever."""
    intercept: Fraction
    slope: Fraction


class Curve(NamedTuple):
    """Cost at V > 0 tokens a month, the mix of tokens held fixed:

        fixed + linear V + max(least, elastic V) + unit x units(V)
        units(V) = ceil((max(first, ceil(V x replicas_per_token)) + spare) x gpus / gpus_per_unit)

    An API is `fixed + linear V`; rented GPUs are units of one GPU, owned ones whole servers; what scales with the
    traffic down to a least is `max(least, elastic V)`.
    """

    fixed: Fraction = _NONE
    linear: Fraction = _NONE
    """USD per token."""
    least: Fraction = _NONE
    elastic: Fraction = _NONE
    """USD per token."""
    unit: Fraction = _NONE
    """USD per unit and month; 0: there are no units."""
    replicas_per_token: Fraction = _NONE
    first: int = 0
    """Replicas that stand whatever the traffic."""
    spare: int = 0
    gpus: int = 1
    """GPUs per replica."""
    gpus_per_unit: int = 1

    def cost(self, tokens: Fraction | int) -> Fraction:
        total = self.fixed + self.linear * tokens + max(self.least, self.elastic * tokens)
        if self.unit:
            total += self.unit * self._units(max(self.first, ceil(tokens * self.replicas_per_token)))
        return total

    def _units(self, replicas: int) -> int:
        return -(-(replicas + self.spare) * self.gpus // self.gpus_per_unit)

    @property
    def start(self) -> Fraction:
        """USD a month before the first token."""
        return self.fixed + self.least + (self.unit * self._units(self.first) if self.unit else 0)

    @property
    def slope(self) -> Fraction:
        """USD per token in the long run."""
        steps = self.unit * self.replicas_per_token * self.gpus / self.gpus_per_unit
        return self.linear + self.elastic + steps

    @property
    def low(self) -> Fraction:
        """cost(V) >= low + slope V everywhere, because every ceiling is at least its argument."""
        return self.fixed + self.unit * self.spare * self.gpus / self.gpus_per_unit

    @property
    def high(self) -> Fraction:
        """cost(V) <= high + slope V everywhere.

        max(first, ceil(x)) < x + max(first, 1), and for whole n, ceil(n / m) <= (n + m - 1) / m.
        """
        most = Fraction((max(self.first, 1) + self.spare) * self.gpus + self.gpus_per_unit - 1, self.gpus_per_unit)
        return self.fixed + self.least + self.unit * most

    def above(self, tokens: Fraction) -> Piece:
        """The piece that begins at or goes on just above `tokens` >= 0."""
        start, end = self._stairs(floor(tokens * self.replicas_per_token) + 1)
        kink = self._kink
        if kink is None or tokens < kink:
            ends = [limit for limit in (end, kink) if limit is not None]
            return self._piece(start, min(ends, default=None), rising=False)
        return self._piece(max(start, kink), end, rising=True)

    def at(self, tokens: Fraction) -> Piece:
        """The piece that holds `tokens` > 0."""
        start, end = self._stairs(ceil(tokens * self.replicas_per_token))
        kink = self._kink
        if kink is None or tokens <= kink:
            ends = [limit for limit in (end, kink) if limit is not None]
            return self._piece(start, min(ends, default=None), rising=False)
        return self._piece(max(start, kink), end, rising=True)

    @property
    def _kink(self) -> Fraction | None:
        return self.least / self.elastic if self.elastic else None

    def _stairs(self, replicas: int) -> tuple[Fraction, Fraction | None]:
        """The volumes between which as many units as for that many replicas are needed."""
        if not self.unit or not self.replicas_per_token:
            return _NONE, None
        units = self._units(max(self.first, replicas))
        most = units * self.gpus_per_unit // self.gpus - self.spare
        before = (units - 1) * self.gpus_per_unit // self.gpus - self.spare
        start = before / self.replicas_per_token if before >= max(self.first, 1) else _NONE
        return start, most / self.replicas_per_token

    def _piece(self, start: Fraction, end: Fraction | None, *, rising: bool) -> Piece:
        inside = end if end is not None else start + 1
        slope = self.linear + (self.elastic if rising else 0)
        return Piece(start, end, self.cost(inside) - slope * inside, slope)
