"""A model of daily spend: a level that follows steps, a weekly season, a damped trend; unusual days are left out.

docs/forecast.md explains it. Amounts and factors are floats without a unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, groupby, pairwise
from math import exp, inf, log, sqrt
from statistics import fmean, median
from typing import NamedTuple

# These were chosen on the even seeds of benchmarks/forecast.py, whose error hardly changes around any of them.
#: A day this many times above or below the usual, and this many standard deviations, is unusual, …
_SPIKE, _DIP, _UNUSUAL_SIGMAS = 3.0, 0.25, 6.0
#: … and so many such days in a row are the new usual.
_SPIKE_DAYS, _DIP_DAYS = 3, 6
#: Equal days do not show that the next one will be equal, too.
_LEAST_NOISE = 0.02
#: A recurring unusual day is expected at this part of its past effect.
_RECURS = 0.5
#: A weekday below this share of an average day is too small to judge its amounts.
_SMALL = 0.05
#: The level is a mean over at most these many days, with this half-life, while it stays within these standard errors.
_LEVEL_DAYS, _LEVEL_HALF_LIFE, _LEVEL_SIGMAS = 28, 10.0, 3.0
#: A week's log growth counts up to this; the mean is taken as if there were this many more weeks without growth.
_WEEK_GROWTH, _FLAT_WEEKS = 0.2, 0.5
#: The part of the growth that is left one day later.
_DAMPING = 0.98
#: More zeros than this share, and the days are spent on at random: their mean is all there is, with this half-life.
_ZEROS, _MEAN_HALF_LIFE = 0.25, 60.0
#: Days without spend that are a pause, not a gap.
_PAUSE_DAYS = 7


class Fit(NamedTuple):
    level: float
    """Of an average weekday tomorrow, unusual days left out."""
    growth: float
    """Log growth per day."""
    season: tuple[float, ...]
    """Factor of each weekday, 1 on average."""
    noise: float
    """Standard deviation of a day's logarithm; infinite when days are spent on at random."""


def fit(days: Sequence[float], weekday: int) -> Fit:
    """The model of `days`, of which the last is the day before a `weekday`."""
    season = _season(days, weekday)
    factors = [season[(weekday - len(days) + at) % 7] for at in range(len(days))]
    large = [at for at, factor in enumerate(factors) if factor > _SMALL]
    gaps = [len(list(run)) for empty, run in groupby(days[at] == 0 for at in large) if empty]
    longest, next_longest = sorted([0, 0, *gaps])[:-3:-1]
    paused = longest >= _PAUSE_DAYS and longest > 2 * next_longest
    if paused and gaps[-1] == longest and not days[large[-1]]:
        return Fit(0.0, 0.0, season, 0.0)
    if sum(gaps) - longest * paused > _ZEROS * len(large):
        weights = [0.5 ** ((len(days) - at) / _MEAN_HALF_LIFE) for at in range(len(days))]
        return Fit(sum(map(float.__mul__, weights, days)) / sum(weights), 0.0, (1.0,) * 7, inf)
    adjusted = {at: days[at] / factors[at] for at in large}
    noise = _noise(list(adjusted.values()))
    usual, recurring = _usual(adjusted, factors, noise)
    growth = _growth(days, factors, usual)
    return Fit(_level(days, factors, usual, growth, noise) * (1 + recurring), growth, season, noise)


def coming(fitted: Fit, weekday: int, count: int) -> list[float]:
    """`count` days from a `weekday` on."""
    found, grown, growth = [], 0.0, fitted.growth
    for at in range(count):
        found.append(fitted.level * exp(grown) * fitted.season[(weekday + at) % 7])
        growth *= _DAMPING
        grown += growth
    return found


