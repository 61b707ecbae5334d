"""`llmcost statusline` as Claude Code calls it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.run import Ran, llmcost

NOW = "2026-11-20T12:15:00Z"
BOOK = "version: 1\nmodels:\n  - {model: claude-opus-4-5, provider: anthropic, input: 5, output: 25}\n"


def said(when: str, number: int, model: str = "claude-opus-4-5") -> str:
    """A line of a session log; a request worth (1,000 x $5 + 200 x $25) / 1M = $0.01."""
    usage = {"input_tokens": 1000, "output_tokens": 200}
    message = {"id": f"msg_{number}", "model": model, "role": "assistant", "usage": usage}
    return json.dumps({"type": "assistant", "sessionId": "s", "timestamp": when, "message": message}) + "\n"


@pytest.fixture
def transcript(isolated: Path) -> Path:
    folder = isolated / ".claude" / "projects" / "p"
    folder.mkdir(parents=True)
    path = folder / "3f0c.jsonl"
    path.write_text(said("2026-11-20T03:30:00Z", 1) + said("2026-11-20T10:15:00Z", 2) + said("2026-11-20T11:15:00Z", 3))
    return path


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    (tmp_path / "prices.yaml").write_text(BOOK)
    return [
        "--ledger", str(tmp_path / "ledger.db"), "--prices", str(tmp_path / "prices.yaml"), "--as-of", NOW,
        "--tz", "UTC",
    ]  # fmt: skip


def status(options: list[str], *arguments: str, **hook: Any) -> Ran:
    told = {"model": {"display_name": "Opus 4.5"}, "cost": {"total_cost_usd": 0.23}, **hook}
    return llmcost("statusline", *arguments, *options, stdin=json.dumps(told).encode())


def test_the_ledger_is_read_and_nothing_else(options: list[str], transcript: Path) -> None:
    assert llmcost("ingest", *options).code == 0
    with transcript.open("a") as log:
        log.write(said("2026-11-20T12:00:00Z", 4))
    ran = status(options, transcript_path=str(transcript))
    # Two requests within an hour: $0.02 an hour; three since midnight.
    assert ran == (
        0, "Opus 4.5 | $0.23 session / $0.03 today / $0.02 block (2h 45m left) | $0.02/hr\n", "",
    )  # fmt: skip
    assert llmcost("statusline", *options).out == "$0.03 today / $0.02 block (2h 45m left) | $0.02/hr\n"


def test_ingest_first_reads_what_is_new_in_the_transcript(options: list[str], transcript: Path) -> None:
    ran = status(options, "--ingest", transcript_path=str(transcript))
    assert ran.out == "Opus 4.5 | $0.23 session / $0.03 today / $0.02 block (2h 45m left) | $0.02/hr\n"
    assert ran.err == ""
    with transcript.open("a") as log:
        log.write(said("2026-11-20T12:15:00Z", 4, "mystery") + said("2026-11-20T12:14:00Z", 5))
    later = [*options[:-4], "--as-of", "2026-11-20T12:20:00Z", "--tz", "UTC"]
    ran = status(later, "--ingest", transcript_path=str(transcript))
    assert ran.out.partition(" session / ")[2] == (
        "$0.04 + 1 unpriced today / $0.03 + 1 unpriced block (2h 40m left) | $0.02/hr\n"
    )
    batches = llmcost("ledger", "info", "--json", *options).json["batches"]
    assert [(batch["rows"], batch["what"]) for batch in batches] == [(3, "statusline"), (2, "statusline")]
    # The bookmark is the one an ordinary ingest makes.
    assert llmcost("ingest", "--json", *options).json["unchanged"] == 1


@pytest.mark.parametrize(
    ("zone", "today"),
    [("UTC", "$0.03"), ("America/New_York", "$0.02"), ("Asia/Kolkata", "$0.03"), ("Pacific/Auckland", "$0.01")],
)
def test_today_is_a_local_day(options: list[str], transcript: Path, zone: str, today: str) -> None:
    """It began at 05:00, at 18:30 the day before, and at 11:00 UTC (daylight saving)."""
    assert llmcost("ingest", *options).code == 0
    assert llmcost("statusline", *options[:-2], "--tz", zone).out.startswith(f"{today} today / $0.02 block")


def test_only_claude_code_counts_unless_filters_say_otherwise(
    options: list[str], transcript: Path, tmp_path: Path
) -> None:
    (tmp_path / "other.jsonl").write_text(json.dumps({
        "timestamp": "2026-11-20T11:45:00Z", "request_id": "r", "provider": "anthropic", "model": "claude-opus-4-5",
        "app": "chat", "input_tokens": 1000, "output_tokens": 200,
    }))  # fmt: skip
    assert llmcost("ingest", str(tmp_path / "other.jsonl"), str(transcript), *options).code == 0
    assert llmcost("statusline", *options).out.startswith("$0.03 today / $0.02 block")
    assert llmcost("statusline", "--where", "app=chat", *options).out == "$0.01 today / $0.01 block (3h 45m left)\n"


def test_a_session_that_has_not_said_anything_yet(options: list[str], transcript: Path) -> None:
    ran = status(options, "--ingest", transcript_path=str(transcript.with_name("new.jsonl")))
    # There is no ledger either, and nobody made one.
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: no ledger at ")
    assert llmcost("ingest", *options).code == 0
    assert status(options, "--ingest", transcript_path=str(transcript.with_name("new.jsonl"))).code == 0


def test_a_transcript_is_a_regular_file_of_claude_codes(options: list[str], transcript: Path, tmp_path: Path) -> None:
    assert llmcost("ingest", *options).code == 0
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "link.jsonl").symlink_to(transcript)
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "secrets.txt").write_text(said("2026-11-20T12:00:00Z", 9))
    for name in (
        str(tmp_path / "pipe.jsonl"), str(tmp_path / "link.jsonl"), str(tmp_path / "folder.jsonl"),
        str(tmp_path / "secrets.txt"), "/dev/zero", "3f0c.jsonl", "/a\0b.jsonl", "/\ud800.jsonl", "/" + "x" * 5_000,
    ):  # fmt: skip
        ran = status(options, "--ingest", transcript_path=name)
        assert ran.out == "", name
        assert ran.code in (1, 2), name
        assert [each.partition(": ")[0] for each in ran.err.splitlines()] == ["error", "hint"], name
    # A log of another tool is left alone.
    (tmp_path / "other.jsonl").write_text('{"timestamp": "2026-11-20T12:00:00Z", "model": "m", "input_tokens": 1}\n')
    ran = status(options, "--ingest", transcript_path=str(tmp_path / "other.jsonl"))
    assert (ran.code, ran.err) == (0, "")
    assert "$0.03 today" in ran.out


def test_lines_that_cannot_be_read_are_counted_on_stderr(options: list[str], transcript: Path) -> None:
    with transcript.open("a") as log:
        log.write('{"type": "assistant", "mess\n')
    ran = status(options, "--ingest", transcript_path=str(transcript))
    assert "$0.03 today" in ran.out
    assert ran.err == "skipped 1 of the transcript's lines: `llmcost ingest` says why\n"


@pytest.mark.parametrize("raw", [b"{", b"[]", b"\x00\xff", b"null"])
def test_bad_input_prints_nothing_where_the_line_would_be(options: list[str], transcript: Path, raw: bytes) -> None:
    ran = llmcost("statusline", *options, stdin=raw)
    assert (ran.code, ran.out) == (2, "")
    assert [each.partition(": ")[0] for each in ran.err.splitlines()] == ["error", "hint"]


def test_as_json(options: list[str], transcript: Path) -> None:
    assert llmcost("ingest", *options).code == 0
    found = status(options, "--json", session_id="3f0c").json
    assert (found["session"], found["session_cost_usd"], found["today"]["requests"]) == ("3f0c", "0.23", 3)
    assert (found["block"]["start"], found["block"]["cost_usd"]) == ("2026-11-20T10:00:00Z", "0.02")
