from __future__ import annotations

import random

import pytest

from llmcost.routing.features import NAMES, Features, features
from llmcost.routing.ridge import Design, predict

TEXTS = ["prove the theorem", "prove it", "say hello", "hello world", "the world", "证明它", "证明定理", ""] * 4


def test_weights_minimise_squared_error_and_their_own_size() -> None:
    rows = [features(f"{text} {number % 3}") for number, text in enumerate(TEXTS)]
    draw = random.Random(1)
    targets = [draw.random() for _ in rows]
    use = [number % 5 != 0 for number in range(len(rows))]
    design, l2 = Design(rows), 2.0
    weights, said = design.fit(targets, use, l2)
    mean = sum(t for t, used in zip(targets, use, strict=True) if used) / sum(use)
    assert weights.bias == pytest.approx(mean)
    # At the minimum the gradient is zero: X'(Xw - y) + l2 w, over the rows in use.
    off = [(s - t) * used for s, t, used in zip(said, targets, use, strict=True)]
    gradient = design.transposed_times(off)
    for slope, weight in zip(gradient, weights.dense, strict=False):
        assert slope + l2 * weight == pytest.approx(0, abs=5e-3)
    shared = [
        slope + l2 * weights.grams[bucket] for slope, bucket in zip(gradient[len(NAMES) :], design.buckets, strict=True)
    ]
    assert shared == pytest.approx([0] * len(shared), abs=5e-3)
    for row, dense, value in zip(rows, design.dense, said, strict=True):
        assert predict(weights, dense, row.grams) == pytest.approx(value)


def test_a_word_that_tells_is_learned_and_prompts_not_in_use_are_not_looked_at() -> None:
    rows = [features(text) for text in TEXTS]
    targets = [1.0 if "prove" in text or "证明" in text else 0.0 for text in TEXTS]
    use = [number < 24 for number in range(len(TEXTS))]
    design = Design(rows)
    weights, said = design.fit(targets, use, 0.1)
    assert all((value > 0.5) == (target == 1) for value, target in zip(said, targets, strict=True))
    lies = [target if used else 1 - target for target, used in zip(targets, use, strict=True)]
    assert design.fit(lies, use, 0.1)[1] == said
    assert predict(weights, design.scale.apply(features("please prove").dense), features("please prove").grams) > 0.5


def test_what_all_prompts_share_has_no_weight() -> None:
    same = [Features((3.0,) * len(NAMES), ())] * 4
    weights, said = Design(same).fit([0.0, 1.0, 0.0, 1.0], [True] * 4, 1.0)
    assert said == [0.5] * 4
    assert set(weights.dense) == set(weights.grams) == {0.0}


def test_numbers_far_off_count_as_four_standard_deviations() -> None:
    scale = Design([Features((float(n % 2),) * len(NAMES), ()) for n in range(10)]).scale
    far, further = scale.apply((1e6,) * len(NAMES)), scale.apply((1e9,) * len(NAMES))
    assert far == further
    assert far[0] == pytest.approx(4 * (0.25 / 36) ** 0.5)
