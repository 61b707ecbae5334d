"""opencode: its database, its older JSON, and the two side by side."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources.opencode import SOURCE
from llmcost.sources.reader import LogFile
from tests.sources.reading import read, read_path


def message(identity: str = "msg_1", **changes: Any) -> dict[str, Any]:
    return {
        "id": identity, "sessionID": "ses_1", "role": "assistant", "modelID": "claude-sonnet-4-5",
        "providerID": "anthropic", "time": {"created": 1_791_108_000_000, "completed": 1_791_108_002_500},
        "path": {"cwd": "/w/sub", "root": "/w"}, "cost": 0.0123,
        "tokens": {"input": 1000, "output": 500, "reasoning": 7, "cache": {"read": 200, "write": 100}}, **changes,
    }  # fmt: skip


RECORD = Record(
    1_791_108_000_000_000, "opencode:msg_1", "anthropic", "claude-sonnet-4-5",
    Usage(input=1000, cached=200, write_5m=100, output=500, reasoning=7), session="ses_1", project="/w",
    operation="chat", source="opencode", latency_us=2_500_000, reported_nano=12_300_000,
)  # fmt: skip


def database(path: Path, *rows: tuple[Any, Any, Any]) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("CREATE TABLE message (id TEXT, session_id TEXT, data TEXT)")
    db.executemany("INSERT INTO message VALUES (?, ?, ?)", rows)
    return db


def test_json() -> None:
    assert read(SOURCE, message()) == ([RECORD], [], 0)
    assert read(SOURCE, message(role="user", tokens=None)) == ([], [], 1)


def test_the_database(isolated: Path) -> None:
    path = isolated / "opencode.db"
    body = {name: value for name, value in message().items() if name not in ("id", "sessionID")}
    bad = [
        ("a", "s", "{cut"),
        ("b", "s", None),
        ("c", "s", b"\xff{"),
        ("d", "s", json.dumps(message("d", tokens=None))),
    ]
    database(path, ("msg_1", "ses_1", json.dumps(body)), ("u", "s", '{"role": "user"}'), *bad).close()
    records, problems, ignored = read_path(SOURCE, path)
    assert (records, ignored) == ([RECORD], 1)
    assert [line for line, _ in problems] == [3, 4, 5, 6]
    assert problems[3][1] == "an assistant's message without its tokens"


def test_what_waits_in_the_write_ahead_log_is_read(isolated: Path) -> None:
    db = database(isolated / "opencode.db")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("INSERT INTO message VALUES ('msg_1', 'ses_1', ?)", (json.dumps(message()),))
    assert (isolated / "opencode.db-wal").stat().st_size > 0
    assert read_path(SOURCE, isolated / "opencode.db")[0] == [RECORD]
    db.close()


def test_the_database_wins_over_json_of_the_same_id(isolated: Path) -> None:
    database(isolated / "opencode.db", ("msg_1", "ses_1", json.dumps(message()))).close()
    folder = isolated / "storage" / "message" / "ses_1"
    folder.mkdir(parents=True)
    for name in ("msg_1", "msg_2"):
        (folder / f"{name}.json").write_text(json.dumps(message(name, cost=9)))
    assert read_path(SOURCE, folder / "msg_1.json") == ([], [], 1)
    assert [record.id for record in read_path(SOURCE, folder / "msg_2.json")[0]] == ["opencode:msg_2"]


def test_a_damaged_database_is_an_error_of_that_file(isolated: Path) -> None:
    path = isolated / "opencode.db"
    database(path, *[(f"m{n}", "s", json.dumps(message())) for n in range(200)]).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    file = LogFile.open(path)
    with pytest.raises(OSError, match="not a readable database"):
        list(SOURCE.read(file))
    file.close()


def test_a_cost_of_zero_is_none() -> None:
    assert read(SOURCE, message(cost=0))[0][0].reported_nano is None
