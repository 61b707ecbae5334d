from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.tokens.images import Tokens
from llmcost.tokens.tools import JSON_TEXT, Tools, claude_tools, openai_tools, typescript


def function(name: str, description: str = "", required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(required)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


#: The tool of OpenAI's cookbook "How to count tokens with tiktoken", section 7.
WEATHER = function(
    "get_current_weather",
    "Get the current weather in a given location",
    ("location",),
    location={"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
    unit={"type": "string", "description": "The unit of temperature to return", "enum": ["celsius", "fahrenheit"]},
)


def openai(*definitions: Any, reasoning: bool = False, responses: bool = False, system: bool = False) -> Tokens:
    tools = Tools(definitions, responses=responses)
    return openai_tools(tools, reasoning=reasoning, published=True, system=system, tokens_of=len)


def test_functions_are_shown_as_typescript() -> None:
    assert typescript([WEATHER["function"], {"name": "now"}]) == (
        "namespace functions {\n"
        "\n"
        "// Get the current weather in a given location\n"
        "type get_current_weather = (_: {\n"
        "// The city and state, e.g. San Francisco, CA\n"
        "location: string,\n"
        "// The unit of temperature to return\n"
        'unit?: "celsius" | "fahrenheit"\n'
        "}) => any;\n"
        "\n"
        "type now = () => any;\n"
        "\n"
        "} // namespace functions"
    )


def test_properties_without_a_description_share_a_line() -> None:
    shape = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}}
    tool = function(
        "f", "", ("x",), x={"anyOf": [{"type": "boolean"}, {"type": "null"}]}, y=shape, z={"type": "object"}
    )
    assert "type f = (_: { x: boolean | any, y?: {\na?: number[]\n}, z?: object }) => any;" in typescript(
        [tool["function"]]
    )


def test_what_stands_around_the_functions_depends_on_the_request() -> None:
    text = len(typescript([WEATHER["function"]]))
    assert openai(WEATHER) == (text + 9, "")
    assert openai(WEATHER, system=True) == (text + 5, "")
    assert openai(WEATHER, responses=True).tokens == text + 3
    assert openai(WEATHER, reasoning=True, system=True).tokens == text + 90
    assert openai(WEATHER, reasoning=True, responses=True).tokens == text + 8
    assert openai(WEATHER["function"]) == openai(WEATHER), "the shape of the Responses API and of `functions`"


def test_what_is_not_known_for_sure_is_said() -> None:
    seen = "tools counted by what was seen on some models"
    assert openai(WEATHER, responses=True).note == openai(WEATHER, reasoning=True).note == seen
    assert not openai(function("f", x={"type": "string"})).note
    for schema in ({"type": "array"}, {"type": "string", "default": "a"}, {"$ref": "#/$defs/A"}, {"type": ["string"]},
                   {"type": "string", "enum": [1]}, {"type": "object", "properties": {}}, 5):  # fmt: skip
        assert openai(function("f", x=schema)).note == "nested tool schemas come within a few tokens"
    unknown = openai_tools(Tools((WEATHER,)), reasoning=False, published=False, system=False, tokens_of=len)
    assert unknown.note == seen


def test_built_in_tools_count_as_their_json_text() -> None:
    found = openai({"type": "web_search"}, WEATHER)
    assert found.tokens == openai(WEATHER).tokens + len('[{"type":"web_search"}]')
    assert found.note == "built-in tools counted as their JSON text, without what they find"


@pytest.mark.parametrize(
    ("model", "auto", "forced"),
    [
        # https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing
        ("claude-opus-5", 286, 406), ("claude-opus-4-8", 290, 410), ("claude-opus-4-7", 675, 804),
        ("claude-opus-4-6", 497, 589), ("claude-opus-4-5-20251101", 496, 588), ("claude-opus-4-1-20250805", 313, 315),
        ("claude-opus-4-20250514", 313, 315), ("claude-sonnet-5", 354, 474), ("claude-sonnet-4-6", 497, 589),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", 496, 588), ("claude-sonnet-4@20250514", 313, 315),
        ("anthropic/claude-haiku-4.5", 496, 588), ("claude-3-5-haiku-20241022", 264, 355),
        ("claude-3-opus-20240229", 530, 281), ("claude-3-7-sonnet-latest", 346, 313),
    ],
)  # fmt: skip
def test_claude_adds_its_published_prompt(model: str, auto: int, forced: int) -> None:
    tool = {"name": "f", "input_schema": {}}
    text = len('[{"name":"f","input_schema":{}}]')
    for choice, prompt in (("", auto), ("auto", auto), ("none", auto), ("any", forced), ("tool", forced)):
        assert claude_tools(Tools((tool,), choice), model, len) == (prompt + text, JSON_TEXT)


def test_a_claude_whose_prompt_is_not_published_takes_opus_5s() -> None:
    for model in ("claude-opus-5-5", "claude-haiku-5-5", "claude-next"):
        found = claude_tools(Tools(({"name": "f"},)), model, len)
        assert found.tokens == 286 + len('[{"name":"f"}]')
        assert "not published" in found.note


def test_anthropics_own_tools_have_their_documented_length() -> None:
    own = ({"type": "bash_20250124", "name": "bash"}, {"type": "text_editor_20250728"}, {"type": "computer_20250124"})
    assert claude_tools(Tools(own), "claude-sonnet-4-5", len).tokens == 496 + 245 + 700 + 735


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["type", "function", "name", "parameters", "properties", "enum", "anyOf", "items", "required",
                         "description"]),
        inner | st.sampled_from(["object", "array", "function", "string"]), max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(ANY, max_size=3), st.booleans())
def test_any_json_is_survived(definitions: list[Any], reasoning: bool) -> None:
    tools = Tools(tuple(definitions))
    assert openai_tools(tools, reasoning=reasoning, published=True, system=False, tokens_of=len).tokens >= 0
    assert claude_tools(tools, "claude-opus-5", len).tokens > 0


def test_a_deep_schema_is_survived() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(500):
        schema = {"type": "object", "properties": {"x": schema}}
    assert openai(function("f", x=schema)).tokens > 0


@pytest.mark.parametrize(
    ("choice", "known"), [("auto", True), ("required", True), ("none", False), ("function", False)]
)
def test_a_choice_nobody_has_measured_is_said(choice: str, known: bool) -> None:
    found = openai_tools(Tools((WEATHER,), choice), reasoning=False, published=True, system=False, tokens_of=len)
    assert found.note == ("" if known else "what the choice of a tool adds is not known")


@pytest.mark.parametrize(
    "tool", [function("f", "two\nlines"), function("f", "", (), a={"type": "string", "description": "two\nlines"})]
)
def test_a_description_of_several_lines_is_an_estimate(tool: Any) -> None:
    assert openai(tool).note
