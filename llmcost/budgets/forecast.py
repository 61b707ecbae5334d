"""Where a window's spend is heading. So far one method: the run rate of the window itself."""

from __future__ import annotations

from typing import NamedTuple

from llmcost.core.instants import DAY_US, Period
from llmcost.core.money import round_half_even

RUN_RATE = "linear run rate"


class Forecast(NamedTuple):
    nano: int
    """nano-USD at the end of the window."""
    method: str


def run_rate(spent: int, period: Period, seen_until: int) -> Forecast | None:
    """spent x (whole window / elapsed window), half-even to nano-USD.

    None when the window is no longer than about a day, or less than 24 hours of it have passed: an hour's
    spend says nothing about a month, and a night's nothing about a day.

    Args:
        spent: nano-USD in [period.start, seen_until).
        period: the window.
        seen_until: microseconds UTC, within the window.
    """
    whole, elapsed = period.end - period.start, seen_until - period.start
    if whole < 2 * DAY_US or elapsed < DAY_US:
        return None
    return Forecast(round_half_even(spent * whole, elapsed), RUN_RATE)
