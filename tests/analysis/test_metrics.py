"""Golden values of the thirteen metrics, worked by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from llmcost.analysis.metrics import Coverage, Metric, metrics
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import REPORTED, UNPRICED, Basis, PricedRecord, Query
from llmcost.ledger.sqlite import SqliteLedger

NOON = 1_764_072_000_000_000
CARD = Basis("c0ffee", "exact", "test", "{}")


def row(number: int, usage: Usage, cost: int | None, **fields: object) -> PricedRecord:
    record = Record(NOON + number, f"openai:{number}", "openai", "m", usage)._replace(**fields)  # type: ignore[arg-type]
    parts = () if cost is None else (cost, *(0,) * 12)
    return PricedRecord(record, cost, parts, CARD if cost is not None else Basis(UNPRICED))


ROWS = [
    # 1.2 s, first token after 0.2 s, 101 output tokens: 100 tokens after the first in 1.0 s.
    row(1, Usage(input=900, cached=100, output=101), 2_000_000, latency_us=1_200_000, ttft_us=200_000, cache_hit=False),
    # 3 s, first token after 1 s, 51 output tokens of which 40 are reasoning: 50 after the first in 2.0 s.
    row(2, Usage(input=500, output=11, reasoning=40), 1_000_001, latency_us=3_000_000, ttft_us=1_000_000),
    # A hit of the caller's own cache: nothing used, nothing paid.
    row(3, Usage(), 0, latency_us=5_000, cache_hit=True),
    # One output token has no time per token; without a first-token time the whole latency generates.
    row(4, Usage(input=100, output=1), 500_000, latency_us=500_000),
    # Nobody knows the price.
    row(5, Usage(input=400, output=200), None),
]


@pytest.fixture
def found() -> dict[str, Metric]:
    ledger = SqliteLedger(MEMORY, write=True)
    ledger.add(ROWS, ledger.begin_batch("test", NOON))
    sums = ledger.sums(Query(NOON, NOON + 10))[0].sums
    ledger.close()
    return {metric.key: metric for metric in metrics(sums)}


@pytest.mark.parametrize(
    ("key", "value", "coverage"),
    [
        ("cost_usd", 3_500_001, (4, 5)),
        ("cost_per_request_usd", 875_000, (4, 5)),  # 3,500,001 / 4, half to even
        ("cost_per_1k_tokens_usd", 1_996_578, (4, 5)),  # 3,500,001,000 / 1,753 priced tokens = 1,996,577.87
        ("input_tokens", 2_000, (5, 5)),
        ("output_tokens", 353, (5, 5)),
        ("requests", 5, (5, 5)),
        ("tokens_per_request", Fraction(2_353, 5), (5, 5)),
        ("time_to_first_token_ms", Fraction(600), (2, 5)),  # (200 + 1000) / 2
        ("time_per_token_ms", Fraction(20), (2, 5)),  # 3,000 ms / 150 tokens
        ("throughput_tokens_per_second", Fraction(306, 7), (3, 5)),  # (101 + 51 + 1) / (1.0 + 2.0 + 0.5) s
        ("prompt_cache_token_share", Fraction(1, 20), (5, 5)),
        ("response_cache_hit_share", Fraction(1, 2), (2, 5)),
    ],
)
def test_golden(found: dict[str, Metric], key: str, value: object, coverage: tuple[int, int]) -> None:
    assert found[key].value == value
    assert found[key].coverage == Coverage(*coverage)


def test_what_the_logs_lack_is_unknown_and_not_zero() -> None:
    ledger = SqliteLedger(MEMORY, write=True)
    ledger.add([row(1, Usage(input=10, output=5), None)], ledger.begin_batch("test", NOON))
    found = {m.key: m.value for m in metrics(ledger.sums(Query(NOON, NOON + 10))[0].sums)}
    ledger.close()
    unknown = {key for key, value in found.items() if value is None}
    assert unknown == {
        "cost_usd", "cost_per_request_usd", "cost_per_1k_tokens_usd", "time_to_first_token_ms", "time_per_token_ms",
        "throughput_tokens_per_second", "response_cache_hit_share",
    }  # fmt: skip


def test_nothing_at_all_costs_nothing() -> None:
    ledger = SqliteLedger(MEMORY, write=True)
    found = {m.key: m.value for m in metrics(ledger.sums(Query(NOON, NOON + 10))[0].sums)}
    ledger.close()
    assert found["cost_usd"] == 0
    assert found["requests"] == 0
    assert found["tokens_per_request"] is None


def test_a_reported_cost_is_a_cost() -> None:
    ledger = SqliteLedger(MEMORY, write=True)
    priced = row(1, Usage(input=10), 7)._replace(basis=Basis(REPORTED))
    ledger.add([priced], ledger.begin_batch("test", NOON))
    sums = ledger.sums(Query(NOON, NOON + 10))[0].sums
    ledger.close()
    assert (sums["cost"], sums["reported_only"], sums["unpriced"]) == (7, 1, 0)


def test_every_metric_of_the_article_is_there_and_documented() -> None:
    names = {
        "llm_cost_total", "llm_cost_per_request", "llm_cost_per_1k_tokens", "llm_tokens_input_total",
        "llm_tokens_output_total", "llm_requests_total", "llm_tokens_per_request", "llm_latency_first_token",
        "llm_latency_per_token", "llm_throughput_tokens_per_sec", "llm_cache_hit_rate",
    }  # fmt: skip
    ledger = SqliteLedger(MEMORY, write=True)
    found = metrics(ledger.sums(Query(0, 1))[0].sums)
    ledger.close()
    assert {metric.name for metric in found} == names
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    for word in (*names, "llm_cost_by_model", "llm_cost_by_app", *(metric.key for metric in found)):
        assert f"`{word}`" in text


def test_where_only_what_was_free_has_a_price_no_cost_is_claimed() -> None:
    ledger = SqliteLedger(MEMORY, write=True)
    ledger.add([ROWS[2], ROWS[4]], ledger.begin_batch("test", NOON))
    found = {metric.key: metric.value for metric in metrics(ledger.sums(Query(NOON, NOON + 10))[0].sums)}
    ledger.close()
    assert [found[key] for key in ("cost_usd", "cost_per_request_usd", "cost_per_1k_tokens_usd")] == [None] * 3
