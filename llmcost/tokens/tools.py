"""Tokens of the tools a request offers.

OpenAI turns functions into TypeScript. The shape is known from https://github.com/hmarr/openai-chat-tokens; it gives
the counts published in the cookbook "How to count tokens with tiktoken" and those billed for every plain function in
the requests recorded in pydantic-ai's tests (11 on gpt-4o, gpt-4o-mini and gpt-4.1-mini), where the cookbook's own
num_tokens_for_tools is 2 to 56 tokens off. Other models and schemas come close and are called estimates.
Anthropic adds a system prompt of a published length
(https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview, "Pricing"); the schemas themselves, and tools
of all other providers, are counted as their JSON text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from llmcost.tokens.images import Tokens


class Tools(NamedTuple):
    """What a request offers to call, as it stands in its body."""

    definitions: tuple[Any, ...]
    choice: str = ""
    """`auto` (also ""), `none`, or anything else: the model has to call one."""
    responses: bool = False
    """The body is for OpenAI's Responses API, which adds less than Chat Completions."""

    @property
    def text(self) -> str:
        return json.dumps(self.definitions, ensure_ascii=False, separators=(",", ":"))


JSON_TEXT = "tools counted as their JSON text"

#: Around the functions on Chat Completions; 4 fewer where there is a system message to append them to.
_AROUND, _WITH_SYSTEM = 9, 4
#: Seen, not published: on the Responses API; for the o-series and GPT-5 on Chat Completions and on Responses.
_RESPONSES, _REASONING, _REASONING_RESPONSES = 3, 90, 8
_PLAIN = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean"}
#: What a property has at most for its count to be known; a schema beyond it is an estimate.
_KNOWN_KEYS = {"type", "description", "enum", "title"}
_DEEPEST = 32


def openai_tools(tools: Tools, *, reasoning: bool, published: bool, system: bool,
                 tokens_of: Callable[[str], int]) -> Tokens:  # fmt: skip
    """Tokens of `tools` on an OpenAI model.

    `reasoning`: of the o-series, GPT-5 or later. `published`: the model's chat format is known. `system`: the request
    has a system message.
    """
    functions = [found for item in tools.definitions if (found := _function(item))]
    others = [item for item in tools.definitions if not _function(item)]
    tokens = tokens_of(typescript(functions)) if functions else 0
    if reasoning:
        tokens += _REASONING_RESPONSES if tools.responses else _REASONING
    elif functions:
        tokens += _RESPONSES if tools.responses else _AROUND - _WITH_SYSTEM * system
    if others:
        return Tokens(
            tokens + tokens_of(Tools(tuple(others)).text),
            "built-in tools counted as their JSON text, without what they find",
        )
    if reasoning or tools.responses or not published:
        return Tokens(tokens, "tools counted by what was seen on some models")
    if tools.choice not in {"", "auto", "required"}:
        return Tokens(tokens, "what the choice of a tool adds is not known")
    return Tokens(tokens, "" if all(map(_flat, functions)) else "nested tool schemas come within a few tokens")


def typescript(functions: list[dict[str, Any]]) -> str:
    """Functions as OpenAI shows them to a model."""
    lines = ["namespace functions {", ""]
    for function in functions:
        if description := _text(function.get("description")):
            lines.append(f"// {description}")
        properties = _properties(function)
        if not properties:
            argument = ""
        elif any(_text(_dict(value).get("description")) for value in properties.values()):
            argument = f"_: {{\n{_members(_dict(function.get('parameters')), 0)}\n}}"
        else:
            argument = f"_: {{ {_members(_dict(function.get('parameters')), 0, ', ')} }}"
        lines += [f"type {function['name']} = ({argument}) => any;", ""]
    return "\n".join([*lines, "} // namespace functions"])


def _members(schema: dict[str, Any], depth: int, between: str = ",\n") -> str:
    required = schema.get("required")
    needed = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
    members = []
    for name, value in _dict(schema.get("properties")).items():
        comment = f"// {description}\n" if (description := _text(_dict(value).get("description"))) else ""
        members.append(f"{comment}{name}{'' if name in needed else '?'}: {_type(_dict(value), depth + 1)}")
    return between.join(members)


