from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.breakeven.hosted import Deployment, hosted_cost, load, replicas_per_token, seconds_per_token
from llmcost.breakeven.traffic import Mix

# One replica-second reads 5,000 tokens or writes 1,000.
PLAIN = Deployment(
    gpu_hour=Fraction(3, 2),
    gpus=2,
    input_tps=Fraction(5000),
    output_tps=Fraction(1000),
    peak_to_average=Fraction(3),
    max_utilisation=Fraction(4, 5),
)
MIX = Mix(Fraction(3, 4))


def test_a_replica_busy_all_month() -> None:
    """2,628,000 s a month; a token takes 0.75/5000 + 0.25/1000 = 0.0004 s: 6.57 billion tokens fill a replica."""
    assert seconds_per_token(MIX, PLAIN) == Fraction(4, 10_000)
    assert load(6_570_000_000, MIX, PLAIN) == 2_628_000
    full = PLAIN._replace(peak_to_average=Fraction(1), max_utilisation=Fraction(1))
    at_most = hosted_cost(6_570_000_000, MIX, full)
    assert (at_most.replicas, at_most.gpus, at_most.gpu_cost, at_most.utilisation) == (
        1,
        2,
        Fraction(2190),
        Fraction(1),
    )
    above = hosted_cost(6_570_000_001, MIX, full)
    assert (above.replicas, above.gpus, above.gpu_cost) == (2, 4, Fraction(4380))


def test_peaks_and_headroom_cost_replicas() -> None:
    """The same load at a peak of 3 and 80%: 1 x 3 / 0.8 = 3.75, so four replicas, a quarter busy on average."""
    cost = hosted_cost(6_570_000_000, MIX, PLAIN._replace(fixed=Fraction(100)))
    assert (cost.replicas, cost.gpus, cost.gpu_cost, cost.total) == (4, 8, Fraction(8760), Fraction(8860))
    assert cost.utilisation == Fraction(1, 4)
    assert replicas_per_token(MIX, PLAIN) * 6_570_000_000 == Fraction(15, 4)


def test_a_single_token_needs_a_replica() -> None:
    assert hosted_cost(1, MIX, PLAIN).replicas == 1
    assert hosted_cost(1, MIX, PLAIN._replace(min_replicas=2, spare_replicas=1)).replicas == 3


@pytest.mark.parametrize(
    ("millions", "replicas", "usd"),
    [(100, 2, "4307"), (20_000, 2, "4307"), (50_000, 5, "10767.5")],
)
def test_a_measured_combined_rate(millions: int, replicas: int, usd: str) -> None:
    """18,650 tokens/s together: 50e9 / 18,650 / 2,628,000 = 1.0202 busy; x 3 / 0.7 = 4.37; 5 x 2.95 x 730."""
    deployment = Deployment(
        Fraction("2.95"), 1, Fraction(18_650), Fraction(18_650), Fraction(3), Fraction(7, 10), min_replicas=2
    )
    cost = hosted_cost(millions * 10**6, Mix(Fraction(2, 3)), deployment)
    assert (cost.replicas, cost.total) == (replicas, Fraction(usd))


deployments = st.builds(
    Deployment,
    gpu_hour=st.fractions(Fraction(1, 100), 100, max_denominator=100),
    gpus=st.integers(1, 16),
    input_tps=st.integers(1, 10**5).map(Fraction),
    output_tps=st.integers(1, 10**5).map(Fraction),
    peak_to_average=st.fractions(1, 20, max_denominator=10),
    max_utilisation=st.fractions(Fraction(1, 10), 1, max_denominator=10),
    fixed=st.integers(0, 10**5).map(Fraction),
    min_replicas=st.integers(1, 4),
    spare_replicas=st.integers(0, 2),
)
mixes = st.builds(Mix, st.fractions(0, 1, max_denominator=20))


@given(st.integers(1, 10**12), st.integers(0, 10**12), mixes, deployments)
def test_cost_never_falls_with_volume_or_price(tokens: int, more: int, mix: Mix, deployment: Deployment) -> None:
    cost = hosted_cost(tokens, mix, deployment)
    assert hosted_cost(tokens + more, mix, deployment).total >= cost.total
    dearer = deployment._replace(gpu_hour=deployment.gpu_hour * 2)
    assert hosted_cost(tokens, mix, dearer).total > cost.total
    assert 0 < cost.utilisation <= 1
    assert cost.utilisation * deployment.peak_to_average <= deployment.max_utilisation
    assert cost.replicas == deployment.min_replicas + deployment.spare_replicas or (
        hosted_cost(tokens, mix, deployment._replace(min_replicas=1)).replicas == cost.replicas
    )
