"""What a person and a script are told of an ingest."""

import json
from collections import Counter

from llmcost.core.record import Problem
from llmcost.ingest.pipeline import Ingested
from llmcost.ledger.protocol import Added
from llmcost.reporting.ingested import as_json, as_text, remarks

SECRET = "sk-" + "a" * 30


def result() -> Ingested:
    made = Ingested(
        batch=7, files=3, read=1_240, ignored=9, naive_times=2, assumed=1,
        added=Added(new=1_234, updated=1, duplicate=5, unpriced=4, cost=12_345_678_901, compacted=3),
        unpriced=Counter({"no price for model 'acme'": 4}),
    )  # fmt: skip
    made.count("jsonl", 1_200)
    made.count("claude-code", 30)
    made.count("claude-code", 10)
    made.skip(Problem("logs/a\x1b[2J.jsonl", 3, f"not a count: {SECRET}\x07"))
    made.skip(Problem("logs/b", 0, "the file is empty"))
    return made


def test_the_text() -> None:
    assert as_text(result()) == (
        "added 1,234 requests and updated 1, worth $12.35 (read 1,240, 5 of them repeats;"
        " 3 files: claude-code 40, jsonl 1,200)"
        "\nbatch 7: `llmcost ledger undo 7` takes it back"
    )


def test_a_dry_run_says_would_and_has_nothing_to_undo() -> None:
    text = as_text(result(), dry_run=True)
    assert text.startswith("would add 1,234 requests")
    assert "undo" not in text


def test_nothing_new_has_nothing_to_undo() -> None:
    made = Ingested(batch=8, files=1, read=5, added=Added(duplicate=5))
    assert as_text(made) == "added 0 requests, worth $0.00 (read 5, 5 of them repeats; 1 file)"


def test_the_remarks_are_safe_to_print_and_complete() -> None:
    assert remarks(result()) == [
        "skipped 2:",
        "  logs/a\ufffd[2J.jsonl:3: not a count: sk-a…redacted\ufffd",
        "  logs/b: the file is empty",
        "unpriced: 4 requests: no price for model 'acme'; `llmcost prices add` gives it a price",
        "left out 3 requests of a time whose rows were compacted (`llmcost ledger info`)",
        "at stand-in rates, for want of rates of their own: 1 request",
        "times without an offset were taken as UTC: 2",
    ]
    assert remarks(Ingested(files=1)) == []


def test_where_nothing_is_found_the_next_step_is_told() -> None:
    assert remarks(Ingested()) == ["no file to read there"]
    made = Ingested(files=1)
    made.skip(Problem("README.md", 0, "not a log that llmcost knows"))
    assert remarks(made)[2:] == [
        "no requests found: `--source` names a log's format, `--map` its columns; docs/sources.md has both"
    ]
    made.ignored = 1
    assert len(remarks(made)) == 2


def test_long_lists_are_cut_and_say_so() -> None:
    made = Ingested(files=1, unpriced=Counter({f"reason {n}": 10 - n for n in range(8)}))
    for n in range(25):
        made.skip(Problem("a", n, "bad"))
    lines = remarks(made)
    assert lines[0] == "skipped 25:"
    assert lines[11] == "  … and 15 more; --json lists up to 1,000"
    assert lines[-2].startswith("unpriced: 6 requests: reason 4;")
    assert lines[-1] == "unpriced: 12 more requests for other reasons; --json lists them"


def test_the_json() -> None:
    assert json.loads(as_json(result(), dry_run=True)) == {
        "schema_version": 1, "batch": 7, "dry_run": True, "files": 3, "unchanged": 0, "read": 1240, "new": 1234,
        "updated": 1, "duplicate": 5, "clashes": 0, "compacted": 3,
        "billed": {"lines": 0, "replaced": 0, "unchanged": 0, "left_out": 0}, "skipped": 2, "ignored": 9, "unpriced": 4,
        "cost_usd": "12.345678901",
        "sources": [
            {"source": "claude-code", "files": 2, "requests": 40}, {"source": "jsonl", "files": 1, "requests": 1200},
        ],
        "unpriced_reasons": {"no price for model 'acme'": 4},
        "problems": [
            {"file": "logs/a\ufffd[2J.jsonl", "line": 3, "reason": "not a count: sk-a…redacted\ufffd"},
            {"file": "logs/b", "line": 0, "reason": "the file is empty"},
        ],
    }  # fmt: skip


def test_ids_that_two_apps_use_are_told() -> None:
    made = Ingested(files=1, read=2, added=Added(new=1, duplicate=1, clashes=1))
    assert remarks(made) == [
        (
            "1 line had the id of a request of another app or model and did not count beside it:"
            " if they are requests of their own, their ids are no ids: `--map request_id=prompt_id`"
        )
    ]
