from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.breakeven.hosted import Hosted
from llmcost.breakeven.operations import Operations
from llmcost.breakeven.traffic import Mix
from tests.breakeven.samples import MIX, PLAIN, hosteds, mixes

#: Two GPUs at $1.50: $2,190 a replica and month.
RENTED = Hosted(PLAIN, Fraction(3, 2))


def test_static_gpus_run_all_month() -> None:
    assert RENTED.parts(6_570_000_000, MIX)["gpus"] == 2190
    assert RENTED.parts(6_570_000_001, MIX)["gpus"] == 4380
    assert RENTED.replica_hours(1, MIX) == 730


def test_autoscaled_by_hand() -> None:
    """At 50% use at most: 3.285B tokens are 365 replica-hours, 730 with headroom; 10% is lost; one spare all month.

    730 x 1.1 + 730 = 1,533 replica-hours at $3.
    """
    half = PLAIN._replace(max_utilisation=Fraction(1, 2), spare_replicas=1)
    scaled = Hosted(half, Fraction(3, 2), autoscaled=True, overhead=Fraction(1, 10))
    assert scaled.replica_hours(3_285_000_000, MIX) == 1533
    assert scaled.parts(3_285_000_000, MIX)["gpus"] == 4599
    assert scaled.size(3_285_000_000, MIX).utilisation == Fraction(365, 1533)
    # Less traffic does not go below one replica, twice the traffic takes twice the hours.
    assert scaled.replica_hours(1, MIX) == 1533
    assert scaled.replica_hours(6_570_000_000, MIX) == 1460 * Fraction(11, 10) + 730


def test_scaled_to_zero() -> None:
    none = Hosted(PLAIN._replace(min_replicas=0), Fraction(3, 2), autoscaled=True)
    assert none.parts(657, MIX)["gpus"] == Fraction(657 * 2190, 6_570_000_000)
    assert none.curve(MIX).start == 0


def test_operations_by_hand() -> None:
    """Half an engineer at $120,000, $100 of tools, 10% of $2,190 for recovery, 2.5M output tokens at $2."""
    run = RENTED._replace(
        operations=Operations(
            fte=Fraction(1, 2), fte_year=Fraction(120_000), monitoring=Fraction(100), recovery=Fraction(7),
            recovery_share=Fraction(1, 10), storage=Fraction(30), other=Fraction(5),
            network_out=Fraction(2, 10**6),
        )
    )  # fmt: skip
    assert run.parts(10_000_000, MIX) == {
        "gpus": 2190, "staff": 5000, "monitoring": 100, "recovery": 226, "storage": 30, "network": 5, "other": 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("millions", "replicas", "usd"),
    [(100, 2, "4307"), (20_000, 2, "4307"), (50_000, 5, "10767.5")],
)
def test_a_measured_combined_rate(millions: int, replicas: int, usd: str) -> None:
    """18,650 tokens/s together: 50e9 / 18,650 / 2,628,000 = 1.0202 busy; x 3 / 0.7 = 4.37; 5 x 2.95 x 730."""
    capacity = PLAIN._replace(
        input_tps=Fraction(18_650), output_tps=Fraction(18_650), gpus=1, min_replicas=2,
        peak_to_average=Fraction(3), max_utilisation=Fraction(7, 10),
    )  # fmt: skip
    hosted = Hosted(capacity, Fraction("2.95"))
    mix = Mix(Fraction(2, 3))
    assert hosted.size(millions * 10**6, mix).replicas == replicas
    assert hosted.parts(millions * 10**6, mix)["gpus"] == Fraction(usd)


@settings(max_examples=40)
@given(st.integers(1, 10**12), mixes, hosteds)
def test_the_curve_is_the_sum_of_the_parts(tokens: int, mix: Mix, hosted: Hosted) -> None:
    assert hosted.curve(mix).cost(tokens) == sum(hosted.parts(tokens, mix).values())


@settings(max_examples=30)
@given(st.integers(1, 10**12), st.integers(0, 10**12), mixes, hosteds, st.fractions(1, 3, max_denominator=10))
def test_cost_never_falls_with_volume_or_a_price(
    tokens: int, more: int, mix: Mix, hosted: Hosted, factor: Fraction
) -> None:
    def cost(model: Hosted, volume: int = tokens) -> Fraction:
        return sum(model.parts(volume, mix).values(), Fraction(0))

    now = cost(hosted)
    assert cost(hosted, tokens + more) >= now
    assert cost(hosted._replace(gpu_hour=hosted.gpu_hour * factor)) >= now
    assert cost(hosted._replace(overhead=hosted.overhead * factor)) >= now
    for name, value in hosted.operations._asdict().items():
        assert cost(hosted._replace(operations=hosted.operations._replace(**{name: value * factor}))) >= now
