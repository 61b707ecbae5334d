"""Requests in JSON Lines and in batch files, one `Prompt` after the other at constant memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from llmcost.tokens.decode import MAX_BYTES
from llmcost.tokens.prompt import Prompt, from_value

_KEPT = 20


class Skipped(NamedTuple):
    """A line that is no request."""

    line: int
    """From 1."""
    reason: str


class Requests:
    """The requests of a stream of JSON Lines: batch lines of OpenAI, Anthropic, Google and Bedrock, request bodies,
    or lists of messages. Iterate once; then `skipped` holds the first lines that were none, `n_skipped` their number.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.skipped: list[Skipped] = []
        self.n_skipped = 0
        self._stream = stream

    def __iter__(self) -> Iterator[Prompt]:
        number = 0
        while line := self._stream.readline(MAX_BYTES + 1):
            number += 1
            if len(line) > MAX_BYTES:
                while len(line) > MAX_BYTES and not line.endswith(b"\n"):
                    line = self._stream.readline(MAX_BYTES + 1)
                self._skip(number, f"longer than {MAX_BYTES // 2**20} MiB")
            elif line.strip():
                found = _request(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
                if isinstance(found, Prompt):
                    yield found
                else:
                    self._skip(number, found)

    def _skip(self, line: int, reason: str) -> None:
        self.n_skipped += 1
        if len(self.skipped) < _KEPT:
            self.skipped.append(Skipped(line, reason))


def _request(line: bytes) -> Prompt | str:
    """The prompt of a line, or why there is none."""
    try:
        prompt = from_value(json.loads(line), len(line))
    except UnicodeDecodeError:
        return "not valid UTF-8"
    except ValueError:
        return "not valid JSON"
    except RecursionError:
        return "nested too deeply"
    return prompt or "no request: neither messages nor a body of a known shape"


def batch(value: Any) -> list[Prompt] | None:
    """The requests of a whole file's decoded JSON: {"requests": [{"custom_id", "params"}, …]} or a list of such
    lines or bodies; None for any other shape, also when one of them is no request."""
    items = value.get("requests") if isinstance(value, dict) else value
    if not isinstance(items, list) or not items or not all(isinstance(item, dict | list) for item in items):
        return None
    if isinstance(value, list) and from_value(value) is not None:
        return None
    prompts = [prompt for item in items if (prompt := from_value(item))]
    return prompts if len(prompts) == len(items) else None
