"""How well anomalies of daily spend are found: generated series whose anomalies are known, beside two plain rules.

    python -m benchmarks.anomalies [--seeds 40] [--even]
    python -m benchmarks.anomalies --csv FILE [--hours]   what is found in a real series of `timestamp,value` lines

Parameters were chosen on even seeds; what is shown is of odd ones, unless --even is given. An alert is right when it
is raised on a day of a known anomaly, or the day after it began; one anomaly is one, however many days it lasts.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from math import exp
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import NamedTuple

from llmcost.analysis.outliers import DAILY, HOURLY, outliers

DAYS, JUDGED_FROM = 180, 42


class Case(NamedTuple):
    days: list[float]
    """USD."""
    anomalies: list[range]


def base(random: Random, *, level: float, noise: float, weekend: float = 0.4, growth: float = 0.0) -> list[float]:
    factors = [1, 1.05, 1.08, 1.04, 0.95, weekend, weekend * 0.9]
    start, wander, found = random.randrange(7), 0.0, []
    for day in range(DAYS):
        wander = 0.95 * wander + random.gauss(0, noise * 0.3)
        found.append(level * factors[(day + start) % 7] * exp(growth * day + wander + random.gauss(0, noise)))
    return found


def _places(random: Random, count: int, length: int) -> list[range]:
    gap = (DAYS - JUDGED_FROM) // count
    starts = [JUDGED_FROM + gap * number + random.randrange(max(1, gap - length - 14)) for number in range(count)]
    return [range(start, start + length) for start in starts]


def _times(days: list[float], place: range, factor: float) -> None:
    for day in place:
        days[day] *= factor


def spikes(random: Random) -> Case:
    """A day of two to eight times the usual: a batch sent twice, a loop overnight."""
    days, places = base(random, level=200, noise=0.12), _places(random, 3, 1)
    for place in places:
        _times(days, place, random.uniform(2, 8))
    return Case(days, places)


def bursts(random: Random) -> Case:
    """Two to five days at half as much again to four times as much."""
    days, places = base(random, level=80, noise=0.12), _places(random, 3, random.randrange(2, 6))
    for place in places:
        _times(days, place, random.uniform(1.8, 4))
    return Case(days, places)


def shift(random: Random) -> Case:
    """A new level that stays: one alert, not one a day."""
    days, at = base(random, level=300, noise=0.1), random.randrange(60, 140)
    _times(days, range(at, DAYS), random.uniform(1.8, 3.5))
    return Case(days, [range(at, at + 7)])


def weekend(random: Random) -> Case:
    """A Sunday that looks like a working day, which is no more than a Tuesday costs."""
    days = base(random, level=400, noise=0.1, weekend=0.15)
    small = sorted(range(JUDGED_FROM, DAYS), key=lambda day: days[day])[:20]
    chosen = sorted(random.sample(small, 2))
    if chosen[1] - chosen[0] < 3:
        chosen = chosen[:1]
    for day in chosen:
        days[day] *= random.uniform(5, 7)
    return Case(days, [range(day, day + 1) for day in chosen])


def leak(random: Random) -> Case:
    """A cost that grows by 12 % a day for two weeks, then is mended."""
    days, places = base(random, level=250, noise=0.08), _places(random, 2, 14)
    for place in places:
        for step, day in enumerate(place, 1):
            days[day] *= 1.12**step
    return Case(days, places)


def outage(random: Random) -> Case:
    """Two days almost without spend: logs that no longer arrive."""
    days, places = base(random, level=150, noise=0.12), _places(random, 2, 2)
    for place in places:
        for day in place:
            days[day] *= random.uniform(0, 0.08)
    return Case(days, places)


def noisy(random: Random) -> Case:
    """A small app of few large requests, with two days of ten times the usual."""
    days, places = base(random, level=60, noise=0.45), _places(random, 2, 1)
    for place in places:
        _times(days, place, random.uniform(8, 15))
    return Case(days, places)


def growth(random: Random) -> Case:
    """Nothing but growth, by two to five times in half a year."""
    return Case(base(random, level=100, noise=0.12, growth=random.uniform(0.004, 0.009)), [])


def calm(random: Random) -> Case:
    """Nothing but weeks."""
    return Case(base(random, level=500, noise=random.uniform(0.05, 0.3), weekend=random.uniform(0.1, 1)), [])


def cents(random: Random) -> Case:
    """An app of cents, whose every jump is worth nobody's time."""
    days = base(random, level=0.3, noise=0.3)
    for day in random.sample(range(JUDGED_FROM, DAYS), 4):
        days[day] *= 6
    return Case(days, [])


