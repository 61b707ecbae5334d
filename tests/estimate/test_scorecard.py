"""Predictions held against the ledger."""

from __future__ import annotations

import random
from contextlib import closing
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.usage import Usage
from llmcost.estimate.scorecard import (
    Band,
    Judged,
    Score,
    judge,
    learned_band,
    same_model,
    score,
    scores_by_model,
)
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import REPORTED, UNPRICED, Basis, Ledger, Prediction, PricedRecord
from llmcost.ledger.sqlite import SqliteLedger
from tests.estimate.books import book
from tests.ledger.samples import DAY, T0, add, row

WHERE = (("prompt_id", "a.txt"),)
NOW = T0 + 40 * DAY
SAME = same_model(book())


def foretold(name: str = "pr-1", **fields: Any) -> Prediction:
    """Recorded at T0: a call of 100 + 50 tokens costs 1,000 nano-USD, 300 calls a month."""
    made = Prediction(name, T0, "estimate", "a.txt", "gpt-4o", WHERE, 100, 50, 1_000, 800, 1_200, 300)
    return made._replace(**fields)


def call(n: int, ts: int, *, output: int = 70, **fields: Any) -> PricedRecord:
    """A call of 100 input tokens; every token costs 7 nano-USD."""
    return row(f"openai:{n}", ts=ts, usage=Usage(input=100, output=output), prompt_id="a.txt", **fields)


def judged(
    predictions: list[Prediction], rows: list[PricedRecord], *, now_us: int = NOW, min_requests: int = 2, **options: Any
) -> list[Judged]:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        add(ledger, *rows)
        ledger.predict(predictions)
        return judge(ledger, now_us=now_us, same_model=SAME, min_requests=min_requests, **options)


def one(rows: list[PricedRecord], prediction: Prediction | None = None, **options: Any) -> Judged:
    (found,) = judged([prediction or foretold()], rows, **options)
    return found


def test_the_error_of_a_call_and_of_a_month_by_hand() -> None:
    """Ten days, three calls of 170, 170 and 200 tokens at 7: 3,780 nano-USD, 1,260 each."""
    found = one([call(1, T0 + DAY), call(2, T0 + 5 * DAY), call(3, T0 + 11 * DAY, output=100)])
    assert (found.state, found.requests, found.counted, found.cost_nano) == ("judged", 3, 3, 3_780)
    assert (found.call_nano, found.call_error) == (Fraction(1_260), Fraction(26, 100))
    assert found.in_band is False
    # 3 calls in 10 days are 9.125 in 365/12 days, and 3,780 nano-USD are 11,497.5.
    assert found.span_us == 10 * DAY
    assert (found.calls_per_month, found.calls_error) == (Fraction(73, 8), Fraction(73, 8) / 300 - 1)
    assert (found.predicted_monthly_nano, found.monthly_nano) == (300_000, Fraction(22_995, 2))
    assert found.monthly_error == Fraction(22_995, 600_000) - 1
    assert (found.start_us, found.end_us, found.ended_by) == (T0, NOW + 1, "")


def test_the_ends_of_a_band_belong_to_it() -> None:
    rows = [call(1, T0), call(2, T0 + DAY)]  # 1,190 a call
    bands = [(1_190, 1_300), (1_000, 1_190), (1_191, 1_300), (1_000, 1_189), (None, None)]
    found = [one(rows, foretold(low_nano=low, high_nano=high)).in_band for low, high in bands]
    assert found == [True, True, False, False, None]


def test_traffic_before_the_recording_and_after_now_does_not_count() -> None:
    rows = [call(1, T0 - 1), call(2, T0), call(3, T0 + DAY), call(4, T0 + 2 * DAY)]
    assert one(rows, now_us=T0 + DAY).requests == 2
    assert judged([foretold()], rows, now_us=T0 - 1) == []


