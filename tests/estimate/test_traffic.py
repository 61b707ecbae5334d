"""What the ledger knows of a prompt's calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from llmcost.core.usage import Usage
from llmcost.estimate.traffic import measured
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import Ledger, PricedRecord
from llmcost.ledger.sqlite import SqliteLedger
from tests.ledger.samples import DAY, T0, add, row

WHERE = (("prompt_id", "support.j2"),)
NOW = T0 + 30 * DAY


def call(n: int, ts: int, output: int = 100, **fields: Any) -> PricedRecord:
    usage = Usage(input=600, cached=400, output=output)
    return row(f"openai:{n}", ts=ts, usage=usage, prompt_id="support.j2", **fields)


def ledger_of(*rows: PricedRecord) -> Ledger:
    ledger = SqliteLedger(MEMORY, write=True)
    add(ledger, *rows)
    return ledger


def test_an_empty_ledger_knows_nothing() -> None:
    assert measured(ledger_of(), WHERE, now_us=NOW) is None


def test_rows_of_other_prompts_are_no_traffic() -> None:
    assert measured(ledger_of(row(ts=NOW - DAY)), WHERE, now_us=NOW) is None


def test_rows_older_than_the_window_or_later_than_now_are_no_traffic() -> None:
    ledger = ledger_of(call(1, NOW - 31 * DAY), call(2, NOW + 1))
    assert measured(ledger, WHERE, now_us=NOW) is None


def test_a_month_is_scaled_from_the_days_with_rows() -> None:
    """Ten calls in the ten days from the first to the ledger's newest row: 365/12 a month."""
    rows = [call(n, NOW - 12 * DAY + n * DAY, output=n * 10) for n in range(10)]
    found = measured(ledger_of(*rows, row("openai:new", ts=NOW - 2 * DAY)), WHERE, now_us=NOW)
    assert found is not None
    assert (found.requests, found.span_us, found.newest_us) == (10, 10 * DAY, NOW - 2 * DAY)
    assert found.calls_per_month == 30
    assert (found.input_p50, found.output_p50, found.output_p90) == (1000, 40, 80)
    assert (found.output_mean, found.cached_tokens) == (45, 400)
    assert (found.provider, found.model) == ("openai", "gpt-4o")


def test_a_few_minutes_of_traffic_count_as_a_day() -> None:
    found = measured(ledger_of(call(1, NOW - 60), call(2, NOW)), WHERE, now_us=NOW)
    assert found is not None
    assert (found.span_us, found.calls_per_month) == (DAY, 61)


def test_the_model_is_the_one_most_calls_went_to() -> None:
    rows = [call(1, NOW - 3), call(2, NOW - 2, model="gpt-4o-mini"), call(3, NOW - 1, model="gpt-4o-mini")]
    found = measured(ledger_of(*rows), WHERE, now_us=NOW)
    assert found is not None
    assert (found.model, found.requests) == ("gpt-4o-mini", 3)


def test_failed_calls_alone_tell_no_sizes() -> None:
    assert measured(ledger_of(call(1, NOW - 1, status="error")), WHERE, now_us=NOW) is None


def test_a_row_at_this_very_moment_counts(tmp_path: Path) -> None:
    found = measured(ledger_of(call(1, NOW)), WHERE, now_us=NOW)
    assert found is not None
    assert found.requests == 1


def test_a_mean_counts_failed_calls_as_the_month_does() -> None:
    found = measured(ledger_of(call(1, NOW - 2), call(2, NOW - 1, output=0, status="error")), WHERE, now_us=NOW)
    assert found is not None
    assert (found.requests, found.output_p50, found.output_mean) == (2, 100, 50)
