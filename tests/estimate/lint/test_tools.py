from __future__ import annotations

import json
from typing import Any

from llmcost.estimate.lint.part import Hit, Part
from llmcost.estimate.lint.tools import name_of, schemas, tools_of

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Args",
    "type": "object",
    "properties": {
        "title": {"type": "string", "title": "Title", "description": "What to look for in the handbook"},
        "again": {"type": "string", "description": "what to look for  in the handbook"},
        "kind": {"$ref": "#/$defs/Kind", "examples": ["a"]},
        "more": {"type": "object", "additionalProperties": True, "default": {"title": "x"}},
        "strict": {"type": "object", "additionalProperties": False, "anyOf": [{"title": "One"}]},
    },
    "required": ["title"],
    "$defs": {"Kind": {"enum": ["title", "a"]}, "Unused": {"type": "string"}},
}
CLEAN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "description": "What to look for in the handbook"},
        "again": {"type": "string"},
        "kind": {"$ref": "#/$defs/Kind"},
        "more": {"type": "object", "default": {"title": "x"}},
        "strict": {"type": "object", "additionalProperties": False, "anyOf": [{}]},
    },
    "required": ["title"],
    "$defs": {"Kind": {"enum": ["title", "a"]}},
}


def found(value: Any) -> list[Hit]:
    return list(schemas(Part(json.dumps(value, indent=1), value=value)))


def test_noise_goes_and_names_of_properties_stay() -> None:
    tool = {"name": "search", "input_schema": SCHEMA}
    (hit,) = found({"tools": [tool]})
    assert hit.tools == ((tool,), ({"name": "search", "input_schema": CLEAN},))
    assert hit.message == (
        "tool 'search' holds $schema, title (3), a repeated description, examples, additionalProperties, "
        "an unused definition"
    )
    assert (hit.places, hit.safe) == (8, False)


def test_tools_of_every_provider() -> None:
    schema = {"title": "x", "type": "object"}
    bodies: list[Any] = [
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}]},
        {"tools": [{"type": "function", "name": "f", "parameters": schema}]},
        {"functions": [{"name": "f", "parameters": schema}]},
        {"tools": [{"name": "f", "input_schema": schema}]},
        {"tools": [{"functionDeclarations": [{"name": "f", "parameters": schema}]}]},
        {"toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": schema}}}]}},
        [{"name": "f", "input_schema": schema}],
    ]
    for body in bodies:
        (tool,) = tools_of(body)
        assert name_of(tool) == "f"
        (hit,) = found(body)
        assert hit.message == "tool 'f' holds title"
        assert hit.tools is not None
        assert "title" not in json.dumps(hit.tools[1])


def test_a_description_said_by_the_tool_itself() -> None:
    text = "Searches the handbook for a phrase"
    (hit,) = found([{"name": "f", "description": text, "input_schema": {"description": text}}])
    assert hit.message == "tool 'f' holds a repeated description"


def test_the_finding_stands_at_the_tool() -> None:
    value = {"model": "m", "tools": [{"name": "f", "input_schema": {"title": "x"}}]}
    part = Part(json.dumps(value, indent=1), value=value)
    (hit,) = schemas(part)
    assert part.text.split("\n")[part.line_of(hit.at) - 1].strip() == '"name": "f",'


def test_shapes_that_are_no_tools() -> None:
    deep: Any = {"name": "f", "input_schema": {}}
    for _ in range(200):
        deep = {"name": "f", "input_schema": deep}
    for value in (None, 1, "x", [], [1], {"tools": 1}, {"tools": [1, {"name": 1}]}, {"toolConfig": 1}, [deep]):
        assert tools_of(value) == []
    assert found([{"name": "f", "input_schema": {"items": [{"type": "string"}], "properties": 1, "not": True}}]) == []