def _season(days: Sequence[float], weekday: int) -> tuple[float, ...]:
    """Each weekday's median share of the seven days around it, drawn towards 1 as far as its spread may be noise."""
    sums = [0.0, *accumulate(days)]
    shares: list[list[float]] = [[] for _ in range(7)]
    for at, amount in enumerate(days):
        start = min(max(0, at - 3), len(days) - 7)
        week = sums[start + 7] - sums[start]
        if week > 0:
            shares[(weekday - len(days) + at) % 7].append(7 * amount / week)
    middles = [median(found) if found else 1.0 for found in shares]
    total = sum(middles)
    if not total:
        return (1.0,) * 7
    factors = [7 * middle / total for middle in middles]
    between = fmean((factor - 1) ** 2 for factor in factors)
    # The variance of a median is pi/2 times that of a mean; 1.4826 times a median deviation is a standard one.
    within = fmean(
        1.57 * (1.4826 * median(abs(share - middle) for share in found)) ** 2 / len(found) if found else 0.0
        for found, middle in zip(shares, middles, strict=True)
    )
    kept = max(0.0, 1 - within / between) if between else 1.0
    return tuple(1 + kept * (factor - 1) if kept < 0.98 else factor for factor in factors)


def _noise(amounts: Sequence[float]) -> float:
    """The standard deviation of logarithms, from the median change between neighbours.

    No trend, step or spike moves that.
    """
    logs = [log(amount) for amount in amounts if amount > 0]
    if len(logs) < 2:
        return _LEAST_NOISE
    # A difference has a standard deviation of sqrt(2); 1.4826 as above.
    return max(_LEAST_NOISE, 1.4826 / sqrt(2) * median(abs(b - a) for a, b in pairwise(logs)))


def _usual(adjusted: dict[int, float], factors: Sequence[float], noise: float) -> tuple[set[int], float]:
    """The days that count, and the relative effect of the others as far as they recur.

    Spikes and holidays are left out until they last: then they are a step, and the new usual.
    """
    high, low = max(_SPIKE, exp(_UNUSUAL_SIGMAS * noise)), min(_DIP, exp(-_UNUSUAL_SIGMAS * noise))
    usual: set[int] = set()
    recent = list(adjusted.values())[:7]
    run: list[int] = []
    episodes: dict[int, float] = {}
    runs = side = 0
    for at, amount in adjusted.items():
        middle = median(recent[-7:])
        before, side = side, (amount > high * middle) - (amount < low * middle)
        if side == 0:
            usual.add(at)
            recent.append(amount)
            continue
        if side != before:
            run = []
            runs += 1
        run.append(at)
        episodes[at] = (amount / middle - 1) * factors[at] if middle else 0.0
        if len(run) == (_SPIKE_DAYS if side > 0 else _DIP_DAYS):
            usual.update(run)
            recent = [adjusted[day] for day in run]
            for day in run:
                del episodes[day]
            runs -= 1
            side = 0
    effect = sum(episodes.values()) / sum(factors[at] for at in adjusted)
    return usual, _RECURS * effect * (runs - 1) / runs if runs else 0.0


def _growth(days: Sequence[float], factors: Sequence[float], usual: set[int]) -> float:
    """Log growth per day: the mean change between the weeks, of which a step or a bad week counts only so much."""
    weeks = []
    for end in range(len(days), 6, -7):
        counted = [at for at in range(end - 7, end) if at in usual]
        amount, weight = sum(days[at] for at in counted), sum(factors[at] for at in counted)
        if amount > 0 and weight >= 2:
            weeks.append((end / 7, log(amount / weight)))
    changes = [
        max(-_WEEK_GROWTH, min(_WEEK_GROWTH, (after - before) / (late - early)))
        for (late, after), (early, before) in pairwise(weeks)
    ]
    return sum(changes) / (len(changes) + _FLAT_WEEKS) / 7


def _level(days: Sequence[float], factors: Sequence[float], usual: set[int], growth: float, noise: float) -> float:
    """The mean of the longest recent stretch that agrees with every shorter one (Lepski's method), as of tomorrow.

    A step shows as a disagreement, and the mean ends there.
    """
    level = amount = weight = 0.0
    low, high = -inf, inf
    counted = sorted(usual, reverse=True)[:_LEVEL_DAYS]
    for count, at in enumerate(counted, 1):
        age = len(days) - at
        faded = 0.5 ** (age / _LEVEL_HALF_LIFE)
        amount += faded * days[at] * exp(growth * age)
        weight += faded * factors[at]
        if count == 1 < len(counted):
            continue
        logarithm = log(amount / weight) if amount else -inf
        if not low <= logarithm <= high:
            break
        level = amount / weight
        error = _LEVEL_SIGMAS * noise / sqrt(count)
        low, high = max(low, logarithm - error), min(high, logarithm + error)
    return level