@pytest.mark.parametrize("days", [[], [1]])
def test_too_few_requests_leave_a_prediction_open(days: list[int]) -> None:
    found = one([call(day, T0 + day * DAY) for day in days])
    assert (found.state, found.requests) == ("open", len(days))
    assert (found.call_nano, found.call_error, found.in_band, found.monthly_nano, found.calls_per_month) == (None,) * 5
    assert score([found]) == Score(0, None, None, 0, 0, 0, None, None)


def test_less_than_a_day_says_nothing_of_a_month() -> None:
    found = one([call(1, T0), call(2, T0 + DAY - 1)])
    assert found.call_error == Fraction(19, 100)
    assert (found.calls_per_month, found.monthly_nano, found.monthly_error, found.calls_error) == (None,) * 4
    assert one([call(1, T0), call(2, T0 + DAY)]).calls_per_month == Fraction(2 * 365, 12)


def test_a_later_prediction_of_the_prompt_takes_over() -> None:
    later = foretold("pr-2", recorded_us=T0 + 3 * DAY)
    other = foretold("pr-3", recorded_us=T0 + DAY, path="b.txt", where=(("prompt_id", "b.txt"),))
    rows = [call(n, T0 + n * DAY) for n in range(6)]
    found = {each.prediction.name: each for each in judged([foretold(), later, other], rows)}
    assert (found["pr-1"].requests, found["pr-1"].ended_by, found["pr-1"].end_us) == (3, "pr-2", T0 + 3 * DAY)
    assert (found["pr-2"].requests, found["pr-2"].ended_by) == (3, "")
    assert (found["pr-3"].state, found["pr-3"].ended_by) == ("open", "")
    # Not yet at that time; and a choice of names does not lengthen a stretch.
    (early,) = judged([foretold(), later], rows, now_us=T0 + 2 * DAY)
    assert (early.requests, early.ended_by) == (3, "")
    (chosen,) = judged([foretold(), later], rows, names=["pr-1"])
    assert (chosen.requests, chosen.ended_by) == (3, "pr-2")


def test_alternatives_recorded_together_do_not_end_each_other() -> None:
    found = judged([foretold(), foretold(model="claude-x")], [call(1, T0), call(2, T0 + DAY)])
    assert [(each.prediction.model, each.state, each.ended_by) for each in found] == [
        ("claude-x", "other model", ""), ("gpt-4o", "judged", ""),
    ]  # fmt: skip


def test_another_model_is_no_error_of_the_prediction() -> None:
    rows = [call(1, T0), call(2, T0 + DAY), call(3, T0 + DAY, model="gpt-5"), call(4, T0 + DAY, model="gpt-5")]
    found = one([*rows, call(5, T0 + 10 * DAY, model="claude-x", output=1_000)])
    assert (found.requests, found.others) == (2, (("gpt-5", 2), ("claude-x", 1)))
    assert found.call_error == Fraction(19, 100)
    # A month is the prompt's, wherever it went: 4 x 170 + 1,100 tokens at 7 in ten days.
    assert found.monthly_nano == Fraction(12_460 * 365, 120)
    moved = one(rows[2:])
    assert (moved.state, moved.requests, moved.call_error, moved.monthly_nano) == ("other model", 0, None, None)


def test_a_dated_name_is_the_same_model() -> None:
    assert SAME("gpt-4o", "openai", "gpt-4o-2024-08-06")
    assert SAME("GPT-4o", "azure", "gpt-4o")
    assert SAME("mystery", "nobody", "Mystery")
    assert not SAME("gpt-4o", "openai", "gpt-4o-mini")
    assert not SAME("mystery", "openai", "gpt-4o")
    assert one([call(n, T0, model="gpt-4o-2024-08-06") for n in range(2)]).requests == 2


def test_unpriced_requests_are_told_and_not_free() -> None:
    unpriced = [call(n, T0 + DAY, basis=Basis(UNPRICED)) for n in (3, 4)]
    found = one([call(1, T0), call(2, T0 + DAY), *unpriced])
    assert (found.requests, found.counted, found.call_error) == (4, 2, Fraction(19, 100))
    assert (found.calls_per_month, found.monthly_nano) == (Fraction(4 * 365, 12), None)
    assert one(unpriced).state == "unpriced"


