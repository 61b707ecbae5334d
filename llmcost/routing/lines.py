"""Requests to route in JSON Lines: one after the other at constant memory, a bad line never ends it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from llmcost.tokens.decode import MAX_BYTES
from llmcost.tokens.prompt import Prompt, from_value, plain


class Line(NamedTuple):
    """A line of the input."""

    number: int
    """From 1."""
    prompt: Prompt | None
    problem: str = ""
    """Why there is no prompt."""
    name: str = ""
    """What the line calls itself: `id`, `custom_id`, …"""
    given: Mapping[str, str] = {}
    """Dimensions it states: `app`, `tag.KEY`."""


def lines(stream: BinaryIO) -> Iterator[Line]:
    """Every line that is not blank: a JSON text, `{"prompt": …}`, a request's body, messages, or a line of a batch."""
    number = 0
    while line := stream.readline(MAX_BYTES + 1):
        number += 1
        if len(line) > MAX_BYTES:
            while len(line) > MAX_BYTES and not line.endswith(b"\n"):
                line = stream.readline(MAX_BYTES + 1)
            yield Line(number, None, f"longer than {MAX_BYTES // 2**20} MiB")
        elif line.strip():
            yield _line(number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)


def _line(number: int, line: bytes) -> Line:
    try:
        value = json.loads(line)
        prompt = _prompt(value, len(line))
    except UnicodeDecodeError:
        return Line(number, None, "not valid UTF-8")
    except ValueError:
        return Line(number, None, "not valid JSON")
    except RecursionError:
        return Line(number, None, "nested too deeply")
    if prompt is None:
        return Line(number, None, "no request: neither a prompt, messages nor a body of a known shape")
    if prompt.complete and not prompt.body.strip():
        return Line(number, None, "the prompt is empty")
    fields = value if isinstance(value, dict) else {}
    name = prompt.name or fields.get("id", fields.get("request_id", ""))
    return Line(number, prompt, "", str(name) if isinstance(name, str | int) else "", _given(fields))


def _prompt(value: Any, weight: int) -> Prompt | None:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict) and isinstance(value.get("prompt"), str) and "model" not in value:
        return plain(value["prompt"])
    return from_value(value, weight) if isinstance(value, dict | list) else None


def _given(fields: Mapping[str, Any]) -> dict[str, str]:
    app = fields.get("app", fields.get("app_id"))
    tags = fields.get("tags")
    found = {"app": app} if isinstance(app, str) else {}
    if isinstance(tags, dict):
        found |= {f"tag.{key}": value for key, value in tags.items() if isinstance(value, str)}
    return found
