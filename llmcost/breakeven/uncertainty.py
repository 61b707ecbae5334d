"""How far the verdict holds: one input varied at a time (tornado), and all at once (Monte Carlo)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil
from random import Random
from typing import NamedTuple

from llmcost.breakeven.api import Api
from llmcost.breakeven.capacity import Capacity
from llmcost.breakeven.fields import MODES, Mode
from llmcost.breakeven.operations import Operations
from llmcost.breakeven.plan import Plan
from llmcost.breakeven.traffic import HOURS_MONTH

DRAWS = 1_000
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

    def cheapest(self, costs: dict[Mode, Fraction]) -> Mode:
        return min(costs, key=lambda mode: costs[mode])

    def margin(self, costs: dict[Mode, Fraction], mode: Mode) -> Fraction:
        """What the cheapest other mode costs more than `mode`; negative where it costs less."""
        return min(cost for other, cost in costs.items() if other != mode) - costs[mode]


def scaled(plan: Plan, name: str, factor: Fraction) -> Plan:
    """The plan with one of RANGES multiplied. A peak stays at least the average."""
    api, hosted, owned = plan.api, plan.hosted, plan.owned
    if name == "volume":
        return plan._replace(volumes=(plan.tokens * factor,))  # type: ignore[arg-type]
    if name == "API prices":
        rates, batch = api.rates.times(factor), api.batch.times(factor) if api.batch else None
        fees = [each._replace(fee=each.fee * factor) for each in (rates, batch) if each]
        return plan._replace(api=api._replace(rates=fees[0], batch=fees[1] if batch else None))
    if name == "GPU price":
        return plan._replace(hosted=hosted._replace(gpu_hour=hosted.gpu_hour * factor))
    if name == "people":
        return plan._replace(
            api=api._replace(operations=_people(api.operations, factor)),
            hosted=hosted._replace(operations=_people(hosted.operations, factor)),
            owned=owned._replace(operations=_people(owned.operations, factor)),
        )
    server = owned.server
    if name == "server price":
        return plan._replace(owned=owned._replace(server=server._replace(price=server.price * factor)))
    if name == "electricity":
        return plan._replace(owned=owned._replace(server=server._replace(kwh=server.kwh * factor)))
    change = _faster if name == "throughput" else _peakier
    return plan._replace(
        hosted=hosted._replace(capacity=change(hosted.capacity, factor)),
        owned=owned._replace(capacity=change(owned.capacity, factor)),
    )


def _people(operations: Operations, factor: Fraction) -> Operations:
    return operations._replace(fte=operations.fte * factor)


def _faster(capacity: Capacity, factor: Fraction) -> Capacity:
    return capacity._replace(input_tps=capacity.input_tps * factor, output_tps=capacity.output_tps * factor)


def _peakier(capacity: Capacity, factor: Fraction) -> Capacity:
    return capacity._replace(peak_to_average=max(Fraction(1), capacity.peak_to_average * factor))


def costs(plan: Plan) -> dict[Mode, Fraction]:
    """USD a month at the plan's volume."""
    return {mode: model.curve(plan.mix).cost(plan.tokens) for mode, model in plan.modes.items()}


def tornado(plan: Plan) -> list[Swing]:
    """One input at a time at both ends of its range; the one that moves the cheapest mode's margin most comes first."""
    now = costs(plan)
    best = min(now, key=lambda mode: now[mode])
    swings = [Swing(each, costs(scaled(plan, each.name, each.low)), costs(scaled(plan, each.name, each.high)))
              for each in RANGES]  # fmt: skip
    return sorted(swings, key=lambda swing: -abs(swing.margin(swing.high, best) - swing.margin(swing.low, best)))


def probabilities(plan: Plan, draws: int = DRAWS, seed: int = SEED) -> dict[Mode, Fraction]:
    """The share of draws in which each mode is cheapest, all inputs drawn at once and independently of each other."""
    random = Random(seed)
    spans = [(float(each.low), float(each.high / each.low)) for each in RANGES]
    monthly = estimator(plan)
    wins = [0, 0, 0]
    for _ in range(draws):
        drawn = monthly([low * ratio ** random.random() for low, ratio in spans])
        wins[drawn.index(min(drawn))] += 1
    return {mode: Fraction(count, draws) for mode, count in zip(MODES, wins, strict=True)}


def estimator(plan: Plan) -> Callable[[list[float]], tuple[float, float, float]]:
    """Costs of the three modes from a factor for each of RANGES, in floats: for shares of draws, never for amounts."""
    api, hosted, owned, mix, tokens = plan.api, plan.hosted, plan.owned, plan.mix, plan.tokens
    rest = [_rest(model.operations) for model in plan.modes.values()]
    staff = [float(model.operations.staff) for model in plan.modes.values()]
    network = [float(model.operations.network_token * tokens) for model in plan.modes.values()]
    usage = float(sum(Api(api.rates, api.batch, api.batch_share).parts(tokens, mix).values(), Fraction(0)))
    rented, own = (_replicas(model.capacity, plan) for model in (hosted, owned))
    month = float(hosted.replica_hour * HOURS_MONTH)
    hours = float(hosted.capacity.load(tokens, mix) / 3600 / hosted.capacity.max_utilisation)
    hour, overhead, spare = float(hosted.replica_hour), 1 + float(hosted.overhead), hosted.capacity.spare_replicas
    least = float(hosted.capacity.min_replicas * HOURS_MONTH)
    part = {name: float(value) for name, value in owned.server.parts().items()}
    capital, power, colo = part["amortisation"] + part["maintenance"], part["power"], part["colo"]
    gpus, per_server = owned.capacity.gpus, owned.server.gpus

    def monthly(factors: list[float]) -> tuple[float, float, float]:
        volume, price, speed, peak, gpu, people, capex, energy = factors
        if hosted.autoscaled:
            machines = (max(least, hours * volume / speed) * overhead + spare * HOURS_MONTH) * hour
        else:
            machines = rented(volume / speed, peak) * month
        servers = -(-own(volume / speed, peak) * gpus // per_server)
        return (
            usage * volume * price + staff[0] * people + network[0] * volume + rest[0],
            machines * gpu + staff[1] * people + network[1] * volume + rest[1],
            servers * (capital * capex + power * energy + colo) + staff[2] * people + network[2] * volume + rest[2],
        )

    return monthly


def _rest(operations: Operations) -> float:
    return float(operations.fixed - operations.staff)


def _replicas(capacity: Capacity, plan: Plan) -> Callable[[float, float], int]:
    given = float(capacity.peak_to_average)
    flat = float(plan.tokens * capacity.replicas_per_token(plan.mix)) / given

    def replicas(load: float, peak: float) -> int:
        return max(capacity.min_replicas, ceil(flat * load * max(1.0, given * peak))) + capacity.spare_replicas

    return replicas
