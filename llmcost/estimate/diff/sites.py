"""Calls to language models, and prompts kept as constants, in programs: what is common to the languages read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from llmcost.estimate.diff.sent import LIMIT_KEYS, SYSTEM_KEYS, Sent, mapped, of_format

#: Arguments that hold text, beside the system texts.
_USER_KEYS = ("messages", "input", "contents", "prompt", "template")
MODEL_ARGUMENTS = ("model", "model_name", "modelId", "model_id")
TEXT_ARGUMENTS = (*SYSTEM_KEYS, "systemPrompt", *_USER_KEYS)
#: Ends of dotted names that are calls to a model. Any other call counts when it names a model and a text.
KNOWN_CALLS = (
    "chat.completions.create", "chat.completions.parse", "chat.completions.stream", "completions.create",
    "responses.create", "responses.parse", "responses.stream", "messages.create", "messages.stream",
    "litellm.completion", "litellm.acompletion", "generate_content", "generate_content_stream",
    "generate_content_async", "generateContent", "generateContentStream", "ChatOpenAI", "AzureChatOpenAI",
    "ChatAnthropic", "ChatGoogleGenerativeAI", "ChatMistralAI", "GenerativeModel", "PromptTemplate.from_template",
    "PromptTemplate.fromTemplate", "ChatPromptTemplate.from_template", "ChatPromptTemplate.from_messages",
    "ChatPromptTemplate.fromMessages", "ChatPromptTemplate.fromTemplate", "generateText", "streamText",
    "generateObject", "streamObject", "PromptTemplate", "ChatPromptTemplate", "init_chat_model", "chats.create",
)  # fmt: skip
#: Last part of a call's name -> what its first arguments without a name are.
POSITIONAL = {
    "from_template": ("template",), "fromTemplate": ("template",), "from_messages": ("messages",),
    "fromMessages": ("messages",), "generate_content": ("contents",), "generateContent": ("contents",),
    "ChatPromptTemplate": ("messages",), "GenerativeModel": ("model",), "init_chat_model": ("model",),
    "completion": ("model", "messages"), "acompletion": ("model", "messages"),
}  # fmt: skip
#: Roles in pairs of role and text, as LangChain has them.
_ROLES = {"system": "system", "developer": "system", "human": "user", "user": "user", "ai": "assistant",
          "assistant": "assistant", "placeholder": "user"}  # fmt: skip

_PROMPT_NAME = re.compile(r"(?:prompt|system|template|instructions?)s?(?:_?v?\d+)?$", re.IGNORECASE)
#: A program without any of these calls no model that is seen here: most need no parsing.
_HINT = re.compile("model|prompt|system|template|instruction|message|completion|generate|response", re.IGNORECASE)
_HOLE = re.compile(r"\{\{\w+\}\}")
#: Chinese, Japanese and Korean put no blanks between words.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+")
_NOT_WORD = re.compile(r"\W+")
MAX_HOLE = 40


class UnreadableError(Exception):
    """A program that does not parse; the message says where."""


class Site(NamedTuple):
    """A call or a constant in a program."""

    function: str
    """Qualified name of the function it is in, or of the constant."""
    sent: Sent


def read(path: str, text: str) -> list[Sent]:
    """The calls and prompt constants of the program at `path`, named `path:function#n`.

    Raises:
        UnreadableError: it is not a program of its language.
    """
    if _HINT.search(text) is None:
        return []
    if PurePosixPath(path).suffix == ".py":
        from llmcost.estimate.diff.sites_python import sites
    else:
        from llmcost.estimate.diff.sites_script import sites
    return _named(path, sites(text))


def _named(path: str, found: Iterable[Site]) -> list[Sent]:
    numbers: Counter[str] = Counter()
    named = []
    for site in sorted(found, key=lambda site: site.sent.line):
        numbers[site.function] += 1
        number = f"#{numbers[site.function]}" if site.sent.name == "call" else ""
        named.append(site.sent._replace(name=f"{path}:{site.function}{number}"))
    return named


def is_prompt_name(name: str) -> bool:
    """Whether a variable of that name holds a prompt by what it is called."""
    return _PROMPT_NAME.search(name) is not None


def is_known_call(dotted: str) -> bool:
    return any(dotted == known or dotted.endswith(f".{known}") for known in KNOWN_CALLS)


def names_model(arguments: Container[str]) -> bool:
    """Whether one of the arguments is called as a model's name is."""
    return any(key in arguments for key in MODEL_ARGUMENTS)


