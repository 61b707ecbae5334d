"""Damaged logs of every source: no error but a file's own, and every line is a request, a problem or ignored."""

import io
import json
import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.billed import Billed
from llmcost.core.record import Problem, Record
from llmcost.sources import source_named
from llmcost.sources.reader import LogFile, ReadOptions
from tests.sources import test_admin_pages as pages
from tests.sources import (
    test_anthropic,
    test_claude_code,
    test_codex,
    test_copilot_cli,
    test_gemini_cli,
    test_helicone,
    test_langfuse,
    test_litellm,
    test_llm,
    test_openai,
    test_openai_batch,
    test_opencode,
    test_openrouter,
    test_otel,
)
from tests.sources import test_qwen_code as qwen
from tests.sources.reading import encoded, read_path

LINES = {
    "claude-code": [test_claude_code.line()],
    "codex": [test_codex.meta(), test_codex.turn("gpt-5"), test_codex.tokens(5, (100, 20, 10, 4), (100, 20, 10, 4)),
              test_codex.tokens(6, (300, 20, 10, 4))],
    "gemini-cli": [test_gemini_cli.HEAD, test_gemini_cli.answer(), {"$set": {"messages": [test_gemini_cli.answer()]}}],
    "qwen-code": [qwen.line("user"), qwen.answer(600, 5, 20, 625)],
    "opencode": [test_opencode.message()],
    "otel": [test_otel.export(test_otel.span(test_otel.NEW), test_otel.span(test_otel.OLD))],
    "copilot-cli": [test_copilot_cli.span(test_copilot_cli.CHAT), test_copilot_cli.agent(), test_copilot_cli.METRIC],
    "litellm": [test_litellm.row(test_litellm.DETAILS)],
    "langfuse": [test_langfuse.v1(), test_langfuse.v2()],
    "openrouter": [test_openrouter.generation(), test_openrouter.row(), {"data": [test_openrouter.row()]}],
    "helicone": [test_helicone.request(), {"data": [test_helicone.request()]}],
    "jsonl": [{"timestamp": "2026-01-09T10:00:00Z", "request_id": "r", "model": "gpt-4o", "input_tokens": 10,
               "output_tokens": 2, "tags": {"a": "b"}, "latency_ms": 5}],
    "openai-admin": [json.loads(pages.openai(pages.COST, pages.CREDIT, pages.USED))],
    "anthropic-admin": [json.loads(pages.anthropic(pages.BILLED, pages.COUNTED))],
    "openai-batch": [test_openai_batch.line(test_openai_batch.BODY), test_openai_batch.result("errored")],
    "openai": [test_openai.chat({"prompt_tokens": 9, "completion_tokens": 3,
                                 "prompt_tokens_details": {"cached_tokens": 4}})],
    "anthropic": [test_anthropic.message({"input_tokens": 9, "output_tokens": 3, "cache_read_input_tokens": 4})],
}  # fmt: skip
PER_SOURCE = 650
MANY_PER_SOURCE = 8_500
ODD: tuple[Any, ...] = (
    None, True, -1, 1.5, 10**40, "", "x", "\x00", "中文" * 50, "\ud800", [], [[]], {}, {"a": {}}, "9" * 5_000, 1e300,
    "2026-13-45", -(10**18), "NaN",
)  # fmt: skip


def odd_value(dice: random.Random, value: Any) -> Any:
    """The value with one thing in it replaced, dropped or wrapped."""
    if isinstance(value, dict) and value and dice.random() < 0.9:
        made = dict(value)
        key = dice.choice(list(made))
        if dice.random() < 0.15:
            del made[key]
        else:
            made[key] = odd_value(dice, made[key])
        return made
    if isinstance(value, list) and value and dice.random() < 0.9:
        place = dice.randrange(len(value))
        return [*value[:place], odd_value(dice, value[place]), *value[place + 1 :]]
    return dice.choice(ODD)


