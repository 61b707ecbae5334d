"""Prompt files as calls: plain text and templates with front matter, JSON and JSON Lines requests, YAML prompts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from llmcost.core.errors import ConfigError
from llmcost.estimate.diff.sent import LIMIT_KEYS, SYSTEM_KEYS, Sent, of_format
from llmcost.tokens import template
from llmcost.tokens.decode import Text
from llmcost.tokens.prompt import from_value
from llmcost.yamlfile.tree import Mapping, Node, Scalar, Sequence, parse

#: Keys under which a YAML prompt holds text; what is no system text is the user's.
_TEXT_KEYS = frozenset({*SYSTEM_KEYS, "prompt", "messages", "template", "content", "user", "assistant", "input"})
_MAX_LINES = 10_000


def read(path: str, source: Text, *, variables_given: bool = False) -> Sent:
    """The call that the prompt file at `path` stands for."""
    suffix = PurePosixPath(path).suffix.lower()
    found = {".json": _json, ".jsonl": _json_lines, ".yaml": _yaml, ".yml": _yaml}.get(suffix, _text)(path, source)
    notes = (*source.notes, *found.notes)
    if not source.text.strip():
        notes = (*notes, "empty")
    jinja = template.is_jinja(source.text, suffix, variables_given=variables_given)
    return found._replace(notes=notes, complete=found.complete and source.faithful, jinja=jinja)


def _text(path: str, source: Text) -> Sent:
    matter = template.front_matter(source.text)
    skipped = source.text[: len(source.text) - len(matter.body)].count("\n")
    jinja = template.is_jinja("", PurePosixPath(path).suffix)
    body = matter.body if jinja else of_format(matter.body)
    return Sent(path, (body,), 1 + skipped, matter.model, matter.max_output_tokens)


def _json(path: str, source: Text) -> Sent:
    try:
        value = json.loads(source.text)
    except (ValueError, RecursionError):
        return Sent(path, (source.text,), notes=("not valid JSON: counted as plain text",))
    found = _of_value(path, value)
    return found or Sent(path, (source.text,), notes=("JSON, but no chat messages: counted as plain text",))


def _of_value(path: str, value: Any) -> Sent | None:
    prompt = from_value(value)
    if prompt is None:
        return None
    return Sent(path, (value,), model=prompt.model, limit=prompt.max_output_tokens)


def _json_lines(path: str, source: Text) -> Sent:
    values, skipped = [], 0
    for line in source.text.splitlines()[:_MAX_LINES]:
        if line.strip():
            try:
                values.append(json.loads(line))
            except (ValueError, RecursionError):
                skipped += 1
    notes = (f"{skipped} lines are not JSON and are not counted",) if skipped else ()
    if values and all(isinstance(value, dict) and "role" in value for value in values):
        found = _of_value(path, values)
        if found is not None:
            return found._replace(notes=notes, complete=not skipped)
    requests = [found for value in values if (found := _of_value(path, _request(value))) is not None]
    skipped += len(values) - len(requests)
    if not requests:
        return Sent(path, (source.text,), notes=("no chat messages in it: counted as plain text",))
    if len(requests) < len(values):
        notes = (*notes, f"{len(values) - len(requests)} lines are no requests and are not counted")
    if len(requests) > 1:
        notes = (*notes, f"{len(requests)} requests, counted together as one call")
    models = {one.model for one in requests}
    return Sent(
        path, tuple(body for one in requests for body in one.bodies),
        model=models.pop() if len(models) == 1 else "",
        limit=max((one.limit for one in requests if one.limit is not None), default=None),
        notes=notes, complete=not skipped,
    )  # fmt: skip


def _request(value: Any) -> Any:
    """The request in a line of a batch file."""
    if isinstance(value, dict):
        for key in ("body", "params", "request"):
            if isinstance(value.get(key), dict):
                return value[key]
    return value


def _yaml(path: str, source: Text) -> Sent:
    try:
        tree = parse(source.text, path)
    except ConfigError as error:
        return Sent(path, (source.text,), notes=(f"counted as plain text: {error.message}",))
    messages = [{"role": role, "content": of_format(text)} for role, text in _messages(tree, "user")]
    model, limit = _setting(tree, ("model",)), _setting(tree, LIMIT_KEYS)
    if not messages:
        notes = ("no system, prompt, messages, template or content key in it: counted as plain text",)
        return Sent(path, (source.text,), model=model, limit=_count(limit), notes=notes)
    return Sent(path, ({"messages": messages},), model=model, limit=_count(limit))


def _messages(node: Node, role: str) -> Iterator[tuple[str, str]]:
    """(role, text) of every text under a key that holds prompts."""
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _messages(item, role)
    elif isinstance(node, Mapping):
        named = node.values.get("role")
        if isinstance(named, Scalar):
            role = named.text
        for key, value in node.values.items():
            own = "system" if key in SYSTEM_KEYS else key if key in {"user", "assistant"} else role
            if key in _TEXT_KEYS:
                for text in _scalars(value):
                    yield own, text
            if not isinstance(value, Scalar):
                yield from _messages(value, own)


def _scalars(node: Node) -> Iterator[str]:
    if isinstance(node, Scalar) and not node.is_null:
        yield node.text
    elif isinstance(node, Sequence):
        for item in node.items:
            if isinstance(item, Scalar) and not item.is_null:
                yield item.text


def _setting(node: Node, keys: tuple[str, ...]) -> str:
    """The first scalar under one of `keys`, outermost first."""
    waiting = [node]
    while waiting:
        here = waiting.pop(0)
        if isinstance(here, Mapping):
            for key in keys:
                found = here.values.get(key)
                if isinstance(found, Scalar) and not found.is_null:
                    return found.text.strip()
            waiting += here.values.values()
        elif isinstance(here, Sequence):
            waiting += here.items
    return ""


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
