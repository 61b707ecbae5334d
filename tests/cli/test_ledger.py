"""`ledger`: info, check, undo, forget, backup."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from llmcost.ledger.schema import VERSION
from tests.run import llmcost

AS_OF = ("--as-of", "2026-11-24T09:00:00Z")


def line(number: str, **more: object) -> str:
    record = {"timestamp": f"2026-11-2{number[0]}T10:00:00Z", "request_id": number, "provider": "openai",
              "model": "gpt-4o", "input_tokens": 1_000_000, "user": "ann"}  # fmt: skip
    return json.dumps({**record, **more}) + "\n"


@pytest.fixture(autouse=True)
def batches(isolated: Path) -> None:
    """Batch 1: three requests of ann. Batch 2: a fuller version of one of them, and one of bob."""
    Path("one.jsonl").write_text(line("0") + line("1") + line("2", model="nameless"))
    Path("two.jsonl").write_text(line("1", output_tokens=100_000) + line("3", user="bob", session="s"))
    for name in ("one.jsonl", "two.jsonl"):
        assert llmcost("ingest", name, "-q", *AS_OF).code == 0


def costs() -> dict[str, str | None]:
    return {row["request_id"]: row["cost_usd"] for row in map(json.loads, llmcost("export").out.splitlines())}


BOTH = {"0": "2.5", "1": "3.5", "2": None, "3": "2.5"}


def test_info(isolated: Path) -> None:
    document = llmcost("ledger", "info", "--json").json
    assert document.pop("size_bytes") > 0
    assert document == {
        "schema_version": 1, "location": f"{isolated}/.local/share/llmcost/ledger.db", "version": VERSION,
        "requests": 4,
        "first_request": "2026-11-20T10:00:00Z", "last_request": "2026-11-23T10:00:00Z", "unpriced_requests": 1,
        "raw_since": None,
        "batches": [
            {"batch": 1, "started": "2026-11-24T09:00:00Z", "what": "one.jsonl", "rows": 2, "undone": False},
            {"batch": 2, "started": "2026-11-24T09:00:00Z", "what": "two.jsonl", "rows": 2, "undone": False},
        ],
    }  # fmt: skip
    ran = llmcost("ledger", "info", "--tz", "Asia/Shanghai")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith(f"{isolated}/.local/share/llmcost/ledger.db (version {VERSION}, 0.2 MiB)")
    assert lines[1] == "4 requests, 1 unpriced; 2026-11-20T18:00:00+08:00 to 2026-11-23T18:00:00+08:00"
    assert lines[3].split() == ["batch", "started", "rows", "what"]
    assert lines[5].split() == ["1", "2026-11-24", "17:00:00", "2", "one.jsonl"]


def test_check() -> None:
    assert llmcost("ledger", "check") == (0, "sound: roll-ups equal their rows, and SQLite finds no damage\n", "")
    assert llmcost("ledger", "check", "--json").json == {"schema_version": 1, "sound": True, "problems": []}


def test_check_finds_a_changed_total(isolated: Path) -> None:
    ledger = isolated / ".local" / "share" / "llmcost" / "ledger.db"
    with closing(sqlite3.connect(ledger)) as db, db:
        first = "(SELECT min(quarter) FROM rollup_quarter)"
        db.execute(f"UPDATE rollup_quarter SET cost = cost + 1 WHERE quarter = {first}")
    ran = llmcost("ledger", "check")
    assert ran.code == 6
    assert "quarter-hour roll-ups that differ from their rows" in ran.out
    ran = llmcost("ledger", "check", "--json")
    assert ran.code == 6
    assert ran.json["sound"] is False
    assert len(ran.json["problems"]) == 1


def test_undo_brings_back_what_was_replaced() -> None:
    assert costs() == BOTH
    assert llmcost("ledger", "undo", "2") == (
        0,
        "took back 2 requests of batch 2; versions they had replaced stand again\n",
        "",
    )
    assert costs() == {"0": "2.5", "1": "2.5", "2": None}
    assert llmcost("ledger", "check").code == 0
    info = llmcost("ledger", "info")
    assert ["2", "2026-11-24", "09:00:00", "0", "undone", "two.jsonl"] in [
        row.split() for row in info.out.splitlines()
    ]  # fmt: skip
    assert llmcost("ingest", "two.jsonl", "-q").code == 0
    assert costs() == BOTH
    assert llmcost("ledger", "undo", "1", "--json").json == {"schema_version": 1, "batch": 1, "requests": 2}
    assert costs() == {"1": "3.5", "3": "2.5"}


@pytest.mark.parametrize(
    ("batch", "error"),
    [
        ("3", "no batch 3 in the ledger"),
        ("9223372036854775807", "no batch 9223372036854775807 in the ledger"),
        ("9223372036854775808", "invalid value for 'BATCH': 9223372036854775808 is not in the range"),
        ("0", "invalid value for 'BATCH': 0 is not in the range"),
        ("one", "invalid value for 'BATCH': 'one' is not a whole number"),
        ("-1", "unknown option '-1'"),
    ],
)
def test_undo_of_nothing(batch: str, error: str) -> None:
    ran = llmcost("ledger", "undo", batch)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {error}")
    assert len(ran.err.splitlines()) == 2
    assert costs() == BOTH


def test_undo_twice() -> None:
    llmcost("ledger", "undo", "2")
    ran = llmcost("ledger", "undo", "2")
    assert ran == (2, "", "error: batch 2 is already undone\nhint: `llmcost ledger info` lists them\n")


def test_forget(isolated: Path) -> None:
    assert llmcost("ledger", "forget", "--user", "bob") == (0, "erased the name from 1 request\n", "")
    assert costs() == BOTH
    rows = [json.loads(row) for row in llmcost("export").out.splitlines()]
    assert [row["user"] for row in rows] == ["ann", "ann", "ann", "(forgotten)"]
    assert "session" not in rows[3]
    assert llmcost("ledger", "check").code == 0
    data = b"".join(path.read_bytes() for path in isolated.rglob("ledger.db*"))
    assert b"bob" not in data
    # A log read later does not bring the name back.
    Path("again.jsonl").write_text(line("33", user="bob"))
    llmcost("ingest", "again.jsonl", "-q")
    assert "bob" not in llmcost("export").out
    assert llmcost("ledger", "forget", "--user", "ann", "--json").json == {"schema_version": 1, "requests": 3}
    assert llmcost("ledger", "forget", "--user", "nobody").out == "erased the name from 0 requests\n"


@pytest.mark.parametrize("user", ["", "(forgotten)"])
def test_forget_nobody(user: str) -> None:
    ran = llmcost("ledger", "forget", "--user", user)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 2
    assert costs() == BOTH


def test_backup(isolated: Path) -> None:
    assert llmcost("ledger", "backup", "copy.db") == (0, "wrote copy.db\n", "")
    assert llmcost("export", "--ledger", "copy.db").out == llmcost("export").out
    assert llmcost("ledger", "check", "--ledger", "copy.db").code == 0
    assert llmcost("ledger", "backup", "~/second.db", "--json").json == {
        "schema_version": 1, "file": f"{isolated}/second.db",
    }  # fmt: skip
    llmcost("ledger", "undo", "2")
    before = (isolated / "copy.db").read_bytes()
    ran = llmcost("ledger", "backup", "copy.db")
    assert ran == (2, "", "error: copy.db exists\nhint: name a new file: a backup never overwrites\n")
    assert (isolated / "copy.db").read_bytes() == before
    ran = llmcost("ledger", "backup", "nowhere/copy.db")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: no folder nowhere")


def test_a_missing_ledger_is_an_error_and_not_made(isolated: Path) -> None:
    for command in (["info"], ["check"], ["undo", "1"], ["forget", "--user", "ann"], ["backup", "copy.db"]):
        ran = llmcost("ledger", *command, "--ledger", "none.db")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == (
            "error: no ledger at none.db\nhint: run `llmcost ingest` first, or name one with --ledger\n"
        )  # fmt: skip
        assert not (isolated / "none.db").exists()
        assert not (isolated / "copy.db").exists()


@pytest.mark.parametrize("content", [b"hello, this is no database\n" * 50, b"SQLite format 3\x00" + b"\x07" * 2000])
def test_what_is_no_ledger(content: bytes, isolated: Path) -> None:
    (isolated / "bad.db").write_bytes(content)
    for command in (["info"], ["check"], ["undo", "1"], ["forget", "--user", "ann"], ["backup", "copy.db"]):
        ran = llmcost("ledger", *command, "--ledger", "bad.db")
        assert (ran.code, ran.out) == (2, "")
        assert len(ran.err.splitlines()) == 2
    assert (isolated / "bad.db").read_bytes() == content


def test_another_programs_database_and_a_newer_ledger(isolated: Path) -> None:
    with closing(sqlite3.connect("other.db")) as db, db:
        db.execute("CREATE TABLE t (x)")
    ran = llmcost("ledger", "info", "--ledger", "other.db")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: other.db is a database of another program")
    llmcost("ledger", "backup", "newer.db")
    with closing(sqlite3.connect("newer.db")) as db, db:
        db.execute("PRAGMA user_version = 99")
    for command in (["info"], ["undo", "1"]):
        ran = llmcost("ledger", *command, "--ledger", "newer.db")
        assert (ran.code, ran.out) == (2, "")
        assert "is of version 99" in ran.err
        assert "hint: upgrade llmcost" in ran.err


def test_a_ledger_that_may_not_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a read-only disk; permissions would not stop root."""
    connect: Any = sqlite3.connect

    def read_only(database: str, **settings: Any) -> Any:
        return connect(str(database).replace("mode=rwc", "mode=ro"), **settings)

    monkeypatch.setattr(sqlite3, "connect", read_only)
    for command in (["undo", "2"], ["forget", "--user", "ann"]):
        ran = llmcost("ledger", *command)
        assert (ran.code, ran.out) == (1, "")
        assert "ledger.db is read-only\nhint: check its permissions" in ran.err
        assert len(ran.err.splitlines()) == 2
    assert costs() == BOTH


