from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.breakeven.api import Api, Rates
from llmcost.breakeven.capacity import Capacity
from llmcost.breakeven.comparison import Region, compare, regions
from llmcost.breakeven.hosted import Hosted
from llmcost.breakeven.operations import Operations
from llmcost.breakeven.owned import Owned, Server
from llmcost.breakeven.plan import Plan
from llmcost.breakeven.traffic import Mix
from tests.breakeven.samples import plan, plans

M = 10**6
#: $1 per million tokens of any kind.
ONE = Api(Rates(*[Fraction(1, M)] * 4))
#: A replica is one GPU and good for 1,000 tokens a second all month: 2,628M tokens.
REPLICA = Capacity(Fraction(1000), Fraction(1000))
#: $730 a replica.
RENTED = Hosted(REPLICA, Fraction(1))
#: $2,000 a month for four GPUs.
OWNED = Owned(REPLICA, Server(Fraction(72_000), gpus=4, months=36))
MIX = Mix(Fraction(1, 2))


def of(tokens: int, owned: Owned | None = OWNED) -> Plan:
    return plan(ONE, RENTED, owned, MIX, tokens)


def test_three_modes_by_hand() -> None:
    """At 1B: $1,000, one replica at $730, one server at $2,000."""
    found = compare(of(10**9))
    assert {mode: outcome.total for mode, outcome in found.outcomes.items()} == {
        "api": 1000, "hosted": 730, "owned": 2000,
    }  # fmt: skip
    assert [found.cheapest, found.saving] == ["hosted", 270]
    assert [outcome.mode for outcome in found.ranked] == ["hosted", "api", "owned"]
    hosted = found.outcomes["hosted"]
    assert [hosted.start, hosted.variable] == [730, 0]
    assert [found.outcomes["api"].start, found.outcomes["api"].variable] == [0, 1000]
    assert found.outcomes["api"].size is None
    assert hosted.size is not None
    assert hosted.size.servers is None
    owned = found.outcomes["owned"].size
    assert owned is not None
    assert (owned.replicas, owned.servers) == (1, 1)


def test_every_pair_is_compared() -> None:
    """The API reaches $730 at 730M and $2,000 at 2,000M; three replicas, above 5,256M, cost more than a server."""
    found = compare(of(10**9))
    assert [pair.between for pair in found.pairs] == [("api", "hosted"), ("api", "owned"), ("hosted", "owned")]
    first = [pair.crossings.found[0] for pair in found.pairs]
    assert [each.tokens for each in first] == [730 * M, 2000 * M, 5256 * M]
    assert [each.cheaper_above for each in first] == [1, 1, 1]
    assert [pair.between for pair in compare(of(1, None)).pairs] == [("api", "hosted")]


def test_both_the_same() -> None:
    found = compare(of(730 * M))
    assert [found.cheapest, found.saving] == [None, 0]


def test_several_volumes() -> None:
    found = compare(of(10**9)._replace(volumes=(10**9, 10**10)))
    assert [outcomes["api"].total for outcomes in found.volumes] == [1000, 10_000]


def test_a_region_is_the_mode_s_before_both_cost_the_same_at_its_end() -> None:
    """$10 per 1M by the hour against $1,000 a month and $1 per 1M: level at 111.1M."""
    hourly = Hosted(REPLICA._replace(min_replicas=0), Fraction(36), autoscaled=True)
    api = ONE._replace(operations=Operations(monitoring=Fraction(1000)))
    level = Fraction(1000 * M, 9)
    assert regions(compare(of(10**9, None)._replace(api=api, hosted=hourly))) == [
        Region(Fraction(0), level, "hosted"),
        Region(level, None, "api"),
    ]


def test_where_each_mode_is_cheapest() -> None:
    """The API up to 730M, one or two replicas up to 5,256M, then a server of four replicas up to 10,512M.

    A fifth and sixth replica need a second server ($4,000) or are rented: five are $3,650, six $4,380.
    """
    found = regions(compare(of(10**9)))
    assert found[:4] == [
        Region(Fraction(0), Fraction(730 * M), "api"),
        Region(Fraction(730 * M), Fraction(5256 * M), "hosted"),
        Region(Fraction(5256 * M), Fraction(10512 * M), "owned"),
        Region(Fraction(10512 * M), Fraction(13140 * M), "hosted"),
    ]
    assert found[-1].end is None
    assert found[-1].mode == "owned"


@settings(max_examples=30)
@given(plans, st.integers(1, 10**13))
def test_regions_tell_the_cheapest_mode(some: Plan, tokens: int) -> None:
    found = compare(some)
    holding = [each for each in regions(found) if each.start < tokens and (each.end is None or tokens <= each.end)]
    if all(pair.crossings.complete for pair in found.pairs):
        assert len(holding) == 1
    for each in holding:
        costs = {mode: curve.cost(tokens) for mode, curve in found.curves.items()}
        assert costs[each.mode] == min(costs.values())


@settings(max_examples=30)
@given(plans)
def test_the_cheapest_is_the_least(some: Plan) -> None:
    found = compare(some)
    totals = sorted(outcome.total for outcome in found.outcomes.values())
    assert found.saving == totals[1] - totals[0]
    if found.cheapest is not None:
        assert found.outcomes[found.cheapest].total == totals[0]
    for mode, outcome in found.outcomes.items():
        assert outcome.start + outcome.variable == outcome.total == found.curves[mode].cost(some.tokens)
        assert outcome.variable >= 0
