from __future__ import annotations

import pytest

from llmcost.core.errors import DataError
from llmcost.routing.features import features
from llmcost.routing.gate import ENOUGH, Pair, as_saved, pairs, predicted, ranked, router
from llmcost.routing.training import Example, train
from tests.routing.labelled import STRONG, WEAK, told_by_a_word, told_by_length


def judged(examples: list[Example]) -> list[Pair]:
    return pairs(examples, train(examples, ranked(examples)).held_out)


def apgr(pair: Pair, name: str) -> float:
    row = pair.row(name)
    assert row is not None
    assert row.figures.apgr is not None
    return row.figures.apgr


def test_what_words_tell_switches_it_on() -> None:
    examples = told_by_a_word(300)
    trained = train(examples, ranked(examples))
    (pair,) = pairs(examples, trained.held_out)
    assert (pair.strong, pair.weak, pair.n, pair.on, pair.decides) == (STRONG, WEAK, 300, True, "learned")
    assert apgr(pair, "learned") > 0.7
    assert apgr(pair, "random") == pytest.approx(0.5)
    assert apgr(pair, "length") < 0.58
    assert pair.lead is not None
    assert pair.lead.low > 0
    made = router(trained, [pair], 300)
    assert made.on
    assert made.why == "mini: better than length beyond chance"
    hard, easy = (made.p_good(features(f"river {word} stone paper garden"), WEAK) for word in ("integral", "silver"))
    assert hard is not None
    assert easy is not None
    assert hard.p < 0.4
    assert easy.p > 0.7
    assert hard.low <= hard.p <= hard.high
    assert hard.basis == "learned (n = 300)"
    assert [made.p_good(features("x"), "other")] == [None]


def test_where_length_is_all_there_is_it_stays_off() -> None:
    examples = told_by_length(300)
    trained = train(examples, ranked(examples))
    (pair,) = pairs(examples, trained.held_out)
    assert apgr(pair, "length") > 0.6
    assert pair.why == "not enough labels (n = 300): not better than length beyond chance"
    assert pair.decides == "prior"
    made = router(trained, [pair], 300)
    assert not made.on
    assert made.p_good(examples[0].features, WEAK) is None


def test_labels_that_say_nothing_leave_it_off() -> None:
    examples = told_by_a_word(300, noise=0.5)
    assert not judged(examples)[0].on


def test_better_than_length_but_worse_than_a_coin_is_off() -> None:
    examples = told_by_length(200)
    # Longer is easier here: length is worse than a coin, and so is what says nothing.
    turned = [each._replace(quality={STRONG: 1.0, WEAK: 1 - each.quality[WEAK]}) for each in examples]
    (pair,) = pairs(turned, {STRONG: [0.0] * 200, WEAK: [0.0] * 200})
    assert apgr(pair, "length") < 0.4
    assert apgr(pair, "learned") == pytest.approx(0.5)
    assert not pair.on


@pytest.mark.parametrize("n", [1, 2, ENOUGH - 1])
def test_few_labels_are_not_enough(n: int) -> None:
    (pair,) = judged(told_by_a_word(n, noise=0))
    assert pair.why.startswith(f"not enough labels (n = {n}")


def test_one_class_only_is_not_enough() -> None:
    alike = [each._replace(quality={STRONG: 1.0, WEAK: 1.0}) for each in told_by_a_word(150)]
    (pair,) = judged(alike)
    assert (pair.why, pair.rows) == ("not enough labels (n = 150): all say the same", ())


def test_one_model_only_is_not_enough() -> None:
    with pytest.raises(DataError, match=r"not enough labels \(n = 1\): of 1 model, two are needed"):
        pairs([Example(features("x"), {STRONG: 1.0})], {STRONG: [0.0]})


def test_a_strong_model_that_is_not_better_has_nothing_to_win() -> None:
    examples = told_by_a_word(120)
    (pair,) = pairs(examples, {STRONG: [0.0] * 120, WEAK: [0.0] * 120}, strong=WEAK)
    assert (pair.strong, pair.weak) == (WEAK, STRONG)
    assert pair.why == "mini is not better than big on these prompts"


def test_three_models_are_each_held_against_the_strongest() -> None:
    examples = told_by_a_word(200)
    three = [
        each._replace(quality={**each.quality, "middle": 1.0 if n % 4 else each.quality[WEAK]})
        for n, each in enumerate(examples)
    ]
    trained = train(three, ranked(three))
    found = pairs(three, trained.held_out)
    assert [(pair.strong, pair.weak) for pair in found] == [(STRONG, "middle"), (STRONG, WEAK)]
    assert [pair.on for pair in found][1]
    assert predicted(router(trained, found, 200), three[:1]).keys() == {STRONG, "middle", WEAK}


def test_a_saved_router_is_on_where_its_training_said_so() -> None:
    examples = told_by_a_word(200)
    trained = train(examples, ranked(examples))
    on = router(trained, pairs(examples, trained.held_out), 200)
    off = router(trained, [], 200)
    few = told_by_a_word(20, noise=0)
    (pair,) = pairs(few, predicted(on, few))
    assert (pair.on, pair.n) == (False, 20)
    assert [each.on for each in as_saved([pair], on)] == [True]
    assert [each.why for each in as_saved([pair], off)] == ["it was off when it was trained"]
    (none,) = pairs(few[:1], predicted(on, few[:1]))
    assert as_saved([none], on) == [none]


def test_prompts_labelled_for_one_model_only_count_for_that_model() -> None:
    examples = told_by_a_word(200)
    half = [each._replace(quality={WEAK: each.quality[WEAK]}) if n % 2 else each for n, each in enumerate(examples)]
    trained = train(half, ranked(half))
    assert {model: head.n for model, head in trained.heads.items()} == {STRONG: 100, WEAK: 200}
    assert pairs(half, trained.held_out)[0].n == 100
