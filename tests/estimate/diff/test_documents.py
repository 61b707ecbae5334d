"""Prompt files as calls."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmcost.estimate.diff.documents import read
from llmcost.estimate.diff.sent import Filled, Sent, filled, prefix, texts
from llmcost.tokens.decode import Text


def document(name: str, text: str, **options: bool) -> Sent:
    return read(name, Text(text), **options)


def messages(sent: Sent) -> list[tuple[str, Any]]:
    return [(each["role"], each["content"]) for each in sent.bodies[0]["messages"]]


def test_text_with_front_matter() -> None:
    sent = document("p.md", "---\nmodel: gpt-4o\nmax_tokens: 50\n---\nHello {{name}}")
    assert (sent.name, sent.bodies, sent.model, sent.limit, sent.line) == ("p.md", ("Hello {{name}}",), "gpt-4o", 50, 5)
    assert not sent.jinja
    assert document("p.j2", "x").jinja
    assert document("p.md", "{% if x %}", variables_given=True).jinja


def test_plain_and_empty_text() -> None:
    assert document("p.txt", "Hello")[:5] == ("p.txt", ("Hello",), 1, "", None)
    assert document("p.txt", " \n").notes == ("empty",)
    unfaithful = read("p.txt", Text("a\ufffd", ("not valid UTF-8: 1 characters replaced",), False))
    assert (unfaithful.complete, unfaithful.notes) == (False, ("not valid UTF-8: 1 characters replaced",))


def test_json_messages() -> None:
    body = {"model": "gpt-4o", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    assert document("p.json", json.dumps(body))[1:5] == ((body,), 1, "gpt-4o", 9)
    assert document("p.json", json.dumps(body["messages"])).bodies == (body["messages"],)


@pytest.mark.parametrize(
    ("name", "text", "note"),
    [
        ("p.json", "{not json", "not valid JSON: counted as plain text"),
        ("p.json", "[" * 100_000, "not valid JSON: counted as plain text"),
        ("p.json", '{"a": 1}', "JSON, but no chat messages: counted as plain text"),
        ("p.jsonl", "1\n2\n", "no chat messages in it: counted as plain text"),
        ("p.yaml", "a: b", "no system, prompt, messages, template or content key in it: counted as plain text"),
        ("p.yaml", "a: [", "counted as plain text: p.yaml:2: not valid YAML"),
        ("p.yml", "a: &x 1\nb: *x", "counted as plain text: p.yml:1: anchors and aliases are not supported"),
    ],
)
def test_what_has_no_known_shape_is_plain_text_and_says_so(name: str, text: str, note: str) -> None:
    sent = document(name, text)
    assert sent.bodies == (text,)
    assert sent.notes[0].startswith(note)


def test_json_lines() -> None:
    chat = document("p.jsonl", '{"role": "system", "content": "Be kind"}\n\n{"role": "user", "content": "Hi"}\n')
    assert chat.bodies == ([{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Hi"}],)
    body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
    lines = [{"custom_id": "1", "body": body}, {"custom_id": "2", "params": {**body, "max_tokens": 7}}, {"other": 1}]
    batch = document("p.jsonl", "\n".join(map(json.dumps, lines)) + "\nnot json")
    assert (len(batch.bodies), batch.model, batch.limit, batch.complete) == (2, "m", 7, False)
    assert batch.notes == (
        "1 lines are not JSON and are not counted", "1 lines are no requests and are not counted",
        "2 requests, counted together as one call",
    )  # fmt: skip


def test_yaml() -> None:
    sent = document(
        "p.yaml",
        """
        model: gpt-4o
        config: {max_tokens: 50, model: ignored}
        description: not sent
        system: Be kind
        few_shot:
          - {role: user, content: "Hi {{ name }}"}
          - {role: assistant, content: Hello}
        messages:
          - role: developer
            content: [one, two]
        template: |
          The end
        assistant: Well
        empty: {prompt: }
        """,
    )
    assert (sent.model, sent.limit) == ("gpt-4o", 50)
    assert messages(sent) == [
        ("system", "Be kind"), ("user", "Hi {{ name }}"), ("assistant", "Hello"), ("developer", "one"),
        ("developer", "two"), ("user", "The end\n"), ("assistant", "Well"),
    ]  # fmt: skip
    assert document("p.yaml", "prompt: a\nmax_tokens: many").limit is None
    assert document("p.yaml", "[prompt: a b, {nested: [{system: c}]}]").bodies[0] == {
        "messages": [{"role": "user", "content": "a b"}, {"role": "system", "content": "c"}]
    }


def test_variables_are_filled_in_every_text_of_a_body() -> None:
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi {{a}} {{b}}"}]}], "x": 1}
    found = filled(Sent("p", (body, "{{a}}{{c}}")), {"a": "you", "b": 7})
    assert isinstance(found, Filled)
    assert [prompt.body for prompt in found.prompts] == ["Hi you ", "you"]
    assert [prompt.extra_tokens for prompt in found.prompts] == [7, 0]
    assert found.missing == ("c",)


def test_a_body_of_no_known_shape_is_counted_as_its_json() -> None:
    (made,) = filled(Sent("p", ({"strange": "x"},)), {}).prompts
    assert made.body == '{"strange": "x"}'


@pytest.mark.parametrize(
    ("body", "text", "placeholder", "line"),
    [
        ("one\ntwo {{a}} three {{b}}", "one\ntwo ", "a", 2),
        ("all of it", "all of it", "", 0),
        ("{{first}}", "", "first", 1),
        ({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U {{q}}"}]}, "S\nU ", "q", 1),
        ({"messages": [{"role": "user", "content": "{{q}}"}], "system": "S"}, "S\n", "q", 1),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "U"}]}], "tools": [1]}, "[1]\nU", "", 0),
    ],
)
def test_the_static_beginning(body: Any, text: str, placeholder: str, line: int) -> None:
    assert prefix(Sent("p", (body,))) == (text, placeholder, line)


def test_no_beginning_of_no_text() -> None:
    assert prefix(Sent("p", ())) == ("", "", 0)
    assert list(texts([{"role": "user", "content": None}])) == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", "Today: {date} {user.name} {n:>3} {{x: 1}}", "Today: {{date}} {{user.name}} {{n}} {x: 1}"),
        ("a.md", "As {name} or {{name}}", "As {name} or {{name}}"),
        ("a.md", 'As {name} or {"a": 1}', 'As {name} or {"a": 1}'),
        ("a.md", "As {name} or {} or {0}", "As {name} or {} or {0}"),
        ("a.md", "As {name} or }", "As {name} or }"),
        ("a.j2", "As {name}", "As {name}"),
        ("a.txt", "no brace", "no brace"),
    ],
)
def test_a_template_of_format(name: str, text: str, expected: str) -> None:
    assert document(name, text).bodies == (expected,)


def test_a_template_of_format_in_yaml() -> None:
    assert messages(document("a.yaml", "_type: prompt\ntemplate: 'Tell me {what}'\n")) == [("user", "Tell me {{what}}")]


def test_what_jinja_does_not_send_is_in_no_static_beginning() -> None:
    found = prefix(Sent("a.j2", ("{# a {{x}} #}{% set y = 1 %}As {{ y }}",), jinja=True))
    assert (found.text, found.placeholder) == ("As ", "y")
