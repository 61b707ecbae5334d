from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.breakeven.capacity import Capacity, size
from llmcost.breakeven.traffic import Mix
from tests.breakeven.samples import MIX, PLAIN, capacities, mixes


def test_a_replica_busy_all_month() -> None:
    """2,628,000 s a month; a token takes 0.75/5000 + 0.25/1000 = 0.0004 s: 6.57 billion tokens fill a replica."""
    assert PLAIN.seconds_per_token(MIX) == Fraction(4, 10_000)
    full = size(6_570_000_000, MIX, PLAIN)
    assert [full.load, full.average, full.replicas, full.gpus, full.utilisation] == [2_628_000, 1, 1, 2, 1]
    above = size(6_570_000_001, MIX, PLAIN)
    assert (above.replicas, above.gpus) == (2, 4)


def test_peaks_and_headroom_take_replicas() -> None:
    """The same load at a peak of 3 and 80%: 1 x 3 / 0.8 = 3.75, so four replicas, a quarter busy on average."""
    peaky = PLAIN._replace(peak_to_average=Fraction(3), max_utilisation=Fraction(4, 5))
    found = size(6_570_000_000, MIX, peaky)
    assert (found.peak, found.replicas, found.gpus, found.utilisation) == (4, 4, 8, Fraction(1, 4))
    spare = size(6_570_000_000, MIX, peaky._replace(spare_replicas=1))
    assert (spare.peak, spare.replicas, spare.gpus, spare.utilisation) == (4, 5, 10, Fraction(1, 5))


def test_a_single_token_needs_a_replica() -> None:
    assert size(1, MIX, PLAIN).replicas == 1
    assert size(1, MIX, PLAIN._replace(min_replicas=0)).replicas == 1
    assert size(1, MIX, PLAIN._replace(min_replicas=2, spare_replicas=1)).replicas == 3


@pytest.mark.parametrize(("replicas", "gpus", "servers"), [(1, 8, 1), (4, 8, 2), (5, 8, 2), (9, 8, 4), (2, 3, 2)])
def test_servers_are_whole(replicas: int, gpus: int, servers: int) -> None:
    """Three GPUs a replica: 12 in two servers of 8, 15 in two, 27 in four; 6 in two servers of 3."""
    three = PLAIN._replace(gpus=3, min_replicas=replicas)
    found = size(1, MIX, three, gpus_per_server=gpus)
    assert (found.gpus, found.servers) == (3 * replicas, servers)
    assert found.utilisation == found.average / Fraction(servers * gpus, 3)


@settings(max_examples=50)
@given(st.integers(1, 10**12), st.integers(0, 10**12), mixes, capacities, st.integers(1, 16))
def test_more_traffic_never_needs_less(tokens: int, more: int, mix: Mix, capacity: Capacity, server: int) -> None:
    one, other = (size(volume, mix, capacity, gpus_per_server=server) for volume in (tokens, tokens + more))
    assert one.replicas <= other.replicas
    assert (one.servers or 0) <= (other.servers or 0)
    assert 0 < one.utilisation * capacity.peak_to_average <= capacity.max_utilisation
    assert one.replicas >= capacity.min_replicas + capacity.spare_replicas
