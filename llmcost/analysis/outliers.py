"""Unusual stretches of a series of amounts: seasonal logarithmic median and MAD. Explained in docs/anomalies.md.

The usual amount of a point is the median of those before it, times the median factor of its place in the season; how
much it varies is the median absolute deviation of what was usual before. Medians do not follow the outliers they are
to find. Amounts are floats of any unit; what is found does not depend on it but by the least excess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from math import exp, log
from typing import NamedTuple

# Chosen on the even seeds of benchmarks/anomalies.py.
#: An outlier is so many standard deviations and this share away, …
_SIGMAS, _LEAST_SHARE = 4.0, 0.35
#: … and a drop leaves less than this of the usual.
_DROP = 0.3
#: The usual amount is the median of so many points; noise is that of the last few seasons.
_LEVEL, _KEPT_SEASONS = 14, 8
#: Equal amounts do not show that the next one will be equal, too.
_LEAST_NOISE = 0.06
#: Fewer seasons show no season.
_SEASONS = 5
#: So many points without a season are enough to judge the next.
_FEWEST = 7
#: The first point whose distance from those before it says something about noise.
_FIRST_STEP = 4
#: After so many outliers in a row they are the new usual.
_NEW_USUAL = 7
#: A season's median is that of about so many of its points.
_SAMPLE = 42
#: Amounts below this share of the median count as this much: a logarithm needs something.
_LEAST_AMOUNT = 0.02
_TO_SIGMA = 1.4826


class Outliers(NamedTuple):
    """Points first to last - 1; all that are unusual lie above the usual, or all below."""

    first: int
    last: int
    amount: float
    """Of its unusual points."""
    usual: float
    """What those would have been."""

    def behind(self, count: int) -> Outliers:
        """The same, of a series with so many points more before it."""
        return self._replace(first=self.first + count, last=self.last + count)


class Rhythm(NamedTuple):
    """Of equidistant points: after how many the season repeats, finest first, and which gap parts two stretches."""

    seasons: tuple[int, ...]
    gap: int


DAILY = Rhythm((7,), 1)
HOURLY = Rhythm((24, 168), 24)


def outliers(amounts: Sequence[float], *, start: int, rhythm: Rhythm, least: float) -> list[Outliers]:
    """Stretches that begin at or after index `start`, or are still going on there; in order.

    Args:
        amounts: none is negative.
        least: a point that is less than this away from the usual is none.
    """
    walk = _Walk(amounts, rhythm, least)
    for at in range(max(0, start - 2 * rhythm.seasons[0]), len(amounts)):
        walk.step(at)
    return [each for each in walk.found if each.last > start]


def median(amounts: Iterable[float]) -> float:
    """The library's, without the twenty modules it imports: every report asks for it."""
    ranked = sorted(amounts)
    middle = len(ranked) // 2
    return ranked[middle] if len(ranked) % 2 else (ranked[middle - 1] + ranked[middle]) / 2


class _Walk:
    """Judges points in order of time, each on those before it; what was unusual is not learnt from."""

    def __init__(self, amounts: Sequence[float], rhythm: Rhythm, least: float) -> None:
        self._amounts = amounts
        self._rhythm = rhythm
        self._least = least
        floor = _LEAST_AMOUNT * median([each for each in amounts if each] or [1.0])
        self._logs = [log(max(each, floor)) for each in amounts]
        self._usual = [True] * len(amounts)
        self._fitted_at: int | None = None
        self._factors: Sequence[float] = (0.0,)
        self._noise = 0.0
        self.found: list[Outliers] = []
        self._side = 0
        self._run = 0
        """So many points in a row are unusual."""

    def step(self, at: int) -> None:
        """Judge the point at this index."""
        if self._fitted_at is None or at >= self._fitted_at + self._rhythm.seasons[0]:
            self._fit(at)
        before = self._usual_before(at, _LEVEL)
        if len(before) < _FEWEST:
            return
        usual = median([self._logs[index] - self._factor(index) for index in before]) + self._factor(at)
        side = self._judged(at, usual)
        self._run = self._run + 1 if side == self._side else 1
        self._side = side
        if not side:
            return
        self._usual[at] = False
        self._tell(at, exp(usual))
        if self._run >= _NEW_USUAL:
            self._usual[at - self._run + 1 : at + 1] = [True] * self._run
            self._fitted_at = None

    def _judged(self, at: int, usual: float) -> int:
        """1 above the usual, -1 below, 0 neither; `usual` is a logarithm."""
        distance, excess = self._logs[at] - usual, self._amounts[at] - exp(usual)
        if abs(excess) < self._least or abs(distance) < _SIGMAS * self._noise:
            return 0
        if excess > 0:
            return 1 if distance > log(1 + _LEAST_SHARE) else 0
        return -1 if distance < log(_DROP) else 0

    def _tell(self, at: int, usual: float) -> None:
        told = Outliers(at, at + 1, self._amounts[at], usual)
        if self.found:
            last = self.found[-1]
            if at - last.last < self._rhythm.gap and (last.amount > last.usual) == (self._side > 0):
                self.found.pop()
                told = Outliers(last.first, at + 1, last.amount + told.amount, last.usual + usual)
        self.found.append(told)

    def _usual_before(self, at: int, count: int) -> list[int]:
        """The last `count` usual points before this one, latest first."""
        return list(islice((index for index in range(at - 1, -1, -1) if self._usual[index]), count))

    def _factor(self, at: int) -> float:
        return self._factors[at % len(self._factors)]

    def _fit(self, at: int) -> None:
        """Learn season and noise from what is before this index."""
        self._fitted_at = at
        known = self._usual_before(at, _KEPT_SEASONS * self._rhythm.seasons[-1])[::-1]
        season = max((each for each in self._rhythm.seasons if len(known) >= _SEASONS * each), default=1)
        self._factors = self._season(known, at, season) if season > 1 else (0.0,)
        clean = [self._logs[index] - self._factor(index) for index in known]
        steps = [
            abs(clean[place] - median(clean[max(0, place - _LEVEL) : place]))
            for place in range(_FIRST_STEP, len(clean))
        ]
        self._noise = max(_LEAST_NOISE, _TO_SIGMA * median(steps)) if steps else 0.0

    def _season(self, known: Sequence[int], at: int, season: int) -> list[float]:
        """How far the points of each place in the season are above the median of the season around them."""
        places: list[list[float]] = [[] for _ in range(season)]
        for index in known:
            around = self._logs[max(0, index - season // 2) : min(at, index + season // 2 + 1) : -(-season // _SAMPLE)]
            places[index % season].append(self._logs[index] - median(around))
        return [median(place) if place else 0.0 for place in places]
