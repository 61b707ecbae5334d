"""How far the verdict holds: one input varied at a time (tornado), and all at once (Monte Carlo)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil
from random import Random
from typing import NamedTuple

from llmcost.breakeven.api import Rates
from llmcost.breakeven.capacity import Capacity
from llmcost.breakeven.fields import Mode
from llmcost.breakeven.hosted import Hosted
from llmcost.breakeven.operations import Operations
from llmcost.breakeven.owned import Owned
from llmcost.breakeven.plan import Plan
from llmcost.breakeven.traffic import HOURS_MONTH

DRAWS = 500
SEED = 1


class Range(NamedTuple):
    """An input is somewhere between low and high times what was given."""

    name: str
    low: Fraction
    high: Fraction
    reason: str


#: All of them assumptions; draws are log-uniform, so that half and double are equally likely.
RANGES = (
    Range("volume", Fraction(1, 2), Fraction(2), "traffic is a forecast"),
    Range("API prices", Fraction(3, 5), Fraction(11, 10), "list prices fall more often than they rise"),
    Range("throughput", Fraction(1, 2), Fraction(3, 2), "depends on lengths, batch sizes, engine and its settings"),
    Range("peak", Fraction(7, 10), Fraction(3, 2), "the busiest hour of a month is one observation"),
    Range("GPU price", Fraction(7, 10), Fraction(8, 5), "what providers ask for the same GPU differs this much"),
    Range("people", Fraction(1, 2), Fraction(2), "how much time it takes is rarely measured"),
    Range("server price", Fraction(17, 20), Fraction(5, 4), "quotes differ with volume and memory"),
    Range("electricity", Fraction(3, 5), Fraction(2), "differs by region and contract"),
)


class Swing(NamedTuple):
    """Costs a month, USD, with one input at the low and at the high end of its range."""

    range: Range
    low: dict[Mode, Fraction]
    high: dict[Mode, Fraction]
    width: Fraction
    """How far the lead of the mode that is cheapest as given moves between the two."""


def cheapest(costs: dict[Mode, Fraction]) -> Mode:
    return min(costs, key=lambda mode: costs[mode])


def _lead(costs: dict[Mode, Fraction], mode: Mode) -> Fraction:
    """What the cheapest other mode costs more than `mode`; negative where it costs less."""
    return min(cost for other, cost in costs.items() if other != mode) - costs[mode]


def scaled(plan: Plan, name: str, factor: Fraction) -> Plan:
    """The plan with one of RANGES multiplied. A peak stays at least the average, a volume a whole number of tokens."""
    api, hosted, owned = plan.api, plan.hosted, plan.owned
    match name:
        case "volume":
            return plan._replace(volumes=(max(1, round(plan.tokens * factor)),))
        case "API prices":
            api = api._replace(rates=_dearer(api.rates, factor), batch=api.batch and _dearer(api.batch, factor))
        case "GPU price":
            hosted = hosted._replace(gpu_hour=hosted.gpu_hour * factor)
        case "people":
            api = api._replace(operations=_people(api.operations, factor))
            hosted = hosted._replace(operations=_people(hosted.operations, factor))
            owned = owned and owned._replace(operations=_people(owned.operations, factor))
        case "server price":
            owned = owned and owned._replace(server=owned.server._replace(price=owned.server.price * factor))
        case "electricity":
            owned = owned and owned._replace(server=owned.server._replace(kwh=owned.server.kwh * factor))
        case _:
            change = _faster if name == "throughput" else _peakier
            hosted = hosted._replace(capacity=change(hosted.capacity, factor))
            owned = owned and owned._replace(capacity=change(owned.capacity, factor))
    return plan._replace(api=api, hosted=hosted, owned=owned)


def _dearer(rates: Rates, factor: Fraction) -> Rates:
    return rates.times(factor)._replace(fee=rates.fee * factor)


def _people(operations: Operations, factor: Fraction) -> Operations:
    return operations._replace(fte=operations.fte * factor)


def _faster(capacity: Capacity, factor: Fraction) -> Capacity:
    return capacity._replace(input_tps=capacity.input_tps * factor, output_tps=capacity.output_tps * factor)


def _peakier(capacity: Capacity, factor: Fraction) -> Capacity:
    return capacity._replace(peak_to_average=max(Fraction(1), capacity.peak_to_average * factor))


def costs(plan: Plan) -> dict[Mode, Fraction]:
    """USD a month at the plan's volume."""
    return {mode: model.curve(plan.mix).cost(plan.tokens) for mode, model in plan.modes.items()}


