"""The table of sources, and that its documentation is complete."""

import io
import json
import re
from pathlib import Path

import pytest

from llmcost.core.errors import UsageError
from llmcost.sources import SOURCES, detect, source_named
from llmcost.sources.columns import FIELDS, SYNONYMS
from llmcost.sources.reader import LogFile, ReadOptions, Source

DOCS = Path(__file__).resolve().parents[2] / "docs" / "sources.md"
CHAT = {"id": "c", "object": "chat.completion", "created": 1_767_952_800, "model": "gpt-4o", "choices": [],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}  # fmt: skip
USED = {"input_tokens": 1, "output_tokens": 1}
CLAUDE = {"type": "assistant", "sessionId": "s", "timestamp": "2026-01-09T10:00:00Z",
          "message": {"id": "m", "model": "claude-sonnet-4-5", "usage": USED}}  # fmt: skip
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [],
           "usage": {"input_tokens": 1, "output_tokens": 1}}  # fmt: skip
CONVERSE = {"output": {"message": {"role": "assistant", "content": []}}, "stopReason": "end_turn",
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 5}}  # fmt: skip
GEMINI = {"candidates": [{"content": {"parts": []}}], "modelVersion": "gemini-2.5-flash",
          "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}}  # fmt: skip
BATCH = {"id": "b", "custom_id": "1", "response": {"status_code": 200, "body": CHAT}, "error": None}
FLAT = {"timestamp": "2026-01-09T10:00:00Z", "model": "gpt-4o", "input_tokens": 1, "output_tokens": 1}


def log(*values: object) -> LogFile:
    return LogFile(io.BytesIO(b"".join(json.dumps(value).encode() + b"\n" for value in values)), "log.txt")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (CLAUDE, "claude-code"), (BATCH, "openai-batch"), (CONVERSE, "bedrock"), (MESSAGE, "anthropic"),
        (GEMINI, "gemini"), (CHAT, "openai"), (FLAT, "jsonl"),
        ({"timestamp": "2026-01-09T10:00:00Z", "response": CHAT}, "openai"),
        ({"timestamp": "2026-01-09T10:00:00Z", "response": MESSAGE}, "anthropic"),
    ],
)  # fmt: skip
def test_content_tells_the_source(value: object, name: str) -> None:
    found = detect(log(value))
    assert found is not None
    assert found.name == name
    assert found == detect(log({"unrelated": 1}, value))


def test_a_csv_is_told_by_its_header() -> None:
    found = detect(LogFile(io.BytesIO(b"timestamp,model,input_tokens\n"), "x"))
    assert found is not None
    assert found.name == "csv"


@pytest.mark.parametrize(
    "data",
    [
        b"hello\n",
        b"\x7fELF\x00\x00",
        b"{}",
        b"[]",
        b"{}\n{}\n",
        b'{"a": 1}',
        b"a,b\n1,2\n",
        b"null",
        b"<html>",
        b"\x00" * 500,
    ],
)
def test_what_is_no_log_is_not_guessed(data: bytes) -> None:
    assert detect(LogFile(io.BytesIO(data), "x.jsonl")) is None


def test_every_name_gives_its_source() -> None:
    assert [source_named(name).name for name in SOURCES] == list(SOURCES)


def test_an_unknown_name_shows_the_nearest() -> None:
    with pytest.raises(UsageError, match="unknown source 'claude_code'; did you mean 'claude-code'") as caught:
        source_named("claude_code")
    assert "openai-batch" in caught.value.hint


def test_a_third_party_registers_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Source("own", lambda _: False, lambda _: iter(()))

    class Entry:
        def __init__(self, value: object) -> None:
            self.load = lambda: value

    entries = {"own": [Entry(own)], "broken": [Entry("text")]}
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group, name: entries.get(name, []))
    assert source_named("own") is own
    with pytest.raises(UsageError, match="'text' is not a llmcost source"):
        source_named("broken")


def test_the_documentation_names_every_source_field_and_synonym() -> None:
    named = set(re.findall(r"`([^`]+)`", DOCS.read_text("utf-8")))
    synonyms = {name for names in SYNONYMS.values() for name in names}
    assert {*SOURCES, *FIELDS, *synonyms} - named == set()


def test_a_mapping_is_part_of_what_is_recognised() -> None:
    data = b"when;what;n\n2026-01-09;gpt-4o;5\n"
    mapping = {"when": "timestamp", "what": "model", "n": "input_tokens"}
    assert detect(LogFile(io.BytesIO(data), "x")) is None
    found = detect(LogFile(io.BytesIO(data), "x", ReadOptions(mapping=mapping)))
    assert found is not None
    assert found.name == "csv"
