"""Tags: what a log says of a request beside the fields of the record. Secrets and what was said are left out.

A column nobody knows becomes a tag only when its value looks like a label: a text, number or truth value on one
line of at most 128 characters. What a log itself calls tags is kept as it is, without what its names call secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any

from llmcost.core.text import MAX_FIELD
from llmcost.sources.parsed import scalar

MAX_TAGS = 64
_MAX_LABEL = 128
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORDS = re.compile(r"[^\W_]+")
_SECRET = re.compile(
    r"secret|passw|passphrase|authori[sz]ation|cookie|credential"
    r"|(?:api|access|auth|master|private|session|signing|virtual)_?keys?(?![a-z])"
    r"|(?:access|auth|bearer|csrf|refresh|session)_?token(?!s)"
)
_SECRET_WORDS = {"key", "keys", "token", "jwt", "pwd", "bearer"}
#: Beside these, `token` is a unit, not a secret: `time_to_first_token`, `token_count`.
_UNITS = {"count", "counts", "limit", "budget", "first", "last", "per", "total", "num", "usage", "cost", "rate"}
#: Columns that carry what was said.
_PROSE = frozenset(
    (
        "input", "inputs", "output", "outputs", "request_body", "response_body", "output_text", "choices", "system",
        "tools", "body", "proxy_server_request", "gen_ai.system_instructions",
    )
)  # fmt: skip
#: The same, by the word a name ends in: `user_prompt`, `gen_ai.input.messages`.
_PROSE_ENDS = {
    "message", "messages", "content", "contents", "prompt", "prompts", "completion", "completions", "question",
    "questions", "query", "queries", "answer", "answers", "request", "response", "responses", "text", "transcript",
    "conversation", "history", "instructions",
}  # fmt: skip


def plain_name(column: str) -> str:
    """`promptTokens`, `Prompt Tokens` and `prompt-tokens` as prompt_tokens."""
    return _HUMP.sub("_", column.strip()).lower().replace(" ", "_").replace("-", "_")


def is_secret(column: str) -> bool:
    """Whether a column's name says that it holds a credential; counts of tokens are none."""
    return _is_secret(column[:MAX_FIELD])


@lru_cache(4096)
def _is_secret(column: str) -> bool:
    name = plain_name(column)
    words = set(_WORDS.findall(name))
    if words & _UNITS:
        words.discard("token")
    return bool(words & _SECRET_WORDS) or _SECRET.search(name) is not None


def is_label(column: str) -> bool:
    """Whether a column that nobody knows may become a tag, by its name."""
    name = plain_name(column)
    words = _WORDS.findall(name)
    return bool(words) and name not in _PROSE and words[-1] not in _PROSE_ENDS and not is_secret(column)


def tags(
    given: Any, columns: Iterable[tuple[str, Any]] = (), most: int = MAX_TAGS, *, trusted: bool = False
) -> tuple[tuple[str, str], ...]:
    """Sorted pairs from what a log calls tags (an object; a list's items become `true`) and from its own columns.

    `trusted` tags are those of our own export, which come back as they were.

    Raises:
        ValueError: a number too long to write.
    """
    if isinstance(given, str):
        text = given
        given = {"tags": text} if text else None
        with suppress(ValueError, RecursionError):
            given = json.loads(text)
    found = {column: label for column, value in columns if (label := _label(value))}
    if isinstance(given, dict):
        pairs = [(str(key), value) for key, value in list(given.items())[:most] if value is not None]
        found.update((key, _tag(value, trusted)) for key, value in pairs if trusted or not is_secret(key))
    elif isinstance(given, list):
        found.update((_tag(item, trusted), "true") for item in given[:MAX_TAGS])
    elif given is not None:
        found["tags"] = _tag(given, trusted)
    return tuple(sorted(found.items()))


def _label(value: Any) -> str:
    """The tag an unknown column's value makes; empty: none."""
    label = scalar(value)
    if not label or len(label) > _MAX_LABEL or label.splitlines() != [label]:
        return ""
    return "" if label[0] + label[-1] in ("{}", "[]") else label


def _tag(value: Any, trusted: bool) -> str:
    text = scalar(value)
    return json.dumps(value if trusted else _open(value), ensure_ascii=False) if text is None else text


def _open(value: Any) -> Any:
    """An object without what its names call secret."""
    if isinstance(value, dict):
        return {key: _open(item) for key, item in value.items() if not is_secret(str(key))}
    return [_open(item) for item in value] if isinstance(value, list) else value