def _type(schema: dict[str, Any], depth: int) -> str:
    if depth > _DEEPEST:
        return "any"
    if isinstance(values := schema.get("enum"), list):
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in values)
    for key in ("anyOf", "oneOf"):
        if isinstance(choices := schema.get(key), list):
            return " | ".join(_type(_dict(choice), depth + 1) for choice in choices)
    match schema.get("type"):
        case "array":
            return f"{_type(_dict(schema.get('items')), depth + 1)}[]"
        case "object":
            return f"{{\n{_members(schema, depth)}\n}}" if _dict(schema.get("properties")) else "object"
        case str() as name:
            return _PLAIN.get(name, "any")
        case _:
            return "any"


def _function(item: Any) -> dict[str, Any] | None:
    """The function of a tool of Chat Completions ({"function": {…}}), of Responses, or of the old `functions`."""
    if not isinstance(item, dict) or item.get("type", "function") != "function":
        return None
    function = item.get("function", item)
    return function if isinstance(function, dict) and isinstance(function.get("name"), str) else None


def _flat(function: dict[str, Any]) -> bool:
    return "\n" not in _text(function.get("description")) and all(
        isinstance(value, dict)
        and set(value) <= _KNOWN_KEYS
        and isinstance(value.get("type"), str)
        and value["type"] in _PLAIN
        and "\n" not in _text(value.get("description"))
        and all(isinstance(item, str) for item in value.get("enum") or [])
        for value in _properties(function).values()
    )


def _properties(function: dict[str, Any]) -> dict[str, Any]:
    return _dict(_dict(function.get("parameters")).get("properties"))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


#: Tokens of Claude's system prompt for tools: choice auto or none, and any or one tool.
_CLAUDE: dict[str, tuple[int, int]] = {
    "opus-5": (286, 406),
    "opus-4-8": (290, 410),
    "opus-4-7": (675, 804),
    "opus-4-6": (497, 589),
    "opus-4-5": (496, 588),
    "opus-4-1": (313, 315),
    "opus-4": (313, 315),
    "sonnet-5": (354, 474),
    "sonnet-4-6": (497, 589),
    "sonnet-4-5": (496, 588),
    "sonnet-4": (313, 315),
    "haiku-4-5": (496, 588),
    "3-7-sonnet": (346, 313),
    "3-5-sonnet": (346, 313),
    "3-5-haiku": (264, 355),
    "3-opus": (530, 281),
    "3-sonnet": (159, 235),
    "3-haiku": (264, 340),
}
#: Definitions Anthropic keeps itself, by beginning of their type.
_CLAUDE_OWN = {"bash_": 245, "text_editor_": 700, "computer_": 735}
_MODEL = re.compile(r"(?:opus|sonnet|haiku)-\d+(?:-\d{1,2})?(?!\d)|3(?:-[57])?-(?:opus|sonnet|haiku)")


def claude_tools(tools: Tools, model: str, tokens_of: Callable[[str], int]) -> Tokens:
    """Tokens of `tools` on Claude; `tokens_of` estimates a text's."""
    found = _MODEL.search(model.lower().replace(".", "-"))
    name = found[0] if found else ""
    auto, forced = _CLAUDE.get(name, _CLAUDE["opus-5"])
    own = sum(_own(item) for item in tools.definitions)
    rest = tuple(item for item in tools.definitions if not _own(item))
    tokens = (auto if tools.choice in {"", "auto", "none"} else forced) + own
    if rest:
        tokens += tokens_of(Tools(rest).text)
    if name not in _CLAUDE:
        return Tokens(tokens, f"{JSON_TEXT}, and Claude Opus 5's prompt for tools: the model's own is not published")
    return Tokens(tokens, JSON_TEXT)


def _own(item: Any) -> int:
    kind = _text(_dict(item).get("type"))
    return next((tokens for start, tokens in _CLAUDE_OWN.items() if kind.startswith(start)), 0)
