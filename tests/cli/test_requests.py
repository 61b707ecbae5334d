"""`requests`: the single requests behind a report."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.run import llmcost

SINCE = ("--since", "2026-11-01", "--until", "2026-12-01")
ROWS: list[dict[str, Any]] = [
    {"timestamp": "2026-11-20T10:00:00Z", "request_id": "a", "model": "gpt-4o", "input_tokens": 1_000_000,
     "output_tokens": 10, "latency_ms": 1500, "app": "chat", "user": "ann", "tags": {"env": "x"}},
    {"timestamp": "2026-11-20T09:00:00Z", "request_id": "b", "model": "gpt-4o", "input_tokens": 2_000,
     "cached_input_tokens": 1_000, "output_tokens": 100, "latency_ms": 20_000, "app": "聊天机器人"},
    {"timestamp": "2026-11-21T10:00:00Z", "request_id": "c", "model": "nameless", "input_tokens": 3_000_000,
     "app": "chat", "status": "error"},
    {"timestamp": "2026-11-22T10:00:00Z", "request_id": "d", "model": "nameless", "cost_usd": "40", "app": "batch",
     "input_tokens": 1, "latency_ms": 1},
]  # fmt: skip
HOSTILE = {
    "timestamp": "2026-11-23T10:00:00Z", "request_id": "e\x1b[2J", "model": "m\x1b]0;owned\x07", "input_tokens": 1,
    "app": "=cmd|' /C calc'!A0", "user": "a\u202eb\x9b31m", "session": "-2+3", "project": "@SUM(1)",
    "tags": {"k\x1b": "\x1b[31m"}, "status": "\x1bX", "error": "\x1b[5m", "prompt_id": "\x1b[1m", "team": "+1 (x)",
}  # fmt: skip


def ingest(*rows: dict[str, Any]) -> None:
    Path("log.jsonl").write_text(
        "".join(json.dumps({"provider": "openai", **row}) + "\n" for row in rows or ROWS), "utf-8"
    )
    assert llmcost("ingest", "log.jsonl", "-q").code == 0


def ids(*options: str) -> list[str]:
    return [row["request_id"] for row in llmcost("requests", *SINCE, *options, "--json").json["requests"]]


def test_orders() -> None:
    ingest()
    # Costs: a 2.5001, b 0.00475 (1,000 x 2.50 + 1,000 x 1.25 + 100 x 10 per million), c unpriced, d 40 as reported.
    assert ids() == ids("--order", "cost") == ["d", "a", "b", "c"]
    assert ids("--order", "tokens") == ["c", "a", "b", "d"]
    assert ids("--order", "latency") == ["b", "a", "d", "c"]
    assert ids("--order", "time") == ["b", "a", "c", "d"]
    assert ids("--top", "2") == ["d", "a"]
    assert ids("--top", "1", "--order", "time") == ["b"]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (["app=chat"], ["a", "c"]),
        (["app=chat", "app=batch"], ["d", "a", "c"]),
        (["app=chat", "status=ok"], ["a"]),
        (["app=聊天机器人"], ["b"]),
        (["user="], ["d", "b", "c"]),
        (["app_id=chat", "tag.env=x"], ["a"]),
        (["tag.nothing=x"], []),
        (["app=' OR 1=1 --"], []),
        (["app=chat\x00"], []),
        (["tag.$.env=x"], []),
        (["tag.env') OR ('1'='1=x"], []),
    ],
)
def test_filters(where: list[str], found: list[str]) -> None:
    ingest()
    assert ids(*(word for pair in where for word in ("--where", pair))) == found


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--where", "ap=chat"], "unknown dimension 'ap'; did you mean 'app'?"),
        (["--where", "app;DROP TABLE request=x"], "unknown dimension 'app;DROP TABLE request'"),
        (["--where", "tag.=x"], "unknown dimension 'tag.'"),
        (["--where", "\x1b[2J=x"], "unknown dimension '\\x1b[2J'"),
        (["--order", "price"], "unknown order 'price'"),
        (["--order", "tmie"], "unknown order 'tmie'; did you mean 'time'?"),
        (["--format", "yaml"], "unknown format 'yaml'"),
    ],
)
def test_bad_questions(options: list[str], error: str) -> None:
    ingest()
    ran = llmcost("requests", *SINCE, *options)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {error}")
    assert len(ran.err.splitlines()) == 2
    assert len(ids()) == 4


def test_the_table() -> None:
    ingest()
    ran = llmcost("requests", *SINCE, "--tz", "Asia/Shanghai")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].split() == [
        "time", "app", "model", "cost", "input", "cached", "output", "latency", "status", "id",
    ]  # fmt: skip
    assert [line.split() for line in lines[2:]] == [
        ["2026-11-22", "18:00:00", "batch", "nameless", "$40.00", "1", "0", "0", "1", "ms", "ok", "openai:d"],
        ["2026-11-20", "18:00:00", "chat", "gpt-4o", "$2.50", "1,000,000", "0", "10", "1,500", "ms", "ok", "openai:a"],
        ["2026-11-20", "17:00:00", "聊天机器人", "gpt-4o", "$0.004750", "2,000", "1,000", "100", "20,000", "ms", "ok",
         "openai:b"],
        ["2026-11-21", "18:00:00", "chat", "nameless", "unpriced", "3,000,000", "0", "0", "error", "openai:c"],
    ]  # fmt: skip


def test_json_is_the_interchange_record() -> None:
    ingest()
    document = llmcost("requests", *SINCE, "--top", "2", "--json").json
    assert document["schema_version"] == 1
    first, second = document["requests"]
    assert first == {
        "timestamp": "2026-11-22T10:00:00Z", "request_id": "d", "provider": "openai", "model": "nameless",
        "app": "batch", "status": "ok", "tier": "standard", "input_tokens": 1, "output_tokens": 0, "latency_ms": 1,
        "reported_cost_usd": "40", "source": "jsonl", "identity": "openai:d", "cost_usd": "40",
        "cost_nano_usd": 40_000_000_000, "priced_as": "reported",
    }  # fmt: skip
    assert second["cost_parts_nano"] == {"input": 2_500_000_000, "output": 100_000}
    assert second["tags"] == {"env": "x"}
    assert second["priced_as"].endswith(" exact")


def test_csv_and_markdown() -> None:
    ingest()
    rows = list(csv.DictReader(io.StringIO(llmcost("requests", *SINCE, "--format", "csv").out)))
    assert [row["request_id"] for row in rows] == ["d", "a", "b", "c"]
    assert rows[1]["tags"] == '{"env": "x"}'
    assert rows[3]["cost_usd"] == ""
    lines = llmcost("requests", *SINCE, "--format", "markdown", "--top", "1").out.splitlines()
    assert lines == [
        "| time | app | model | cost | input | cached | output | latency | status | id |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |",
        "| 2026-11-22 10:00:00 | batch | nameless | $40.00 | 1 | 0 | 0 | 1 ms | ok | openai:d |",
    ]


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_hostile_names_stay_text(form: str) -> None:
    ingest(HOSTILE)
    for command in ("requests", "report"):
        out = llmcost(command, *SINCE, "--format", form).out
        assert not set(out) & set("\x1b\x07\x9b\u202e"), command
    out = llmcost("requests", *SINCE, "--format", form).out
    if form == "csv":
        row = next(csv.DictReader(io.StringIO(out)))
        assert row["app"] == "'=cmd|' /C calc'!A0"
        assert (row["session"], row["project"], row["team"]) == ("'-2+3", "'@SUM(1)", "'+1 (x)")
    if form == "markdown":
        assert "=cmd\\|' /C calc'\\!A0" in out


def test_nothing_to_show() -> None:
    ingest()
    ran = llmcost("requests", "--since", "2026-11-01", "--until", "2026-11-02", "--as-of", "2026-11-24")
    assert ran.err == "no such requests in this period; the last one is of 2026-11-22T10:00:00Z\n"
    assert ran.code == 0
    assert llmcost("requests", "--since", "2026-10-01", "--as-of", "2026-11-01").err == (
        "no such requests in this period\n"
    )  # fmt: skip
    ran = llmcost("requests", "--since", "2026-10-01", "--until", "2026-10-02", "--json", "-q")
    assert (ran.json, ran.err) == ({"schema_version": 1, "requests": []}, "")
    ran = llmcost("requests", "--ledger", "none.db")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: no ledger at none.db")


def test_the_default_is_the_last_complete_week() -> None:
    ingest()
    document = llmcost("requests", "--as-of", "2026-11-23T09:00:00Z", "--json").json
    assert len(document["requests"]) == 4
    assert len(llmcost("requests", "--as-of", "2026-11-22T23:59:00Z", "--json").json["requests"]) == 3
    assert len(llmcost("requests", "--as-of", "2026-11-22T23:59:00Z", "--day=current", "--json").json["requests"]) == 1
    assert len(llmcost("requests", "--as-of", "2026-11-22T23:59:00Z", "--last", "2d", "--json").json["requests"]) == 2
