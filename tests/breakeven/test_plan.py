from fractions import Fraction
from pathlib import Path

import pytest

from llmcost.breakeven.capacity import Capacity
from llmcost.breakeven.fields import MODES, SECTIONS, Given, Mode
from llmcost.breakeven.layers import Layer
from llmcost.breakeven.operations import Operations
from llmcost.breakeven.owned import Server
from llmcost.breakeven.plan import Plan, inputs_of, over, plan
from llmcost.core.errors import UsageError
from tests.breakeven.books import BOOK, NOW


def given(**values: str) -> dict[str, Given]:
    return {name: Given(text, f"the {name}", "test") for name, text in values.items()}


RATES = {"tok_s_in": "5000", "tok_s_out": "1000"}
BASE = Layer(
    given(input_tokens="750M", output_tokens="250M"),
    {
        "api": given(model="one"),
        "hosted": given(gpu_hour="2.50", **RATES),
        "owned": given(server_price="36000", months="36", gpus_per_server="8", **RATES),
    },
)


def planned(*layers: Layer, ownable: bool = True) -> Plan:
    return plan(*inputs_of([BASE, *layers]), BOOK, NOW, ownable=ownable)


def of(mode: Mode, **values: str) -> Layer:
    return Layer({}, {mode: given(**values)})


def test_the_least_one_can_say() -> None:
    found = planned()
    assert (found.volumes, found.tokens, found.mix.input_share) == ((10**9,), 10**9, Fraction(3, 4))
    assert found.hosted.capacity == Capacity(Fraction(5000), Fraction(1000))
    assert (found.hosted.gpu_hour, found.hosted.autoscaled) == (Fraction(5, 2), False)
    assert found.owned is not None
    assert found.owned.server == Server(Fraction(36_000), 8, 36)
    assert found.api.operations == found.hosted.operations == found.owned.operations == Operations()
    assert list(found.modes) == list(MODES)


def test_without_servers_of_one_s_own() -> None:
    found = planned(ownable=False)
    assert found.owned is None
    assert list(found.modes) == ["api", "hosted"]


def test_everything_one_can_say() -> None:
    found = planned(
        of("api", fte="0.1", fte_year="120000", recovery_share="0.02"),
        of("hosted", autoscaled="yes", overhead="0.1", peak_to_avg="3", max_util="70%", min_replicas="2",
           spare_replicas="1", gpus_per_replica="4", network_per_1M_out="2", other_month="7"),
        of("owned", network_capex_share="0.12", residual="0.15", server_kw_avg="6.2", server_kw_rated="10.2", pue="1.3",
           kwh="0.10", colo_kw_month="150", maint_year="5"),
    )  # fmt: skip
    assert found.api.operations.staff == 1000
    assert found.api.operations.recovery_share == Fraction(1, 50)
    hosted, capacity = found.hosted, found.hosted.capacity
    assert (hosted.autoscaled, hosted.overhead) == (True, Fraction(1, 10))
    assert list(capacity[2:]) == [4, 3, Fraction(7, 10), 2, 1]
    assert [hosted.operations.network_out, hosted.operations.other] == [Fraction(2, 10**6), 7]
    assert found.owned is not None
    assert found.owned.server[3:] == tuple(map(Fraction, ("0.12", "0.15", "6.2", "1.3", "0.1", "10.2", "150", "5")))


def test_upper_layers_replace_what_says_the_same() -> None:
    total = planned(of("hosted", tok_s_total="6000")).hosted.capacity
    assert [total.input_tps, total.output_tps] == [6000, 6000]
    back = planned(of("hosted", tok_s_total="6000"), of("hosted", **RATES)).hosted.capacity
    assert [back.input_tps, back.output_tps] == [5000, 1000]
    own = planned(of("api", price_in="1", price_out="2"))
    assert (own.priced, own.api.rates.output) == (None, Fraction(2, 10**6))
    assert planned(of("api", price_in="1", price_out="2"), of("api", model="half")).priced is not None


