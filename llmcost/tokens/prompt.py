"""A request's input as it is counted: the pieces of text, how many messages, images, tools, and what is uncertain.

Bodies are recognised in the shapes of OpenAI's Chat Completions
(https://platform.openai.com/docs/api-reference/chat/create), Responses (…/responses/create), completions and
embeddings, Anthropic's Messages (https://docs.anthropic.com/en/api/messages), Google's generateContent
(https://ai.google.dev/api/generate-content) and Bedrock's Converse
(https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from llmcost.core.usage import MAX_TOKENS
from llmcost.tokens.decode import Text, without_surrogates

if TYPE_CHECKING:
    from llmcost.tokens.content import Reader
    from llmcost.tokens.images import Image
    from llmcost.tokens.tools import Tools


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
    max_output_tokens: int | None = None
    """The most the request lets the model answer."""
    name: str = ""
    """What a batch calls this request."""
    images: tuple[Image, ...] = ()
    tools: Tools | None = None
    roles: tuple[str, ...] = ("user",)
    """The role of each message, in order; a system prompt apart from the messages is one of them."""
    extra_tokens: int = 0
    """Tokens known by number and not by text."""
    missing: tuple[str, ...] = ()
    """Placeholders of a template that were given nothing."""
    beginning: str | None = None
    """What precedes a template's first placeholder, where that matters; None: all of it is the same in every call."""
    request: Any = field(default=None, compare=False, repr=False)
    """The decoded body; None for a plain text."""
    weight: int = field(default=0, compare=False, repr=False)
    """Bytes of the JSON that `request` holds, where they are known: images and all."""
    memo: dict[str, int] = field(default_factory=dict, compare=False, repr=False)
    """Tokens of `texts` by encoding, filled by the counter."""


def plain(text: str, *, notes: tuple[str, ...] = (), complete: bool = True) -> Prompt:
    """A text as one user message."""
    body = without_surrogates(text)
    return Prompt(("user", body), body, notes=notes, complete=complete)


def parse(source: Text, *, json_allowed: bool) -> Prompt:
    """A file's text: a request where it is JSON of a known shape and `json_allowed`, else plain text."""
    if json_allowed and source.text.lstrip()[:1] in {"[", "{"}:
        try:
            prompt = from_value(json.loads(source.text))
        except (ValueError, RecursionError):
            prompt = None
        if prompt is not None:
            notes, complete = (*source.notes, *prompt.notes), prompt.complete and source.faithful
            return replace(prompt, notes=notes, complete=complete)
    notes = (
        source.notes
        if source.text
        else (*source.notes, "empty: 0 tokens of content, only the message around it is counted")
    )
    return plain(source.text, notes=notes, complete=source.faithful)


#: Around a body: the request's name, and the body, of OpenAI's, Anthropic's, Google's and Bedrock's batches.
_ENVELOPES = (("custom_id", "body"), ("custom_id", "params"), ("key", "request"), ("recordId", "modelInput"))


def from_value(value: Any, weight: int = 0) -> Prompt | None:
    """The prompt of decoded JSON: a list of messages, a request's body, or a line of a batch; None for all else.

    `weight`: the bytes it was decoded from.

    Raises:
        RecursionError: it is nested too deeply.
    """
    from llmcost.tokens.content import Reader

    if isinstance(value, dict):
        for key, inner in _ENVELOPES:
            if isinstance(value.get(inner), dict) and ("messages" not in value and "contents" not in value):
                prompt = from_value(value[inner], weight)
                name = value.get(key)
                return replace(prompt, name=str(name)) if prompt and isinstance(name, str | int) else prompt
    body = value if isinstance(value, dict) else {"messages": value}
    config = _dict(body.get("generationConfig") or body.get("generation_config"))
    resolution = config.get("mediaResolution", config.get("media_resolution"))
    reader = Reader(responses="input" in body, resolution=resolution if isinstance(resolution, str) else "")
    if not _read(reader, body):
        return None
    for key in ("response_format", "text", "output_config", "outputConfig"):
        if (shape := body.get(key)) and _dict(shape).get("type") != "text" and isinstance(shape, dict):
            shape = shape.get("format", shape)
            if _dict(shape).get("type") != "text":
                reader.guess(key, shape)
    for key in ("responseSchema", "responseJsonSchema", "response_schema"):
        if config.get(key):
            reader.guess(key, config[key])
    model = body.get("model", body.get("modelId"))
    return Prompt(
        texts=tuple(map(without_surrogates, reader.texts)),
        body=without_surrogates("\n".join(reader.bodies)),
        messages=len(reader.roles),
        names=reader.names,
        kind="messages",
        notes=tuple(map(without_surrogates, reader.notes)),
        complete=not reader.notes,
        model=model.removeprefix("models/") if isinstance(model, str) else "",
        max_output_tokens=_max_output(body, config),
        images=tuple(reader.images),
        tools=_tools(body),
        roles=tuple(map(without_surrogates, reader.roles)),
        extra_tokens=reader.extra_tokens,
        request=value,
        weight=weight,
    )


