from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.breakeven.owned import Owned, Server
from llmcost.breakeven.traffic import Mix
from tests.breakeven.samples import MIX, PLAIN, mixes, owneds

#: $36,000 and 10% network, a fifth of it back, over 36 months: 36,000 x 1.1 x 0.8 / 36.
SERVER = Server(
    price=Fraction(36_000), gpus=8, months=36, network=Fraction(1, 10), residual=Fraction(1, 5), kw=Fraction(2),
    pue=Fraction(3, 2), kwh=Fraction(1, 10), rated_kw=Fraction(4), colo_kw=Fraction(100), maintenance=Fraction(1, 20),
)  # fmt: skip


def test_a_server_by_hand() -> None:
    """2 kW x 1.5 x 730 h x $0.10; 4 kW x $100; 36,000 x 5% / 12, the network not maintained."""
    assert SERVER.parts() == {"amortisation": 880, "power": 219, "colo": 400, "maintenance": 150}


def test_servers_are_bought_whole() -> None:
    """A replica of two GPUs serves 6.57B tokens a month; the fifth does not fit the first server."""
    owned = Owned(PLAIN, SERVER)
    for replicas, servers in ((1, 1), (4, 1), (5, 2), (9, 3)):
        tokens = replicas * 6_570_000_000
        assert owned.size(tokens, MIX).servers == servers
        assert sum(owned.parts(tokens, MIX).values()) == servers * 1649
    assert owned.curve(MIX).start == 1649


@settings(max_examples=40)
@given(st.integers(1, 10**12), mixes, owneds)
def test_the_curve_is_the_sum_of_the_parts(tokens: int, mix: Mix, owned: Owned) -> None:
    assert owned.curve(mix).cost(tokens) == sum(owned.parts(tokens, mix).values())


@settings(max_examples=40)
@given(st.integers(1, 10**12), st.integers(0, 10**12), mixes, owneds, st.fractions(1, 3, max_denominator=10))
def test_cost_never_falls_with_volume_or_a_price(
    tokens: int, more: int, mix: Mix, owned: Owned, factor: Fraction
) -> None:
    def cost(model: Owned, volume: int = tokens) -> Fraction:
        return sum(model.parts(volume, mix).values(), Fraction(0))

    now, server = cost(owned), owned.server
    assert cost(owned, tokens + more) >= now
    for name in ("price", "network", "kw", "pue", "kwh", "rated_kw", "colo_kw", "maintenance"):
        dearer = server._replace(**{name: getattr(server, name) * factor})
        assert cost(owned._replace(server=dearer)) >= now
    assert cost(owned._replace(server=server._replace(residual=server.residual / factor))) >= now
    assert cost(owned._replace(server=server._replace(months=server.months + 1))) <= now