def test_another_mix_keeps_the_volume_and_another_volume_the_mix() -> None:
    for mix in ({"input_share": "0.5"}, {"mix": "1:1"}):
        found = planned(Layer(given(**mix), {}))
        assert (found.tokens, found.mix.input_share) == (10**9, Fraction(1, 2))
    found = planned(Layer(given(monthly_tokens="2B"), {}))
    assert (found.tokens, found.mix.input_share) == (2 * 10**9, Fraction(3, 4))
    counts = Layer(given(input_tokens="1", output_tokens="3"), {})
    found = planned(Layer(given(input_share="0.5"), {}), counts)
    assert (found.tokens, found.mix.input_share) == (4, Fraction(1, 4))


def test_over_keeps_what_nobody_replaces() -> None:
    assert over(given(fte="1", gpu_hour="2"), given(gpu_hour="3")) == given(fte="1", gpu_hour="3")


def test_requests_have_a_length() -> None:
    layer = Layer(given(input_per_request="200001"), {"api": given(model="long")})
    assert planned(layer).api.rates.input == Fraction(3, 10**6)


@pytest.mark.parametrize(
    ("mode", "values", "message"),
    [
        ("hosted", {"gpu_hour": "0"}, "the gpu_hour '0' must be greater than zero"),
        ("hosted", {"gpu_hour": "-2"}, "the gpu_hour '-2' is negative"),
        ("hosted", {"gpu_hour": "free"}, "the gpu_hour 'free' is not a number"),
        ("hosted", {"max_util": "0"}, "the max_util '0' is not a share above 0 to 1"),
        ("hosted", {"max_util": "1.1"}, "the max_util '1.1' is not a share above 0 to 1"),
        ("hosted", {"peak_to_avg": "0.5"}, "the peak_to_avg '0.5' is below 1"),
        ("hosted", {"gpus_per_replica": "1.5"}, "the gpus_per_replica '1.5' is not a whole number"),
        ("hosted", {"gpus_per_replica": "0"}, "the gpus_per_replica '0' must be greater than zero"),
        ("hosted", {"min_replicas": "2000000"}, "the min_replicas 2000000 is implausible"),
        ("hosted", {"autoscaled": "perhaps"}, "the autoscaled 'perhaps' is neither yes nor no"),
        ("hosted", {"tok_s_in": "0"}, "the tok_s_in '0' must be greater than zero"),
        ("hosted", {"fte": "1"}, "section 'hosted' has no 'fte_year'"),
        (
            "hosted", {"tok_s_total": "5", "tok_s_in": "5"},
            "section 'hosted' has 'tok_s_total' and 'tok_s_in' or 'tok_s_out'",
        ),
        ("owned", {"residual": "1.2"}, "the residual '1.2' is not a share from 0 to 1"),
        ("owned", {"months": "0"}, "the months '0' must be greater than zero"),
        ("owned", {"pue": "0.9"}, "the pue '0.9' is below 1"),
        ("api", {"model": "oen"}, "no price for model 'oen' (the model); did you mean 'one'?"),
        ("api", {"price_in": "1", "price_out": "-1"}, "the price_out '-1' is negative"),
    ],
)  # fmt: skip
def test_what_is_no_mode(mode: Mode, values: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        planned(of(mode, **values))
    assert caught.value.message == message
    assert caught.value.hint


@pytest.mark.parametrize(("mode", "name"), [("hosted", "gpu_hour"), ("owned", "server_price"), ("owned", "tok_s_out")])
def test_what_must_be_said(mode: Mode, name: str) -> None:
    modes = {**BASE.modes, mode: {key: value for key, value in BASE.modes[mode].items() if key != name}}
    with pytest.raises(UsageError, match=f"section '{mode}' has no '{name}'"):
        plan(*inputs_of([Layer(BASE.traffic, modes)]), BOOK, NOW)


def test_a_volume_must_be_said() -> None:
    with pytest.raises(UsageError) as caught:
        plan(*inputs_of([Layer(given(input_share="1"), BASE.modes)]), BOOK, NOW)
    assert caught.value.message == "nothing says how many tokens a month"
    assert "--monthly-tokens" in caught.value.hint
    assert "--from-ledger" in caught.value.hint


def test_every_field_is_read() -> None:
    """A field that nothing reads would be accepted and ignored."""
    folder = Path(__file__).parents[2] / "llmcost" / "breakeven"
    text = "".join((folder / f"{name}.py").read_text("utf-8") for name in ("plan", "prices", "traffic"))
    for mode in MODES:
        for name in SECTIONS[mode]:
            assert f'"{name}"' in text
