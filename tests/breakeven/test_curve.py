from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.breakeven.curve import Curve, Piece
from tests.breakeven.samples import curves

volumes = st.fractions(Fraction(1, 100), 2000, max_denominator=100)


def test_a_line() -> None:
    line = Curve(fixed=Fraction(5), linear=Fraction(2))
    assert [line.cost(v) for v in (1, 10)] == [7, 25]
    assert [line.start, line.slope, line.low, line.high] == [5, 2, 5, 5]
    assert line.above(Fraction(0)) == line.at(Fraction(7)) == Piece(Fraction(0), None, Fraction(5), Fraction(2))


def test_replicas_in_whole_servers() -> None:
    """A replica of 3 GPUs is good for 10 tokens; servers hold 8 at $100: 2 replicas fill one to 6, 3 need two."""
    owned = Curve(unit=Fraction(100), replicas_per_token=Fraction(1, 10), first=1, gpus=3, gpus_per_unit=8)
    assert [owned.cost(v) for v in (1, 20, 21, 50, 51, 80)] == [100, 100, 200, 200, 300, 300]
    assert owned.at(Fraction(20)) == Piece(Fraction(0), Fraction(20), Fraction(100), Fraction(0))
    assert owned.above(Fraction(20)) == Piece(Fraction(20), Fraction(50), Fraction(200), Fraction(0))
    assert owned.slope == Fraction(100 * 3, 80)


def test_spares_and_a_least_number_stand_from_the_start() -> None:
    curve = Curve(unit=Fraction(10), replicas_per_token=Fraction(1, 10), first=2, spare=1)
    assert [curve.cost(v) for v in (1, 20, 21)] == [30, 30, 40]
    assert curve.start == 30


def test_what_scales_down_to_a_least() -> None:
    """At least $50, $2 a token above 25 tokens, and $1 a token beside."""
    curve = Curve(linear=Fraction(1), least=Fraction(50), elastic=Fraction(2))
    assert [curve.cost(v) for v in (10, 25, 26)] == [60, 75, 78]
    assert curve.above(Fraction(0)) == Piece(Fraction(0), Fraction(25), Fraction(50), Fraction(1))
    assert curve.at(Fraction(25)).end == 25
    assert curve.above(Fraction(25)) == Piece(Fraction(25), None, Fraction(0), Fraction(3))


@settings(max_examples=60)
@given(curves, volumes)
def test_a_piece_holds_what_it_says(curve: Curve, tokens: Fraction) -> None:
    piece = curve.at(tokens)
    assert piece.start < tokens
    assert piece.end is None or tokens <= piece.end
    assert piece.intercept + piece.slope * tokens == curve.cost(tokens)
    after = curve.above(tokens)
    assert after.start <= tokens
    assert after.end is None or tokens < after.end
    inside = tokens + (1 if after.end is None else (after.end - tokens) / 1000)
    assert after.intercept + after.slope * inside == curve.cost(inside)
    assert curve.at(inside) == after


@settings(max_examples=60)
@given(curves, volumes)
def test_a_curve_lies_between_its_parallels(curve: Curve, tokens: Fraction) -> None:
    rest = curve.cost(tokens) - curve.slope * tokens
    assert curve.low <= rest <= curve.high
    assert curve.start <= curve.cost(tokens)


@settings(max_examples=60)
@given(curves, volumes, st.fractions(0, 1000, max_denominator=100))
def test_more_tokens_never_cost_less(curve: Curve, tokens: Fraction, more: Fraction) -> None:
    assert curve.cost(tokens) <= curve.cost(tokens + more)