def _changed(plan: Plan, now: dict[Mode, Fraction], then: Plan) -> dict[Mode, Fraction]:
    """The costs of `then`; a mode it has in common with `plan` costs what it does `now`."""
    if then.tokens != plan.tokens:
        return costs(then)
    other = {mode: model for mode, model in then.modes.items() if model is not plan.modes[mode]}
    return now | {mode: model.curve(then.mix).cost(then.tokens) for mode, model in other.items()}


def tornado(plan: Plan) -> list[Swing]:
    """One input at a time at both ends of its range; the one that moves the cheapest mode's lead most comes first."""
    now = costs(plan)
    best = cheapest(now)
    swings = []
    for each in RANGES:
        low, high = (_changed(plan, now, scaled(plan, each.name, factor)) for factor in (each.low, each.high))
        swings.append(Swing(each, low, high, abs(_lead(high, best) - _lead(low, best))))
    return sorted(swings, key=lambda swing: -swing.width)


def probabilities(plan: Plan, draws: int = DRAWS, seed: int = SEED) -> dict[Mode, Fraction]:
    """The share of draws in which each mode is cheapest, all inputs drawn at once and independently of each other."""
    random = Random(seed).random  # noqa: S311 (a simulation)
    spans = [(float(each.low), float(each.high / each.low)) for each in RANGES]
    monthly = estimator(plan)
    modes = list(plan.modes)
    wins = [0] * len(modes)
    for _ in range(draws):
        drawn = monthly(*[low * ratio ** random() for low, ratio in spans])
        wins[drawn.index(min(drawn))] += 1
    return {mode: Fraction(count, draws) for mode, count in zip(modes, wins, strict=True)}


Estimator = Callable[[float, float, float, float, float, float, float, float], list[float]]
"""Costs of a plan's modes a month, by a factor for each of RANGES, in their order."""


def estimator(plan: Plan) -> Estimator:
    """In floats, and so for shares of draws, never for amounts: exact fractions would take a hundred times as long."""
    mix, tokens = plan.mix, plan.tokens
    beside = [_beside(model.operations, tokens * mix.output_share) for model in plan.modes.values()]
    api = float(plan.api.curve(mix).slope * tokens) - beside[0][1]
    hosted, owned = _rented(plan, plan.hosted), None if plan.owned is None else _bought(plan, plan.owned)

    def monthly(
        volume: float, price: float, speed: float, peak: float, gpu: float, people: float, server: float, energy: float
    ) -> list[float]:
        machines = [api * volume * price, hosted(volume / speed, peak) * gpu]
        if owned is not None:
            machines.append(owned(volume / speed, peak, server, energy))
        return [
            cost + staff * people + network * volume + rest
            for cost, (staff, network, rest) in zip(machines, beside, strict=True)
        ]

    return monthly


def _beside(operations: Operations, output_tokens: Fraction) -> tuple[float, float, float]:
    staff = operations.staff
    return float(staff), float(operations.network_out * output_tokens), float(operations.fixed - staff)


def _rented(plan: Plan, hosted: Hosted) -> Callable[[float, float], float]:
    capacity = hosted.capacity
    hour = float(hosted.replica_hour * (1 + hosted.operations.recovery_share))
    if not hosted.autoscaled:
        replicas = _replicas(capacity, plan)
        return lambda load, peak: replicas(load, peak) * HOURS_MONTH * hour
    busy = float(capacity.load(plan.tokens, plan.mix) / 3600 / capacity.max_utilisation)
    least, spare = capacity.min_replicas * HOURS_MONTH, capacity.spare_replicas * HOURS_MONTH
    overhead = 1 + float(hosted.overhead)
    return lambda load, peak: (max(least, busy * load) * overhead + spare) * hour


def _bought(plan: Plan, owned: Owned) -> Callable[[float, float, float, float], float]:
    part = {name: float(value * (1 + owned.operations.recovery_share)) for name, value in owned.server.parts().items()}
    capital = part["amortisation"] + part["maintenance"]
    replicas, gpus, per_server = _replicas(owned.capacity, plan), owned.capacity.gpus, owned.server.gpus

    def machines(load: float, peak: float, server: float, energy: float) -> float:
        servers = -(-replicas(load, peak) * gpus // per_server)
        return servers * (capital * server + part["power"] * energy + part["colo"])

    return machines


def _replicas(capacity: Capacity, plan: Plan) -> Callable[[float, float], int]:
    given = float(capacity.peak_to_average)
    flat = float(plan.tokens * capacity.replicas_per_token(plan.mix)) / given

    def replicas(load: float, peak: float) -> int:
        return max(capacity.min_replicas, ceil(flat * load * max(1.0, given * peak))) + capacity.spare_replicas

    return replicas
