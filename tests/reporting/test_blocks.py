"""Blocks as a person sees them, in a narrow and in a wide terminal and in a pipe."""

from __future__ import annotations

from datetime import UTC
from fractions import Fraction

import pytest

from llmcost.analysis.blocks import BLOCK_US, HOUR_US, Block, Blocks, Burn, Gap
from llmcost.core.instants import Period
from llmcost.ledger.measures import MEASURE_NAMES, Sums
from llmcost.reporting.blocks import render
from llmcost.reporting.spans import duration, left
from llmcost.reporting.view import View

START = 1_763_974_800_000_000  # 2025-11-24T09:00:00Z
MINUTE_US = HOUR_US // 60


def sums(cost: int, requests: int, unpriced: int = 0) -> Sums:
    values = dict.fromkeys(MEASURE_NAMES, 0) | {
        "requests": requests, "unpriced": unpriced, "cost": cost, "t_input": 1_200_000, "t_cached": 34_000_000,
        "t_output": 98_000,
    }  # fmt: skip
    return Sums(tuple(values.values()))


def answer(unpriced: int = 0) -> Blocks:
    models = ("claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001")
    first = Block(
        START, START + BLOCK_US, START + MINUTE_US, START + 4 * HOUR_US, models, sums(48_120_000_000, 321, unpriced),
        None, None,
    )  # fmt: skip
    begun = START + 23 * HOUR_US
    running = Block(
        begun, begun + BLOCK_US, begun, begun + HOUR_US, models[:1], sums(1_200_000_000, 12), 165 * MINUTE_US,
        Burn(Fraction(12_345_678, 1_000), 1_200_000_000, 64_000_000, 4_100_000_000),
    )  # fmt: skip
    return Blocks(
        Period(START, START + 48 * HOUR_US, UTC, "last 2d"), (), (first, running),
        (Gap(START + 9 * HOUR_US, begun),), first.sums + running.sums,
    )  # fmt: skip


def test_at_80_columns() -> None:
    assert (
        render(answer(), View(width=80), "table")
        == """\
Five-hour blocks of 24 Nov - 26 Nov 2025 (UTC)

$49.32  in 2 blocks: 333 requests, 70.6M tokens

start        end                 models            input  cached  output    cost
────────────────────────────────────────────────────────────────────────────────
11-24 09:00  14:00               claude-opus-4-5-  35.2M   34.0M   98.0k  $48.12
                                 20251101,
                                 claude-sonnet-4-
                                 5-20250929,
                                 claude-haiku-4-5
                                 -20251001
11-24 18:00  gap of 14h 0m
11-25 08:00  13:00, 2h 45m left  claude-opus-4-5-  35.2M   34.0M   98.0k   $1.20
                                 20251101

running until 13:00 (2h 45m left): 12.3k tokens a minute, $1.20 an hour; at that
rate $4.10 and 64.0M tokens in all"""
    )


@pytest.mark.parametrize("width", [200, None])
def test_at_200_columns_and_in_a_pipe_nothing_is_left_out(width: int | None) -> None:
    text = render(answer(3), View(width=width), "table")
    assert "! not in the cost, for want of a price: 3 requests" in text
    assert [line.split() for line in text.splitlines() if line.startswith(("start", "11-24 09"))] == [
        ["start", "end", "models", "input", "cached", "output", "cost", "unpriced"],
        ["11-24", "09:00", "14:00", "claude-opus-4-5-20251101,", "claude-sonnet-4-5-20250929,",
         "claude-haiku-4-5-20251001", "35.2M", "34.0M", "98.0k", "$48.12", "3"],
    ]  # fmt: skip


def test_a_rate_without_a_price_and_no_rate_yet() -> None:
    whole = answer()
    first, running = whole.blocks
    unknown = running._replace(burn=Burn(Fraction(9), None, 900, None))
    assert render(whole._replace(blocks=(first, unknown)), View(), "table").splitlines()[-1] == (
        "running until 13:00 (2h 45m left): 9 tokens a minute, without a price; at that rate 900 tokens in all"
    )
    assert render(whole._replace(blocks=(first, running._replace(burn=None))), View(), "table").splitlines()[-1] == (
        "running until 13:00 (2h 45m left): too few requests yet for a rate"
    )


@pytest.mark.parametrize(
    ("minutes", "want"),
    [(0, "0m"), (59, "59m"), (60, "1h 0m"), (165, "2h 45m"), (48 * 60 - 1, "47h 59m"), (50 * 60, "2d 2h")],
)
def test_lengths_of_time(minutes: int, want: str) -> None:
    assert duration(minutes * MINUTE_US + MINUTE_US - 1) == want
    assert left(minutes * MINUTE_US) == f"{want} left"
