from __future__ import annotations

from typing import Any

import pytest

from llmcost.core.errors import UsageError
from llmcost.core.usage import Usage
from llmcost.ledger.protocol import PricedRecord
from llmcost.routing.counterfactual import Costs, Repricer
from llmcost.routing.policy import Candidate
from tests.budgets.rows import row
from tests.estimate.books import NOW, book

CANDIDATES = (Candidate("gpt-4o-mini"), Candidate("gpt-cached"), Candidate("gpt-4o"), Candidate("claude-x"))


def request(model: str, usage: Usage, paid: int = 1, **more: Any) -> PricedRecord:
    provider = more.pop("provider", "openai")
    return row("2026-05-01T00:00:00Z", "shop", paid, provider=provider, model=model, usage=usage, **more)


def costs(priced: PricedRecord) -> list[Costs]:
    return Repricer(book(), CANDIDATES, NOW)(priced)


def test_the_same_tokens_at_the_other_price() -> None:
    # $/M: mini 0.15 and 0.6, cached 2, 0.5 and 8, 4o 2.5 and 10, claude-x 3 and 15 (6 and 22.5 above 100 tokens).
    found = costs(request("gpt-cached", Usage(input=60, cached=40, output=10), paid=12_345))
    assert found == [
        Costs(21_000, 21_000, False), Costs(12_345, 280_000, True), Costs(350_000, 350_000, False),
        Costs(450_000, 450_000, False),
    ]  # fmt: skip


def test_a_request_that_a_model_cannot_hold_or_has_no_rate_for() -> None:
    assert costs(request("gpt-4o-mini", Usage(input=900, output=200)))[2] == Costs(None, None, False)
    assert costs(request("gpt-4o-mini", Usage(input=9, output_audio=2)))[1] == Costs(None, None, False)


def test_what_was_served_did_fit() -> None:
    priced = request("gpt-4o", Usage(input=900, output=200), paid=7)
    assert costs(priced)[2] == Costs(7, 7, True)


def test_a_batch_is_a_batch_with_every_model_that_has_a_rate_for_it() -> None:
    found = costs(request("gpt-4o-mini", Usage(input=100, output=10), paid=9, tier="batch"))
    # Half of 350,000; the others have no batch rate here.
    assert (found[0], found[2]) == (Costs(9, 9, True), Costs(175_000, 175_000, False))
    assert found[1].warm == 280_000
    # It had no price on May 1: the rates of now, at half.
    sold = book("""
version: 1
models:
  - {model: late, provider: openai, input: 2, output: 4, valid_from: 2026-05-20, tiers: {batch: {discount: 50%}}}
""")
    early = request("x", Usage(input=100, output=10), tier="batch")
    assert Repricer(sold, (Candidate("late"),), NOW)(early) == [Costs(120_000, 120_000, False)]


def test_an_hours_cache_write_is_a_write_elsewhere() -> None:
    found = costs(request("claude-x", Usage(input=10, write_1h=20), provider="anthropic"))
    assert found[0] == Costs(4_500, 4_500, False)
    assert found[3].served


def test_a_price_that_was_not_there_yet_is_todays() -> None:
    candidates = (Candidate("gpt-5"),)
    early = row("2025-12-01T00:00:00Z", "shop", 1, provider="openai", model="gpt-4o", usage=Usage(output=100))
    assert Repricer(book(), candidates, NOW)(early) == [Costs(1_000_000, 1_000_000, False)]
    with pytest.raises(UsageError, match="no price for candidate 'gpt-5' at that time"):
        Repricer(book(), candidates, early.record.ts)


TWO = """
version: 1
models:
  - {model: claude-x, provider: anthropic, input: 3, output: 15}
  - {model: claude-y, provider: anthropic, input: 1, output: 5}
  - {model: voice, provider: openai, input: 1, output: 4, input_audio: 10, cached_audio: 2}
"""


def test_an_hours_cache_write_stays_one_at_the_same_provider() -> None:
    wrote = request("claude-x", Usage(input=10, write_1h=20), provider="anthropic")
    # An hour's write costs twice the input.
    assert Repricer(book(TWO), (Candidate("claude-y"),), NOW)(wrote) == [Costs(50_000, 50_000, False)]


def test_audio_is_cached_too() -> None:
    heard = request("x", Usage(input_audio=10, cached_audio=90))
    assert Repricer(book(TWO), (Candidate("voice"),), NOW)(heard) == [Costs(280_000, 1_000_000, False)]
