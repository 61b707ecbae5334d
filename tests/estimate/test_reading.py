from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from llmcost.core.errors import UsageError
from llmcost.estimate.reading import Reader
from llmcost.estimate.terms import Terms, Told
from llmcost.estimate.traffic import Traffic
from llmcost.ledger.measures import Sums
from llmcost.tokens.counter import count
from llmcost.tokens.prompt import Prompt

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
ANTHROPIC = {"custom_id": "a", "params": {"model": "claude-x", "max_tokens": 10, **BODY}}


def read(path: str, text: str | bytes, *variables: tuple[str, str | int]) -> tuple[list[Prompt], list[str]]:
    """The prompts of a file of that name, and the remarks on it."""
    reader = Reader(Told(Terms(variables=variables)))
    data = text if isinstance(text, bytes) else text.encode()
    return list(reader(path, io.BytesIO(data))), reader.remarks


def tokens(prompt: Prompt) -> int:
    return count(prompt, "gpt-4o", "openai").tokens


def lines(*values: object) -> str:
    return "".join(f"{value if isinstance(value, str) else json.dumps(value)}\n" for value in values)


@pytest.mark.parametrize("path", ["a.json", "-"])
def test_a_json_document_is_a_request(path: str) -> None:
    ((prompt,), remarks) = read(path, json.dumps(BODY, indent=2))
    assert (prompt.kind, prompt.model, tokens(prompt), remarks) == ("messages", "gpt-4o", 8, [])


def test_in_a_file_of_another_name_json_is_text() -> None:
    ((prompt,), _) = read("a.txt", json.dumps(BODY))
    assert (prompt.kind, prompt.body) == ("text", json.dumps(BODY))


@pytest.mark.parametrize("path", ["a.jsonl", "A.NDJSON", "-"])
def test_json_lines_are_many_requests(path: str) -> None:
    batch = {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": BODY}
    prompts, remarks = read(path, lines(batch, BODY, BODY["messages"], "", ANTHROPIC))
    assert [prompt.messages for prompt in prompts] == [1, 1, 1, 1]
    assert remarks == []


def test_a_batch_document_is_many_requests() -> None:
    prompts, _ = read("a.json", json.dumps({"requests": [ANTHROPIC, ANTHROPIC]}))
    assert [prompt.model for prompt in prompts] == ["gpt-4o", "gpt-4o"]


def test_lines_that_are_no_requests_are_told() -> None:
    prompts, remarks = read("a.jsonl", lines(BODY, "{broken", "[1]", BODY))
    assert len(prompts) == 2
    assert remarks == ["a.jsonl: 2 lines not counted; line 2: not valid JSON"]


@pytest.mark.parametrize("path", ["log.jsonl", "-"])
def test_json_lines_of_something_else_are_text(path: str) -> None:
    text = lines({"time": 1}, {"time": 2})
    ((prompt,), _) = read(path, text)
    assert (prompt.kind, prompt.body) == ("text", text)
    if path != "-":
        assert prompt.notes == ("no line of it is a request: counted as text",)


def test_broken_json_is_text_and_said_to_be() -> None:
    ((prompt,), remarks) = read("a.json", '{"messages": [')
    assert (prompt.kind, prompt.notes, remarks) == ("text", ("not valid JSON: counted as text",), [])
    ((other,), _) = read("a.json", '{"data": 1}')
    assert (other.kind, other.notes) == ("text", ())


def test_an_empty_file_is_no_tokens_of_content() -> None:
    for path in ("a.txt", "a.jsonl", "a.json", "-", "a.j2"):
        ((prompt,), _) = read(path, "")
        assert tokens(prompt) == 7
    ((prompt,), _) = read("a.txt", "")
    assert "0 tokens of content" in prompt.notes[0]


def test_a_variable_stands_for_its_placeholder() -> None:
    ((prompt,), _) = read("a.txt", "hello {{ name }}", ("name", "world"))
    assert (prompt.body, prompt.missing, prompt.complete) == ("hello world", (), True)


def test_a_placeholder_left_is_no_text_and_the_count_not_exact() -> None:
    ((prompt,), _) = read("a.md", "hello {{name}}")
    assert "{" not in prompt.body
    assert (prompt.missing, prompt.complete) == (("name",), False)
    assert any("name" in note for note in prompt.notes)


def test_a_variable_of_a_known_size() -> None:
    (without,), _ = read("a.txt", "hello {{name}}", ("name", ""))
    (sized,), _ = read("a.txt", "hello {{name}}", ("name", 100))
    assert tokens(sized) == tokens(without) + 100
    assert not count(sized, "gpt-4o", "openai").exact
    assert sized.notes == ("100 tokens for variables of a declared size",)


def test_a_program_is_no_template() -> None:
    ((prompt,), _) = read("a.py", 'f"{{name}}"')
    assert (prompt.body, prompt.missing) == ('f"{{name}}"', ())


def test_jinja(tmp_path: Path) -> None:
    ((prompt,), _) = read(str(tmp_path / "a.j2"), "{% for x in [1, 2] %}{{ name }}{% endfor %}", ("name", "ab"))
    assert prompt.body == "abab"


def test_a_template_that_cannot_be_filled_is_named() -> None:
    with pytest.raises(UsageError, match=r"a\.j2: the template cannot be rendered"):
        read("a.j2", "{% if %}")


def test_placeholders_in_messages() -> None:
    body = {"messages": [{"role": "user", "content": "hello {{name}}"}]}
    for path, text in (("a.json", json.dumps(body)), ("a.jsonl", lines(body))):
        (filled,), _ = read(path, text, ("name", "world"))
        assert (filled.body, filled.missing) == ("hello world", ())
        (left,), _ = read(path, text)
        assert (left.missing, left.complete) == (("name",), False)


def test_the_measured_input_stands_for_what_is_missing() -> None:
    traffic = Traffic(9, 1, 0, "gpt-4o", "openai", 700, 1, 1, Sums())
    told = Told(Terms(where=(("app", "bot"),)), measure=lambda where: traffic)
    (prompt,) = Reader(told)("a.txt", io.BytesIO(b"hello {{document}}"))
    counted = count(prompt, "gpt-4o", "openai")
    assert (counted.tokens, counted.exact) == (700, False)
    assert prompt.notes[-1] == (
        "their size is taken from the median of 9 requests of app=bot in 30 days: 700 input tokens"
    )
    claude = Traffic(9, 1, 0, "claude-opus-4-7", "anthropic", 700, 1, 1, Sums())
    told = Told(Terms(where=(("app", "bot"),)), measure=lambda where: claude)
    (prompt,) = Reader(told)("a.txt", io.BytesIO(b"hello " * 200 + b"{{document}}"))
    assert count(prompt, "claude-opus-4-7", "anthropic").tokens == 700
    (longer,) = Reader(told)("a.txt", io.BytesIO(b"hello " * 1_000 + b"{{document}}"))
    assert count(longer, "gpt-4o", "openai").tokens > 1_000


def test_binary_input_is_an_error_by_any_name() -> None:
    for path in ("a.txt", "a.json", "-", "a.jsonl"):
        with pytest.raises(UsageError, match="is not text"):
            read(path, b"\x00\x01")
