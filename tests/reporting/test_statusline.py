"""The status line as values: nothing in the hook's JSON can break it or command the terminal."""

from __future__ import annotations

import json
from datetime import UTC
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.analysis.blocks import BLOCK_US, HOUR_US, Block, Burn
from llmcost.core.errors import UsageError
from llmcost.ledger.measures import MEASURE_NAMES, Sums
from llmcost.reporting.statusline import MAX_HOOK, Hook, Status, document, line, read_hook

START = 1_763_974_800_000_000  # 2025-11-24T09:00:00Z
HOOK = {
    "session_id": "3f0c", "transcript_path": "/h/.claude/projects/p/3f0c.jsonl", "cwd": "/h/p",
    "model": {"id": "claude-opus-4-5", "display_name": "Opus 4.5"}, "workspace": {"current_dir": "/h/p"},
    "cost": {"total_cost_usd": 0.2341, "total_duration_ms": 45_000},
    "context_window": {
        "total_input_tokens": 15_234, "context_window_size": 200_000, "used_percentage": 12,
        "current_usage": {
            "input_tokens": 4_000, "output_tokens": 900, "cache_creation_input_tokens": 1_000,
            "cache_read_input_tokens": 20_000,
        },
    },
}  # fmt: skip
READ = Hook("Opus 4.5", "3f0c", 234_100_000, 25_000, 200_000, "/h/.claude/projects/p/3f0c.jsonl")

UNTOLD = READ._replace(context_tokens=None, context_size=None)


def sums(cost: int = 0, requests: int = 0, unpriced: int = 0) -> Sums:
    values = dict.fromkeys(MEASURE_NAMES, 0) | {"requests": requests, "unpriced": unpriced, "cost": cost}
    return Sums(tuple(values.values()))


RUNNING = Block(
    START, START + BLOCK_US, START, START + HOUR_US, ("claude-opus-4-5",), sums(1_200_000_000, 5), 165 * HOUR_US // 60,
    Burn(Fraction(900), 800_000_000, 99, 3_400_000_000),
)  # fmt: skip


def hook(**changes: Any) -> Hook:
    return read_hook(json.dumps({**HOOK, **changes}).encode())


def test_what_claude_code_tells() -> None:
    assert hook() == READ
    assert read_hook(b"") == read_hook(b" \n") == Hook()


def test_the_line() -> None:
    assert line(Status(READ, sums(4_096_000_000, 31), RUNNING)) == (
        "Opus 4.5 | $0.23 session / $4.10 today / $1.20 block (2h 45m left) | $0.80/hr | 25.0k context (12.5%)"
    )


def test_unknown_is_not_zero_and_nothing_is_not_either() -> None:
    assert line(Status(Hook(), sums(), None)) == "nothing recorded today / no active block"
    assert line(Status(Hook(), sums(0, 2, 2), None)) == "2 unpriced today / no active block"
    assert line(Status(Hook(), sums(12_345_678, 3, 1), None)) == "$0.01 + 1 unpriced today / no active block"
    assert line(Status(Hook(), sums(0, 3), None)) == "$0.00 today / no active block"
    assert line(Status(Hook(session_nano=0), sums(1_234_000, 3), None)) == (
        "$0.00 session / $0.001234 today / no active block"
    )
    without = RUNNING._replace(sums=sums(0, 5, 5), burn=Burn(Fraction(900), None, 99, None))
    assert line(Status(Hook(), sums(0, 5, 5), without)) == "5 unpriced today / 5 unpriced block (2h 45m left)"


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        ({"model": {"display_name": "", "id": "claude-x"}}, READ._replace(model="claude-x")),
        ({"model": "Opus"}, READ._replace(model="")),
        ({"model": {"display_name": "O\x1b[31m\u202e\n4"}}, READ._replace(model="O\ufffd[31m\ufffd\ufffd4")),
        ({"model": {"display_name": "x" * 90}}, READ._replace(model="x" * 39 + "…")),
        ({"model": {"display_name": "sk-" + "a" * 30}}, READ._replace(model="sk-a…redacted")),
        ({"cost": {}}, READ._replace(session_nano=None)),
        ({"cost": {"total_cost_usd": "0.23"}}, READ._replace(session_nano=None)),
        ({"cost": {"total_cost_usd": -1}}, READ._replace(session_nano=None)),
        ({"cost": {"total_cost_usd": 10**400}}, READ._replace(session_nano=None)),
        ({"cost": {"total_cost_usd": float("nan")}}, READ._replace(session_nano=None)),
        ({"cost": {"total_cost_usd": True}}, READ._replace(session_nano=None)),
        ({"context_window": None}, UNTOLD),
        ({"context_window": {"current_usage": None, "context_window_size": 0}}, UNTOLD),
        ({"context_window": {"current_usage": {"input_tokens": 5}}}, UNTOLD._replace(context_tokens=5)),
        ({"context_window": {"current_usage": {"input_tokens": -5}}}, UNTOLD),
        ({"transcript_path": 7}, READ._replace(transcript="")),
    ],
)  # fmt: skip
def test_what_is_not_as_it_should_be_is_left_out(changes: dict[str, Any], want: Hook) -> None:
    assert hook(**changes) == want


@pytest.mark.parametrize(
    "raw", [b"{", b"[]", b"7", b"null", b"\xff{}", b"[" * 100_000, b'{"a": 1}' + b" " * MAX_HOOK, b"1" * 10_000]
)
def test_what_is_no_hook_is_refused(raw: bytes) -> None:
    with pytest.raises(UsageError, match="not the JSON object that Claude Code gives"):
        read_hook(raw)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries({}, optional={
        "model": st.fixed_dictionaries({}, optional={"display_name": _JSON, "id": _JSON}) | _JSON,
        "session_id": _JSON,
        "cost": st.fixed_dictionaries({}, optional={"total_cost_usd": _JSON}) | _JSON,
        "context_window": st.fixed_dictionaries({}, optional={
            "context_window_size": _JSON,
            "current_usage": st.dictionaries(st.sampled_from(["input_tokens", "cache_read_input_tokens"]), _JSON),
        }) | _JSON,
    })
)  # fmt: skip
def test_whatever_a_hook_says_becomes_one_printable_line(told: dict[str, Any]) -> None:
    status = Status(read_hook(json.dumps(told).encode()), sums(1_000_000_000, 1), RUNNING)
    shown = line(status)
    assert "$1.00 today / $1.20 block (2h 45m left)" in shown
    assert len(shown.splitlines()) == 1
    assert not any(character < " " or character == "\x7f" for character in shown)
    assert json.loads(document(status, UTC))["today"]["cost_usd"] == "1"


def test_as_json() -> None:
    found = json.loads(document(Status(READ, sums(0, 2, 2), None), UTC))
    assert found == {
        "schema_version": 1, "model": "Opus 4.5", "session": "3f0c", "session_cost_usd": "0.2341",
        "today": {
            "cost_usd": None, "requests": 2, "input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0,
            "unpriced_requests": 2,
        },
        "block": None, "context_tokens": 25_000, "context_share": 0.125,
    }  # fmt: skip
    block = json.loads(document(Status(Hook(), sums(), RUNNING), UTC))["block"]
    assert (block["start"], block["seconds_left"]) == ("2025-11-24T09:00:00Z", 9_900)
    assert block["burn_rate"] == {"tokens_per_minute": 900.0, "cost_per_hour_usd": "0.8"}
