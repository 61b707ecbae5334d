"""`llmcost reconcile` as it is typed."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.run import Ran, llmcost

BOOK = """\
version: 1
models:
  - {model: gpt-4o, provider: openai, input: 1000, output: 1000}
"""
BILL = "date,provider,model,cost_usd,input_tokens,output_tokens\n2026-10-05,openai,gpt-4o-2024-08-06,{},{},0\n"


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    (tmp_path / "prices.yaml").write_text(BOOK)
    line = {"timestamp": "2026-10-05T12:00:00Z", "request_id": "r1", "provider": "openai", "model": "gpt-4o",
            "app": "chat", "input_tokens": 1_000, "output_tokens": 0, "reported_cost_usd": "1.002"}  # fmt: skip
    (tmp_path / "log.jsonl").write_text(json.dumps(line))
    shared = [
        "--ledger", str(tmp_path / "ledger.db"), "--prices", str(tmp_path / "prices.yaml"),
        "--as-of", "2026-11-23T09:00:00Z", "--tz", "UTC",
    ]  # fmt: skip
    assert llmcost("ingest", str(tmp_path / "log.jsonl"), *shared).code == 0
    return shared


def reconciled(options: list[str], *arguments: str, cost: str = "1", tokens: int = 1_000) -> Ran:
    Path("bill.csv").write_text(BILL.format(cost, tokens))
    return llmcost("reconcile", *arguments, *options)


def test_a_bill_that_agrees(options: list[str]) -> None:
    ran = reconciled(options, "bill.csv")
    assert ran.code == 0
    assert ran.out.splitlines()[:2] == [
        "bill $1.00, ledger $1.00",
        "the bill is equal to the ledger: within the tolerance of 1%",
    ]


def test_a_bill_that_does_not(options: list[str]) -> None:
    ran = reconciled(options, "bill.csv", "--json", cost="1.5", tokens=1_200)
    assert ran.code == 6
    found = ran.json
    assert (found["bill_usd"], found["ledger_usd"], found["difference_usd"]) == ("1.5", "1", "0.5")
    assert {cause: amount for cause, amount in found["causes"].items() if amount != "0"} == {
        "calls": "0.2",
        "price": "0.3",
    }
    assert ran.err == "the bill is $0.5000 (33.3%) above the ledger: more than the tolerance of 1%\n"
    assert found["rows"][0]["causes"] == {"calls": "0.2", "price": "0.3"}


def test_what_is_tolerated(options: list[str]) -> None:
    assert reconciled(options, "bill.csv", cost="1.5", tokens=1_200).code == 6
    assert reconciled(options, "bill.csv", "--tolerance", "$0.5", cost="1.5").code == 0
    assert reconciled(options, "bill.csv", "--tolerance", "34%", cost="1.5").code == 0
    for wrong in ("x", "-1%", "150%", "$-3", "nan%", ""):
        ran = reconciled(options, "bill.csv", "--tolerance", wrong)
        assert (ran.code, ran.err.splitlines()[1]) == (2, "hint: write 1% or $5")


def test_csv_adds_up(options: list[str]) -> None:
    (row,) = csv.DictReader(io.StringIO(reconciled(options, "bill.csv", "--format", "csv", cost="1.7").out))
    parts = [Decimal(amount) for name, amount in row.items() if name in {"calls", "price", "rounding", "unexplained"}]
    assert sum(parts) == Decimal(row["difference_usd"]) == Decimal("0.7")


def test_markdown(options: list[str]) -> None:
    out = reconciled(options, "bill.csv", "--format", "markdown", cost="1.7").out
    assert "| another price for the same use | +$0.7000 |" in out


def test_what_logs_reported(options: list[str]) -> None:
    assert reconciled(options, "--against", "reported").code == 0
    assert reconciled(options, "--against", "reported", "--tolerance", "0.1%").code == 6
    assert reconciled(options, "--against", "invoice").code == 2
    assert reconciled(options, "bill.csv", "--against", "reported").code == 2


def test_no_bill_is_no_agreement(options: list[str]) -> None:
    ran = reconciled(options)
    assert ran.code == 6
    assert ran.err.splitlines()[-2] == "error: no bill in the period to compare with (2026-10-01 to 2026-10-31)"
    assert "not compared, for no bill has lines for its time and provider: $1.00 of the ledger" in ran.err


def test_pages_that_were_ingested(options: list[str], tmp_path: Path) -> None:
    start = 1_791_158_400  # 2026-10-05T00:00:00Z
    result = {
        "object": "organization.costs.result", "amount": {"value": 1.0, "currency": "usd"},
        "line_item": "gpt-4o-2024-08-06, input",
    }  # fmt: skip
    bucket = {"object": "bucket", "start_time": start, "end_time": start + 86_400, "results": [result]}
    page = {"object": "page", "data": [bucket]}
    (tmp_path / "costs.json").write_text(json.dumps(page))
    assert llmcost("ingest", str(tmp_path / "costs.json"), *options).code == 0
    ran = reconciled(options, "--all")
    assert (ran.code, "gpt-4o" in ran.out) == (0, True)
    assert reconciled(options, "--source", "openai-admin").code == 0
    ran = reconciled(options, "--source", "focus")
    assert (ran.code, ran.err.splitlines()[-1]) == (2, "hint: there are: openai-admin")


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_a_bill_that_cannot_be_read(options: list[str], name: str) -> None:
    assert reconciled(options, name).code == 2
