from __future__ import annotations

import json
from typing import Any

import pytest

from llmcost.tokens.decode import Text
from llmcost.tokens.prompt import Prompt, from_value, parse, plain


def chat(value: Any) -> Prompt:
    return parse(Text(json.dumps(value)), json_allowed=True)


def test_a_text_is_one_user_message() -> None:
    prompt = plain("hello")
    assert (prompt.texts, prompt.messages, prompt.names, prompt.kind) == (("user", "hello"), 1, 0, "text")
    assert prompt.complete


def test_a_message_list_and_a_request_body_are_chat_messages() -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "name": "ann", "content": "hello"}]
    for value, model in ((messages, ""), ({"model": "gpt-4o", "messages": messages}, "gpt-4o")):
        prompt = chat(value)
        assert prompt.kind == "messages"
        assert prompt.texts == ("system", "Be brief.", "user", "ann", "hello")
        assert (prompt.messages, prompt.names, prompt.complete, prompt.model) == (2, 1, True, model)
        assert prompt.body == "Be brief.\nhello"


@pytest.mark.parametrize(
    "value",
    [
        [], {}, [1], [{"role": "user"}], [{"content": "x"}], [{"role": "user", "content": 5}], {"messages": []},
        {"messages": "x"}, {"name": "package"}, [{"role": 1, "content": "x"}], [{"role": "user", "content": "x"}, 2],
    ],
)  # fmt: skip
def test_any_other_json_is_plain_text(value: Any) -> None:
    prompt = chat(value)
    assert prompt.kind == "text"
    assert prompt.body == json.dumps(value)


def test_json_is_looked_at_only_where_it_is_allowed() -> None:
    text = '[{"role": "user", "content": "hello"}]'
    assert parse(Text(text), json_allowed=False).kind == "text"
    assert parse(Text(text), json_allowed=True).kind == "messages"


def test_broken_and_deep_json_is_plain_text() -> None:
    assert parse(Text('[{"role": '), json_allowed=True).kind == "text"
    assert parse(Text("[" * 100_000), json_allowed=True).kind == "text"


def test_a_part_of_another_kind_is_said_not_to_be_counted() -> None:
    parts = [
        {"type": "text", "text": "what is this?"},
        {"type": "input_audio", "input_audio": {"data": "x"}},
        5,
        {"a": 1},
    ]
    prompt = chat([{"role": "user", "content": parts}])
    assert prompt.texts == ("user", "what is this?")
    assert prompt.notes == tuple(f"not counted: a part of type {kind!r}" for kind in ("input_audio", "int", "a"))
    assert not prompt.complete


def test_a_call_that_is_none_counts_as_its_json_text() -> None:
    prompt = chat([{"role": "assistant", "content": None, "tool_calls": [{"id": "c1"}]}])
    assert prompt.texts == ("assistant", '{"id":"c1"}')
    assert prompt.notes == ("'tool_calls' counted as its JSON text",)
    assert not prompt.complete


def test_lone_surrogates_of_json_escapes_are_replaced() -> None:
    prompt = parse(Text('[{"role": "user", "content": "\\ud800"}]'), json_allowed=True)
    assert prompt.texts == ("user", "\ufffd")


def test_an_empty_text_is_said_to_be_empty() -> None:
    assert parse(Text(""), json_allowed=True).notes == (
        "empty: 0 tokens of content, only the message around it is counted",
    )


def test_what_was_noted_in_reading_stays() -> None:
    prompt = parse(Text("x\ufffd", ("not valid UTF-8: 1 characters replaced",), faithful=False), json_allowed=False)
    assert prompt.notes == ("not valid UTF-8: 1 characters replaced",)
    assert not prompt.complete
    messages = parse(Text('[{"role":"user","content":"x"}]', ("n",), faithful=False), json_allowed=True)
    assert (messages.kind, messages.notes, messages.complete) == ("messages", ("n",), False)


@pytest.mark.parametrize("given", ["hello", [{"role": "user", "content": "hello"}]])
def test_what_the_responses_api_adds_unseen_is_said(given: Any) -> None:
    body = {"model": "gpt-4o", "input": given}
    plain = from_value(body)
    assert plain is not None
    assert plain.complete
    for key, value in (("previous_response_id", "resp_1"), ("conversation", "c"), ("instructions", "")):
        prompt = from_value({**body, key: value})
        assert prompt is not None
        assert not prompt.complete
