"""Gemini CLI: documents, JSON Lines, and chats stated anew."""

from typing import Any

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources.gemini_cli import SOURCE
from tests.sources.reading import read

HEAD = {"sessionId": "s", "projectHash": "h", "startTime": "2026-10-03T10:00:00Z"}


def answer(identity: str = "g1", **changes: Any) -> dict[str, Any]:
    tokens = {"input": 1000, "output": 26, "cached": 400, "thoughts": 133, "tool": 11, "total": 1170}
    return {"id": identity, "timestamp": "2026-10-04T10:00:00Z", "type": "gemini", "content": "x", "tokens": tokens,
            "model": "gemini-3-flash-preview", **changes}  # fmt: skip


RECORD = Record(
    1_791_108_000_000_000, "gemini-cli:s/g1", "google", "gemini-3-flash-preview",
    Usage(input=611, cached=400, output=26, reasoning=133), session="s", operation="chat", source="gemini-cli",
)  # fmt: skip


def test_a_document() -> None:
    assert read(SOURCE, {**HEAD, "messages": [{"type": "user", "id": "u"}, answer()]}) == ([RECORD], [], 0)


def test_a_chat_stated_anew_gives_the_same_requests() -> None:
    lines = [HEAD, {"$set": {"messages": [answer()]}}, answer("g2"), {"$set": {"messages": [answer(), answer("g2")]}},
             {"$set": {"lastUpdated": "x"}}]  # fmt: skip
    records, problems, ignored = read(SOURCE, *lines)
    assert [record.id for record in records] == [f"gemini-cli:s/g{n}" for n in (1, 2, 1, 2)]
    assert (problems, ignored) == ([], 2)


def test_cached_input_beside_the_input() -> None:
    """10 + 20 + 123 + 5 = 158: this total adds the cached tokens to the rest."""
    tokens = {"input": 10, "output": 20, "thoughts": 123, "cached": 5, "tool": 0, "total": 158}
    records, _, _ = read(SOURCE, {**HEAD, "messages": [answer(tokens=tokens)]})
    assert records[0].usage == Usage(input=10, cached=5, output=20, reasoning=123)


def test_one_bad_message_costs_itself_only() -> None:
    bad = [answer(tokens=None), answer(tokens={}), answer(model=7.5), answer(timestamp="x"), answer(tokens=[1]),
           answer(id=""), answer(tokens={"input": 1, "output": True})]  # fmt: skip
    records, problems, _ = read(SOURCE, {**HEAD, "messages": [*bad, answer()]})
    assert records == [RECORD]
    assert [reason for _, reason in problems] == [
        "a response without its tokens", "a response without its tokens", "no model", "not a timestamp: 'x'",
        "tokens is not an object: '[1]'", "a response without the ids of its session and itself",
        "output is not a count: 'True'",
    ]  # fmt: skip