def _read(reader: Reader, body: dict[str, Any]) -> bool:
    """Read the messages of `body`; False where it is no request."""
    if isinstance(messages := body.get("messages"), list) and messages and all(map(_is_message, messages)):
        _system(reader, body.get("system"))
        for message in messages:
            reader.message(message)
        return True
    if (contents := body.get("contents")) and _is_contents(contents):
        _system(reader, body.get("systemInstruction", body.get("system_instruction")))
        for content in contents if isinstance(contents, list) else [contents]:
            reader.message(content if isinstance(content, dict) else {"content": content})
        return True
    given = body.get("input")
    if isinstance(given, str) and given and ("model" in body or "instructions" in body):
        _system(reader, body.get("instructions"))
        reader.message({"content": given})
        _stored(reader, body)
        return True
    if isinstance(given, list) and given and all(map(_is_item, given)):
        _system(reader, body.get("instructions"))
        for item in given:
            reader.item(item)
        _stored(reader, body)
        return True
    texts = given if isinstance(given, list) else body.get("prompt")
    texts = [texts] if isinstance(texts, str) else texts
    if "model" in body and isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts):
        reader.message({"content": texts})
        if len(texts) > 1:
            reader.note("several inputs counted as one")
        return True
    return False


def _system(reader: Reader, system: Any) -> None:
    """A system prompt that is no message of its own: a text, parts, or {"parts": […]}."""
    if system:
        reader.begin("system")
        reader.content(system["parts"] if isinstance(system, dict) and "parts" in system else system)


def _stored(reader: Reader, body: dict[str, Any]) -> None:
    for key in ("previous_response_id", "conversation", "prompt", "context_management"):
        if body.get(key):
            reader.note(f"not counted: what {key!r} stands for")
    if _dict(body.get("reasoning")).get("mode"):
        reader.note("not counted: what the mode of reasoning adds")
    if body.get("instructions") == "":
        # None of the three such requests in pydantic-ai's tests was billed what the same without the key is.
        reader.note("not counted: what empty instructions stand for")


def _is_message(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and isinstance(item.get("role"), str)
        and ("content" in item or "tool_calls" in item)
        and (item.get("content") is None or isinstance(item["content"], str | list))
    )


def _is_contents(contents: Any) -> bool:
    items = contents if isinstance(contents, list) else [contents]
    return all(isinstance(item, str) or isinstance(_dict(item).get("parts"), list | dict) for item in items)


def _is_item(item: Any) -> bool:
    return _is_message(item) or isinstance(_dict(item).get("type"), str)


def _tools(body: dict[str, Any]) -> Tools | None:
    config = _dict(body.get("toolConfig"))
    definitions = next(
        (found for found in (body.get("tools"), body.get("functions"), config.get("tools")) if found), None
    )
    if not isinstance(definitions, list):
        return None
    from llmcost.tokens.tools import Tools

    choice = body.get("tool_choice", body.get("function_call", config.get("toolChoice")))
    if isinstance(choice, dict):
        choice = choice.get("type") or next(iter(choice), "")
    return Tools(tuple(definitions), choice if isinstance(choice, str) else "", "input" in body)


def _max_output(body: dict[str, Any], config: dict[str, Any]) -> int | None:
    inference = _dict(body.get("inferenceConfig"))
    for value in (
        body.get("max_completion_tokens"), body.get("max_output_tokens"), body.get("max_tokens"),
        config.get("maxOutputTokens"), config.get("max_output_tokens"), inference.get("maxTokens"),
    ):  # fmt: skip
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_TOKENS:
            return value
    return None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
