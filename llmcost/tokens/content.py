"""The parts of messages, in the shapes of OpenAI, Anthropic, Google and Bedrock, as texts, images and calls."""

from __future__ import annotations

import json
from typing import Any

from llmcost.tokens.image_size import size_of_base64
from llmcost.tokens.images import Image

#: What a call of a tool and its result take on gpt-4o beyond texts, roles and two messages: 5 in each of 8 requests
#: recorded in pydantic-ai's tests. The function's name is told twice, with the call and with its result.
_PER_CALL = 5
_DEEPEST = 8
#: Keys of messages and parts that no model is shown.
_UNSEEN = {
    "id", "type", "status", "role", "content", "parts", "name", "cache_control", "cachePoint", "tool_call_id",
    "tool_use_id", "toolUseId", "call_id", "annotations", "is_error", "thoughtSignature", "signature", "phase",
    "prompt_cache_breakpoint", "mediaResolution", "media_resolution",
}  # fmt: skip
_CALLS = {"functionCall", "function_call", "toolUse"}
_RESULTS = {"functionResponse", "function_response", "toolResult"}


class Reader:
    """Collects what a request's messages add up to."""

    def __init__(self, *, responses: bool = False, resolution: str = "") -> None:
        self.texts: list[str] = []
        self.bodies: list[str] = []
        self.images: list[Image] = []
        self.notes: list[str] = []
        self.roles: list[str] = []
        self.names = 0
        self.extra_tokens = 0
        self._responses = responses
        self._resolution = resolution

    def message(self, message: dict[str, Any], role: str = "user") -> None:
        """One message; `role` where it names none."""
        role = message["role"] if isinstance(message.get("role"), str) else role
        self.begin(role)
        if isinstance(name := message.get("name"), str) and role != "tool":
            self.texts.append(name)
            self.names += 1
        for key in ("content", "parts"):
            if message.get(key) is not None:
                self.content(message[key])
        for key, value in message.items():
            if value is None or value == [] or key in _UNSEEN:
                continue
            if key == "tool_calls" and isinstance(value, list):
                for item in value:
                    self._call(item.get("function", item) if isinstance(item, dict) else item)
            elif key == "function_call":
                self._call(value)
            elif key in {"refusal", "reasoning_content"} and isinstance(value, str):
                self._text(value)
                self.note(f"{key!r} counted as text")
            else:
                self.guess(key, value)

    def begin(self, role: str) -> None:
        self.texts.append(role)
        self.roles.append(role)

    def item(self, item: Any) -> None:
        """One item of the Responses API's `input`."""
        if isinstance(item, dict) and ("role" in item or item.get("type", "message") == "message"):
            self.message(item)
            if item.get("role") == "assistant":
                self.note("earlier answers on the Responses API come within a few tokens")
        elif isinstance(item, dict) and item.get("type") == "function_call":
            self.begin("assistant")
            self._call(item)
        elif isinstance(item, dict) and item.get("type") == "function_call_output":
            self.begin("tool")
            self.content(item.get("output"))
        else:
            self._part(item, 0)

    def content(self, content: Any, depth: int = 0) -> None:
        """A text, a part, or a list of them."""
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, str):
                self._text(part)
            else:
                self._part(part, depth)

    def _text(self, text: str) -> None:
        self.texts.append(text)
        self.bodies.append(text)

    def _part(self, part: Any, depth: int) -> None:
        if part is None:
            return
        if not isinstance(part, dict) or depth > _DEEPEST:
            self.note(f"not counted: a part of type {type(part).__name__!r}")
            return
        kind = _kind(part)
        if isinstance(part.get("text"), str):
            self._text(part["text"])
        elif (image := self._image(part)) is not None:
            self.images.append(image)
        elif kind == "tool_use":
            self._call(part)
        elif kind == "tool_result":
            self.content(part.get("content"), depth + 1)
        elif calls := _CALLS & part.keys():
            self._call(part[min(calls)])
        elif results := _RESULTS & part.keys():
            self._result(part[min(results)], depth)
        elif kind == "document" and isinstance(text := _dict(part.get("source")).get("data"), str) and _plain(part):
            self._text(text)
        elif kind in {"thinking", "refusal", "json"} or set(part) == {"json"}:
            self.guess(kind or "json", part.get(kind or "json"))
        elif kind or not set(part) <= _UNSEEN:
            self.note(f"not counted: a part of type {(kind or next(iter(part)))[:40]!r}")

    def _result(self, result: Any, depth: int) -> None:
        found = _dict(result)
        if "content" in found:
            self.content(found["content"], depth + 1)
        else:
            self._json(found.get("response", result))
            self.note("a tool's result counted as its JSON text")

    def _call(self, call: Any) -> None:
        """A call of a tool, as the model made it."""
        found = _dict(call)
        name = found.get("name")
        if not isinstance(name, str):
            self.guess("tool_calls", call)
            return
        arguments = next((found[key] for key in ("arguments", "args", "input") if key in found), None)
        self.texts += [name, name]
        if isinstance(arguments, str):
            self.texts.append(arguments)
        elif arguments is not None:
            self._json(arguments)
        self.extra_tokens += _PER_CALL
        self.note("calls of tools counted by what was seen on gpt-4o")

    def _image(self, part: dict[str, Any]) -> Image | None:
        kind, detail = _kind(part), part.get("detail")
        data: Any = None
        if kind in {"image_url", "input_image"}:
            data = part.get("image_url")
            if isinstance(data, dict):
                detail, data = data.get("detail"), data.get("url")
        elif kind == "image" and isinstance(part.get("source"), dict):
            data = part["source"].get("data")
        elif isinstance(part.get("image"), dict):
            data = _dict(part["image"].get("source")).get("bytes")
        elif (blob := _blob(part)) and str(_either(blob, "mimeType", "mime_type")).startswith("image/"):
            data = blob.get("data")
            level = _either(part, "mediaResolution", "media_resolution")
            detail = (_dict(level).get("level") if isinstance(level, dict) else level) or self._resolution
        else:
            return None
        width, height = (size_of_base64(data) if isinstance(data, str) else None) or (0, 0)
        return Image(width, height, detail.lower() if isinstance(detail, str) else "", self._responses)

    def guess(self, key: str, value: Any) -> None:
        """Providers rewrite some things in a way they do not publish; their JSON text stands in for it."""
        self._json(value)
        self.note(f"{key[:40]!r} counted as its JSON text")

    def _json(self, value: Any) -> None:
        self.texts.append(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _kind(part: dict[str, Any]) -> str:
    return kind if isinstance(kind := part.get("type"), str) else ""


def _either(value: dict[str, Any], first: str, second: str) -> Any:
    return value.get(first, value.get(second))


def _blob(part: dict[str, Any]) -> dict[str, Any]:
    """Gemini's inline data, or the file it names instead."""
    return next((_dict(part[key]) for key in ("inlineData", "inline_data", "fileData", "file_data") if key in part), {})


def _plain(part: dict[str, Any]) -> bool:
    return _dict(part.get("source")).get("type") == "text"
