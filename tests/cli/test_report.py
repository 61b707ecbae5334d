"""`llmcost report` as it is typed."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.run import Ran, llmcost

MONDAY = "2026-11-23T09:00:00Z"
#: gpt-4o-mini by the packaged book: $0.15, $0.075 cached, $0.60 per million tokens.
BOOK = """\
version: 1
models:
  - {model: test-model, provider: openai, input: 0.15, cached_input: 0.075, output: 0.6}
"""


def line(day: int, number: int, **fields: Any) -> str:
    return json.dumps({
        "timestamp": f"2026-11-{day:02}T12:00:0{number}Z", "request_id": f"r{day}-{number}", "provider": "openai",
        "model": "test-model", "app": "chat", "input_tokens": 1_000, "cached_input_tokens": 400, "output_tokens": 200,
        **fields,
    })  # fmt: skip


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    (tmp_path / "prices.yaml").write_text(BOOK)
    lines = [line(day, 0) for day in range(9, 23)]
    lines += [line(20, 1, app="客服助手", user="李"), line(20, 2, model="mystery", status="ok")]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    shared = [
        "--ledger", str(tmp_path / "ledger.db"), "--prices", str(tmp_path / "prices.yaml"), "--as-of", MONDAY,
        "--tz", "UTC",
    ]  # fmt: skip
    assert llmcost("ingest", str(tmp_path / "log.jsonl"), *shared).code == 0
    return shared


def report(options: list[str], *arguments: str) -> Ran:
    return llmcost("report", *arguments, *options)


def test_the_monday_view(options: list[str]) -> None:
    found = report(options, "--week", "--json").json
    # One request: 600 x 0.15 + 400 x 0.075 + 200 x 0.60 = 240 USD per million = 0.00024 USD. Seven days, and 客服助手.
    assert found["summary"]["cost_usd"] == "0.00192"
    assert found["summary"]["requests"] == 9
    assert found["summary"]["unpriced_requests"] == 1
    assert found["before"]["cost_usd"] == "0.00168"
    assert found["summary"]["change_usd"] == "0.00024"
    assert found["summary"]["change_share"] == pytest.approx(1 / 7, abs=1e-6)
    assert (found["period"]["start"], found["period"]["end"]) == ("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z")
    assert [point["requests"] for point in found["trend"]] == [1, 1, 1, 1, 3, 1, 1]
    assert found["unpriced"] == [{"provider": "openai", "model": "mystery", "requests": 1}]
    assert report(options).out == report(options, "--week").out
    assert "+14.3% against $0.001680" in report(options).out


def test_a_bare_week_may_be_followed_by_other_options(options: list[str]) -> None:
    assert report(options, "--week", "--json").json == report(options, "--json", "--week=complete").json
    assert report(options, "--week=current", "--json").json["period"]["start"] == "2026-11-23T00:00:00Z"
    assert report(options, "--month=current", "--json").json["summary"]["requests"] == 16
    assert report(options, "--day", "--json").json["period"]["start"] == "2026-11-22T00:00:00Z"


def test_by_several_dimensions_and_where(options: list[str]) -> None:
    found = report(options, "--by", "app,user", "--json", "--last", "30d").json
    assert [group["key"] for group in found["groups"]] == [
        {"app": "chat", "user": ""},
        {"app": "客服助手", "user": "李"},
    ]
    only = report(options, "--where", "user=李", "--where", "app=客服助手", "--where", "app=other", "--json").json
    assert only["summary"]["requests"] == 1
    none = report(options, "--where", "app=chat' OR '1'='1", "--json")
    assert none.json["summary"]["requests"] == 0
    assert "no such requests in this period: --where leaves none" in none.err


def test_zones_move_the_days(options: list[str]) -> None:
    found = llmcost("report", "--day", "--json", *options[:-1], "Pacific/Auckland").json
    assert found["period"]["start"] == "2026-11-22T00:00:00+13:00"
    assert found["summary"]["requests"] == 1


def test_formats(options: list[str], tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(report(options, "--format", "csv", "--by", "app").out)))
    assert rows[1][:3] == ["chat", "0.00168", "8"]
    assert report(options, "--format", "markdown").out.startswith("## LLM spend, 16 Nov - 22 Nov 2026")
    target = tmp_path / "out.json"
    ran = report(options, "--json", "--output", str(target))
    assert ran.out == ""
    assert Decimal(json.loads(target.read_text())["summary"]["cost_usd"]) == Decimal("0.00192")
    assert "█" in report(options, "--charts").out


def test_sections_top_and_granularity(options: list[str]) -> None:
    assert report(options, "--section", "apps").out.count("\n") < 12
    found = report(options, "--by", "app", "--top", "1", "--json", "--granularity", "week", "--last", "20d").json
    assert len(found["groups"]) == 1
    assert found["other"]["requests"] == 1
    assert [point["requests"] for point in found["trend"]] == [0, 7, 9, 0]


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["--by", "modle"], "unknown dimension 'modle'; did you mean 'model'?", "use one of provider"),
        (["--by", "cost; DROP TABLE request"], "unknown dimension", "use one of provider"),
        (["--where", "app"], "--where 'app' is not DIMENSION=VALUE", "--where app=chatbot"),
        (["--where", "ap=x"], "unknown dimension 'ap'", "use one of provider"),
        (["--section", "sumary"], "unknown section 'sumary'; did you mean 'summary'?", "use one of summary"),
        (["--granularity", "minute"], "unknown granularity 'minute'", "use one of hour"),
        (["--week", "--last", "3d"], "--week and --last exclude each other", "keep one"),
        (["--last", "soon"], "not a time span: 'soon'", "write a number"),
        (["--format", "xml"], "unknown format 'xml'", "use one of table"),
        (["--top", "-1"], "invalid value for '--top'", "--help"),
        (["--max-age", "x"], "not a time span: 'x'", "write a number"),
    ],
)
def test_wrong_questions_are_two_lines_and_exit_two(
    options: list[str], arguments: list[str], message: str, hint: str
) -> None:
    ran = report(options, *arguments)
    assert (ran.code, ran.out) == (2, "")
    first, second = ran.err.rstrip("\n").split("\n")
    assert first.startswith("error: ")
    assert message in first
    assert second.startswith("hint: ")
    assert hint in second


def test_no_ledger_is_an_error_and_makes_none(tmp_path: Path) -> None:
    ran = llmcost("report", "--ledger", str(tmp_path / "none.db"))
    assert (ran.code, ran.out) == (2, "")
    assert f"no ledger at {tmp_path / 'none.db'}" in ran.err
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize(
    ("now", "zone", "said"),
    [
        ("2026-11-22T13:00:00Z", "UTC", "2026-11-22T12:00:00Z, after it: use `--day=current`"),
        ("2026-11-23T09:00:00Z", "UTC", "2026-11-22T12:00:00Z, after it: use `--since 2026-11-22`"),
        # In Auckland it is already the 23rd.
        ("2026-11-22T13:00:00Z", "Pacific/Auckland", "2026-11-23T01:00:00+13:00, after it: use `--day=current`"),
    ],
)
def test_a_ledger_whose_requests_are_newer_than_the_period(tmp_path: Path, now: str, zone: str, said: str) -> None:
    (tmp_path / "log.jsonl").write_text(line(22, 0))
    shared = ["--ledger", str(tmp_path / "ledger.db"), "--as-of", now, "--tz", zone]
    assert llmcost("ingest", str(tmp_path / "log.jsonl"), *shared).code == 0
    period = ["--since", "2026-11-20", "--until", "2026-11-21"]
    assert report(shared, *period).err == f"no requests in this period; the newest is of {said}\n"
    assert report(shared, *said.split("`")[1].split(), "--json").json["summary"]["requests"] == 1
    assert report(shared, "--since", "24h", "--json").json["summary"]["requests"] == 1


def test_gates(options: list[str], tmp_path: Path) -> None:
    strict = report(options, "--strict", "--json", "--output", str(tmp_path / "r.json"))
    assert (strict.code, strict.out) == (6, "")
    assert strict.err.endswith("--strict: 1 request without a price\n")
    assert report(options, "--strict", "--where", "model=test-model").code == 0
    assert report(options, "--max-age", "1d").code == 0
    old = report(options, "--max-age", "1h")
    assert (old.code, "older than --max-age 1h" in old.err) == (6, True)


def test_no_line_of_a_pipe_is_cut_or_coloured(options: list[str]) -> None:
    text = report(options, "--by", "provider,model,app,environment,team,user,operation,tier,project").out
    assert "\x1b" not in text
    assert "…" not in text
    assert "客服助手" in text
