"""Qwen Code: Gemini's words in lines that look like Claude Code's."""

from typing import Any

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources.qwen_code import SOURCE
from tests.sources.reading import read


def line(kind: str = "assistant", **changes: Any) -> dict[str, Any]:
    return {"uuid": "u1", "parentUuid": None, "sessionId": "s", "timestamp": "2026-10-04T10:00:00Z", "type": kind,
            "cwd": "/w", "version": "0.18.1", "message": {"role": "model", "parts": []}, **changes}  # fmt: skip


def answer(prompt: int, candidates: int, thoughts: int, total: int, **changes: Any) -> dict[str, Any]:
    usage = {"promptTokenCount": prompt, "candidatesTokenCount": candidates, "thoughtsTokenCount": thoughts,
             "totalTokenCount": total, "cachedContentTokenCount": 50}  # fmt: skip
    return line(**{"model": "qwen3-coder-plus", "usageMetadata": usage, **changes})


def test_a_chat() -> None:
    telemetry = line("system", subtype="ui_telemetry", systemPayload={"uiEvent": {"input_token_count": 600}})
    records, problems, ignored = read(SOURCE, line("user"), telemetry, answer(600, 5, 20, 625))
    assert (problems, ignored) == ([], 2)
    assert records == [
        Record(1_791_108_000_000_000, "qwen-code:s/u1", records[0].provider, "qwen3-coder-plus",
               Usage(input=550, cached=50, output=5, reasoning=20), session="s", project="/w", operation="chat",
               source="qwen-code"),
    ]  # fmt: skip


def test_thoughts_within_the_candidates() -> None:
    assert read(SOURCE, answer(600, 25, 20, 625))[0][0].usage == Usage(input=550, cached=50, output=5, reasoning=20)


def test_what_makes_no_sense_is_skipped() -> None:
    _, problems, _ = read(
        SOURCE, line(model="m"), answer(10, 5, 0, 15), answer(600, 5, 0, 605, model=""),
        answer(600, 5, 0, 605, timestamp=None), line(usageMetadata="x"),
    )  # fmt: skip
    assert [reason for _, reason in problems] == [
        "an assistant's line without its usage",
        "cached, cache-write, audio and image tokens exceed the input tokens", "no model", "no timestamp",
        "usageMetadata is not an object: 'x'",
    ]  # fmt: skip
