from __future__ import annotations

import random

import pytest

from llmcost.routing.bootstrap import DRAWS, Interval, interval, intervals
from llmcost.routing.evaluation import Order


def test_the_middle_95_percent_of_the_draws() -> None:
    assert interval([n / DRAWS for n in range(DRAWS)]) == Interval(10 / DRAWS, 1 - 11 / DRAWS)


def test_no_interval_where_a_twentieth_of_the_draws_is_undefined() -> None:
    assert interval([0.5] * round(DRAWS * 0.95)) == Interval(0.5, 0.5)
    assert interval([0.5] * (round(DRAWS * 0.95) - 1)) is None


def test_a_coin_has_no_width_and_runs_repeat() -> None:
    draw = random.Random(3)
    gaps = [float(draw.random() < 0.4) for _ in range(300)]
    scores = [gap + draw.gauss(0, 1) for gap in gaps]
    found, draws = intervals([Order(scores), Order([0.0] * 300)], gaps)
    assert found[1] is not None
    assert tuple(found[1]) == pytest.approx((0.5, 0.5))
    assert found[0] is not None
    assert 0.5 < found[0].low < found[0].high < 0.8
    assert intervals([Order(scores)], gaps) == ([found[0]], [draws[0]])


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    draw = random.Random(4)
    truth, covered = 0.5, 0
    for _ in range(40):
        gaps = [float(draw.random() < 0.5) for _ in range(50)]
        (found,), _ = intervals([Order([draw.random() for _ in gaps])], gaps)
        assert found is not None
        covered += found.low <= truth <= found.high
    assert covered >= 33
