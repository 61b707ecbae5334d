from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmcost.routing.features import NAMES, Features, features
from llmcost.routing.prior import difficulty, p_good

#: Of difficulty 0.5: every number it looks at has its usual value.
USUAL = Features(
    tuple({"characters": 5.3, "share of formula signs": 0.01, "numbers": 1.0}.get(name, 0.0) for name in NAMES),
    (),
)
QUALITIES = (0.0, 0.3, 0.68, 0.85, 1.0)


def test_a_usual_prompt_has_the_models_own_quality() -> None:
    assert difficulty(USUAL) == 0.5
    for quality in QUALITIES:
        found = p_good(USUAL, quality)
        assert found.p == quality
        assert found.basis == "prior"


def test_harder_prompts_are_answered_worse() -> None:
    easy = features("Hello, how are you?")
    hard = features(
        "Given the matrix A = [[1,2],[3,4]], compute \\det(A^{10}) = \\prod_i \\lambda_i and prove it. " * 6
    )
    assert difficulty(easy) < 0.4
    assert difficulty(hard) > 0.7
    assert p_good(easy, 0.7).p > 0.7 > p_good(hard, 0.7).p
    raised = p_good(easy, 0.7, least=0.9)
    assert raised == p_good(USUAL, 0.7, least=0.9)
    assert raised.p < 0.6


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_better_model_stays_the_better_one(text: str, one: float, other: float) -> None:
    found = [p_good(features(text), quality) for quality in sorted((one, other))]
    assert found[0].p <= found[1].p
    assert all(0 <= each.low <= each.p <= each.high <= 1 for each in found)
