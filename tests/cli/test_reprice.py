"""`reprice`: unpriced requests get a price once there is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.run import llmcost

#: Two unpriced models, one row priced by the catalogue, one with a reported cost only, on three days.
LOG = """\
{"timestamp":"2026-11-18T10:00:00Z","request_id":"1","provider":"acme","model":"one","input_tokens":1000000,"app":"a"}
{"timestamp":"2026-11-19T10:00:00Z","request_id":"2","provider":"acme","model":"one","input_tokens":2000000,"app":"b"}
{"timestamp":"2026-11-20T10:00:00Z","request_id":"3","provider":"acme","model":"two","input_tokens":1000000,"app":"a"}
{"timestamp":"2026-11-20T11:00:00Z","request_id":"4","provider":"acme","model":"one","input_tokens":1000000,"cost_usd":9}
{"timestamp":"2026-11-20T12:00:00Z","request_id":"5","provider":"openai","model":"gpt-4o","input_tokens":1000000}
"""


@pytest.fixture(autouse=True)
def ledger(isolated: Path) -> None:
    Path("log.jsonl").write_text(LOG)
    assert llmcost("ingest", "log.jsonl", "-q").code == 0


def price(model: str, usd: str, file: str = "own.yaml") -> None:
    assert llmcost("prices", "add", model, "--provider", "acme", "--input", usd, "--prices", file).code == 0


def costs() -> dict[str, str | None]:
    return {row["request_id"]: row["cost_usd"] for row in map(json.loads, llmcost("export").out.splitlines())}


def done(*arguments: str) -> dict[str, Any]:
    ran = llmcost("reprice", "--json", *arguments)
    assert (ran.code, ran.err) == (0, "")
    document: dict[str, Any] = ran.json
    assert document.pop("schema_version") == 1
    assert llmcost("ledger", "check").code == 0
    return document


BEFORE = {"1": None, "2": None, "3": None, "4": "9", "5": "2.5"}


def test_only_rows_without_a_price_of_ours() -> None:
    assert costs() == BEFORE
    price("one", "3")
    assert done("--prices", "own.yaml") == {
        "dry_run": False, "seen": 4, "changed": 3, "unpriced": 1, "cost_before_usd": "9", "cost_after_usd": "12",
    }  # fmt: skip
    assert costs() == {"1": "3", "2": "6", "3": None, "4": "3", "5": "2.5"}
    # The rows have a price now: another book does not touch them.
    price("one", "5", "other.yaml")
    assert done("--prices", "other.yaml")["seen"] == 1
    assert costs()["1"] == "3"


def test_all_prices_again_what_has_a_price() -> None:
    price("one", "3")
    done("--prices", "own.yaml")
    price("one", "5", "other.yaml")
    assert done("--all", "--prices", "other.yaml") == {
        "dry_run": False, "seen": 5, "changed": 3, "unpriced": 1, "cost_before_usd": "14.5", "cost_after_usd": "22.5",
    }  # fmt: skip
    assert costs() == {"1": "5", "2": "10", "3": None, "4": "5", "5": "2.5"}
    # Without either file the cost is not known any more; what was reported comes back.
    assert done("--all")["unpriced"] == 3
    assert costs() == BEFORE


def test_a_dated_price_holds_for_its_time_only() -> None:
    add = ["prices", "add", "one", "--provider", "acme", "--input", "3", "--prices", "own.yaml"]
    assert llmcost(*add, "--valid-from", "2026-11-19").code == 0
    assert done("--prices", "own.yaml")["unpriced"] == 2
    assert costs() == {**BEFORE, "2": "6", "4": "3"}


@pytest.mark.parametrize(
    ("options", "priced"),
    [
        (["--where", "app=a"], {"1": "3"}),
        (["--where", "app=a", "--where", "app=b"], {"1": "3", "2": "6"}),
        (["--where", "app="], {"4": "3"}),
        (["--where", "model=one", "--where", "app=b"], {"2": "6"}),
        (["--where", "app=x' OR '1'='1"], {}),
        (["--since", "2026-11-19"], {"2": "6", "4": "3"}),
        (["--until", "2026-11-19"], {"1": "3"}),
        (["--since", "2026-11-18T10:00:00Z", "--until", "2026-11-19T10:00:00Z"], {"1": "3"}),
        (["--since", "2026-11-18T18:00:01", "--until", "2026-11-20", "--tz", "Asia/Shanghai"], {"2": "6"}),
        (["--since", "2027-01-01"], {}),
        (["--until", "2001-01-01"], {}),
    ],
)
def test_which_rows(options: list[str], priced: dict[str, str]) -> None:
    price("one", "3")
    assert done("--prices", "own.yaml", *options)["changed"] == len(priced)
    assert costs() == {**BEFORE, **priced}


def test_a_dry_run_writes_nothing() -> None:
    price("one", "3")
    ran = llmcost("reprice", "--prices", "own.yaml", "--dry-run")
    assert ran == (0, "would change 3 of 4 requests: $9.00 -> $12.00; 1 still unpriced\n", "")
    assert done("--dry-run", "--prices", "own.yaml") == {
        "dry_run": True, "seen": 4, "changed": 3, "unpriced": 1, "cost_before_usd": "9", "cost_after_usd": "12",
    }  # fmt: skip
    assert costs() == BEFORE


def test_strict() -> None:
    price("one", "3")
    ran = llmcost("reprice", "--prices", "own.yaml", "--strict")
    assert (ran.code, ran.out) == (6, "changed 3 of 4 requests: $9.00 -> $12.00; 1 still unpriced\n")
    price("two", "1")
    ran = llmcost("reprice", "--prices", "own.yaml", "--strict")
    assert ran == (0, "changed 1 of 1 request: $0.00 -> $1.00; 0 still unpriced\n", "")


def test_reports_follow() -> None:
    price("one", "3")
    price("two", "0.5")
    done("--prices", "own.yaml")
    report = llmcost("report", "--since", "2026-11-18", "--until", "2026-11-21", "--by", "model", "--json").json
    assert report["summary"]["cost_usd"] == "15"
    assert report["summary"]["unpriced_requests"] == 0
    assert {row["key"]["model"]: row["cost_usd"] for row in report["groups"]} == {
        "one": "12", "gpt-4o": "2.5", "two": "0.5",
    }  # fmt: skip


def test_a_missing_ledger_is_not_made(isolated: Path) -> None:
    for options in ([], ["--dry-run"], ["--all"]):
        ran = llmcost("reprice", "--ledger", "none.db", *options)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("error: no ledger at none.db\nhint: ")
        assert not (isolated / "none.db").exists()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--where", "modle=one"], "unknown dimension 'modle'; did you mean 'model'?"),
        (["--where", "one"], "--where 'one' is not DIMENSION=VALUE"),
        (["--since", "2026-11-20", "--until", "2026-11-19"], "the period from 2026-11-20 to 2026-11-19 is empty"),
        (["--since", "never"], "not a time: 'never'"),
        (["--ledger", "log.jsonl"], "log.jsonl is not a SQLite file"),
    ],
)
def test_bad_questions(options: list[str], error: str) -> None:
    ran = llmcost("reprice", *options)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {error}\nhint: ")
    assert costs() == BEFORE
