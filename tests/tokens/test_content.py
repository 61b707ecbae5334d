"""Requests in the shapes of each provider, as their documentation shows them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.tokens.decode import Text
from llmcost.tokens.images import Image
from llmcost.tokens.prompt import Prompt, from_value, parse

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4) + (480).to_bytes(4) + b"\0" * 5).decode()
SEEN = "calls of tools counted by what was seen on gpt-4o"


def read(value: Any) -> Prompt:
    prompt = from_value(json.loads(json.dumps(value)))
    assert prompt is not None
    assert prompt.request == value
    return prompt


SYSTEM_AND_USER: list[dict[str, Any]] = [
    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]},
    {"system": "Be brief.", "messages": [{"role": "user", "content": "hello"}]},
    {"system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
     "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]},
    {"system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
     "messages": [{"role": "user", "content": [{"text": "hello"}]}]},
    {"systemInstruction": {"parts": [{"text": "Be brief."}]},
     "contents": [{"role": "user", "parts": [{"text": "hello"}]}]},
    {"system_instruction": {"parts": {"text": "Be brief."}}, "contents": {"parts": [{"text": "hello"}]}},
    {"systemInstruction": "Be brief.", "contents": "hello"},
    {"instructions": "Be brief.", "input": "hello"},
    {"instructions": "Be brief.", "input": [{"role": "user", "content": [{"type": "input_text", "text": "hello"}]}]},
    {"input": [{"type": "message", "role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]},
]  # fmt: skip


@pytest.mark.parametrize("body", SYSTEM_AND_USER)
def test_every_providers_body_is_the_same_prompt(body: dict[str, Any]) -> None:
    prompt = read({"model": "m", **body})
    assert prompt.texts == ("system", "Be brief.", "user", "hello")
    assert (prompt.messages, prompt.roles, prompt.body) == (2, ("system", "user"), "Be brief.\nhello")
    assert (prompt.complete, prompt.notes, prompt.kind, prompt.model) == (True, (), "messages", "m")


@pytest.mark.parametrize(
    "value",
    [
        {"input": "hello"}, {"prompt": "hello"}, {"input": ["a", "b"]}, {"contents": []},
        {"contents": [{"role": "user"}]},
        {"input": [1], "model": "m"}, {"prompt": [[1, 2]], "model": "m"}, {"body": {"x": 1}, "custom_id": "a"}, 5, None,
        {"question": "a", "answer": "b"}, {"input": "", "model": "m"}, {"messages": {}, "contents": "", "input": []},
    ],
)  # fmt: skip
def test_what_is_no_request_is_none(value: Any) -> None:
    assert from_value(value) is None


def test_a_completion_and_an_embedding_are_requests_where_they_name_a_model() -> None:
    assert read({"model": "m", "prompt": "hello"}).body == "hello"
    assert read({"model": "m", "input": "hello"}).body == "hello"
    several = read({"model": "m", "input": ["a", "b"]})
    assert (several.body, several.notes) == ("a\nb", ("several inputs counted as one",))


@pytest.mark.parametrize(
    ("body", "most"),
    [
        ({"max_tokens": 5}, 5), ({"max_completion_tokens": 6, "max_tokens": 5}, 6), ({"max_output_tokens": 7}, 7),
        ({"generationConfig": {"maxOutputTokens": 8}}, 8), ({"inferenceConfig": {"maxTokens": 9}}, 9), ({}, None),
        ({"max_tokens": True}, None), ({"max_tokens": -1}, None), ({"max_tokens": "5"}, None),
        ({"max_tokens": 10**30}, None),
    ],
)  # fmt: skip
def test_the_most_it_may_answer(body: dict[str, Any], most: int | None) -> None:
    assert read({"messages": [{"role": "user", "content": "x"}], **body}).max_output_tokens == most


@pytest.mark.parametrize(
    ("part", "image"),
    [
        ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}},
         Image(640, 480, "low")),
        ({"type": "image_url", "image_url": f"data:image/png;base64,{PNG}"}, Image(640, 480)),
        ({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}, Image()),
        ({"type": "image_url"}, Image()),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}, Image(640, 480)),
        ({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}, Image()),
        ({"image": {"format": "png", "source": {"bytes": PNG}}}, Image(640, 480)),
    ],
)  # fmt: skip
def test_images_of_messages(part: dict[str, Any], image: Image) -> None:
    prompt = read({"messages": [{"role": "user", "content": [part, part]}]})
    assert prompt.images == (image, image)
    assert (prompt.texts, prompt.complete) == (("user",), True)


def test_images_of_the_responses_api_and_of_gemini() -> None:
    content = [{"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PNG}"}]
    assert read({"input": [{"role": "user", "content": content}]}).images == (Image(640, 480, "auto", responses=True),)
    parts: list[dict[str, Any]] = [
        {"inlineData": {"mimeType": "image/png", "data": PNG}, "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}},
        {"inline_data": {"mime_type": "image/png", "data": PNG}},
        {"fileData": {"mimeType": "image/png", "fileUri": "gs://x"}},
        {"inlineData": {"mimeType": "audio/wav", "data": "x"}},
    ]
    prompt = read({"contents": [{"parts": parts}], "generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_HIGH"}})
    low, high = "media_resolution_low", "media_resolution_high"
    assert prompt.images == (Image(640, 480, low), Image(640, 480, high), Image(0, 0, high))
    assert prompt.notes == ("not counted: a part of type 'inlineData'",)


CALLS: list[dict[str, Any]] = [
    {"messages": [
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}]},
        {"role": "tool", "tool_call_id": "c", "content": "found"}]},
    {"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":1}'},
               {"type": "function_call_output", "call_id": "c", "output": "found"}]},
    {"messages": [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}}]},
        {"role": "tool", "content": [
            {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "found"}]}]}]},
    {"messages": [
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}}]},
        {"role": "tool", "content": [{"toolResult": {"toolUseId": "c", "content": [{"text": "found"}]}}]}]},
]  # fmt: skip


@pytest.mark.parametrize("body", CALLS)
def test_calls_and_results_of_tools(body: dict[str, Any]) -> None:
    prompt = read(body)
    assert prompt.texts == ("assistant", "f", "f", '{"a":1}', "tool", "found")
    assert (prompt.extra_tokens, prompt.notes, prompt.complete) == (5, (SEEN,), False)


def test_calls_of_gemini() -> None:
    parts = [
        {"functionCall": {"name": "f", "args": {"a": 1}}},
        {"functionResponse": {"name": "f", "response": {"b": 2}}},
    ]
    prompt = read({"contents": [{"role": "model", "parts": parts}]})
    assert prompt.texts == ("model", "f", "f", '{"a":1}', '{"b":2}')
    assert prompt.notes == (SEEN, "a tool's result counted as its JSON text")


def test_tools_are_kept_for_the_counter() -> None:
    messages = [{"role": "user", "content": "x"}]
    for body, choice in (
        ({"tools": [{"name": "f"}], "tool_choice": {"type": "any"}}, "any"),
        ({"functions": [{"name": "f"}], "function_call": "auto"}, "auto"),
        ({"toolConfig": {"tools": [{"name": "f"}], "toolChoice": {"tool": {"name": "f"}}}}, "tool"),
        ({"tools": [{"name": "f"}], "tool_choice": 5}, ""),
    ):
        prompt = read({"messages": messages, **body})
        assert prompt.tools is not None
        assert (prompt.tools.definitions, prompt.tools.choice, prompt.tools.responses) == (
            ({"name": "f"},),
            choice,
            False,
        )
        assert prompt.texts == ("user", "x")
    assert read({"messages": messages, "tools": "x"}).tools is None
    found = read({"input": "x", "model": "m", "tools": [{"name": "f"}]}).tools
    assert found is not None
    assert found.responses


def test_a_schema_of_the_answer_counts_as_its_json_text() -> None:
    messages = [{"role": "user", "content": "x"}]
    schema = {"type": "json_schema", "json_schema": {"a": 1}}
    shaped = read({"messages": messages, "response_format": schema})
    assert (shaped.texts[-1], shaped.notes) == (
        json.dumps(schema, separators=(",", ":")),
        ("'response_format' counted as its JSON text",),
    )
    assert read({"input": "x", "model": "m", "text": {"format": schema}}).notes == ("'text' counted as its JSON text",)
    assert read({"contents": "x", "generationConfig": {"responseSchema": {"a": 1}}}).texts[-1] == '{"a":1}'
    for plain in ({"response_format": {"type": "text"}}, {"text": {"format": {"type": "text"}, "verbosity": "low"}}):
        assert read({"messages": messages, **plain}).complete


def test_what_a_server_keeps_is_said_not_to_be_counted() -> None:
    prompt = read(
        {"input": [{"role": "user", "content": "x"}], "previous_response_id": "resp_1", "reasoning": {"mode": "pro"}}
    )
    assert prompt.notes == (
        "not counted: what 'previous_response_id' stands for", "not counted: what the mode of reasoning adds",
    )  # fmt: skip
    later = read({"input": [{"role": "assistant", "content": "x"}]})
    assert later.notes == ("earlier answers on the Responses API come within a few tokens",)


def test_documents_and_thoughts() -> None:
    parts: list[dict[str, Any]] = [
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
        {"type": "document", "source": {"type": "base64", "data": "JVBERi0"}},
        {"type": "thinking", "thinking": "hm", "signature": "x"},
    ]
    prompt = read([{"role": "assistant", "content": parts, "refusal": None, "reasoning_content": "so"}])
    assert prompt.texts == ("assistant", "words", '"hm"', "so")
    assert prompt.notes == (
        "not counted: a part of type 'document'", "'thinking' counted as its JSON text",
        "'reasoning_content' counted as text",
    )  # fmt: skip


def test_results_within_results_are_not_followed_for_ever() -> None:
    part: dict[str, Any] = {"text": "x"}
    for _ in range(200):
        part = {"type": "tool_result", "content": [part]}
    assert read([{"role": "user", "content": [part]}]).notes == ("not counted: a part of type 'dict'",)


LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
KEYS = st.sampled_from([
    "messages", "role", "content", "type", "text", "tool_calls", "function", "name", "arguments", "input", "contents",
    "parts", "tools", "image_url", "url", "source", "data", "image", "inlineData", "system", "instructions",
    "toolResult", "functionCall", "generationConfig", "body", "custom_id", "params", "model", "tool_result", "prompt",
    "response_format", "tool_choice",
])  # fmt: skip
VALUES = st.recursive(
    LEAF
    | st.sampled_from(["user", "text", "image_url", "image", "tool_use", "tool_result", "document", "function_call"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(VALUES, st.sampled_from(["messages", "contents", "input"]), VALUES)
def test_any_json_is_survived(value: Any, key: str, inner: Any) -> None:
    message = {"role": "user", "content": [inner], "parts": [inner], "tool_calls": [inner]}
    for whole in (value, {"model": "m", key: [message], "tools": [inner], "system": inner}):
        prompt = from_value(whole)
        if prompt is not None:
            assert prompt.messages == len(prompt.roles)
            assert all(isinstance(text, str) and text.encode() is not None for text in (*prompt.texts, *prompt.notes))
            assert prompt.complete == (not prompt.notes)


def test_the_nesting_of_json_is_no_way_to_break_it() -> None:
    for deep in ('[{"role":"user","content":' + "[" * 900 + "]" * 900 + "}]", '{"messages":' * 5_000):
        assert parse(Text(deep), json_allowed=True).kind in {"text", "messages"}
