"""Strategies and plain models that several tests share."""

from fractions import Fraction

from hypothesis import strategies as st

from llmcost.breakeven.api import Api, Rates
from llmcost.breakeven.capacity import Capacity
from llmcost.breakeven.curve import Curve
from llmcost.breakeven.fields import Inputs
from llmcost.breakeven.hosted import Hosted
from llmcost.breakeven.operations import Operations
from llmcost.breakeven.owned import Owned, Server
from llmcost.breakeven.plan import Plan
from llmcost.breakeven.traffic import Mix

#: One replica-second reads 5,000 tokens or writes 1,000.
PLAIN = Capacity(Fraction(5000), Fraction(1000), gpus=2)
MIX = Mix(Fraction(3, 4))

shares = st.fractions(0, 1, max_denominator=20)
small = st.fractions(0, 100, max_denominator=10)
operations = st.builds(
    Operations,
    fte=st.fractions(0, 5, max_denominator=10),
    fte_year=st.integers(0, 300_000).map(Fraction),
    monitoring=small,
    recovery=small,
    recovery_share=st.fractions(0, 1, max_denominator=20),
    storage=small,
    other=small,
    network_out=st.fractions(0, Fraction(1, 10**6), max_denominator=10**9),
)
capacities = st.builds(
    Capacity,
    input_tps=st.integers(1, 10**5).map(Fraction),
    output_tps=st.integers(1, 10**5).map(Fraction),
    gpus=st.integers(1, 16),
    peak_to_average=st.fractions(1, 20, max_denominator=10),
    max_utilisation=st.fractions(Fraction(1, 10), 1, max_denominator=10),
    min_replicas=st.integers(0, 4),
    spare_replicas=st.integers(0, 2),
)
mixes = st.tuples(shares, shares, shares).map(
    lambda parts: Mix(parts[0], parts[1], (1 - parts[1]) * parts[2])  # cached and written tokens never overlap
)
rate = st.fractions(0, Fraction(1, 10**4), max_denominator=10**9)
rates = st.builds(Rates, rate, rate, rate, rate, st.fractions(0, Fraction(1, 10**6), max_denominator=10**9))
apis = st.builds(Api, rates, rates, shares, operations)
hosteds = st.builds(
    Hosted,
    capacities,
    gpu_hour=st.fractions(Fraction(1, 100), 100, max_denominator=100),
    autoscaled=st.booleans(),
    overhead=st.fractions(0, 1, max_denominator=10),
    operations=operations,
)
servers = st.builds(
    Server,
    price=st.integers(1, 10**6).map(Fraction),
    gpus=st.integers(1, 16),
    months=st.integers(1, 60),
    network=shares,
    residual=st.fractions(0, Fraction(9, 10), max_denominator=10),
    kw=small,
    pue=st.fractions(1, 2, max_denominator=10),
    kwh=st.fractions(0, 1, max_denominator=100),
    rated_kw=small,
    colo_kw=small,
    maintenance=shares,
)
owneds = st.builds(Owned, capacities, servers, operations)


def plan(api: Api, hosted: Hosted, owned: Owned | None, mix: Mix = MIX, volume: int = 10**9) -> Plan:
    """A plan without the inputs it was made from."""
    return Plan((volume,), mix, api, hosted, owned, None, Inputs("the traffic", {}, {}), {})


plans = st.builds(plan, apis, hosteds, st.one_of(st.none(), owneds), mixes, st.integers(1, 10**12))

curves = st.builds(
    Curve,
    fixed=st.fractions(0, 20, max_denominator=4),
    linear=st.fractions(0, 2, max_denominator=20),
    least=st.fractions(0, 20, max_denominator=4),
    elastic=st.fractions(0, 2, max_denominator=20),
    unit=st.fractions(0, 20, max_denominator=4),
    replicas_per_token=st.fractions(Fraction(1, 50), 1, max_denominator=50),
    first=st.integers(0, 4),
    spare=st.integers(0, 2),
    gpus=st.integers(1, 5),
    gpus_per_unit=st.integers(1, 8),
)