def test_a_secret_in_a_path_is_not_shown(isolated: Path) -> None:
    name = "sk-proj-abcdefghijklmnop.jsonl"
    Path(name).write_text(line("4"))
    llmcost("ingest", name, "-q")
    for form in ("table", "json"):
        out = llmcost("ledger", "info", "--format", form).out
        assert "abcdefghijklmnop" not in out
        assert "sk-p…redacted" in out


COMPACT = ("ledger", "compact", "--keep-raw", "2d", *AS_OF)


def test_compact_lets_requests_go_and_keeps_their_totals() -> None:
    before = llmcost("report", "--last", "7d", "--json", *AS_OF).json
    rehearsed = llmcost(*COMPACT, "--dry-run", "--json")
    assert rehearsed.json == {
        "schema_version": 1, "dry_run": True, "requests": 2, "raw_since": "2026-11-22T00:00:00Z",
    }  # fmt: skip
    assert costs() == BOTH
    ran = llmcost(*COMPACT)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("let go of 2 requests before 2026-11-22 (UTC); totals stay: ")
    after = llmcost("report", "--last", "7d", "--json", *AS_OF).json
    # What was unusual only the requests tell.
    for document, known in ((before, True), (after, False)):
        assert (document.pop("anomalies") is not None) is known
        for name in ("dear_requests", "dear_requests_usd"):
            assert (document["summary"].pop(name) is not None) is known
    assert after == before
    assert llmcost("ledger", "check").code == 0
    info = llmcost("ledger", "info", "--json").json
    assert (info["raw_since"], info["requests"]) == ("2026-11-22T00:00:00Z", 4)
    assert "rows before 2026-11-22T00:00:00Z were compacted" in llmcost("ledger", "info").out


