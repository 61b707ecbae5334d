"""llm's logs.db, of both generations."""

import sqlite3
from pathlib import Path
from typing import Any

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources.llm import SOURCE
from tests.sources.reading import read_path

DETAILS = '{"prompt_tokens_details": {"cached_tokens": 20}, "completion_tokens_details": {"reasoning_tokens": 8}}'
WHEN = "2026-10-04T10:00:00.250000+00:00"
RECORD = Record(
    1_791_108_000_250_000, "llm:01a", "openai", "gpt-4o-mini", Usage(input=101, cached=20, output=23, reasoning=8),
    session="t1", operation="chat", source="llm", latency_us=173_000,
)  # fmt: skip


def database(path: Path, turns: list[tuple[Any, ...]], responses: list[tuple[Any, ...]]) -> Path:
    db = sqlite3.connect(path, isolation_level=None)
    columns = "model TEXT, input_tokens, output_tokens, token_details TEXT, duration_ms, datetime_utc TEXT"
    db.execute(f"CREATE TABLE turns (id TEXT PRIMARY KEY, thread_id TEXT, resolved_model TEXT, {columns})")
    db.execute(f"CREATE TABLE responses (id TEXT PRIMARY KEY, conversation_id TEXT, prompt TEXT, {columns})")
    db.executemany(f"INSERT INTO turns VALUES ({', '.join('?' * 9)})", turns)
    db.executemany(f"INSERT INTO responses VALUES ({', '.join('?' * 9)})", responses)
    db.close()
    return path


def test_turns_and_responses_are_both_read_and_an_id_once(isolated: Path) -> None:
    turns = [("01a", "t1", None, "gpt-4o-mini", 121, 31, DETAILS, 173, WHEN)]
    responses = [("01a", "t1", "x", "gpt-4o-mini", 1, 1, None, 1, WHEN),
                 ("01b", "t1", "x", "gpt-4o-mini", 10, 2, None, None, "2026-10-04T10:00:00")]  # fmt: skip
    records, problems, ignored = read_path(SOURCE, database(isolated / "logs.db", turns, responses))
    assert (problems, ignored) == ([], 1)
    assert records == [
        RECORD, RECORD._replace(ts=1_791_108_000_000_000, id="llm:01b", usage=Usage(input=10, output=2),
                                latency_us=None),
    ]  # fmt: skip


def test_the_model_that_answered(isolated: Path) -> None:
    turns = [("01a", "t1", "gpt-4o-mini", "mini", 121, 31, DETAILS, 173, WHEN)]
    assert read_path(SOURCE, database(isolated / "logs.db", turns, []))[0] == [RECORD]


def test_a_call_without_counts_is_unmetered_not_free(isolated: Path) -> None:
    turns = [("01a", "t", None, "m", None, None, None, 1, WHEN), ("01b", "t", None, "m", "x", 1, None, 1, WHEN),
             ("01c", "t", None, "m", 1, 1, None, 1, None), ("01d", "t", None, "", 1, 1, "[", 1, WHEN)]  # fmt: skip
    records, problems, _ = read_path(SOURCE, database(isolated / "logs.db", turns, []))
    assert records == []
    assert problems == [
        (1, "unmetered: no token counts"), (2, "input_tokens is not a count: 'x'"), (3, "no timestamp"),
        (4, "no model"),
    ]  # fmt: skip
