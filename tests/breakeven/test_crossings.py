from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.breakeven.crossings import MAX_CROSSINGS, Crossing, Crossings, Side, crossings
from llmcost.breakeven.curve import Curve
from tests.breakeven.samples import curves


def line(slope: str, fixed: int = 0) -> Curve:
    return Curve(fixed=Fraction(fixed), linear=Fraction(slope))


def stairs(unit: int = 100, fixed: int = 0, first: int = 1, spare: int = 0) -> Curve:
    """A replica is good for 1,000 tokens."""
    return Curve(
        fixed=Fraction(fixed), unit=Fraction(unit), replicas_per_token=Fraction(1, 1000), first=first, spare=spare
    )


def at(*tokens: str) -> list[Fraction]:
    return [Fraction(each) for each in tokens]


def test_two_lines_cross_once() -> None:
    """10 + 2 V = 30 + V at 20."""
    found = crossings(line("2", 10), line("1", 30))
    assert found == Crossings(0, (Crossing(Fraction(20), 1),), Crossing(Fraction(20), 1), True)
    assert found.in_the_end == 1
    assert crossings(line("1", 30), line("2", 10)).found == (Crossing(Fraction(20), 0),)


def test_lines_that_never_cross() -> None:
    found = crossings(line("1"), line("2", 5))
    assert (found.at_first, found.found, found.last, found.in_the_end) == (0, (), None, 0)
    same = crossings(line("1"), line("1"))
    assert (same.at_first, same.found, same.in_the_end, same.complete) == (None, (), None, True)


def test_one_crossing_on_the_first_step() -> None:
    """$0.25 a token reaches $100 at 400; at 1,000 the line is at 250 > 200."""
    found = crossings(line("0.25"), stairs())
    assert found == Crossings(0, (Crossing(Fraction(400), 1),), Crossing(Fraction(400), 1), True)


def test_the_cheaper_one_flips_back_at_a_new_step() -> None:
    """At $0.15: equal at 666.7; just above 1,000 the stairs cost 200 > 150; equal at 1,333.3; at 2,000: 300 = 300."""
    found = crossings(line("0.15"), stairs())
    assert found.found == (Crossing(Fraction(2000, 3), 1), Crossing(Fraction(1000), 0), Crossing(Fraction(4000, 3), 1))
    assert found.complete


def test_never() -> None:
    """A full replica costs $0.10 a token: the line must be steeper to pass it."""
    for slope in ("0.1", "0", "0.09"):
        assert crossings(line(slope), stairs()).found == ()
    assert crossings(line("0.09"), stairs()).in_the_end == 0


def test_fixed_cost_spares_and_minimum() -> None:
    """Heights 100 n + 250 against 0.2 V: level at 2,750 (third step), below again at 3,000, for good from 3,250."""
    found = crossings(line("0.2"), stairs(fixed=150, spare=1))
    assert [each.tokens for each in found.found] == at("2750", "3000", "3250")
    assert [each.tokens for each in crossings(line("0.2"), stairs(first=4)).found] == at("2000")


def test_touching_at_the_end_of_a_step_is_no_crossing() -> None:
    """With $100 fixed and $0.20: at 1,000 both cost 200, above it the stairs cost 300 again; first over step 2."""
    assert crossings(line("0.2"), stairs(fixed=100)).found == (Crossing(Fraction(1500), 1),)


def test_whole_servers_beat_whole_gpus_again_and_again() -> None:
    """Rented: $30 a replica of 10 tokens. Owned: $100 a server of 4 replicas.

    replicas  1   2   3    4    5    6    7    8    9    10   11   12   13   14   15   16   17
    rented    30  60  90   120  150  180  210  240  270  300  330  360  390  420  450  480  510
    owned     100 100 100  100  200  200  200  200  300  300  300  300  400  400  400  400  500
    """
    rented = Curve(unit=Fraction(30), replicas_per_token=Fraction(1, 10), first=1)
    owned = Curve(unit=Fraction(100), replicas_per_token=Fraction(1, 10), first=1, gpus_per_unit=4)
    found = crossings(rented, owned)
    assert [each.tokens for each in found.found] == at("30", "40", "60", "80", "100", "120", "130")
    assert [each.cheaper_above for each in found.found] == [1, 0, 1, 0, 1, 0, 1]
    assert found.last == found.found[-1]


