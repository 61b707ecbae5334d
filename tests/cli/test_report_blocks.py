"""`llmcost report --blocks` as it is typed."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.run import Ran, llmcost

NOW = "2026-11-20T12:15:00Z"
BOOK = """\
version: 1
models:
  - {model: claude-opus-4-5, provider: anthropic, input: 5, cached_input: 0.5, output: 25}
  - {model: claude-haiku-4-5, provider: anthropic, input: 1, cached_input: 0.1, output: 5}
"""


def line(when: str, number: int, **fields: Any) -> str:
    """A request of 600 + 400 cached + 200 tokens; of Opus: (600 x $5 + 400 x $0.5 + 200 x $25) / 1M = $0.0082."""
    return json.dumps({
        "timestamp": when, "request_id": f"r{number}", "provider": "anthropic", "model": "claude-opus-4-5",
        "app": "claude-code", "input_tokens": 1_000, "cached_input_tokens": 400, "output_tokens": 200, **fields,
    })  # fmt: skip


LINES = [
    line("2026-11-18T09:20:00Z", 1),
    line("2026-11-18T13:59:59Z", 2, model="claude-haiku-4-5"),  # a fifth: $0.00164
    line("2026-11-18T14:00:00Z", 3),
    line("2026-11-19T23:30:00Z", 4, model="mystery"),
    line("2026-11-20T10:15:00Z", 5),
    line("2026-11-20T11:15:00Z", 6),
    line("2026-11-20T11:30:00Z", 7, app="chat", model="mystery"),
]


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    (tmp_path / "prices.yaml").write_text(BOOK)
    (tmp_path / "log.jsonl").write_text("\n".join(LINES))
    shared = ["--ledger", str(tmp_path / "ledger.db"), "--prices", str(tmp_path / "prices.yaml"), "--as-of", NOW]
    assert llmcost("ingest", str(tmp_path / "log.jsonl"), *shared).code == 0
    return [*shared, "--tz", "UTC"]


def blocks(options: list[str], *arguments: str) -> Ran:
    return llmcost("report", "--blocks", *arguments, *options)


def test_the_default_period_is_that_of_a_report(options: list[str]) -> None:
    found = blocks(options, "--json").json
    assert found["period"] == {
        "start": "2026-11-13T00:00:00Z", "end": "2026-11-20T00:00:00Z", "label": "week", "timezone": "UTC",
    }  # fmt: skip
    assert [(block["start"], block["end"]) for block in found["blocks"]] == [
        ("2026-11-18T09:00:00Z", "2026-11-18T14:00:00Z"), ("2026-11-18T14:00:00Z", "2026-11-18T19:00:00Z"),
        ("2026-11-19T23:00:00Z", "2026-11-20T04:00:00Z"),
    ]  # fmt: skip
    assert found["summary"] == {
        "blocks": 3, "cost_usd": "0.01804", "requests": 4, "input_tokens": 4_000, "cached_input_tokens": 1_600,
        "output_tokens": 800, "unpriced_requests": 1,
    }  # fmt: skip
    assert found["gaps"] == [{"start": "2026-11-18T19:00:00Z", "end": "2026-11-19T23:30:00Z"}]
    assert found["blocks"][0] == {
        "start": "2026-11-18T09:00:00Z", "end": "2026-11-18T14:00:00Z", "first_request": "2026-11-18T09:20:00Z",
        "last_request": "2026-11-18T13:59:59Z", "active": False, "seconds_left": None,
        "models": ["claude-opus-4-5", "claude-haiku-4-5"], "cost_usd": "0.00984", "requests": 2, "input_tokens": 2_000,
        "cached_input_tokens": 800, "output_tokens": 400, "unpriced_requests": 0, "burn_rate": None, "projection": None,
    }  # fmt: skip
    # Unknown is not zero.
    assert found["blocks"][2]["cost_usd"] is None


def test_the_running_block(options: list[str]) -> None:
    (block,) = blocks(options, "--day=current", "--json").json["blocks"]
    # 3,600 tokens, and $0.0164 of two of the three requests, within 75 minutes; 2 h 45 min are left.
    assert (block["active"], block["seconds_left"]) == (True, 9_900)
    assert block["burn_rate"] == {"tokens_per_minute": 48.0, "cost_per_hour_usd": "0.01312"}
    assert block["projection"] == {"tokens": 3_600 + 7_920, "cost_usd": "0.05248"}
    assert blocks(options, "--day=current", "--where", "app=claude-code", "--json").json["summary"]["requests"] == 2


@pytest.mark.parametrize(
    ("zone", "starts"),
    [
        ("UTC", ["11-18 09:00", "11-18 14:00", "11-18 19:00", "11-19 23:00"]),
        ("Asia/Kolkata", ["11-18 14:30", "11-18 19:30"]),
        ("America/New_York", ["11-18 04:00", "11-18 09:00", "11-18 14:00", "11-19 18:00"]),
    ],
)
def test_times_are_those_of_the_zone(options: list[str], zone: str, starts: list[str]) -> None:
    """In Kolkata the last block of the week begins on Friday; a gap is shown where it begins."""
    lines = blocks(options[:-2], "--tz", zone).out.splitlines()
    shown = [text[:11] for text in lines if text.startswith("11-")]
    assert shown == starts


def test_as_csv_and_markdown(options: list[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(blocks(options, "--format", "csv", "--last", "30d").out)))
    assert [(row["start"], row["active"], row["cost_usd"]) for row in rows] == [
        ("2026-11-18T09:00:00Z", "false", "0.00984"), ("2026-11-18T14:00:00Z", "false", "0.0082"),
        ("2026-11-19T23:00:00Z", "false", ""), ("2026-11-20T10:00:00Z", "true", "0.0164"),
    ]  # fmt: skip
    text = blocks(options, "--format", "markdown", "--day=current").out
    assert text.splitlines()[0] == "## Five-hour blocks of 20 Nov 2026 (UTC)"
    assert "| 11-20 10:00 | 15:00, 2h 45m left | claude-opus-4-5, mystery | 3,000 | 1,200 | 600 | $0.0164 | 1 |" in text
    assert "at that rate $0.0525 and 11.5k tokens in all" in text


def test_a_period_without_blocks_says_what_to_ask(options: list[str]) -> None:
    ran = blocks(options, "--month")
    assert (ran.code, ran.out) == (0, "Five-hour blocks of 1 Oct - 31 Oct 2026 (UTC)\n")
    assert ran.err == (
        "no block starts in this period; the newest request of all is of 2026-11-20T11:30:00Z:"
        " `--day=current` shows today's, `--last 30d` more\n"
    )
    assert blocks(options, "--month", "--json").json["blocks"] == []


def test_strict_and_max_age_hold_as_for_a_report(options: list[str]) -> None:
    ran = blocks(options, "--strict")
    assert (ran.code, ran.err) == (6, "--strict: 1 request without a price\n")
    assert blocks(options, "--strict", "--where", "model=claude-opus-4-5").code == 0
    assert blocks(options, "--max-age", "15m").code == 6
    assert blocks(options, "--max-age", "1h").code == 0


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("--by", "app"), "--by"), (("--granularity", "hour"), "--granularity"), (("--top", "0"), "--top"),
        (("--section", "trend"), "--section"), (("--charts",), "--charts"),
    ],
)  # fmt: skip
def test_what_blocks_do_not_know(options: list[str], arguments: tuple[str, ...], option: str) -> None:
    ran = blocks(options, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: --blocks and {option} exclude each other\nhint: keep one of them\n"


def test_a_name_cannot_command_the_terminal(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "evil.jsonl").write_text(line("2026-11-20T09:00:00Z", 9, model="a\u202eb\x1b[31mc"))
    assert llmcost("ingest", str(tmp_path / "evil.jsonl"), *options).code == 0
    for form in ("table", "csv", "markdown", "json"):
        out = blocks(options, "--day=current", "--format", form).out
        assert "\x1b" not in out
        assert "\u202e" not in out


@pytest.mark.parametrize(
    ("when", "zone", "start", "end"),
    [
        ("2026-10-25T00:10:00Z", "Europe/Berlin", "2026-10-25T02:00:00+02:00", "2026-10-25T06:00:00+01:00"),
        ("2026-03-08T05:59:59Z", "America/New_York", "2026-03-08T00:00:00-05:00", "2026-03-08T06:00:00-04:00"),
    ],
)
def test_five_hours_are_five_across_a_change_of_the_clock(
    options: list[str], tmp_path: Path, when: str, zone: str, start: str, end: str
) -> None:
    (tmp_path / "change.jsonl").write_text(line(when, 90))
    assert llmcost("ingest", str(tmp_path / "change.jsonl"), *options).code == 0
    day = ("--since", when[:10], "--until", f"{when[:8]}{int(when[8:10]) + 1:02}", "--tz", zone)
    (block,) = blocks(options[:-2], *day, "--json").json["blocks"]
    assert (block["start"], block["end"], block["requests"]) == (start, end, 1)
    assert f"\n{start[5:16].replace('T', ' ')}  06:00  claude-opus-4-5" in blocks(options[:-2], *day).out
