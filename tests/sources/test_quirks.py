"""Every quirk that agents' logs are known for: what a ledger holds of each small log in `quirks`, by day and model.

`docs/accuracy.md` says of each why these numbers are right, and what another tool makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks import claude_tree
from llmcost.pricing.book import PriceBook
from llmcost.pricing.yaml_book import compile_yaml
from tests.ingest.logs import ingest, memory, rows

QUIRKS = Path(__file__).parent / "quirks"
BOOK = PriceBook([compile_yaml("""
version: 1
models:
  - provider: anthropic
    model: claude-sonnet-4-5
    input: 3
    output: 15
    cached_input: 0.30
    cache_write: 3.75
    cache_write_1h: 6
    per_web_search: 0.01
    context_tiers:
      - {above: 200000, input: 6, output: 22.50, cached_input: 0.60, cache_write: 7.50, cache_write_1h: 12}
  - provider: anthropic
    model: claude-opus-4-6
    input: 5
    output: 25
    tiers:
      fast: {multiplier: 6}
  - provider: aws
    model: us.anthropic.claude-sonnet-4-5-20250929-v1:0
    input: 3.30
    output: 16.50
  - provider: openai
    model: gpt-5.2-codex
    input: 1.75
    cached_input: 0.175
    output: 14
  - provider: openai
    model: gpt-5.1-codex-mini
    input: 0.25
    cached_input: 0.025
    output: 2
  - provider: google
    model: gemini-2.5-pro
    input: 1.25
    cached_input: 0.125
    output: 10
