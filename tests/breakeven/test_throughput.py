from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.breakeven.throughput import Run, fit_runs, full


def run(given: int, written: int, input_tps: int, output_tps: int) -> Run:
    """A request of those lengths on a replica that reads and writes at those rates, never idle."""
    seconds = Fraction(given, input_tps) + Fraction(written, output_tps)
    return Run(Fraction(given), Fraction(written), given / seconds, written / seconds)


def measured(given: int, written: int, output_tok_s: int) -> Run:
    return Run(Fraction(given), Fraction(written), Fraction(output_tok_s * given, written), Fraction(output_tok_s))


def test_two_mixes_by_hand() -> None:
    # 8,000 in and 1,000 out take 8000/10000 + 1000/2000 = 1.3 s; 1,000 in and 1,000 out 0.1 + 0.5 = 0.6 s.
    runs = [run(8000, 1000, 10_000, 2000), run(1000, 1000, 10_000, 2000)]
    assert runs[0].total_tok_s == Fraction(90_000, 13)
    fitted = fit_runs(runs)
    assert (fitted.input_tps, fitted.output_tps, fitted.worst) == (Fraction(10_000), Fraction(2000), Fraction(0))
    assert (fitted.lowest, fitted.highest) == (Fraction(1, 2), Fraction(8, 9))
    assert fitted.seconds(Fraction(3, 4)) == Fraction(3, 4) / 10_000 + Fraction(1, 4) / 2000


def test_least_squares_by_hand() -> None:
    # a x + b y = 1 for (a, b) = (1, 0.25), (0.25, 1), (1, 1): aa = bb = 2.0625, ab = 1.5, a = b = 2.25,
    # so x = y = 2.25 / 3.5625 = 12/19: both rates are 19/12. The last run would take 24/19 s of its 1.
    quarter, one = Fraction(1, 4), Fraction(1)
    fitted = fit_runs([Run(one, one, one, quarter), Run(one * 9, one, quarter, one), Run(one * 99, one, one, one)])
    assert fitted.input_tps == fitted.output_tps == Fraction(1583333, 10**6)
    assert round(fitted.worst, 4) == Fraction("0.2632")  # 5/19


def test_one_mix_tells_the_combined_rate_only() -> None:
    fitted = fit_runs([measured(512, 256, 6000)])
    assert (fitted.input_tps, fitted.output_tps, fitted.combined_tps, fitted.worst) == (
        None, None, Fraction(18_000), Fraction(0),
    )  # fmt: skip
    assert fitted.seconds(Fraction(1, 3)) == Fraction(1, 18_000)


def test_lengths_of_one_mix_are_averaged() -> None:
    fitted = fit_runs([measured(128, 128, 1000), measured(2048, 2048, 500)])
    assert (fitted.input_tps, fitted.combined_tps, fitted.worst) == (None, Fraction(1500), Fraction(1, 3))


def test_mixes_nearer_than_five_points_are_one() -> None:
    assert fit_runs([run(500, 500, 9000, 1000), run(549, 451, 9000, 1000)]).input_tps is None
    assert fit_runs([run(500, 500, 9000, 1000), run(550, 450, 9000, 1000)]).input_tps == 9000


def test_of_the_same_requests_the_fastest_counts() -> None:
    idle, busy, other = measured(512, 256, 255), measured(513, 255, 6237), measured(5000, 500, 1500)
    assert full([idle, busy, other]) == (busy, other)
    fitted = fit_runs([idle, busy, other])
    assert (fitted.used, fitted.left_out) == ((busy, other), 1)


def test_runs_that_contradict_each_other() -> None:
    # Twice the input at the same output rate is faster in all: reading would have to give time back.
    with pytest.raises(ValueError, match="contradict"):
        fit_runs([measured(100, 100, 100), measured(900, 100, 200)])
    with pytest.raises(ValueError, match="no runs"):
        fit_runs([])


rates = st.integers(1, 10**6)
lengths = st.tuples(st.integers(1, 10**5), st.integers(1, 10**5))


@given(rates, rates, st.lists(lengths, min_size=2, max_size=6, unique=True))
def test_a_replica_that_keeps_its_rates_is_found_exactly(
    input_tps: int, output_tps: int, mixes: list[tuple[int, int]]
) -> None:
    runs = [run(*mix, input_tps, output_tps) for mix in mixes]
    fitted = fit_runs(runs)
    if fitted.input_tps is None:
        assert max(r.input_share for r in fitted.used) - min(r.input_share for r in fitted.used) < Fraction(1, 20)
    else:
        assert (fitted.input_tps, fitted.output_tps, fitted.worst) == (
            Fraction(input_tps),
            Fraction(output_tps),
            Fraction(0),
        )


@given(rates, rates, st.lists(lengths, min_size=2, max_size=4, unique=True), st.integers(1, 1000))
def test_a_replica_twice_as_fast_has_twice_the_rates(
    input_tps: int, output_tps: int, mixes: list[tuple[int, int]], times: int
) -> None:
    runs = [run(*mix, input_tps, output_tps) for mix in mixes]
    faster = [r._replace(input_tok_s=r.input_tok_s * times, output_tok_s=r.output_tok_s * times) for r in runs]
    one, other = fit_runs(runs), fit_runs(faster)
    for share in (one.lowest, one.highest):
        assert abs(other.seconds(share) * times / one.seconds(share) - 1) < Fraction(1, 10**5)


@given(st.lists(st.tuples(lengths, rates), min_size=1, max_size=8))
def test_the_order_of_runs_does_not_matter_and_rates_are_positive(made: list[tuple[tuple[int, int], int]]) -> None:
    runs = [measured(given, written, rate) for (given, written), rate in made]
    try:
        fitted = fit_runs(runs)
    except ValueError:
        return
    assert fit_runs(sorted(runs, reverse=True)).combined_tps == fitted.combined_tps
    assert fitted.combined_tps > 0
    assert (fitted.input_tps is None) == (fitted.output_tps is None)
    for rate in (fitted.input_tps, fitted.output_tps):
        assert rate is None or rate > 0
