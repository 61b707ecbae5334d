"""Tool schemas of a request body: what in them tells a model nothing, or tells it twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from llmcost.estimate.lint.part import Hit, Part

#: Annotations for people and editors (JSON Schema 2020-12, core and validation vocabularies).
_NOISE = frozenset({"$schema", "$id", "$comment", "title", "examples"})
_SCHEMAS = frozenset({"parameters", "parametersJsonSchema", "input_schema", "inputSchema"})
#: Keywords whose value maps names to schemas, is a schema, or is a list of them.
_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_ONE = frozenset({"items", "not", "if", "then", "else", "additionalProperties", "contains", "propertyNames", "json"})
_MANY = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_DEFINITIONS = ("$defs", "definitions")
#: A shorter description may well be repeated.
_LEAST_REPEATED = 20
_DEPTH = 100


def schemas(part: Part) -> Iterator[Hit]:
    """For each tool, the annotations, repeated descriptions and unused definitions of its schema."""
    for tool in tools_of(part.value):
        cleaner = _Cleaner(tool)
        cleaned = cleaner.tool(tool)
        if cleaner.removed:
            what = ", ".join(f"{name} ({times})" if times > 1 else name for name, times in cleaner.removed.items())
            name = name_of(tool)
            at = max(part.text.find(json.dumps(name, ensure_ascii=False)), 0)
            yield Hit(
                at,
                f"tool {name!r} holds {what}",
                places=cleaner.removed.total(),
                tools=((tool,), (cleaned,)),
            )


def tools_of(value: Any) -> list[dict[str, Any]]:
    """The tools of a request body of OpenAI, Anthropic, Gemini or Bedrock, or of a list of tools."""
    if isinstance(value, dict):
        config = value.get("toolConfig")
        given = [value.get("tools"), value.get("functions"), config.get("tools") if isinstance(config, dict) else None]
        found = [tool for tools in given if isinstance(tools, list) for tool in tools]
    else:
        found = value if isinstance(value, list) else []
    tools: list[Any] = []
    for tool in found:
        if isinstance(tool, dict):
            declared = tool.get("functionDeclarations", tool.get("function_declarations"))
            tools += declared if isinstance(declared, list) else [tool]
    return [tool for tool in tools if isinstance(tool, dict) and name_of(tool) and not _deep(tool)]


def name_of(tool: dict[str, Any]) -> str:
    inner = tool.get("function", tool.get("toolSpec", tool))
    name = inner.get("name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else ""


def compact(value: object) -> str:
    """JSON without blanks, as a provider gets it at most."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEPTH):
        level = [
            inner for each in level if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]  # fmt: skip
        if not level:
            return False
    return True


class _Cleaner:
    """A copy of one tool without what it does not need. `removed` counts by kind."""

    def __init__(self, tool: dict[str, Any]) -> None:
        self.removed: Counter[str] = Counter()
        self._text = compact(tool)
        self._described: set[str] = set()

    def tool(self, tool: dict[str, Any]) -> dict[str, Any]:
        cleaned = {}
        for key, value in tool.items():
            if key == "description":
                self._described.add(_plain(value))
            if key in {"function", "toolSpec"} and isinstance(value, dict):
                cleaned[key] = self.tool(value)
            else:
                cleaned[key] = self._schema(value) if key in _SCHEMAS else value
        return cleaned

    def _schema(self, schema: Any) -> Any:
        if not isinstance(schema, dict):
            return schema
        cleaned: dict[str, Any] = {}
        for key, value in schema.items():
            if (
                key in _NOISE
                or (key == "description" and self._repeated(value))
                or (key == "additionalProperties" and value is True)
            ):
                self.removed["a repeated description" if key == "description" else key] += 1
            elif key in _MAPS and isinstance(value, dict):
                kept = {name: self._schema(each) for name, each in value.items() if not self._unused(key, name)}
                if kept or key not in _DEFINITIONS:
                    cleaned[key] = kept
            elif key in _ONE:
                cleaned[key] = (
                    [self._schema(each) for each in value] if isinstance(value, list) else self._schema(value)
                )
            elif key in _MANY and isinstance(value, list):
                cleaned[key] = [self._schema(each) for each in value]
            else:
                cleaned[key] = value
        return cleaned

    def _repeated(self, description: object) -> bool:
        text = _plain(description)
        if len(text) < _LEAST_REPEATED:
            return False
        known = text in self._described
        self._described.add(text)
        return known

    def _unused(self, key: str, name: str) -> bool:
        if key not in _DEFINITIONS or f"/{key}/{name}" in self._text:
            return False
        self.removed["an unused definition"] += 1
        return True


def _plain(description: object) -> str:
    return " ".join(description.casefold().split()) if isinstance(description, str) else ""