def odd_bytes(dice: random.Random, line: bytes) -> bytes:
    """The line cut short, with a byte changed, or with some of it twice; never of two lines."""
    place = dice.randrange(len(line) - 1)
    changed: Callable[[], bytes] = dice.choice((
        lambda: line[:place] + b"\n",
        lambda: line[:place] + bytes([dice.choice((0, 34, 44, 92, 123, 125, 255))]) + line[place + 1 :],
        lambda: line[:place] + line[place // 2 :],
    ))  # fmt: skip
    return changed()


@pytest.mark.parametrize("name", ["claude-code", "codex", "copilot-cli", "gemini-cli", "qwen-code", "jsonl"])
def test_a_log_continued_after_any_line_gives_what_one_reading_gives(name: str, isolated: Path) -> None:
    source = source_named(name)
    assert source.resumes
    lines = [encoded(line) for line in LINES[name] * 3]
    path = isolated / "log"
    path.write_bytes(b"".join(lines))
    with closing(LogFile.open(path)) as file:
        whole = list(source.read(file))
    for cut in range(1, len(lines)):
        path.write_bytes(b"".join(lines[:cut]))
        with closing(LogFile.open(path)) as first:
            before = list(source.read(first))
        assert first.resumable
        path.write_bytes(b"".join(lines))
        with closing(LogFile.open(path, offset=first.consumed, line=first.consumed_lines)) as rest:
            rest.state = json.loads(json.dumps(first.state))
            assert before + list(source.read(rest)) == whole
        assert rest.consumed == path.stat().st_size


@pytest.mark.parametrize("name", LINES)
def test_damaged_lines(name: str) -> None:
    _read_damaged(name, random.Random(name), PER_SOURCE)


@pytest.mark.full
@pytest.mark.parametrize("name", LINES)
def test_damaged_lines_by_the_ten_thousand(name: str) -> None:
    """Some 100,000 in all, others than those of every day (`make fuzz`)."""
    _read_damaged(name, random.Random(f"{name} at night"), MANY_PER_SOURCE)


def _read_damaged(name: str, dice: random.Random, count: int) -> None:
    source = source_named(name)
    made: list[bytes] = []
    while len(made) < count:
        line = dice.choice(LINES[name])
        if dice.random() < 0.6:
            made.append(json.dumps(odd_value(dice, line)).encode() + b"\n")
        else:
            made.append(odd_bytes(dice, encoded(line)))
    written = sum(1 for line in made if line.strip())
    # The log proper begins with sound lines, as a log does.
    file = LogFile(
        io.BytesIO(encoded(*LINES[name]) + b"".join(made)), "log", ReadOptions(undated=1_790_000_000_000_000)
    )
    items = list(source.read(file))
    assert all(isinstance(item, Record | Problem | Billed) for item in items)
    told = {item.line for item in items if isinstance(item, Problem)}
    requests = sum(isinstance(item, Record | Billed) for item in items)
    # A line may hold several requests; none is without a trace.
    assert len(told) + requests + file.ignored >= written + len(LINES[name])
    for item in items:
        if isinstance(item, Record):
            assert min(item.usage) >= 0
            assert item.id
            assert 0 < item.ts < 1 << 53


def test_damaged_rows_of_llm_s_database(isolated: Path) -> None:
    dice, details = (
        random.Random("llm"),
        [{}, test_llm.ANTHROPIC, json.loads(test_llm.DETAILS), test_llm.GEMINI_DETAILS],
    )
    plain = [odd for odd in ODD if not isinstance(odd, list | dict) and odd not in (10**40, "\ud800")]
    turns: list[tuple[Any, ...]] = []
    for number in range(PER_SOURCE):
        row = [str(number), "t", None, "gpt-4o", 9_713, 87, json.dumps(odd_value(dice, dice.choice(details))), 5,
               test_llm.WHEN]  # fmt: skip
        if dice.random() < 0.3:
            row[dice.randrange(1, len(row))] = dice.choice(plain)
        turns.append(tuple(row))
    records, problems, ignored = read_path(source_named("llm"), test_llm.database(isolated / "logs.db", turns, []))
    assert len(
        {line for line, _ in problems} | {int(record.id[4:].partition("#")[0]) + 1 for record in records}
    ) == len(turns)
    assert ignored == 0
    assert records
    assert all(min(record.usage) >= 0 for record in records)
