from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.routing.escalation import cascade, cascades
from llmcost.routing.policy import Escalation

RULE = Escalation(50, Fraction(9, 10))


def test_the_expected_cost_of_try_check_escalate() -> None:
    # P(pass) = 0.7 x 0.9 + 0.3 x 0.1 = 0.66; 100 + 50 + 0.34 x 1,000; P(good) = 0.63 + 0.34 x 0.95.
    found = cascade(0, 1, 100, 1_000, 0.7, 0.95, RULE)
    assert (found.expected_nano, found.worst_nano) == (490, 1_150)
    assert found.p_pass == pytest.approx(0.66)
    assert found.p_good == pytest.approx(0.953)


def test_half_a_nano_dollar_is_rounded_to_even() -> None:
    assert cascade(0, 1, 0, 1, 0.5, 1.0, Escalation(0, Fraction(1))).expected_nano == 0
    assert cascade(0, 1, 0, 3, 0.5, 1.0, Escalation(0, Fraction(1))).expected_nano == 2


def test_only_a_dearer_and_better_model_is_escalated_to() -> None:
    models = [(0, 100, 0.5), (1, 200, 0.4), (2, 50, 0.9), (3, 300, 0.8)]
    assert [(each.first, each.then) for each in cascades(models, RULE, None, 0.0)] == [(0, 3), (1, 3)]
    assert [(each.first, each.then) for each in cascades(models, RULE, 450, 0.0)] == [(0, 3)]
    assert cascades([(0, 100, 0.5), (1, 100, 0.9), (2, 200, 0.5)], RULE, None, 0.0) == []


def test_the_stronger_model_reaches_a_hard_floor_alone() -> None:
    models = [(0, 100, 0.5), (1, 200, 0.7), (2, 300, 0.8)]
    assert [(each.first, each.then) for each in cascades(models, RULE, None, 0.8)] == [(0, 2), (1, 2)]
    assert cascades(models, RULE, None, 0.81) == []


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.floats(0, 1), st.floats(0, 1), st.fractions("1/2", 1))
def test_it_costs_between_the_try_and_the_worst_case(
    cheap: int, dear: int, p: float, strong: float, accuracy: Fraction
) -> None:
    found = cascade(0, 1, cheap, dear, p, strong, Escalation(7, accuracy))
    assert cheap + 7 <= found.expected_nano <= found.worst_nano == cheap + 7 + dear
    assert -1e-9 <= found.p_good <= 1 + 1e-9