def test_after_compacting_what_needs_the_requests_says_so() -> None:
    llmcost(*COMPACT)
    gone = "rows before 2026-11-22 (UTC) were compacted"
    exported = llmcost("export")
    assert [json.loads(line)["request_id"] for line in exported.out.splitlines()] == ["2", "3"]
    assert exported.err.startswith(gone)
    assert llmcost("requests", "--since", "2026-11-20", *AS_OF).err.startswith(gone)
    assert llmcost("requests", "--since", "2026-11-22", *AS_OF).err == ""
    assert llmcost("reprice", "--all", "--dry-run").err.startswith(gone)
    refused = llmcost("report", "--since", "2026-11-20", "--by", "session", *AS_OF)
    assert refused.code == 2
    assert refused.err.splitlines() == [
        f"error: {gone}; totals by session are not kept there", "hint: ask from 2026-11-22 on, or by model or app",
    ]  # fmt: skip
    undone = llmcost("ledger", "undo", "1")
    assert undone.code == 2
    assert "batch 1 cannot be undone: some of its rows were compacted" in undone.err


def test_logs_read_again_after_compacting_add_nothing() -> None:
    llmcost(*COMPACT)
    again = llmcost("ingest", "one.jsonl", "two.jsonl", "--strict", "--json", *AS_OF).json
    assert (again["read"], again["new"], again["updated"], again["duplicate"], again["compacted"]) == (5, 0, 0, 2, 3)
    assert "left out 2 requests" in llmcost("ingest", "one.jsonl", "--strict", *AS_OF).err
    assert costs() == {"2": None, "3": "2.5"}


