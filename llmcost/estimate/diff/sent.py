"""What one call sends, as far as a repository says it: texts with placeholders, a model, a limit of the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from string import Formatter
from typing import Any, NamedTuple

from llmcost.tokens import template
from llmcost.tokens.prompt import Prompt, from_value, plain

#: Keys of a request that hold text, in the order in which providers place it before the model (tools come first).
SYSTEM_KEYS = ("system", "systemInstruction", "system_instruction", "system_prompt", "instructions")
TEXT_KEYS = (*SYSTEM_KEYS, "messages", "input", "contents", "prompt")
#: Keys that limit the answer.
LIMIT_KEYS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "maxTokens")
#: Keys of a message that never hold its text.
_NO_TEXT = frozenset({"role", "type", "name", "model", "id", "cache_control", "tool_call_id"})
_SHOWN = 60
_FIELD = re.compile(r"[^\W\d][\w.]*")


class Sent(NamedTuple):
    """One call: a prompt file, or a call in a program."""

    name: str
    """The file's path, or `path:function#n`."""
    bodies: tuple[Any, ...]
    """Plain text, or decoded requests (`{"messages": [...], ...}`); several are sent one after the other."""
    line: int = 1
    model: str = ""
    limit: int | None = None
    """max_tokens and its like."""
    notes: tuple[str, ...] = ()
    complete: bool = True
    """False where what is sent is not known in full."""
    jinja: bool = False


class Filled(NamedTuple):
    """The prompts of a call with its variables in place."""

    prompts: tuple[Prompt, ...]
    missing: tuple[str, ...]
    """Placeholders whose text or size is not known; they count nothing."""
    sized: bool
    """Whether one counts by its size, its text not being known."""


class Prefix(NamedTuple):
    """What every call begins with: the text before the first placeholder."""

    text: str
    placeholder: str
    """What ends it; empty when nothing does."""
    line: int


def filled(sent: Sent, variables: Mapping[str, str | int]) -> Filled:
    """The call's prompts with `variables` (text, or a size in tokens) in place of its placeholders.

    Raises:
        UsageError: a hostile, endless or too large template.
    """
    missing: dict[str, None] = {}
    sized = False
    prompts = []
    for body in sent.bodies:
        extra = 0

        def place(text: str) -> str:
            nonlocal extra
            rendered = template.render(text, variables, jinja=sent.jinja)
            missing.update(dict.fromkeys(rendered.missing))
            extra += rendered.extra_tokens
            return rendered.text

        made = plain(place(body)) if isinstance(body, str) else _request(mapped(body, place))
        if extra:
            sized = True
            made = replace(made, extra_tokens=made.extra_tokens + extra)
        prompts.append(made)
    return Filled(tuple(prompts), tuple(missing), sized)


def _request(body: Any) -> Prompt:
    found = from_value(body)
    return plain(json.dumps(body, ensure_ascii=False)) if found is None else found


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """`value` with every text in it that has a brace changed."""
    if isinstance(value, str):
        return change(value) if "{" in value else value
    if isinstance(value, list):
        return [mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {key: mapped(item, change) for key, item in value.items()}
    return value


def of_format(text: str) -> str:
    """A template of str.format, which is LangChain's form too, with `{{name}}` for its `{name}`.

    It is one when all its braces are such fields or doubled; any other text stays as it is.
    """
    if template.placeholders(text):
        return text
    try:
        parts = [(literal, name) for literal, name, _, _ in Formatter().parse(text)]
    except ValueError:
        return text
    if not all(name is None or _FIELD.fullmatch(name) for _, name in parts):
        return text
    return "".join(literal if name is None else f"{literal}{{{{{name}}}}}" for literal, name in parts)


def prefix(sent: Sent) -> Prefix:
    """The static beginning of the call. Of several requests: of the first."""
    kept: list[str] = []
    for text in texts(sent.bodies[0]) if sent.bodies else ():
        static = template.static_prefix(text, jinja=sent.jinja)
        # Jinja's comments and assignments stand there and are not sent.
        kept.append(template.render(static, {}, jinja=True).text if sent.jinja else static)
        if len(static) < len(text):
            names = template.placeholders(text[len(static) :], jinja=sent.jinja)
            name = names[0] if names else text[len(static) :].split("\n", 1)[0][:_SHOWN]
            return Prefix("\n".join(kept), name, sent.line + static.count("\n"))
    return Prefix("\n".join(kept), "", 0)


def texts(body: Any) -> Iterator[str]:
    """The texts of a request in the order in which the provider places them."""
    if isinstance(body, dict):
        if body.get("tools"):
            yield json.dumps(body["tools"], ensure_ascii=False)
        for key in TEXT_KEYS:
            yield from _strings(body.get(key))
    else:
        yield from _strings(body)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in _NO_TEXT:
                yield from _strings(item)
