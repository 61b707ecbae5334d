"""Codex CLI: counts that are cumulative, written again, and replayed by forks."""

import json
from typing import Any

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources.codex import SOURCE
from tests.sources.reading import read

# 2026-10-03T10:00:00Z
T0 = 1_790_935_200_000_000 + 86_400_000_000


def meta(second: int = 0, **payload: Any) -> dict[str, Any]:
    known = {"id": "s1", "cwd": "/home/dev/shop", "model_provider": "openai", "git": {"branch": "main"}}
    return {"timestamp": at(second), "type": "session_meta", "payload": {**known, **payload}}


def at(second: int) -> str:
    return f"2026-10-03T10:00:{second:02}.000Z"


def turn(model: str) -> dict[str, Any]:
    return {"timestamp": at(0), "type": "turn_context", "payload": {"model": model, "cwd": "/home/dev/shop"}}


def used(*counts: int) -> dict[str, int]:
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
    return dict(zip(names, counts, strict=True))


def tokens(second: int, total: tuple[int, ...] | None, last: tuple[int, ...] | None = None) -> dict[str, Any]:
    info: dict[str, Any] = {}
    if total is not None:
        info["total_token_usage"] = used(*total)
    if last is not None:
        info["last_token_usage"] = used(*last)
    return {"timestamp": at(second), "type": "event_msg", "payload": {"type": "token_count", "info": info}}


def usages(records: list[Record]) -> list[tuple[int, int, int, int]]:
    """(uncached input, cached, visible output, reasoning)."""
    return [(r.usage.input, r.usage.cached, r.usage.output, r.usage.reasoning) for r in records]


def test_a_session() -> None:
    records, problems, ignored = read(
        SOURCE, meta(), turn("gpt-5.2-codex"), {"timestamp": at(1), "type": "response_item", "payload": {}},
        tokens(5, (1000, 250, 125, 75), (1000, 250, 125, 75)), turn("gpt-5.3-codex"),
        tokens(9, (3500, 750, 425, 275), (2500, 500, 300, 200)),
    )  # fmt: skip
    assert (problems, ignored) == ([], 4)
    assert records == [
        Record(T0 + 5_000_000, f"openai:codex-{T0 + 5_000_000}-1000-250-125-75", "openai", "gpt-5.2-codex",
               Usage(input=750, cached=250, output=50, reasoning=75), session="s1", project="/home/dev/shop",
               branch="main", operation="chat", source="codex"),
        Record(T0 + 9_000_000, f"openai:codex-{T0 + 9_000_000}-3500-750-425-275", "openai", "gpt-5.3-codex",
               Usage(input=2000, cached=500, output=100, reasoning=200), session="s1", project="/home/dev/shop",
               branch="main", operation="chat", source="codex"),
    ]  # fmt: skip


def test_a_total_written_again_is_no_request() -> None:
    one, two = tokens(5, (100, 0, 10, 0), (100, 0, 10, 0)), tokens(9, (300, 0, 30, 0), (200, 0, 20, 0))
    again = {**one, "timestamp": at(7)}
    records, problems, ignored = read(SOURCE, turn("gpt-5"), one, again, again, two, two)
    assert usages(records) == [(100, 0, 10, 0), (200, 0, 20, 0)]
    assert (problems, ignored) == ([], 4)


def test_a_lost_line_is_made_up_for_by_the_total() -> None:
    records, _, _ = read(
        SOURCE, turn("gpt-5"), tokens(1, (100, 0, 10, 0), (100, 0, 10, 0)), tokens(9, (600, 0, 60, 0), (200, 0, 20, 0))
    )
    assert usages(records) == [(100, 0, 10, 0), (500, 0, 50, 0)]


def test_a_total_that_fell_begins_anew() -> None:
    records, _, _ = read(
        SOURCE, turn("gpt-5"), tokens(1, (900, 0, 90, 0), (100, 0, 10, 0)), tokens(9, (200, 0, 20, 0), (200, 0, 20, 0)),
        tokens(12, (250, 0, 25, 0), None), tokens(20, None, (7, 0, 1, 0)),
    )  # fmt: skip
    assert usages(records) == [(100, 0, 10, 0), (200, 0, 20, 0), (50, 0, 5, 0), (7, 0, 1, 0)]


def test_a_fork_does_not_count_its_parents_requests() -> None:
    parents = [tokens(30, (1000, 0, 100, 0), (1000, 0, 100, 0)), tokens(30, (3000, 0, 300, 0), (2000, 0, 200, 0))]
    own = tokens(45, (3500, 0, 350, 0), (500, 0, 50, 0))
    for origin in ({"forked_from_id": "s0"}, {"source": {"subagent": {"thread_spawn": {"parent_thread_id": "s0"}}}}):
        records, problems, ignored = read(
            SOURCE, meta(30, id="s9", **origin), meta(30, id="s0"), turn("gpt-5"), *parents, own
        )
        assert usages(records) == [(500, 0, 50, 0)]
        assert (records[0].session, problems, ignored) == ("s9", [], 5)


def test_a_copied_session_gives_the_same_requests() -> None:
    lines = [turn("gpt-5"), tokens(5, (100, 0, 10, 0), (100, 0, 10, 0))]
    assert read(SOURCE, meta(), *lines)[0][0].id == read(SOURCE, meta(id="copy"), *lines)[0][0].id


def test_limits_without_counts_are_no_request() -> None:
    line = {
        "timestamp": at(1),
        "type": "event_msg",
        "payload": {"type": "token_count", "info": None, "rate_limits": {}},
    }
    assert read(SOURCE, turn("gpt-5"), line) == ([], [], 2)


def test_what_makes_no_sense_is_skipped() -> None:
    half = json.dumps(tokens(3, (5, 0, 1, 0)))[:60].encode() + b"\n"
    records, problems, _ = read(
        SOURCE, tokens(1, (1, 0, 0, 0)), turn("gpt-5"), half, tokens(2, (10, 20, 1, 0)), tokens(3, (-1, 0, 1, 0)),
        {**tokens(4, (9, 0, 9, 0)), "timestamp": None}, tokens(5, None), tokens(6, (10, 0, 1, 0)),
    )  # fmt: skip
    assert usages(records) == [(10, 0, 1, 0)]
    assert problems == [
        (1, "no model: no turn_context came before"),
        (3, "not a JSON object: the line is cut short or malformed"),
        (4, "cached, cache-write, audio and image tokens exceed the input tokens"),
        (5, "input_tokens is negative: '-1'"),
        (6, "no timestamp"),
        (7, "a token_count without counts"),
    ]
