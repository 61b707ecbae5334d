from fractions import Fraction
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from llmcost.breakeven.crossings import MAX_CROSSINGS, Crossing, Stairs, crossings


def test_one_crossing_on_the_first_step() -> None:
    """$100 a replica good for 1,000 tokens, $0.25 a token: equal at 400; at 1,000 the line is at 250 > 200."""
    stairs = Stairs(Fraction(1, 1000), Fraction(100))
    assert [stairs.cost(v) for v in (1, 1000, Fraction(2001, 2), 2001)] == [100, 100, 200, 300]
    assert crossings(Fraction(1, 4), stairs) == ((Crossing(Fraction(400), "stairs"),), Fraction(400))
    assert not crossings(Fraction(1, 4), stairs).cut


def test_the_cheaper_one_flips_back_at_a_new_step() -> None:
    """At $0.15: equal at 666.7; just above 1,000 the stairs cost 200 > 150; equal at 1,333.3; at 2,000: 300 = 300."""
    found = crossings(Fraction(15, 100), Stairs(Fraction(1, 1000), Fraction(100)))
    assert found == (
        (
            Crossing(Fraction(2000, 3), "stairs"),
            Crossing(Fraction(1000), "line"),
            Crossing(Fraction(4000, 3), "stairs"),
        ),
        Fraction(4000, 3),
    )


def test_never() -> None:
    """A full replica costs $0.10 a token: the line must be steeper to pass it."""
    stairs = Stairs(Fraction(1, 1000), Fraction(100))
    assert crossings(Fraction(1, 10), stairs) == ((), None)
    assert crossings(Fraction(0), stairs) == ((), None)
    assert crossings(Fraction(1, 11), stairs) == ((), None)


def test_fixed_cost_and_spares_move_the_first_crossing() -> None:
    """h(n) = 100 n + 100 + 150; a/k - g = 100: n must exceed 2.5, so the third step: h = 550, at 2,750 of 3,000."""
    found = crossings(Fraction(2, 10), Stairs(Fraction(1, 1000), Fraction(100), fixed=Fraction(150), spare=1))
    assert found.found[0] == Crossing(Fraction(2750), "stairs")
    # settled when 100 n >= 350: h(4) = 650
    assert found == (
        (Crossing(Fraction(2750), "stairs"), Crossing(Fraction(3000), "line"), Crossing(Fraction(3250), "stairs")),
        Fraction(3250),
    )


def test_a_minimum_of_replicas() -> None:
    """Four replicas stand from the start: $400 up to 4,000 tokens; at $0.20 equal at 2,000."""
    assert crossings(Fraction(2, 10), Stairs(Fraction(1, 1000), Fraction(100), first=4)) == (
        (Crossing(Fraction(2000), "stairs"),),
        Fraction(2000),
    )


def test_touching_at_the_end_of_a_step_is_no_crossing() -> None:
    """With $100 fixed and $0.20: at 1,000 both cost 200, above it the stairs cost 300 again; first over step 2."""
    found = crossings(Fraction(2, 10), Stairs(Fraction(1, 1000), Fraction(100), fixed=Fraction(100)))
    assert found == ((Crossing(Fraction(1500), "stairs"),), Fraction(1500))


def test_a_long_list_is_cut_and_says_so() -> None:
    found = crossings(Fraction(100_001, 1_000_000), Stairs(Fraction(1, 1000), Fraction(100)))
    assert len(found.found) == MAX_CROSSINGS
    assert found.cut
    # settled when n (100.001 - 100) >= 100: n = 100,000
    assert found.last == Fraction(100_000 * 100) / Fraction(100_001, 1_000_000)


positive = st.fractions(Fraction(1, 20), 20, max_denominator=20)
stairs_of = st.builds(
    Stairs,
    steps_per_token=st.fractions(Fraction(1, 1000), 1, max_denominator=1000),
    step_cost=positive,
    fixed=st.fractions(0, 20, max_denominator=4),
    first=st.integers(1, 4),
    spare=st.integers(0, 2),
)


def scanned(slope: Fraction, stairs: Stairs, steps: int) -> list[Crossing]:
    """The same by looking at each step: who is cheaper just above its lower end, at its upper end."""
    found: list[Crossing] = []
    cheaper: Literal["line", "stairs"] = "line"
    for step in range(stairs.first, stairs.first + steps):
        lower = Fraction(0) if step == stairs.first else (step - 1) / stairs.steps_per_token
        upper, height = step / stairs.steps_per_token, stairs.cost(step / stairs.steps_per_token)
        starts: Literal["line", "stairs"] = "stairs" if slope * lower >= height else "line"
        if starts != cheaper:
            found.append(Crossing(lower, starts))
            cheaper = starts
        if cheaper == "line" and slope * upper > height:
            found.append(Crossing(height / slope, "stairs"))
            cheaper = "stairs"
    return found


@given(st.fractions(Fraction(1, 1000), 20, max_denominator=1000), stairs_of)
def test_crossings_are_those_of_a_scan(slope: Fraction, stairs: Stairs) -> None:
    found = crossings(slope, stairs)
    steps = 60
    scan = scanned(slope, stairs, steps)
    reach = (stairs.first + steps - 1) / stairs.steps_per_token
    assert [c for c in found.found if c.tokens < reach] == scan[:MAX_CROSSINGS]
    if found.last is not None and found.last < reach:
        assert scan[-1] == Crossing(found.last, "stairs")


@given(st.fractions(Fraction(1, 1000), 20, max_denominator=1000), stairs_of, st.fractions(Fraction(1, 100), 10**6))
def test_crossings_agree_with_both_curves_at_any_volume(slope: Fraction, stairs: Stairs, tokens: Fraction) -> None:
    found = crossings(slope, stairs)
    line, step = slope * tokens, stairs.cost(tokens)
    if found.last is not None and tokens > found.last:
        assert step < line
    elif not found.cut or tokens <= found.found[-1].tokens:
        below = [c for c in found.found if c.tokens < tokens]
        if below and below[-1].cheaper_above == "stairs":
            assert step < line
        else:
            assert line <= step
