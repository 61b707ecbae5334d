from __future__ import annotations

import pytest

from llmcost.routing.gate import ranked
from llmcost.routing.training import STRENGTHS, bands, train
from tests.routing.labelled import STRONG, WEAK, told_by_a_word


def test_bands_hold_at_least_fifty_labels_and_say_what_they_were_worth() -> None:
    few = bands([(0.1, 0.0), (0.9, 1.0)] * 24)
    assert len(few) == 1
    assert few[0].start == -1e6
    # Wilson's interval of 24 of 48.
    assert few[0][1:] == pytest.approx((0.36389, 0.63611), abs=1e-5)
    two = bands([(0.1, 0.0), (0.9, 1.0)] * 50)
    assert [band.start for band in two] == [-1e6, 0.9]
    assert two[0][1:] == pytest.approx((0.0, 0.07135), abs=1e-5)
    assert two[1][1:] == pytest.approx((0.92865, 1.0), abs=1e-5)
    assert len(bands([(n / 999, 1.0) for n in range(999)])) == 10


def test_a_prompt_is_predicted_without_its_own_label() -> None:
    examples = told_by_a_word(60)
    before = train(examples, ranked(examples))
    for number in range(3):
        lie = examples[number]._replace(quality={STRONG: 1.0, WEAK: 1 - examples[number].quality[WEAK]})
        after = train([*examples[:number], lie, *examples[number + 1 :]], [STRONG, WEAK])
        if after.strength == before.strength:
            assert after.held_out[WEAK][number] == pytest.approx(before.held_out[WEAK][number])


def test_the_strength_grows_with_the_root_of_the_labels_and_is_chosen_from_three() -> None:
    examples = told_by_a_word(100)
    said: list[str] = []
    trained = train(examples, [STRONG, WEAK], said.append)
    assert trained.strength in [each * 10 for each in STRENGTHS]
    assert len(said) == 16
    assert train(examples, [STRONG, WEAK]) == trained