""", "prices.yaml", name="test")])  # fmt: skip


class Sum(NamedTuple):
    """`written` is cache writes of both lifetimes; `nano` the cost in nano-dollars, None where one has no price."""

    requests: int
    given: int
    output: int
    written: int = 0
    cached: int = 0
    nano: int | None = 0

    def plus(self, other: Sum) -> Sum:
        nano = None if self.nano is None or other.nano is None else self.nano + other.nano
        return Sum._make([*(one + two for one, two in zip(self[:5], other[:5], strict=True)), nano])


def held(files: Sequence[Path]) -> tuple[int, dict[str, Sum]]:
    """Lines skipped, and what a ledger holds per day and model."""
    ledger = memory()
    result = ingest(ledger, *files, book=BOOK)
    found: dict[str, Sum] = {}
    for row in rows(ledger):
        record, usage = row.record, row.record.usage
        key = f"{datetime.fromtimestamp(record.ts / 1_000_000, UTC):%m-%d} {record.model}"
        one = Sum(1, usage.input, usage.output_total, usage.write_5m + usage.write_1h, usage.cached, row.cost)
        found[key] = one.plus(found.get(key, Sum(0, 0, 0)))
    assert ledger.check() == []
    return result.skipped, found


SONNET, OPUS = "04-06 claude-sonnet-4-5-20250929", "04-06 claude-opus-4-6"
CODEX, GEMINI = "04-06 gpt-5.2-codex", "04-06 gemini-2.5-pro"
EXPECTED: dict[str, tuple[int, dict[str, Sum]]] = {
    "claude/absent": (0, {SONNET: Sum(2, 3_000, 3, nano=9_045_000)}),
    "claude/api_error": (0, {SONNET: Sum(1, 100, 50, nano=1_050_000)}),
    "claude/bedrock": (0, {
        "04-06 us.anthropic.claude-sonnet-4-5-20250929-v1:0": Sum(1, 1_000, 500, nano=11_550_000),
    }),
    "claude/cut_line": (2, {SONNET: Sum(2, 1_100, 550, nano=11_550_000)}),
    "claude/days_apart": (0, {
        SONNET: Sum(1, 1_000, 500, nano=10_500_000),
        "04-09 claude-sonnet-4-5-20250929": Sum(1, 1_000, 500, nano=10_500_000),
    }),
    "claude/fast": (0, {OPUS: Sum(2, 2_000, 1_000, nano=122_500_000)}),
    "claude/joined": (0, {SONNET: Sum(3, 1_104, 554, nano=11_622_000)}),
    "claude/line_ends": (0, {SONNET: Sum(3, 1_230, 3, nano=3_735_000)}),
    "claude/long_context": (0, {SONNET: Sum(2, 251_000, 4_000, 0, 249_000, 1_745_400_000)}),
    "claude/midnight": (0, {
        SONNET: Sum(1, 10, 20, nano=330_000),
        "04-07 claude-sonnet-4-5-20250929": Sum(1, 100, 200, nano=3_300_000),
    }),
    "claude/no_id": (0, {SONNET: Sum(1, 1_000, 500, nano=10_500_000)}),
    "claude/no_model": (1, {SONNET: Sum(1, 10, 5, nano=105_000)}),
    "claude/nul_bytes": (0, {SONNET: Sum(2, 1_100, 550, nano=11_550_000)}),
    "claude/null_step": (0, {SONNET: Sum(1, 1_000, 500, nano=10_500_000)}),
    "claude/nulls": (0, {SONNET: Sum(7, 127_000, 7, nano=381_105_000)}),
    "claude/one_hour": (0, {SONNET: Sum(3, 30, 15, 2_100, nano=9_990_000)}),
    "claude/progress": (0, {SONNET: Sum(2, 105, 46, nano=1_005_000)}),
    "claude/reported_cost": (0, {SONNET: Sum(1, 1_000, 500, nano=10_500_000)}),
    "claude/request_id_missing": (0, {SONNET: Sum(2, 1_100, 550, nano=11_550_000)}),
    "claude/request_id_other": (0, {SONNET: Sum(1, 1_000, 500, nano=10_500_000)}),
    "claude/resumed": (0, {
        SONNET: Sum(2, 110, 55, 20, 1_000, 1_530_000),
        "04-07 claude-sonnet-4-5-20250929": Sum(1, 1, 2, nano=33_000),
    }),
    "claude/sidechain": (0, {SONNET: Sum(2, 130, 70, 0, 1_000, 1_740_000)}),
    "claude/spaces": (0, {SONNET: Sum(2, 1_010, 520, 200, 3_000, 12_480_000)}),
    "claude/split_zero": (0, {SONNET: Sum(2, 20, 10, 20_000, nano=84_210_000)}),
    "claude/steps": (0, {OPUS: Sum(1, 9_000, 700, nano=62_500_000), SONNET: Sum(2, 55_200, 3_600, nano=219_600_000)}),
    "claude/streamed": (0, {SONNET: Sum(3, 117, 320, nano=5_151_000)}),
    "claude/subagents": (0, {SONNET: Sum(2, 300, 110, nano=2_550_000)}),
    "claude/task_result": (0, {SONNET: Sum(1, 100, 50, nano=1_050_000)}),
    "claude/times": (0, {
        "04-05 claude-sonnet-4-5-20250929": Sum(1, 200, 1, nano=615_000),
        SONNET: Sum(3, 50_034, 3, nano=150_147_000),
        "04-07 claude-sonnet-4-5-20250929": Sum(1, 1_000, 1, nano=3_015_000),
    }),
    "claude/unknown_model": (0, {
        "04-06 claude-nova-9": Sum(1, 1_000, 500, nano=None),
        SONNET: Sum(1, 10, 5, nano=105_000),
    }),
    "claude/us_only": (0, {OPUS: Sum(2, 1_010, 505, nano=17_675_000)}),
    "claude/version": (0, {SONNET: Sum(2, 1_200, 600, nano=12_600_000)}),
    "claude/web_search": (0, {SONNET: Sum(1, 1_000, 500, nano=40_500_000)}),
    "codex/archived": (0, {CODEX: Sum(2, 1_100, 250, 0, 1_900, 5_757_500)}),
    "codex/fork": (0, {CODEX: Sum(3, 1_700, 300, 0, 2_000, 7_525_000)}),
    "codex/fork_alone": (0, {CODEX: Sum(1, 600, 50, 0, 100, 1_767_500)}),
    "codex/fork_same_times": (0, {CODEX: Sum(3, 1_700, 300, 0, 2_000, 7_525_000)}),
    "codex/fork_slow": (0, {CODEX: Sum(3, 1_700, 300, 0, 2_000, 7_525_000)}),
    "codex/fork_unmarked": (0, {CODEX: Sum(3, 1_700, 300, 0, 2_000, 7_525_000)}),
    "codex/lost_line": (0, {CODEX: Sum(2, 2_000, 500, 0, 4_000, 11_200_000)}),
    "codex/no_info": (0, {CODEX: Sum(1, 600, 100, 0, 400, 2_520_000)}),
    "codex/no_model": (1, {}),
    "codex/only_totals": (0, {CODEX: Sum(2, 1_100, 250, 0, 1_900, 5_757_500)}),
    "codex/plain": (0, {CODEX: Sum(2, 1_100, 250, 0, 1_900, 5_757_500)}),
    "codex/reemitted": (0, {CODEX: Sum(2, 1_100, 250, 0, 1_900, 5_757_500)}),
    "codex/spaces": (0, {CODEX: Sum(2, 1_100, 250, 0, 1_900, 5_757_500)}),
    "codex/subagent": (0, {CODEX: Sum(3, 1_700, 300, 0, 2_000, 7_525_000)}),
    "codex/subagent_one_row": (0, {CODEX: Sum(2, 1_200, 150, 0, 500, 4_287_500)}),
    "codex/total_fell": (0, {CODEX: Sum(2, 1_300, 190, 0, 1_500, 5_197_500)}),
    "codex/two_models": (0, {
        "04-06 gpt-5.1-codex-mini": Sum(1, 500, 150, 0, 1_500, 462_500),
        CODEX: Sum(1, 600, 100, 0, 400, 2_520_000),
    }),
    "gemini/beside": (0, {GEMINI: Sum(1, 1_000, 250, 0, 400, 3_800_000)}),
    "gemini/document": (0, {GEMINI: Sum(2, 2_730, 320, 0, 1_300, 6_775_000)}),
    "gemini/lines": (0, {GEMINI: Sum(2, 2_730, 320, 0, 1_300, 6_775_000)}),
    "gemini/snapshots": (0, {GEMINI: Sum(2, 2_730, 320, 0, 1_300, 6_775_000)}),
    "opencode/copied": (0, {"04-06 claude-sonnet-4-5": Sum(1, 1_000, 500, nano=10_500_000)}),
    "opencode/json": (0, {"04-06 claude-sonnet-4-5": Sum(1, 1_000, 500, 300, 2_000, 12_225_000)}),
    "opencode/reasoning": (0, {CODEX: Sum(1, 1_000, 1_200, nano=18_550_000)}),
}  # fmt: skip
#: Held wrong so far; the numbers above are what the log says.


def test_every_quirk_is_here() -> None:
    assert {f"{folder.parent.name}/{folder.name}" for folder in QUIRKS.glob("*/*")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_ledger_holds_what_the_log_says(name: str) -> None:
    files = sorted((QUIRKS / name).rglob("*.json*"))
    assert held(files) == EXPECTED[name]
    assert held(files[::-1]) == EXPECTED[name]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_tree_roughened_without_loss_holds_the_same(tmp_path: Path, seed: int) -> None:
    claude_tree.write(tmp_path, 1_500_000, seed)
    _, clean = held(sorted(tmp_path.rglob("*.jsonl")))
    claude_tree.roughen(tmp_path, seed)
    files = sorted(tmp_path.rglob("*.jsonl"))
    skipped, rough = held(files)
    assert rough == clean
    assert skipped > 0
    assert held(files[::-1]) == (skipped, clean)
