"""The parts of a change: each in its place by hand-worked numbers, and together always the whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmcost.analysis.variance import CAUSES, variance
from llmcost.core.usage import BUCKETS, COST_PARTS
from llmcost.ledger.measures import MEASURE_NAMES, Group, Sums


def sums(requests: int = 1, unpriced: int = 0, **parts: tuple[int, int]) -> Sums:
    """`parts`: bucket -> (tokens, nano-USD)."""
    values = dict.fromkeys(MEASURE_NAMES, 0)
    values |= {"requests": requests, "unpriced": unpriced}
    for name, (units, nano) in parts.items():
        if name in BUCKETS:
            values[f"t_{name}"] = units
        values[f"n_{name}"] = nano
        values["cost"] += nano
    return Sums(values[name] for name in MEASURE_NAMES)


def group(app: str, model: str, totals: Sums) -> Group:
    return Group(("p", model, app), totals)


def causes(now: list[Group], before: list[Group]) -> dict[str, int]:
    return {cause: nano for cause, nano in variance(now, before).causes.items() if nano}


def test_twice_as_much_of_the_same_is_volume() -> None:
    assert causes([group("a", "m", sums(input=(200, 2_000)))], [group("a", "m", sums(input=(100, 1_000)))]) == {
        "volume": 1_000
    }


def test_the_same_at_another_rate_is_price() -> None:
    assert causes([group("a", "m", sums(input=(100, 1_500)))], [group("a", "m", sums(input=(100, 1_000)))]) == {
        "price": 500
    }


def test_a_shift_to_a_dearer_model_is_mix() -> None:
    before = [group("a", "cheap", sums(input=(90, 90))), group("a", "dear", sums(input=(10, 100)))]
    now = [group("a", "cheap", sums(input=(10, 10))), group("a", "dear", sums(input=(90, 900)))]
    assert causes(now, before) == {"mix": 720}
    assert {row.model: row.causes["mix"] for row in variance(now, before).rows} == {"dear": 800, "cheap": -80}


def test_more_output_per_input_is_mix() -> None:
    before = [group("a", "m", sums(input=(90, 90), output=(10, 100)))]
    now = [group("a", "m", sums(input=(80, 80), output=(20, 200)))]
    assert causes(now, before) == {"mix": 90}


def test_all_three_at_once() -> None:
    # 100 tokens become 300: volume 200 x ($1 a token). Output's share rises from 10 to 20 %: 30 tokens more at $10-$1.
    # Every rate rises by half: half of 240 x 1 + 60 x 10 at the old rates.
    before = [group("a", "m", sums(input=(90, 90), output=(10, 100)))]
    now = [group("a", "m", sums(input=(240, 360), output=(60, 900)))]
    assert causes(now, before) == {"volume": 380, "mix": 270, "price": 420}
    assert 380 + 270 + 420 == 1260 - 190


def test_volume_is_each_apps_own() -> None:
    before = [group("a", "m", sums(input=(100, 100))), group("b", "m", sums(input=(100, 100)))]
    now = [group("a", "m", sums(input=(300, 300))), group("b", "m", sums(input=(50, 50)))]
    found = variance(now, before)
    assert {row.app: row.causes["volume"] for row in found.rows} == {"a": 200, "b": -50}
    assert (found.causes["mix"], found.causes["price"]) == (0, 0)


def test_new_and_gone_are_no_volume() -> None:
    before = [group("a", "old", sums(input=(100, 700))), group("a", "m", sums(input=(10, 10)))]
    now = [group("a", "fresh", sums(input=(100, 900))), group("a", "m", sums(input=(10, 10)))]
    assert causes(now, before) == {"new": 900, "gone": -700}


def test_without_a_price_a_change_is_explained_by_nothing() -> None:
    before = [group("a", "m", sums(requests=2, unpriced=1, input=(100, 100)))]
    now = [group("a", "m", sums(requests=2, input=(200, 300)))]
    assert causes(now, before) == {"unpriced": 200}


def test_what_an_unpriced_model_does_is_no_growth_of_the_others() -> None:
    before = [group("a", "m", sums(input=(100, 100))), group("a", "x", sums(unpriced=1, input=(900, 0)))]
    now = [group("a", "m", sums(input=(200, 200))), group("a", "x", sums(unpriced=1, input=(900, 0)))]
    assert causes(now, before) == {"volume": 100}


def test_costs_by_the_request_grow_with_requests() -> None:
    before = [group("a", "m", sums(requests=10, fees=(0, 1_000)))]
    now = [group("a", "m", sums(requests=20, fees=(0, 3_000)))]
    assert causes(now, before) == {"volume": 1_000, "price": 1_000}


def test_the_largest_change_comes_first() -> None:
    now = [group("a", "m", sums(input=(1, 5))), group("b", "m", sums(input=(1, 50)))]
    assert [row.app for row in variance(now, []).rows] == ["b", "a"]


def test_nothing_before_and_nothing_now() -> None:
    assert variance([], []).causes == dict.fromkeys(CAUSES, 0)


_part = st.tuples(st.integers(0, 10**7), st.integers(0, 10**12))


@st.composite
def sides(draw: st.DrawFn) -> list[Group]:
    cells = draw(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), unique=True))
    return [
        group(app, model, sums(draw(st.integers(1, 99)), draw(st.sampled_from([0, 0, 0, 1])), **{
            name: draw(_part) for name in draw(st.sets(st.sampled_from(COST_PARTS)))
        }))
        for app, model in cells
    ]  # fmt: skip


@given(sides(), sides())
def test_the_causes_are_the_change_to_the_nano_dollar(now: list[Group], before: list[Group]) -> None:
    found = variance(now, before)
    change = sum(g.sums["cost"] for g in now) - sum(g.sums["cost"] for g in before)
    assert found.change == change == sum(row.change for row in found.rows)
    for row in found.rows:
        assert sum(row.causes.values()) == row.change
        assert tuple(row.causes) == CAUSES
    back = variance(before, now)
    assert (back.causes["new"], back.causes["gone"]) == (-found.causes["gone"], -found.causes["new"])
