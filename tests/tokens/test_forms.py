from __future__ import annotations

from typing import Any

import pytest

from llmcost.core.errors import UsageError
from llmcost.tokens.forms import anthropic_body, google_body, openai_body
from llmcost.tokens.prompt import Prompt, from_value, plain

CHAT = [
    {"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
    {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Bye"},
]  # fmt: skip
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}


def prompt(value: Any) -> Prompt:
    found = from_value(value)
    assert found is not None
    return found


def test_chat_messages_for_anthropic() -> None:
    assert anthropic_body(prompt(CHAT), "m") == {
        "model": "m", "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"},
            {"role": "user", "content": "Bye"},
        ],
    }  # fmt: skip


def test_chat_messages_for_google() -> None:
    assert google_body(prompt({"messages": CHAT}), "models/m") == {
        "generateContentRequest": {
            "model": "models/m", "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "Hi"}]}, {"role": "model", "parts": [{"text": "Hello"}]},
                {"role": "user", "parts": [{"text": "Bye"}]},
            ],
        }
    }  # fmt: skip


def test_chat_messages_for_openai() -> None:
    assert openai_body(prompt(CHAT), "m") == {
        "model": "m",
        "input": [
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Bye"},
        ],
    }  # fmt: skip


def test_a_body_of_googles_own_form_passes() -> None:
    request = {
        "contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "eA=="}}]}],
        "system_instruction": {"parts": [{"text": "x"}]}, "tools": [{"functionDeclarations": []}], "safetySettings": [],
    }  # fmt: skip
    assert google_body(prompt(request), "m")["generateContentRequest"] == {
        "model": "models/m", "contents": request["contents"], "systemInstruction": request["system_instruction"],
        "tools": request["tools"],
    }  # fmt: skip


def test_a_body_of_the_responses_api_passes() -> None:
    request = {"model": "x", "input": [{"role": "user", "content": [{"type": "input_image", "image_url": "u"}]}],
               "tools": [{"type": "function", "name": "f"}], "max_output_tokens": 9}  # fmt: skip
    assert openai_body(prompt(request), "m") == {"model": "m", "input": request["input"], "tools": request["tools"]}


@pytest.mark.parametrize("body", [anthropic_body, google_body, openai_body])
@pytest.mark.parametrize(
    "request_body",
    [
        {"messages": CHAT, "tools": [TOOL]},
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}],
        [{"role": "user", "content": "x"}, {"role": "tool", "tool_call_id": "1", "content": "y"}],
        [{"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}],
        {"messages": CHAT, "response_format": {"type": "json_object"}},
        [{"role": "system", "name": "ada", "content": "x"}, {"role": "user", "content": "y"}],
    ],
)
def test_nothing_is_dropped_in_silence(body: Any, request_body: Any) -> None:
    with pytest.raises(UsageError, match="holds more than text, which --exact cannot convert"):
        body(prompt(request_body), "m")


def test_another_providers_form_is_refused_or_converted_whole() -> None:
    with pytest.raises(UsageError, match="not in Anthropic's own form"):
        anthropic_body(prompt({"contents": [{"parts": [{"text": "x"}]}]}), "m")
    claude = {"system": [{"type": "text", "text": "Be brief."}], "messages": [{"role": "user", "content": "Hi"}]}
    assert openai_body(prompt(claude), "m")["input"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]


def test_a_text_is_one_user_message() -> None:
    assert anthropic_body(plain("x"), "m")["messages"] == [{"role": "user", "content": "x"}]
