from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.routing.evaluation import Order, Paired, apgr, figures

#: Two of four need the strong model.
ROWS = [Paired(1, 0), Paired(1, 1), Paired(1, 0), Paired(0, 0)]


def area(scores: list[float], gaps: list[float]) -> float | None:
    return apgr(Order(scores), gaps, [1.0] * len(gaps))


def test_the_best_and_the_worst_order_by_hand() -> None:
    # The gap recovered after 0..4 calls: 0 ½ 1 1 1, trapezoids 1/16 + 3/16 + 1/4 + 1/4.
    assert area([4, 1, 3, 2], [1, 0, 1, 0]) == pytest.approx(0.75)
    assert area([1, 4, 2, 3], [1, 0, 1, 0]) == pytest.approx(0.25)


def test_a_router_that_says_the_same_of_all_is_a_coin() -> None:
    found = figures([7.0] * 4, ROWS)
    assert found.apgr == pytest.approx(0.5)
    assert found.cpt == pytest.approx((0.2, 0.5, 0.8))


def test_a_router_of_two_levels_is_judged_in_expectation() -> None:
    # Both that need it are in the first half: the line goes 0, 1 at half of the calls, 1.
    found = figures([1, 0, 1, 0], ROWS)
    assert found.apgr == pytest.approx(0.75)
    assert found.cpt == pytest.approx((0.1, 0.25, 0.4))
    # 3 of 4 are good with the strong model and 1 with the weak one: all of that needs half of the calls.
    assert found.saved_calls == pytest.approx((1 - 0.5 * 1.85 / 2, 1 - 0.5 * 1.94 / 2, 1 - 0.5 * 1.97 / 2, 0.5))
    assert (found.apgr_cost, found.saved_cost) == (None, (None,) * 4)


def test_the_cost_axis_weighs_calls_by_what_they_cost_more() -> None:
    # The first two cost 3 more each, the others 1: half of the calls are 6/8 of the additional cost.
    rows = [row._replace(strong_usd=usd + 1, weak_usd=1) for row, usd in zip(ROWS, (3, 3, 1, 1), strict=True)]
    found = figures([3, 3, 2, 1], rows)
    # After 6/8 of it half of the gap, after 7/8 all.
    assert found.apgr_cost == pytest.approx(0.5 * 0.75 * 0.5 + 0.125 * 0.75 + 0.125)
    # All strong costs 12; the third prompt is reached at 4 + 7 = 11.
    assert found.saved_cost[3] == pytest.approx(1 / 12)
    assert figures([3, 3, 2, 1], [*rows[:3], ROWS[3]]).saved_cost == (None,) * 4
    free = [row._replace(strong_usd=0.0, weak_usd=0.0) for row in ROWS]
    assert figures([3, 3, 2, 1], free).saved_cost == (None,) * 4


def test_where_the_strong_model_is_no_better_there_is_no_gap_to_recover() -> None:
    assert figures([1, 2], [Paired(0, 1), Paired(1, 1)])[:2] == (None, (None, None, None))
    one = figures([1], [Paired(1, 0)])
    assert (one.apgr, one.cpt) == (0.5, (0.2, 0.5, 0.8))
    assert one.saved_calls == pytest.approx((0.05, 0.02, 0.01, 0), abs=1e-6)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 1)), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_ties_are_listed_does_not_matter(rows: list[tuple[int, int]], draw: object) -> None:
    before = area([float(s) for s, _ in rows], [float(g) for _, g in rows])
    draw.shuffle(rows)  # type: ignore[attr-defined]
    after = area([float(s) for s, _ in rows], [float(g) for _, g in rows])
    assert after == (before if before is None else pytest.approx(before))


@given(st.lists(st.sampled_from([(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]), min_size=1, max_size=12))
def test_an_order_and_its_reverse_are_two_halves(rows: list[tuple[float, float]]) -> None:
    scores, gaps = [float(n // 2) for n in range(len(rows))], [a - b for a, b in rows]
    forth, back = area(scores, gaps), area([-score for score in scores], gaps)
    assert (forth is None) == (back is None) == (sum(gaps) <= 0)
    if forth is not None and back is not None:
        assert forth + back == pytest.approx(1)


def test_what_rounding_loses_is_not_a_loss_of_quality() -> None:
    # 0.1 + 0.3 + 0.7 - (0.1 + 0.2 + 0.7) is more than 0.3 - 0.2: the third prompt need not go to the strong model.
    rows = [Paired(0.1, 0.1), Paired(0.3, 0.2), Paired(0.7, 0.7)]
    assert figures([3, 2, 1], rows).saved_calls[-1] == pytest.approx(1 / 3)