def test_a_long_list_is_cut_and_says_so_and_the_last_is_found_from_above() -> None:
    """Each step of 100 crosses twice until n (100.1 - 100) >= 100: n = 1,000."""
    found = crossings(line("0.1001"), stairs())
    assert len(found.found) == MAX_CROSSINGS
    assert not found.complete
    assert found.last == Crossing(Fraction(1000 * 100) / Fraction("0.1001"), 1)
    assert found.in_the_end == 1


def test_endless_crossings_have_no_last() -> None:
    """Two stairs of the same slope, one half a step behind."""
    behind = Curve(fixed=Fraction(-50), unit=Fraction(100), replicas_per_token=Fraction(1, 1000), first=1)
    other = Curve(unit=Fraction(50), replicas_per_token=Fraction(1, 500), first=1)
    found = crossings(behind, other)
    assert (found.last, found.complete, found.in_the_end) == (None, False, None)


def known_up_to(found: Crossings, most: Fraction) -> Fraction:
    """The volume up to which `found` lists every crossing, `most` at most."""
    if found.complete:
        return most
    return min(most, found.found[-1].tokens) if found.found else Fraction(0)


def cheaper(a: Curve, b: Curve, tokens: Fraction) -> Side | None:
    difference = a.cost(tokens) - b.cost(tokens)
    return None if difference == 0 else 0 if difference < 0 else 1


@settings(max_examples=60)
@given(curves, curves, st.fractions(Fraction(1, 100), 5000, max_denominator=100))
def test_crossings_tell_the_cheaper_one_at_any_volume(a: Curve, b: Curve, tokens: Fraction) -> None:
    found = crossings(a, b)
    if tokens > known_up_to(found, tokens):
        return
    below = [each for each in found.found if each.tokens < tokens]
    expected = below[-1].cheaper_above if below else found.at_first
    assert cheaper(a, b, tokens) in (expected, None)


@settings(max_examples=50)
@given(curves, curves)
def test_a_scan_with_bisection_finds_the_same(a: Curve, b: Curve) -> None:
    """Look at every fiftieth of a token; where the cheaper one has changed, halve the gap."""
    found = crossings(a, b)
    limit = known_up_to(found, Fraction(10))
    points = [Fraction(step, 50) for step in range(1, int(limit * 50))]
    state: Side | None = None
    scanned: list[tuple[Fraction, Side]] = []
    for before, after in zip([Fraction(0), *points], points, strict=False):
        now = cheaper(a, b, after)
        if now is not None and state is not None and now != state:
            low, high = before, after
            for _ in range(32):
                middle = (low + high) / 2
                low, high = (low, middle) if cheaper(a, b, middle) == now else (middle, high)
            scanned.append((high, now))
        state = now if now is not None else state
    for tokens, side in scanned:
        near = [each for each in found.found if abs(each.tokens - tokens) < Fraction(1, 10**9)]
        assert [each.cheaper_above for each in near] == [side], (tokens, found)


@settings(max_examples=50)
@given(curves, curves)
def test_the_cheaper_one_changes_at_each_crossing(a: Curve, b: Curve) -> None:
    found = crossings(a, b)
    volumes = [Fraction(0), *(each.tokens for each in found.found)]
    assert volumes == sorted(volumes)
    for index, each in enumerate(found.found[:-1]):
        assert cheaper(a, b, (each.tokens + volumes[index + 2]) / 2) in (each.cheaper_above, None)
    assert all(
        one.cheaper_above != other.cheaper_above for one, other in zip(found.found, found.found[1:], strict=False)
    )
    if found.last is not None and found.complete:
        assert found.last == found.found[-1]
    if found.last is not None:
        for step in range(1, 40):
            beyond = found.last.tokens + Fraction(step**3, 7)
            assert cheaper(a, b, beyond) in (found.last.cheaper_above, None)


@settings(max_examples=50)
@given(curves, curves)
def test_the_order_of_the_two_does_not_matter(a: Curve, b: Curve) -> None:
    one, other = crossings(a, b), crossings(b, a)
    assert [each.tokens for each in one.found] == [each.tokens for each in other.found]
    assert [each.cheaper_above for each in one.found] == [1 - each.cheaper_above for each in other.found]
    assert one.complete == other.complete
