"""`tokens calibrate`: learned from the ledger, saved, and used by estimates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.run import llmcost

AS_OF = ("--as-of", "2026-01-10T00:00:00Z")
WORDS = " ".join(["word"] * 30)


def log(requests: int) -> None:
    """A ledger and its log: texts of 33 o200k_base tokens, billed 41 and Claude's frame of 7."""
    lines = [
        {"timestamp": "2026-01-09T10:00:00Z", "request_id": f"msg_{n}x", "provider": "anthropic",
         "model": "claude-sonnet-4-5", "input_tokens": 48, "output_tokens": 5, "prompt_text": f"{WORDS} {n:03d}."}
        for n in range(requests)
    ]  # fmt: skip
    Path("log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert llmcost("ingest", "log.jsonl", "-q").code == 0


@pytest.fixture
def saved(isolated: Path) -> Path:
    return isolated / ".config" / "llmcost" / "token-ratios.json"


def test_it_is_learned_shown_and_saved(saved: Path) -> None:
    log(20)
    ran = llmcost("tokens", "calibrate", "log.jsonl")
    assert ran.code == 0
    assert ran.out.splitlines()[0].split() == [
        "provider", "family", "class", "x", "o200k", "p5-p95", "texts", "before", "p5-p95",
    ]  # fmt: skip
    assert ran.out.splitlines()[2].split() == [
        "anthropic", "claude-3", "latin", "1.24", "1.24-1.24", "20", "1.11", "1.03-1.24",
    ]  # fmt: skip
    assert ran.err.splitlines() == [
        "20 texts matched 20 requests of the ledger",
        f"saved to {saved}; estimates use these ratios from now on",
    ]
    assert json.loads(saved.read_text()) == {
        "schema_version": 1,
        "ratios": [
            {"provider": "anthropic", "family": "claude-3", "class": "latin", "percent": 124, "low": 124, "high": 124,
             "n": 20}
        ],
    }  # fmt: skip


def test_json(saved: Path) -> None:
    log(20)
    assert llmcost("tokens", "calibrate", "log.jsonl", "--json").json == {
        "schema_version": 1, "texts": 20, "matched_requests": 20, "least_texts": 20,
        "ratios": [
            {"provider": "anthropic", "family": "claude-3", "class": "latin", "percent": 124, "p5": 124, "p95": 124,
             "n": 20, "saved": True, "before": {"percent": 111, "p5": 103, "p95": 124, "n": 863}}
        ],
        "left_out": {}, "skipped": {}, "saved_to": str(saved),
    }  # fmt: skip


def test_a_rehearsal_saves_nothing(saved: Path) -> None:
    log(20)
    ran = llmcost("tokens", "calibrate", "log.jsonl", "--dry-run")
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "nothing saved: --dry-run")
    assert "1.24" in ran.out
    assert not saved.exists()


def test_few_texts_are_shown_and_not_saved_unless_that_is_asked_for(saved: Path) -> None:
    log(3)
    ran = llmcost("tokens", "calibrate", "log.jsonl")
    assert "fewer than 20 texts" in " ".join(ran.out.split())
    assert ran.err.splitlines()[-1] == "nothing saved: no ratio rests on 20 texts"
    assert not saved.exists()
    assert llmcost("tokens", "calibrate", "log.jsonl", "--min", "3").code == 0
    assert json.loads(saved.read_text())["ratios"][0]["n"] == 3


def test_ratios_of_others_stay(saved: Path) -> None:
    saved.parent.mkdir(parents=True)
    other = {"provider": "aws", "family": "nova", "class": "code", "percent": 99, "low": 90, "high": 105, "n": 50}
    saved.write_text(json.dumps({"ratios": [other]}))
    log(20)
    assert llmcost("tokens", "calibrate", "log.jsonl").code == 0
    assert [item["family"] for item in json.loads(saved.read_text())["ratios"]] == ["claude-3", "nova"]


def test_a_damaged_file_is_not_overwritten(saved: Path) -> None:
    saved.parent.mkdir(parents=True)
    saved.write_text("{")
    log(20)
    ran = llmcost("tokens", "calibrate", "log.jsonl")
    assert (ran.code, saved.read_text()) == (2, "{")
    assert "is not a file of ratios" in ran.err


def test_nothing_named_or_nothing_there() -> None:
    ran = llmcost("tokens", "calibrate")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: no texts named")
    assert llmcost("tokens", "calibrate", "none").code == 2
    Path("a.txt").write_text("x")
    ran = llmcost("tokens", "calibrate", "a.txt")
    assert ran.code != 0
    assert "ledger" in ran.err


def test_nothing_that_matches() -> None:
    log(1)
    Path("a.txt").write_text("another text")
    ran = llmcost("tokens", "calibrate", "a.txt")
    assert (ran.code, ran.out) == (0, "nothing learned\n")
    assert ran.err.splitlines()[0] == "1 text matched 0 requests of the ledger"
