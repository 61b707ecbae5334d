"""Estimates as predictions."""

from __future__ import annotations

from typing import Any

import pytest

from llmcost.core.errors import UsageError
from llmcost.estimate.foretold import foretold, with_learned_band
from llmcost.estimate.models import priced_model
from llmcost.estimate.scorecard import Bands, Judged
from llmcost.estimate.terms import Calls, Terms
from llmcost.estimate.totals import Item
from llmcost.ledger.protocol import Prediction
from tests.estimate.books import NOW, book

WHERE = (("prompt_id", "greet"),)


def item(terms: Terms | None = None, **fields: Any) -> Item:
    model = priced_model(book(), "gpt-4o", "standard", NOW)
    made = Item(
        "greet.txt", "", "text", model, 1, 100, 90, 120, False, "m",
        Terms(50, "here", where=WHERE) if terms is None else terms, 0, 750_000, 725_000, 800_000, 0, (),
    )  # fmt: skip
    return made._replace(**fields)


def test_one_prompt() -> None:
    assert foretold(item()) == Prediction(
        "", 0, "estimate", "greet.txt", "gpt-4o", WHERE, 100, 50, 750_000, 725_000, 800_000, None
    )


def test_what_is_unknown_stays_unknown() -> None:
    found = foretold(item(Terms(where=WHERE), cost_low=None, cost_high=None))
    assert (found.output_tokens, found.low_nano, found.high_nano, found.calls_per_month) == (None, None, None, None)


def test_a_file_of_several_requests_is_its_average_one_and_its_band_is_rounded_outwards() -> None:
    found = foretold(item(requests=3, input_tokens=100, cost_nano=1_000, cost_low=998, cost_high=1_003))
    assert (found.input_tokens, found.call_nano, found.low_nano, found.high_nano) == (33, 333, 332, 335)


@pytest.mark.parametrize(
    ("calls", "requests", "monthly"),
    [(Calls(7, "month"), 1, 7), (Calls(7, "month"), 3, 21), (Calls(10, "day"), 1, 304), (Calls(1, "day"), 12, 365)],
)
def test_calls_a_month(calls: Calls, requests: int, monthly: int) -> None:
    found = foretold(item(Terms(50, "here", calls=calls, where=WHERE), requests=requests))
    assert found.calls_per_month == monthly


def test_standard_input_has_no_rows_of_its_own() -> None:
    for where in ((), (("prompt_id", "-"),)):
        with pytest.raises(UsageError, match="which requests in the ledger"):
            foretold(item(Terms(50, where=where), path="-"))
    assert foretold(item(path="-")).where == WHERE


def judged(*percents: int, output: int | None = 50) -> list[Judged]:
    """Judged predictions of 1,000 nano-USD for the prompt that were so far off."""
    prediction = Prediction("x", NOW, "diff", "greet.txt", "gpt-4o", WHERE, 100, output, 1_000)
    return [Judged(prediction, NOW, NOW, "", 1, 1, 1, 1_000 + 10 * percent, (), None, 0) for percent in percents]


def test_a_band_is_learned_where_there_is_enough_to_learn_from() -> None:
    given = item(notes=("empty",))
    assert with_learned_band(given, Bands([])) is given
    assert with_learned_band(given, Bands(judged(1, 2, 3, 4))) is given
    assert with_learned_band(given, Bands(judged(1, 2, 3, 4, 5, output=None))) is given
    found = with_learned_band(given, Bands(judged(-10, 20, 0, 5, 10)))
    assert (found.cost_nano, found.cost_low, found.cost_high) == (750_000, 675_000, 900_000)
    assert found.notes == ("empty", "band learned from 5 earlier predictions of this prompt")
