"""Forecasts of a month's total on generated series: error and coverage per scenario, beside three naive forecasts.

The constants of llmcost/analysis/{forecast,dailymodel}.py were chosen on the even seeds; the odd ones are reported.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from statistics import fmean
from typing import NamedTuple

from llmcost.analysis.forecast import forecast

#: The forecast is made when these many days of the month are complete.
MOMENTS = (3, 7, 14, 21)
SEEDS = range(1, 400, 2)
HISTORY = 90
PEERS = ("last week", "run rate", "28 days")


class Series(NamedTuple):
    """Daily totals in nano-USD; `first` is the date of the first one, the month to forecast is the last one."""

    first: date
    month: date
    days: tuple[int, ...]

    @property
    def before(self) -> int:
        """Days before the month."""
        return (self.month - self.first).days


class Traits(NamedTuple):
    """What happens in a series besides a weekly season, noise and a slow drift."""

    growth: tuple[float, float] = (0.0, 0.0)
    """Log growth per day, uniform between the two, from some day in the first half of the history on."""
    step: tuple[float, float] | None = None
    """Factor of one lasting step, on a day between 30 days before the month and its 14th."""
    spikes: float = 0.0
    """Chance per day of a spike of 3 to 10 times the day."""
    holidays: float = 0.0
    """Chance per day that a run of one to four days at 0 to 15 % begins."""
    busy: float = 1.0
    """Chance per day of any spend; below one the amounts vary widely, too."""
    history: int = HISTORY


SCENARIOS = {
    "weekly season": Traits(),
    "trend up": Traits(growth=(0.003, 0.015)),
    "trend down": Traits(growth=(-0.015, -0.003)),
    "holidays": Traits(holidays=1 / 25),
    "step up": Traits(step=(1.3, 3.0)),
    "step down": Traits(step=(0.3, 0.75)),
    "spikes": Traits(spikes=1 / 30),
    "intermittent": Traits(busy=0.45),
    "all together": Traits(growth=(-0.008, 0.012), step=(0.4, 2.5), spikes=1 / 40, holidays=1 / 40),
    "new app, 3 weeks": Traits(growth=(-0.005, 0.02), history=21),
    "new app, 0 days": Traits(growth=(-0.005, 0.02), history=0),
}


def series(scenario: str, seed: int) -> Series:
    traits, dice = SCENARIOS[scenario], random.Random(f"{scenario}/{seed}")
    month = date(2025, dice.randint(1, 12), 1)
    length = ((month + timedelta(days=31)).replace(day=1) - month).days
    first = month - timedelta(days=traits.history)
    level = math.log(10 ** dice.uniform(9, 12.5))
    weekend = dice.choice((dice.uniform(0.6, 1.1), dice.uniform(0.15, 0.6), dice.choice((0.0, 0.05))))
    week = [dice.uniform(0.85, 1.15) * (1 if weekday < 5 else weekend) for weekday in range(7)]
    noise, drift = dice.uniform(0.04, 0.3), dice.uniform(0.0, 0.02)
    growth, linear, grows_from = dice.uniform(*traits.growth), dice.random() < 0.5, dice.randint(0, traits.history // 2)
    step_at = traits.history + dice.randrange(-30, 14)
    step = math.log(dice.uniform(*traits.step)) if traits.step else 0.0
    low_until, memory = -1, 0.0
    days = []
    for at in range(traits.history + length):
        level += dice.gauss(0, drift)
        grown = growth * max(0, at - grows_from)
        if linear and growth > 0:
            grown = math.log1p(grown)
        memory = 0.3 * memory + dice.gauss(0, noise)
        value = (
            math.exp(level + grown + memory + (step if at >= step_at else 0)) * week[(first + timedelta(at)).weekday()]
        )
        if dice.random() < traits.spikes:
            value *= dice.uniform(3, 10)
        if dice.random() < traits.holidays:
            low_until = at + dice.randint(1, 4)
        if at < low_until:
            value *= dice.uniform(0, 0.15)
        if traits.busy < 1:
            value *= dice.lognormvariate(0, 0.8) * (dice.random() < traits.busy)
        days.append(round(value))
    return Series(first, month, tuple(days))


class Score(NamedTuple):
    """One forecast of one month: errors as shares of the actual total."""

    scenario: str
    moment: int
    errors: dict[str, float]
    """Of llmcost and of each of PEERS."""
    covered: bool
    width: float
    """Of the band, as a share of the actual total."""
    cpu: float
    """Seconds."""


def scores(seeds: Iterable[int]) -> list[Score]:
    return [
        _score(scenario, series(scenario, seed), moment)
        for scenario in SCENARIOS
        for seed in seeds
        for moment in MOMENTS
    ]


def _score(scenario: str, made: Series, moment: int) -> Score:
    days, actual = len(made.days) - made.before, sum(made.days[made.before :])
    history, left = made.days[: made.before + moment], days - moment
    spent = sum(history[made.before :])
    today = made.month + timedelta(moment)
    start = time.process_time()
    found = forecast(
        history, today=today, passed=Fraction(0), today_nano=0, spent=spent, last=made.month + timedelta(days - 1)
    )
    cpu = time.process_time() - start
    if found is None:
        raise ValueError(f"no forecast after day {moment}")
    week, recent = history[-7:], history[-28:]
    totals = {
        "llmcost": found.nano,
        "last week": spent + sum(week[at % len(week)] for at in range(left)),
        "run rate": spent * days / moment,
        "28 days": spent + fmean(recent) * left,
    }
    errors = {name: abs(total - actual) / actual for name, total in totals.items()}
    return Score(scenario, moment, errors, found.low <= actual <= found.high, (found.high - found.low) / actual, cpu)


def run() -> None:
    found = scores(SEEDS)
    groups = {name: [score for score in found if score.scenario == name] for name in SCENARIOS}
    groups["all"] = found
    groups |= {f"all, after day {moment}": [score for score in found if score.moment == moment] for moment in MOMENTS}
    print(f"\nForecast of a month's total: mean absolute error in %, {len(SEEDS)} odd seeds x after day {MOMENTS}")
    print("| scenario | llmcost | " + " | ".join(PEERS) + " | in the 80 % band | width of the band |")
    print("|---|" + "---|" * (len(PEERS) + 3))
    for name, group in groups.items():
        errors = [f"{100 * fmean(score.errors[peer] for score in group):.1f}" for peer in ("llmcost", *PEERS)]
        covered, width = fmean(score.covered for score in group), fmean(score.width for score in group)
        print(f"| {name} | {' | '.join(errors)} | {100 * covered:.0f} % | {100 * width:.0f} % |")
    print(f"CPU per forecast: {1000 * fmean(score.cpu for score in found):.1f} ms")
