"""`llmcost units` as it is typed; and subscriptions, which inflate no total."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from tests.reporting.weekly_samples import HOSTILE
from tests.run import Ran, llmcost

BOOK = "version: 1\nmodels:\n  - {model: m, provider: openai, input: 1000, cached_input: 100, output: 1000}\n"
SHARED = ("--as-of", "2026-11-23T09:00:00Z", "--tz", "UTC")


def line(number: int, **fields: object) -> str:
    return json.dumps({
        "timestamp": f"2026-11-20T12:00:{number:02}Z", "request_id": f"r{number}", "provider": "openai", "model": "m",
        "app": "chat", "input_tokens": 1_000, "output_tokens": 0, **fields,
    })  # fmt: skip


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    (tmp_path / "prices.yaml").write_text(BOOK)
    (tmp_path / "log.jsonl").write_text("\n".join([
        line(1, user="ann", branch="fix/1", cached_input_tokens=500), line(2, user="bob", branch="fix/2"),
        line(3, status="error", branch="fix/2"), line(4, model="mystery"),
    ]))  # fmt: skip
    shared = ["--ledger", str(tmp_path / "ledger.db"), "--prices", str(tmp_path / "prices.yaml"), *SHARED]
    assert llmcost("ingest", str(tmp_path / "log.jsonl"), *shared).code == 0
    return shared


def units(options: list[str], *arguments: str) -> Ran:
    return llmcost("units", *arguments, *options)


def test_json(options: list[str]) -> None:
    found = units(options, "--json").json
    # 0.5 x $1 + 0.5 x $0.1, and twice $1: three priced requests, of which two succeeded.
    assert (found["cost_usd"], found["cost_per_request_usd"]) == ("2.55", "0.85")
    assert (found["cost_per_successful_request_usd"], found["unpriced_requests"]) == ("1.275", 1)
    assert found["units"][0] == {
        "unit": "user", "dimension": "user", "number": 2, "unpriced_units": 0, "cost_usd": "1.55",
        "average_usd": "0.775", "median_usd": "0.775", "p90_usd": "0.955", "requests": 2, "unpriced_requests": 0,
        "unattributed_usd": "1",
    }  # fmt: skip
    assert found["waste"]["errors"] == {"requests": 1, "cost_usd": "1", "unpriced_requests": 0}
    assert found["prompt_cache"]["saved_usd"] == "0.45"
    assert found["outcomes"] is None


def test_outcomes(options: list[str]) -> None:
    Path("prs.csv").write_text("key,status\nfix/1,merged\nfix/2,closed\nfix/3,merged\n")
    found = units(options, "--outcomes", "prs.csv", "--json").json["outcomes"]
    expected = {
        "cost_per_outcome_usd": "2.55", "succeeded": 1, "failed": 1, "lost_usd": "2", "without_requests": 1,
        "unattributed_usd": "0",
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected
    rows = [*csv.reader(io.StringIO(units(options, "--outcomes", "prs.csv", "--format", "csv").out))]
    assert rows[1][:4] == ["fix/2", "", "failed", "2"]
    assert rows[-1][0] == "(no outcome)"
    assert units(options, "--outcomes", "absent.csv").code == 2
    assert units(options, "--join", "colour").code == 2
    Path("bad.csv").write_text("key,value_usd\na,x\n")
    assert units(options, "--outcomes", "bad.csv").code == 6


def test_what_was_compacted_is_left_out_and_said(options: list[str]) -> None:
    Path("old.jsonl").write_text(line(8, timestamp="2026-11-18T12:00:00Z"))
    assert llmcost("ingest", "old.jsonl", *options).code == 0
    assert llmcost("ledger", "compact", "--keep-raw", "4d", *options).code == 0
    ran = units(options, "--json")
    assert (ran.code, ran.json["cost_usd"]) == (0, "2.55")
    assert ran.err.startswith("rows before 2026-11-19 (UTC) were compacted")


def test_for_people(options: list[str]) -> None:
    out = units(options).out
    assert "$2.55 for 4 requests, 1 without a price: $0.8500 each, $1.28 for each of 3 that succeeded" in out
    assert "prompt caches saved $0.4500 ($0.4500 saved by reading, $0.00 for writing)" in out
    assert re.search(r"failed requests +1 +\$1\.00 +39\.2%", out)
    assert "| user | user | 2 | $0.7750 |" in units(options, "--format", "markdown").out
    assert units(options, "--format", "csv").out.startswith("unit,dimension,number,unpriced_units,cost_usd,")


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_text(options: list[str], text: str) -> None:
    with Path("o.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("key", "kind"), (text, text)])
    Path("log.jsonl").write_text(line(9, branch=text))
    assert llmcost("ingest", "log.jsonl", *options).code == 0
    for form in ("table", "markdown", "csv"):
        out = units(options, "--outcomes", "o.csv", "--format", form).out
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\u2066]", out)
        assert form != "csv" or not re.search(r"^[=+\-@\t]", out, re.MULTILINE)


def test_what_a_subscription_covers_is_in_no_headline(options: list[str], tmp_path: Path) -> None:
    before = llmcost("report", "--week", "--json", *options).json["summary"]
    assert (before["paid_usd"], before["covered_usd"]) == ("2.55", "0")
    log = str(tmp_path / "log.jsonl")
    (tmp_path / "own.jsonl").write_text(line(2, user="bob", branch="fix/2"))
    assert llmcost("ingest", "--subscription", str(tmp_path / "own.jsonl"), *options).code == 0
    after = llmcost("report", "--week", "--json", *options).json["summary"]
    assert (after["paid_usd"], after["covered_usd"], after["covered_requests"]) == ("1.55", "1", 1)
    assert after["cost_usd"] == "2.55"
    table = llmcost("report", "--week", *options).out
    assert "$1.55, and $1.00 at API prices that subscriptions cover" in table
    assert "of it, at API prices that subscriptions cover: $1.00" in units(options).out
    page = llmcost("report", "--week", "--format", "html", *options).out
    assert "<strong>$1.55 spent</strong>" in page
    # Read again without the mark it stays.
    assert llmcost("ingest", "--strict", log, *options).code in {0, 6}
    assert llmcost("report", "--week", "--json", *options).json["summary"]["paid_usd"] == "1.55"
