from __future__ import annotations

import pytest

from llmcost.core.errors import UsageError
from llmcost.core.instants import parse_timestamp
from llmcost.estimate.models import DEFAULT_MODEL, priced_model
from llmcost.tokens.counter import count
from tests.estimate.books import NOW, book


def test_the_price_of_a_model_by_tier() -> None:
    assert priced_model(book(), "gpt-4o", "standard", NOW).cost(1_000, 100) == 3_500_000
    assert priced_model(book(), "gpt-4o", "batch", NOW).cost(1_000, 100) == 1_750_000


def test_a_model_without_price_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no price for model 'gpt-4o-mni' \(--model\); did you mean 'gpt-4o-mini'\?"):
        priced_model(book(), "gpt-4o-mni", "standard", NOW)


def test_a_model_that_had_no_price_yet_is_an_error() -> None:
    with pytest.raises(UsageError, match="no price for model 'gpt-5' at that time"):
        priced_model(book(), "gpt-5", "standard", parse_timestamp("2025-12-31T23:59:59Z")[0])


def test_output_of_a_model_without_an_output_rate_is_an_error_not_free() -> None:
    model = priced_model(book(), "text-embedding-3-small", "standard", NOW)
    assert model.cost(1_000_000, 0) == 20_000_000
    with pytest.raises(UsageError, match="no rate for output"):
        model.cost(1, 1)


def test_the_default_model_is_counted_exactly() -> None:
    assert count("hello", DEFAULT_MODEL, "openai").exact
