"""Cases on which every public price library agreed; the data lies beside the checkout, never in it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from llmcost.core.instants import parse_timestamp
from llmcost.core.money import nano_from_usd
from llmcost.core.usage import usage_from_totals
from llmcost.pricing.book import PriceBook
from llmcost.pricing.catalogue import compile_catalogue

CASES = Path(__file__).parents[2].parent / "shared" / "data" / "pricing" / "consensus_cost_cases.csv"
AT, _ = parse_timestamp("2026-11-23T12:00:00Z")


@pytest.mark.skipif(not CASES.is_file(), reason="no shared data beside the checkout")
def test_every_consensus_case_is_equal_to_the_nano() -> None:
    layer = compile_catalogue()
    assert layer is not None
    book = PriceBook([layer])
    wrong = []
    with CASES.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        usage = usage_from_totals(
            input_total=int(row["input_tokens_total"] or 0),
            cached=int(row["cache_read"] or 0),
            write_5m=int(row["cache_write_5m"] or 0),
            write_1h=int(row["cache_write_1h"] or 0),
            output_total=int(row["output_tokens_total"] or 0),
            reasoning=int(row["reasoning"] or 0),
            input_audio=int(row["input_audio"] or 0),
        )
        quote = book.quote(row["gp_provider"], row["gp_model_ref"], row["price_context"] or "standard", AT, usage)
        nano = quote.cost[0] if quote.cost else None
        if nano != nano_from_usd(row["expected_usd"]):
            wrong.append((row["label"], row["case"], nano, row["expected_usd"], quote.reason))
    assert len(rows) >= 200
    assert wrong == []