@pytest.mark.parametrize(("span", "why"), [("12h", "is less than a day"), ("soon", "soon"), ("0d", "0d")])
def test_compact_takes_a_span_of_days(span: str, why: str) -> None:
    ran = llmcost("ledger", "compact", "--keep-raw", span)
    assert ran.code == 2
    assert why in ran.err
    assert len(ran.err.splitlines()) == 2
    assert costs() == BOTH


RULES = """
[[attribution]]
match = {user = "ann", model = "gpt-*"}
app = "ann's"
team = "web"
"""


def apps() -> dict[str, tuple[str, str]]:
    rows = map(json.loads, llmcost("export").out.splitlines())
    return {row["request_id"]: (row.get("app", ""), row.get("team", "")) for row in rows}


def test_relabel_attributes_by_the_rules_of_today(isolated: Path) -> None:
    bare = {"0": ("", ""), "1": ("", ""), "2": ("", ""), "3": ("", "")}
    ruled = {**bare, "0": ("ann's", "web"), "1": ("ann's", "web")}
    assert llmcost("ledger", "relabel").out == "gave 0 requests another app, team or environment (0 rules)\n"
    config = isolated / ".config/llmcost/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(RULES)
    rehearsed = llmcost("ledger", "relabel", "--dry-run", "--json")
    assert rehearsed.json == {"schema_version": 1, "dry_run": True, "rules": 1, "requests": 2}
    assert apps() == bare
    assert llmcost("ledger", "relabel").out == "gave 2 requests another app, team or environment (1 rule)\n"
    assert apps() == ruled
    assert llmcost("ledger", "check").code == 0
    again = llmcost("ingest", "one.jsonl", "two.jsonl", "--strict", "--json", *AS_OF).json
    assert (again["new"], again["updated"], again["duplicate"]) == (0, 0, 5)
    assert llmcost("config", "show", "--json").json["attribution_rules"] == 1
    config.write_text("")
    assert llmcost("ledger", "relabel", "--since", "2026-11-21").out.startswith("gave 1 request another")
    assert apps() == {**ruled, "1": ("", "")}


def test_a_rule_that_is_none_is_named_before_anything_is_read(isolated: Path) -> None:
    config = isolated / ".config/llmcost/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[[attribution]]\nmatch = {modell = 'x'}\napp = 'a'\n")
    for command in (("ingest", "one.jsonl"), ("ledger", "relabel"), ("config", "show")):
        ran = llmcost(*command)
        assert (ran.code, ran.err.splitlines()) == (
            2,
            [
                f"error: {config}: attribution rule 1: cannot match 'modell'; did you mean 'model'?",
                "hint: use one of path, project, branch, machine, source, user, provider, model",
            ],
        )
    config.write_text("attribution = 4\n")
    assert "attribution is not a list of rules" in llmcost("ingest", "one.jsonl").err


def test_the_ledgers_of_two_machines_become_one(isolated: Path) -> None:
    """In either order and again and again: what the logs of both give in one ledger."""
    own, other, whole = (("--ledger", name) for name in ("own.db", "other.db", "whole.db"))
    llmcost("ingest", "one.jsonl", *own, *AS_OF)
    llmcost("ingest", "two.jsonl", "one.jsonl", "--app", "laptop", *other, *AS_OF)
    llmcost("ingest", "one.jsonl", *whole, *AS_OF)
    llmcost("ingest", "two.jsonl", "one.jsonl", "--app", "laptop", *whole, *AS_OF)
    for name, ledger in (("own.jsonl", own), ("other.jsonl", other)):
        Path(name).write_text(llmcost("export", "--format", "jsonl", *ledger).out)
    expected = llmcost("export", *whole).out
    assert len(expected.splitlines()) == 4
    for target, order in (("a.db", ("own", "other", "own")), ("b.db", ("other", "own", "other"))):
        for name in order:
            ran = llmcost("ingest", f"{name}.jsonl", "--ledger", target, *AS_OF)
            assert ran.code == 0
        assert llmcost("export", "--ledger", target).out == expected
        assert llmcost("ledger", "check", "--ledger", target).code == 0