def test_a_cost_without_output_is_held_against_the_inputs_part() -> None:
    """700 of the 1,190 nano-USD are the input's; a cost that was only reported has no parts."""
    reported = call(3, T0, basis=Basis(REPORTED), reported_nano=5)
    found = one([call(1, T0), call(2, T0 + DAY), reported], foretold(output_tokens=None))
    assert (found.requests, found.counted, found.call_error) == (3, 2, Fraction(-3, 10))
    assert found.monthly_nano is None
    whole = one([call(1, T0), reported], foretold())
    assert whole.call_nano == Fraction(1_190 + 5, 2)


def test_no_filters_would_be_the_whole_ledger() -> None:
    assert one([call(1, T0), call(2, T0)], foretold(where=())).state == "open"


def test_a_predicted_cost_of_nothing_has_no_relative_error() -> None:
    found = one([call(1, T0), call(2, T0)], foretold(call_nano=0))
    assert (found.state, found.call_nano, found.call_error) == ("judged", Fraction(1_190), None)


def test_since_and_until_narrow_the_stretch() -> None:
    rows = [call(n, T0 + n * DAY) for n in range(6)]
    assert one(rows, since=T0 + DAY, until=T0 + 3 * DAY).requests == 2
    assert one(rows, since=T0 - DAY, until=NOW + DAY).requests == 6
    nothing = one(rows, since=NOW + DAY)
    assert (nothing.state, nothing.start_us, nothing.end_us) == ("open", NOW + DAY, NOW + DAY)


@given(st.integers(1, 10**6), st.integers(1, 10**9), st.lists(st.integers(0, 500), min_size=2, max_size=6))
def test_an_error_scales_with_what_was_foretold(k: int, nano: int, outputs: list[int]) -> None:
    rows = [call(n, T0 + n * DAY, output=output) for n, output in enumerate(outputs)]
    small, large = judged([foretold("1", call_nano=nano), foretold("2", call_nano=nano * k)], rows)
    for a, b in ((small.call_error, large.call_error), (small.monthly_error, large.monthly_error)):
        assert a is not None
        assert b is not None
        assert (b + 1) * k == a + 1


# Scores and bands


def of_error(percent: int, *, path: str = "a.txt", model: str = "gpt-4o", **fields: Any) -> Judged:
    """A judged prediction of 1,000 nano-USD that was `percent` off."""
    prediction = foretold(path=path, model=model, **fields)
    return Judged(prediction, T0, NOW, "", 20, 20, 20, 200 * (100 + percent), (), None, DAY)