SCENARIOS = (spikes, bursts, shift, weekend, leak, outage, noisy, growth, calm, cents)


def ours(days: Sequence[float]) -> list[int]:
    return [
        each.first for each in outliers(days, start=JUDGED_FROM, rhythm=DAILY, least=5.0) if each.first >= JUDGED_FROM
    ]


def p95_rule(days: Sequence[float]) -> list[int]:
    """The article's, on days: more than twice the 95th percentile of the seven days before."""
    return _starts(
        day
        for day in range(JUDGED_FROM, len(days))
        if days[day] > 2 * quantiles(days[day - 7 : day], n=20, method="inclusive")[-1]
    )


def plain_mad(days: Sequence[float]) -> list[int]:
    """More than three scaled median absolute deviations from the median of the four weeks before."""
    found = []
    for day in range(JUDGED_FROM, len(days)):
        before = days[day - 28 : day]
        middle = median(before)
        spread = 1.4826 * median([abs(each - middle) for each in before])
        if abs(days[day] - middle) > 3 * spread:
            found.append(day)
    return _starts(found)


def _starts(days: Iterable[int]) -> list[int]:
    """The first of each run of days: the plain rules, too, are counted one alert an episode."""
    found: list[int] = []
    last = -1
    for day in days:
        if day != last + 1:
            found.append(day)
        last = day
    return found


RULES: dict[str, Callable[[Sequence[float]], list[int]]] = {
    "llmcost": ours, "plain MAD": plain_mad, "2 x p95 of 7 days": p95_rule,
}  # fmt: skip


class Score(NamedTuple):
    found: int = 0
    missed: int = 0
    false: int = 0

    def plus(self, other: Score) -> Score:
        return Score(*map(int.__add__, self, other))

    @property
    def f1(self) -> float:
        return 2 * self.found / (2 * self.found + self.missed + self.false) if self.found else 0.0


def score(case: Case, alerts: Sequence[int]) -> Score:
    """An anomaly is found by an alert in it; its other alerts, and those elsewhere, are false."""
    left = list(alerts)
    found = 0
    for anomaly in case.anomalies:
        within = [day for day in left if day in anomaly]
        if within:
            found += 1
            left.remove(within[0])
    return Score(found, len(case.anomalies) - found, len(left))


def measure(seeds: Sequence[int]) -> dict[str, dict[str, Score]]:
    """Rule -> scenario -> score."""
    totals = {rule: {make.__name__: Score() for make in SCENARIOS} for rule in RULES}
    for make in SCENARIOS:
        for seed in seeds:
            case = make(Random(f"{make.__name__} {seed}"))
            for rule, judge in RULES.items():
                totals[rule][make.__name__] = totals[rule][make.__name__].plus(score(case, judge(case.days)))
    return totals


def show(path: Path, *, hours: bool) -> None:
    """What is found in a real series, from its sixth week on."""
    sums: defaultdict[str, float] = defaultdict(float)
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            sums[row["timestamp"][: 13 if hours else 10]] += float(row["value"])
    names = sorted(sums)
    start, rhythm = (35 * 24, HOURLY) if hours else (35, DAILY)
    for each in outliers([sums[name] for name in names], start=start, rhythm=rhythm, least=0.0):
        print(f"{names[each.first]} to {names[each.last - 1]}: {each.amount / each.usual:.2f} times the usual")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--even", action="store_true")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--hours", action="store_true")
    chosen = parser.parse_args()
    if chosen.csv:
        show(chosen.csv, hours=chosen.hours)
        return
    run(range(0 if chosen.even else 1, 2 * chosen.seeds, 2))


def run(seeds: Sequence[int] = range(1, 80, 2)) -> None:
    """Every scenario's alerts, and each rule's F1."""
    totals = measure(seeds)
    quarters = len(seeds) * (DAYS - JUDGED_FROM) / 91
    print(f"{'scenario':<12}" + "".join(f"{rule:>36}" for rule in RULES))
    print(f"{'':<12}" + f"{'found':>12}{'missed':>8}{'false':>7}{'a quarter':>9}" * len(RULES))
    for make in SCENARIOS:
        cells = [totals[rule][make.__name__] for rule in RULES]
        print(
            f"{make.__name__:<12}"
            + "".join(f"{s.found:>12}{s.missed:>8}{s.false:>7}{s.false / quarters:>9.2f}" for s in cells)
        )
    for rule, by in totals.items():
        total = Score()
        for each in by.values():
            total = total.plus(each)
        print(f"F1 {total.f1:.3f}  {rule}  ({total})")


if __name__ == "__main__":
    main()
