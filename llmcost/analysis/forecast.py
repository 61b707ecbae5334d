"""Where a window's spend is heading, from daily totals: docs/forecast.md explains it, benchmarks/ measures it.

What is spent is exact and an integer. The statistics of what is still to come are floats, relative to the largest day,
so that the same series in cents or in thousands of dollars has the same forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import accumulate
from math import exp, inf, log, sqrt
from statistics import fmean, quantiles
from typing import NamedTuple

from llmcost.analysis.dailymodel import coming, fit
from llmcost.core.money import round_half_even

SEASONAL = "weekly season with trend"
RUN_RATE = "run rate"

#: Older days say nothing more about the weeks to come.
KEPT_DAYS = 84
#: With fewer complete days a weekly season cannot be told from noise.
SEASON_DAYS = 14

# The band is the rest of the window, times exp(-width below) to exp(width above).
#: Every second day's own forecast is tried that has this many days before it and these many after it; at least so many.
_TRIAL_STEP, _TRIAL_START, _TRIAL_DAYS, _TRIALS = 2, 14, 5, 8
#: Without own trials a width is this plus this times the day's noise; it weighs as much as these many weeks of trials.
_WIDTH, _WIDTH_PER_SIGMA, _WIDTH_WEEKS = 0.1, 0.5, 2.0
#: A width holds for these many days ahead, and changes with this power of them.
_AHEAD, _AHEAD_POWER = 15, 0.2
#: No trial says more than that its forecast was off by this factor; no default is wider than the other.
_WORST, _WIDEST = 30.0, 2.0
#: Of 80 % of a normal distribution, in standard deviations.
_Z80 = 1.2816
#: The run rate's width, by days known: this much after one day, falling with the root of their number.
_RUN_RATE_WIDTH = 1.0


class Forecast(NamedTuple):
    """Money in nano-USD."""

    nano: int
    """At the end of the window."""
    low: int
    high: int
    """Four of five windows should end between these two."""
    method: str
    """SEASONAL, or RUN_RATE with under two weeks of history."""
    path: tuple[int, ...]
    """Expected spend of the window at the end of today, of tomorrow, … of its last day."""


def forecast(
    history: Sequence[int], *, today: date, passed: Fraction, today_nano: int, spent: int, last: date
) -> Forecast | None:
    """The spend of a window at its end, with an 80 % band. None when less than a day is known.

    Args:
        history: nano-USD of the complete local days up to yesterday, oldest first, days without spend as zeros.
            Days before the first spend are no history.
        today: the local date.
        passed: the share of today that has passed; of its 23 or 25 hours when clocks change.
        today_nano: nano-USD spent today.
        spent: nano-USD spent in the window so far, today's included.
        last: the window's last day, today or later.
    """
    first = next((at for at, nano in enumerate(history) if nano), len(history) if today_nano else 0)
    history = history[first:][-KEPT_DAYS:]
    ahead = (last - today).days + 1
    if len(history) < SEASON_DAYS:
        return _run_rate(history, passed, today_nano, spent, ahead)
    scale = max(history)
    if not scale:
        return Forecast(spent, spent, spent, SEASONAL, (spent,) * ahead)
    # True division of integers is rounded once: the ratios of k times the amounts are the same floats.
    days = [nano / scale for nano in history]
    weekday = today.weekday()
    fitted = fit(days, weekday)
    expected = coming(fitted, weekday, ahead)
    expected[0] *= float(1 - passed)
    path = [spent + _nano(part, scale) for part in accumulate(expected)]
    below, above = _widths(days, weekday, ahead, fitted.noise)
    rest = sum(expected)
    low, high = (spent + _nano(rest * exp(width), scale) for width in (-below, above))
    return Forecast(path[-1], low, high, SEASONAL, tuple(path))


def exhausted(found: Forecast, limit: int, today: date) -> date | None:
    """The day on which the forecast's path rises above `limit` nano-USD; None: not within the window."""
    return next((today + timedelta(days=at) for at, nano in enumerate(found.path) if nano > limit), None)


def _nano(share: float, scale: int) -> int:
    numerator, denominator = share.as_integer_ratio()
    return round_half_even(numerator * scale, denominator)


def _run_rate(history: Sequence[int], passed: Fraction, today_nano: int, spent: int, ahead: int) -> Forecast | None:
    known = len(history) + passed
    if known < 1:
        return None
    rate = (sum(history) + today_nano) / known
    path = tuple(spent + round(rate * (day - passed)) for day in range(1, ahead + 1))
    width = exp(_RUN_RATE_WIDTH / sqrt(known))
    rest = path[-1] - spent
    return Forecast(path[-1], spent + _nano(1 / width, rest), spent + _nano(width, rest), RUN_RATE, path)


def _widths(days: Sequence[float], weekday: int, ahead: int, noise: float) -> tuple[float, float]:
    """The 80 % band of the logarithm of what is to come: how far below and above the forecast.

    From the deciles of the errors of the forecasts that would have been made on earlier days, drawn towards what series
    of that noise have in general, the more the fewer trials there are.
    """
    scale = (ahead / _AHEAD) ** _AHEAD_POWER
    general = min(_WIDEST, _WIDTH + _WIDTH_PER_SIGMA * noise)
    if noise == inf:
        mean = fmean(days)
        relative = fmean((amount - mean) ** 2 for amount in days) / mean**2
        general = min(_WIDEST, _Z80 * sqrt(relative * (1 / ahead + 1 / len(days))))
    errors = []
    for end in range(len(days) - min(ahead, _TRIAL_DAYS), _TRIAL_START - 1, -_TRIAL_STEP):
        count, on = min(ahead, len(days) - end), (weekday - len(days) + end) % 7
        expected = sum(coming(fit(days[:end], on), on, count))
        if expected > 0:
            errors.append(log(min(_WORST, max(1 / _WORST, sum(days[end : end + count]) / expected))))
    if len(errors) < _TRIALS:
        return scale * general, scale * general
    deciles = quantiles(errors, n=10, method="inclusive")
    sides = -deciles[0], deciles[-1]
    half, weeks = sum(sides) / 2, len(errors) * _TRIAL_STEP / 7
    # Half of a side's width is its own, half the mean of both: a few trials do not show which way the next one errs.
    below, above = (
        scale * (_WIDTH_WEEKS * general + weeks * (half + max(0.0, side)) / 2) / (_WIDTH_WEEKS + weeks)
        for side in sides
    )
    return below, above