def test_the_published_error_by_hand() -> None:
    found = [of_error(-10), of_error(30), of_error(5, model="gpt-5"), of_error(20, model="gpt-5")]
    assert score(found) == Score(4, Fraction(15, 100), Fraction(125, 1000), 4, 3, 0, None, None)
    assert scores_by_model(found) == {
        "gpt-4o": Score(2, Fraction(2, 10), Fraction(1, 10), 2, 1, 0, None, None),
        "gpt-5": Score(2, Fraction(125, 1000), Fraction(125, 1000), 2, 2, 0, None, None),
    }
    monthly = of_error(10)._replace(month_nano=400_000, span_us=365 * DAY // 12)
    assert score([monthly])[5:] == (1, Fraction(1, 3), Fraction(1, 3))


def test_models_without_a_judged_prediction_have_no_score() -> None:
    assert scores_by_model([of_error(1)._replace(counted=0)]) == {}


def test_a_band_is_learned_from_the_nearest_predictions_there_are_enough_of() -> None:
    mine = [of_error(percent) for percent in (0, 10, -20, 30, 5)]
    band = learned_band(mine, "a.txt", "gpt-4o")
    assert band == Band(Fraction(80, 100), Fraction(130, 100), 5, "prompt", Fraction(4, 6))
    assert learned_band(mine[:4], "a.txt", "gpt-4o") is None
    siblings = [of_error(percent, path="b.txt") for percent in range(6)]
    assert learned_band(mine[:3] + siblings, "a.txt", "gpt-4o") is None
    assert learned_band(mine[:4] + siblings, "a.txt", "gpt-4o") == Band(
        Fraction(80, 100), Fraction(130, 100), 10, "model", Fraction(9, 11)
    )
    strangers = [of_error(percent, model="gpt-5") for percent in range(15)]
    everything = mine[:4] + siblings + strangers[:10]
    assert learned_band(everything, "c.txt", "o9") == Band(Fraction(1), Fraction(110, 100), 20, "all", Fraction(17, 21))
    assert learned_band(everything[:19], "c.txt", "o9") is None


def test_a_band_of_input_alone_is_learned_from_such() -> None:
    mine = [of_error(percent, output_tokens=None) for percent in range(5)]
    assert learned_band(mine, "a.txt", "gpt-4o") is None
    assert learned_band(mine, "a.txt", "gpt-4o", output=False) is not None


def test_predictions_that_are_not_judged_teach_nothing() -> None:
    assert learned_band([of_error(1)._replace(counted=19)] * 30, "a.txt", "gpt-4o") is None


def test_a_band_is_rounded_outwards() -> None:
    band = Band(Fraction(1, 3), Fraction(4, 3), 9, "prompt", Fraction(8, 10))
    assert band.around(10) == (3, 14)
    assert band.around(3) == (1, 4)


@pytest.mark.parametrize(("n", "expected"), [(9, 0.80), (19, 0.80), (29, 0.80), (5, 4 / 6), (40, 33 / 41)])
def test_a_learned_band_covers_what_it_says_on_predictions_it_never_saw(n: int, expected: float) -> None:
    """Ratios drawn from a lopsided distribution: half teach, the next of the untouched half is looked up."""
    draw = random.Random(7)

    def fresh() -> Judged:
        return of_error(0)._replace(cost_nano=round(20_000 * draw.lognormvariate(0.2, 0.5)))

    inside = 0
    trials = 1_000
    for _ in range(trials):
        band = learned_band([fresh() for _ in range(n)], "a.txt", "gpt-4o")
        assert band is not None
        assert float(band.coverage) == pytest.approx(expected)
        ratio = 1 + (fresh().call_error or 0)
        inside += band.low <= ratio <= band.high
    assert inside / trials == pytest.approx(expected, abs=0.04)  # three standard errors


def test_a_learned_band_covers_four_fifths_of_an_untouched_half_held_against_a_ledger() -> None:
    """120 prompts of twenty calls, all foretold alike, typical lengths drawn from one range; half of them teach."""
    draw = random.Random(3)
    rows, predictions = [], []
    for prompt in range(120):
        where = (("prompt_id", f"{prompt}.txt"),)
        typical = draw.randint(20, 200)
        rows += [
            row(
                f"openai:{prompt}-{n}",
                ts=T0 + n,
                prompt_id=f"{prompt}.txt",
                tokens=max(1, round(draw.gauss(typical, 5))),
            )
            for n in range(20)
        ]
        predictions.append(foretold(str(prompt), path=f"{prompt}.txt", where=where, call_nano=700))
    found = judged(predictions, rows, min_requests=20)
    draw.shuffle(found)
    band = learned_band(found[:60], "new.txt", "gpt-4o")
    assert band is not None
    assert (band.n, band.of) == (60, "model")
    covered = sum(band.low <= 1 + (each.call_error or 0) <= band.high for each in found[60:])
    assert 0.7 <= covered / 60 <= 0.9


def test_judging_reads_a_ledger_without_predictions_once() -> None:
    class Bare:
        def predictions(self) -> list[Prediction]:
            return []

    ledger: Ledger = Bare()  # type: ignore[assignment]
    assert judge(ledger, now_us=NOW, same_model=SAME) == []
