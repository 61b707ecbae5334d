"""Whole requests with tools and images: OpenAI's published counts, and those it billed in pydantic-ai's recordings."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from llmcost.tokens.counter import count
from llmcost.tokens.prompt import Prompt, from_value, plain


def png(width: int, height: int) -> str:
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4) + height.to_bytes(4) + b"\0" * 5
    return "data:image/png;base64," + base64.b64encode(header).decode()


def request(*messages: dict[str, Any], **body: Any) -> Prompt:
    prompt = from_value({"messages": list(messages), **body})
    assert prompt is not None
    return prompt


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def tool(name: str, description: str = "", **properties: Any) -> dict[str, Any]:
    parameters = {
        "additionalProperties": False,
        "properties": properties,
        "required": list(properties),
        "type": "object",
    }
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


COOKBOOK = request(
    {"role": "system", "content": "You are a helpful assistant that can answer to questions about the weather."},
    user("What's the weather like in San Francisco?"),
    tools=[{"type": "function", "function": {
        "name": "get_current_weather",
        "description": "Get the current weather in a given location",
        "parameters": {
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
                "unit": {"type": "string", "description": "The unit of temperature to return",
                         "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["location"],
        },
    }}],
)  # fmt: skip


@pytest.mark.parametrize(
    ("model", "tokens"), [("gpt-3.5-turbo", 105), ("gpt-4", 105), ("gpt-4o", 101), ("gpt-4o-mini", 101)]
)
def test_openais_published_example_of_tools_holds(model: str, tokens: int) -> None:
    # https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken, section 7
    assert count(COOKBOOK, model, "openai")[:2] == (tokens, True)


def test_a_tool_without_parameters_and_one_of_plain_ones() -> None:
    # 25 and 30 tokens beside the message in the recorded requests.
    bare = count(request(user("x")), "gpt-4o", "openai").tokens
    assert count(request(user("x"), tools=[tool("get_user_country")]), "gpt-4o", "openai")[:2] == (bare + 25, True)
    weather = [tool("get_weather", city={"type": "string"})]
    assert count(request(user("x"), tools=weather), "gpt-4o", "openai")[:2] == (bare + 30, True)
    two = [tool("create_file", path={"type": "string"}), tool("delete_file", path={"type": "string"})]
    system = {"role": "system", "content": "x"}
    with_system = count(request(system, user("x")), "gpt-4o", "openai").tokens
    assert count(request(system, user("x"), tools=two), "gpt-4o", "openai")[:2] == (with_system + 40, True)


def test_images_as_openai_billed_them() -> None:
    fruit = [
        {"type": "text", "text": "What fruit is in the image?"},
        {"type": "image_url", "image_url": {"url": png(3008, 2000)}},
    ]
    assert count(request(user(fruit)), "gpt-4o", "openai")[:2] == (1119, True)
    root = [
        {"type": "text", "text": "What is this vegetable?"},
        {"type": "image_url", "image_url": {"url": png(540, 360)}},
    ]
    assert count(request(user(root)), "gpt-4.1-nano", "openai")[:2] == (515, True)


def test_an_image_of_unknown_size_is_counted_and_not_exact() -> None:
    part = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    found = count(request(user([part, part])), "gpt-4o", "openai")
    assert found[:2] == (7 + 2 * 255, False)
    assert found.method == "o200k_base; an image of unknown size counted as 512x512, the least to expect"


def test_claude_adds_the_prompt_for_tools_and_image_patches() -> None:
    prompt = request(user([{"type": "image_url", "image_url": {"url": png(1000, 1000)}}]), tools=[tool("f")])
    bare = count(request(user([])), "claude-sonnet-4-5", "anthropic").tokens
    found = count(prompt, "claude-sonnet-4-5", "anthropic")
    assert bare + 1296 + 496 < found.tokens < bare + 1296 + 496 + 80
    assert not found.exact


def test_tools_elsewhere_are_their_json_text() -> None:
    prompt = request(user("x"), tools=[tool("f")])
    bare = count(replace(prompt, tools=None), "gemini-2.5-pro", "google").tokens
    found = count(prompt, "gemini-2.5-pro", "google")
    assert bare + 20 < found.tokens < bare + 80
    assert found.method.endswith("tools counted as their JSON text")


def test_a_size_in_tokens_is_added_for_every_model() -> None:
    for model, provider in (("gpt-4o", "openai"), ("claude-opus-5", "anthropic"), ("qwen3.5-plus", "qwen")):
        less = count(plain("x"), model, provider)
        more = count(replace(plain("x"), extra_tokens=500), model, provider)
        assert (more.tokens, more.exact) == (less.tokens + 500, less.exact)
