"""The ledger's requests under a policy: what was paid, what it would have cost, and against which single model.

What is not known is said and not guessed: a request that the policy sends to another model has no answer of that
model to look at. Its cost is that of the same tokens at the other price, and its quality is the policy's prior.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import NamedTuple

from llmcost.core.instants import DAY_US
from llmcost.core.record import Record
from llmcost.routing.floor import meets
from llmcost.routing.policy import Candidate
from llmcost.routing.replay import PROPENSITY_TAG, Replay

_HOUR_US = DAY_US // 24
#: Fewer stretches of time than this say nothing about how much they differ.
LEAST_UNITS = 8
RESAMPLES, SEED, LEVEL = 2_000, 0, 95


class Fixed(NamedTuple):
    """Every request to one model."""

    candidate: Candidate
    nano: int
    p: float | None
    unable: int
    """Requests it cannot serve; they are not in `nano`."""
    inadequate: int
    """Requests it is not good enough for, those it cannot serve included."""


class ByPropensity(NamedTuple):
    """The requests whose propensity was recorded: what the policy costs, from answers that were really given.

    Each request that went where the policy would send it counts 1 / propensity times (self-normalised), so that
    those which yesterday's policy seldom sent there are not underrated.
    """

    requests: int
    matched: int
    effective: float
    """As many equally weighted requests would say as much."""
    actual_nano: int
    nano: int | None
    """None where no request went where the policy would send it."""


class Labelled(NamedTuple):
    """Answers to the requests that somebody judged."""

    requests: int
    quality: float | None
    """Mean, 0 to 1; None without any."""


class Simulated(NamedTuple):
    """Money in nano-USD."""

    requests: int
    excluded: Mapping[str, int]
    """Reason -> requests that are in no figure."""
    actual: int
    routed: int
    adequate: int
    """Each request with the cheapest model that is good enough, its cache warm: what no policy can go below."""
    routed_p: float | None
    """Mean P(good); None where one is not known."""
    actual_p: float | None
    """Of the `actual_known` requests whose model is a candidate of known quality."""
    actual_known: int
    fixed: tuple[Fixed, ...]
    best: int | None
    """Position in `fixed` of the cheapest single model that is as good as the routed mix."""
    as_good: bool
    """Whether there is one; else `best` is the best there is."""
    sufficient: int | None
    """Position in `fixed` of the cheapest single model that is good enough for every request; None: there is none."""
    models: Mapping[str, int]
    moved: int
    """Requests the policy treats otherwise than they were."""
    no_evidence: int
    """Of those, the ones whose prompt has no judged answer of the model that the policy sends it to."""
    judged_actual: Labelled
    """The answers that were given."""
    judged_routed: Labelled
    """The answers of the model that the policy sends a request to."""
    escalated: int
    with_level: int
    """Requests whose complexity was recorded; the others count as `medium`."""
    by_propensity: ByPropensity
    by_hour: Mapping[int, tuple[int, ...]]
    """Hour since the epoch -> nano-USD of (actual, routed, each fixed model)."""

    @property
    def best_fixed(self) -> Fixed | None:
        return None if self.best is None else self.fixed[self.best]


class Saving(NamedTuple):
    """What the policy costs less than a baseline; `low` and `high` are the bounds of `LEVEL` percent."""

    nano: int
    share: float
    low_share: float | None = None
    high_share: float | None = None
    low_nano: int | None = None
    high_nano: int | None = None
    units: str = ""
    """What was drawn again: `30 days`, `40 hours`; empty where they are too few for bounds."""


#: (request id, or `prompt:` and a prompt's digest, and model) -> quality, 0 to 1.
Labels = Mapping[tuple[str, str], float]


def simulate(replay: Replay, candidates: Sequence[Candidate], labels: Labels = MappingProxyType({})) -> Simulated:
    """Add up a replay over these candidates; `labels` are the judged answers."""
    models: Counter[str] = Counter()
    hours: dict[int, list[int]] = {}
    unable, inadequate = [0] * len(candidates), [0] * len(candidates)
    weights: list[tuple[float, int]] = []
    tagged_nano = tagged = requests = moved = escalated = with_level = actual_known = adequate = unknown = 0
    routed_p = actual_p = 0.0
    no_evidence = 0
    given: list[float] = []
    proposed: list[float] = []
    for each in replay:
        choice = each.choice
        requests += 1
        moved += each.moved
        escalated += choice.escalates
        with_level += each.level is not None
        adequate += each.adequate
        models[candidates[choice.at].model] += 1
        unknown += choice.p is None
        routed_p += choice.p or 0
        if each.served is not None and (p := replay.chances[each.served]) is not None:
            actual_p += p
            actual_known += 1
        if (label := _label(labels, each.record, each.record.model)) is not None:
            given.append(label)
        label = None if choice.escalates else _label(labels, each.record, candidates[choice.at].model)
        if not each.moved and label is None:
            label = _label(labels, each.record, each.record.model)
        if label is not None:
            proposed.append(label)
        no_evidence += each.moved and label is None
        hour = hours.setdefault(each.record.ts // _HOUR_US, [0] * (2 + len(candidates)))
        hour[0] += each.paid
        hour[1] += choice.nano
        for at, cost in enumerate(each.costs):
            unable[at] += cost.warm is None
            inadequate[at] += at not in each.good
            hour[2 + at] += cost.warm or 0
        if (propensity := _propensity(dict(each.record.tags).get(PROPENSITY_TAG, ""))) is not None:
            tagged += 1
            tagged_nano += each.paid
            if not each.moved:
                weights.append((1 / propensity, each.paid))
    totals = [sum(column) for column in zip(*hours.values(), strict=True)] or [0] * (2 + len(candidates))
    fixed = tuple(map(Fixed, candidates, totals[2:], replay.chances, unable, inadequate))
    mean = None if unknown or not requests else routed_p / requests
    best, as_good = _best(fixed, mean)
    enough = [at for at, each in enumerate(fixed) if not each.inadequate]
    return Simulated(
        requests=requests, excluded=replay.excluded, actual=totals[0], routed=totals[1], adequate=adequate,
        routed_p=mean, actual_p=actual_p / actual_known if actual_known else None, actual_known=actual_known,
        fixed=fixed, best=best, as_good=as_good,
        sufficient=min(enough, key=lambda at: fixed[at].nano, default=None),
        models=models, moved=moved,
        no_evidence=no_evidence, judged_actual=_mean(given), judged_routed=_mean(proposed), escalated=escalated,
        with_level=with_level, by_propensity=_weighted(weights, tagged, tagged_nano),
        by_hour={at: tuple(hour) for at, hour in sorted(hours.items())},
    )  # fmt: skip


def saving(found: Simulated, baseline: int) -> Saving:
    """Against a column of `by_hour`: 0 is what was paid, 2 + n the n-th fixed model.

    The bounds are percentiles over days drawn again with replacement (hours where there are few days): requests of
    one day are alike, so that drawing single requests would promise too much.
    """
    whole = [(hour[baseline], hour[1]) for hour in found.by_hour.values()]
    base, routed = (sum(column) for column in zip(*whole, strict=True)) if whole else (0, 0)
    nano = base - routed
    share = nano / base if base else 0.0
    units, name = _units(found, baseline)
    if len(units) < LEAST_UNITS or not base:
        return Saving(nano, share)
    random = Random(SEED)  # noqa: S311 - the same bounds each time, no secret
    drawn = []
    for _ in range(RESAMPLES):
        some = random.choices(units, k=len(units))
        paid = sum(each[0] for each in some)
        less = paid - sum(each[1] for each in some)
        drawn.append((less / paid if paid else 0.0, less))
    shares, nanos = sorted(each[0] for each in drawn), sorted(each[1] for each in drawn)
    low, high = RESAMPLES * (100 - LEVEL) // 200, RESAMPLES - RESAMPLES * (100 - LEVEL) // 200 - 1
    return Saving(nano, share, shares[low], shares[high], nanos[low], nanos[high], f"{len(units)} {name}")


def _units(found: Simulated, baseline: int) -> tuple[list[tuple[int, int]], str]:
    days: dict[int, tuple[int, int]] = {}
    for at, hour in found.by_hour.items():
        base, routed = days.get(at // 24, (0, 0))
        days[at // 24] = base + hour[baseline], routed + hour[1]
    if len(days) >= LEAST_UNITS:
        return list(days.values()), "days"
    return [(hour[baseline], hour[1]) for hour in found.by_hour.values()], "hours"


def _best(fixed: Sequence[Fixed], wanted: float | None) -> tuple[int | None, bool]:
    """The cheapest model that serves every request and is as good as `wanted`, else the best one; whether it is."""
    whole = [(at, each, each.p) for at, each in enumerate(fixed) if not each.unable]
    known = [(at, each, p) for at, each, p in whole if p is not None]
    good = [(at, each, p) for at, each, p in known if wanted is not None and meets(p, wanted)]
    if good:
        return min(good, key=lambda found: (found[1].nano, -found[2], found[0]))[0], True
    if known:
        return max(known, key=lambda found: (found[2], -found[1].nano))[0], False
    return None, False


def _label(labels: Labels, record: Record, model: str) -> float | None:
    found = labels.get((record.id, model))
    if found is None and record.prompt_digest:
        found = labels.get((f"prompt:{record.prompt_digest}", model))
    return found


def _mean(values: Sequence[float]) -> Labelled:
    return Labelled(len(values), sum(values) / len(values) if values else None)


def _propensity(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value <= 1 else None


def _weighted(weights: Sequence[tuple[float, int]], tagged: int, paid: int) -> ByPropensity:
    total = sum(weight for weight, _ in weights)
    if not total:
        return ByPropensity(tagged, 0, 0.0, paid, None)
    mean = sum(weight * nano for weight, nano in weights) / total
    effective = total**2 / sum(weight**2 for weight, _ in weights)
    return ByPropensity(tagged, len(weights), effective, paid, round(mean * tagged))