def is_hole(text: str) -> bool:
    """Whether nothing of a text is known."""
    return _HOLE.fullmatch(text) is not None


def has_text(value: Any) -> bool:
    """Whether there is more to a value than placeholders and a single word, as a name or a flag has."""
    if isinstance(value, list):
        return any(map(has_text, value))
    if isinstance(value, dict):
        return any(map(has_text, value.values()))
    return isinstance(value, str) and len(_WORD.findall(_HOLE.sub(" ", value))) > 1


def hole(expression: str) -> str:
    """The placeholder that stands for an expression."""
    name = _NOT_WORD.sub("_", expression).strip("_")[:MAX_HOLE] or "value"
    return "{{" + (f"_{name}" if name[0].isdigit() else name) + "}}"


def call(name: str, arguments: dict[str, Any], line: int, *, known: bool) -> Sent | None:
    """The call of `name` with `arguments` (strings with placeholders, lists, dicts, numbers); None: no such call.

    A model or limit that is not written out is None in `arguments`.
    """
    texts = {key: arguments[key] for key in TEXT_ARGUMENTS if key in arguments}
    if not known and not (names_model(arguments) and texts):
        return None
    messages: list[dict[str, Any]] = []
    if "PromptTemplate" in name:
        texts = mapped(texts, of_format)
    for key, value in texts.items():
        messages += _messages("user" if key in _USER_KEYS else "system", value)
    body: dict[str, Any] = {"messages": messages}
    if isinstance(arguments.get("tools"), list) and arguments["tools"]:
        body["tools"] = arguments["tools"]
    notes = []
    model = next((arguments[key] for key in MODEL_ARGUMENTS if key in arguments), None)
    if not isinstance(model, str) or model.startswith("{{"):
        if model is not None:
            notes.append("its model is not written out in the call")
        model = ""
    limits = [arguments[key] for key in LIMIT_KEYS if isinstance(arguments.get(key), int)]
    return Sent(
        "call", (body,) if messages else (), line, model, limits[0] if limits else None, tuple(notes),
    )  # fmt: skip


def constant(text: Any, line: int) -> Sent:
    """A prompt kept in a variable, sent as one message."""
    messages = _messages("user", text) or [{"role": "user", "content": leaf} for leaf in _leaves(text)]
    return Sent("constant", ({"messages": messages},), line)


def _leaves(value: Any) -> Iterator[str]:
    """The texts in a mapping of prompts by their names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)


def _messages(role: str, value: Any) -> list[dict[str, Any]]:
    """`value` as chat messages."""
    if isinstance(value, dict):
        if "role" in value:
            content = value.get("content", value.get("parts", ""))
            return [{"role": _text(value["role"], "user"), "content": _content(content)}]
        parts = value.get("parts", value.get("text", value.get("content")))
        return [{"role": role, "content": _content(parts)}] if parts is not None else []
    if isinstance(value, list):
        if len(value) == 2 and isinstance(value[0], str) and value[0] in _ROLES:
            return [{"role": _ROLES[value[0]], "content": _content(value[1])}]
        if value and all(isinstance(item, dict) and "role" not in item for item in value):
            return [{"role": role, "content": _content(value)}]
        return [message for item in value for message in _messages(role, item)]
    return [{"role": role, "content": value}] if isinstance(value, str) else []


def _content(value: Any) -> Any:
    if isinstance(value, list):
        return [part if isinstance(part, dict) else {"type": "text", "text": part} for part in value]
    return value if isinstance(value, str) else "{{content}}"


def _text(value: Any, default: str) -> str:
    return value if isinstance(value, str) and not value.startswith("{{") else default
