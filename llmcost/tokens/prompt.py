"""A request's input as it is counted: the pieces of text, how many messages, and what cannot be counted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from llmcost.tokens.decode import Text, without_surrogates


@dataclass(frozen=True)
class Prompt:
    """One request's input. A plain text is one message of the role `user`."""

    texts: tuple[str, ...]
    """Every piece of text that becomes tokens; for chat messages the values of role, name and content."""
    body: str
    """The content alone, in order (for deciding on its language or difficulty)."""
    messages: int = 1
    names: int = 0
    """Messages that carry a `name`."""
    kind: str = "text"
    """`text` or `messages`."""
    notes: tuple[str, ...] = ()
    complete: bool = True
    """False when a part is not counted, or counted by a rule that is not published."""
    model: str = ""
    """The model a request body names."""
    memo: dict[str, int] = field(default_factory=dict, compare=False, repr=False)
    """Tokens of `texts` by encoding, filled by the counter."""


def plain(text: str, *, notes: tuple[str, ...] = (), complete: bool = True) -> Prompt:
    """A text as one user message."""
    body = without_surrogates(text)
    return Prompt(("user", body), body, notes=notes, complete=complete)


def parse(source: Text, *, json_allowed: bool) -> Prompt:
    """A file's text: chat messages where it is JSON of that shape and `json_allowed`, else plain text."""
    if json_allowed and source.text.lstrip()[:1] in {"[", "{"}:
        try:
            value = json.loads(source.text)
        except (ValueError, RecursionError):
            value = None
        prompt = _chat(value)
        if prompt is not None:
            return _with(prompt, source)
    notes = source.notes if source.text else (*source.notes, "empty: nothing but the message around it is counted")
    return plain(source.text, notes=notes, complete=source.faithful)


def _with(prompt: Prompt, source: Text) -> Prompt:
    return Prompt(
        prompt.texts, prompt.body, prompt.messages, prompt.names, prompt.kind,
        (*source.notes, *prompt.notes), prompt.complete and source.faithful, prompt.model,
    )  # fmt: skip


def _chat(value: Any) -> Prompt | None:
    """The prompt of `[{"role", "content"}, …]` or `{"messages": […], …}`; None for any other shape."""
    extra: dict[str, Any] = {}
    if isinstance(value, dict):
        extra, value = value, value.get("messages")
    if not isinstance(value, list) or not value or not all(_is_message(item) for item in value):
        return None
    reader = _Reader()
    for message in value:
        reader.message(message)
    for key in ("tools", "functions", "response_format"):
        if extra.get(key):
            reader.guess(key, extra[key])
    model = extra.get("model")
    return Prompt(
        tuple(map(without_surrogates, reader.texts)), without_surrogates("\n".join(reader.bodies)), len(value),
        reader.names, "messages", tuple(reader.notes), not reader.notes, model if isinstance(model, str) else "",
    )  # fmt: skip


def _is_message(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("role"), str)
        and ("content" in item or "tool_calls" in item)
        and (item.get("content") is None or isinstance(item["content"], str | list))
    )


class _Reader:
    """Collects what a message list adds up to."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.bodies: list[str] = []
        self.notes: list[str] = []
        self.names = 0

    def message(self, message: dict[str, Any]) -> None:
        self.texts.append(message["role"])
        for key, value in message.items():
            if key == "role" or value is None:
                continue
            if key == "content":
                self._content(value)
            elif key == "name" and isinstance(value, str):
                self.texts.append(value)
                self.names += 1
            else:
                self.guess(key, value)

    def _content(self, content: str | list[Any]) -> None:
        for part in [content] if isinstance(content, str) else content:
            if isinstance(part, str):
                text = part
            elif isinstance(part, dict) and isinstance(part.get("text"), str):
                text = part["text"]
            else:
                kind = part.get("type") if isinstance(part, dict) else type(part).__name__
                self._note(f"not counted: a part of type {kind!r}")
                continue
            self.texts.append(text)
            self.bodies.append(text)

    def guess(self, key: str, value: Any) -> None:
        """Providers rewrite schemas and calls in a way they do not publish; their JSON text stands in for it."""
        self.texts.append(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        self._note(f"{key!r} counted as its JSON text")

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)
