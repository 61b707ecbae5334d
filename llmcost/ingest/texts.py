"""Texts of requests that are in the ledger: prompt files, and logs that hold the text beside an id.

Only counts and keyed digests are kept of a text, so that a log of any size can be read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from llmcost.core.errors import UsageError
from llmcost.ingest.features import Features
from llmcost.ledger.protocol import StoredRequest
from llmcost.sources.reader import LogFile, Value
from llmcost.sources.wrapper import REQUESTS
from llmcost.tokens.counter import text_tokens
from llmcost.tokens.decode import NotTextError, read_file
from llmcost.tokens.prompt import Prompt, from_value, parse, plain
from llmcost.tokens.ratios import language_class

_IDS = ("identity", "request_id", "requestId", "response_id", "responseId", "id")
_TEXTS = ("prompt_text", "prompt", "input_text")
_BODIES = (*REQUESTS, "body", "params")


class Known(NamedTuple):
    """What is kept of a text."""

    number: int
    kind: str
    tokens: int
    """By o200k_base, without roles."""
    roles: tuple[str, ...]
    whole: bool
    """Text alone: no images, tools or parts that are not counted."""


class Texts:
    """The texts of some files, found again by request id, by digest, or by a prompt id that stands for one text."""

    def __init__(self, features: Features) -> None:
        self._digest = features.digest
        self._by_id: dict[str, Known] = {}
        self._by_digest: dict[str, Known] = {}
        self._by_prompt: dict[str, Known | None] = {}
        self._numbers: dict[str, int] = {}
        self.skipped: Counter[str] = Counter()
        """Why files and lines gave no text -> how many."""

    def __len__(self) -> int:
        return len(self._numbers)

    def read(self, path: Path) -> None:
        """Take in a prompt file or a log.

        Raises:
            UsageError: it cannot be read.
        """
        try:
            file = LogFile.open(path)
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror or error}", "check its permissions") from None
        try:
            if file.sample and any(map(_told, file.sample)):
                self._log(file)
                return
        except OSError as error:
            raise UsageError(f"cannot read {path} to its end: {error.strerror or error}", "check the file") from None
        finally:
            file.close()
        self._prompt_file(path)

    def of(self, row: StoredRequest) -> Known | None:
        """The text of a request, where it is among these."""
        record = row.priced.record
        found = self._by_id.get(record.id) or self._by_id.get(record.id.partition(":")[2])
        if found is None and record.prompt_digest:
            return self._by_digest.get(record.prompt_digest)
        return found or self._by_prompt.get(record.prompt_id)

    def _prompt_file(self, path: Path) -> None:
        try:
            source = read_file(path)
        except NotTextError as error:
            self.skipped[error.kind.replace("_", " ")] += 1
            return
        prompt = parse(source, json_allowed=path.suffix.lower() == ".json")
        known = self._known(prompt)
        # A program often sends a file's text without the line end.
        for text in {source.text, source.text.rstrip("\n"), source.text.strip(), *_as_logged(prompt.request)}:
            self._by_digest[self._digest(text)] = known

    def _log(self, file: LogFile) -> None:
        for item in file.values():
            told = _told(item.value) if isinstance(item, Value) else None
            if told is None:
                self.skipped["lines without an id or a text"] += 1
                continue
            ids, prompt_id, prompt, texts = told
            known = self._known(prompt)
            for identity in ids:
                self._by_id[identity] = known
            for text in texts:
                self._by_digest[self._digest(text)] = known
            if prompt_id:
                one = self._by_prompt.setdefault(prompt_id, known)
                if one != known:
                    self._by_prompt[prompt_id] = None

    def _known(self, prompt: Prompt) -> Known:
        digest = self._digest("\x1f".join(prompt.texts))
        number = self._numbers.setdefault(digest, len(self._numbers))
        whole = prompt.complete and not (prompt.images or prompt.tools or prompt.extra_tokens)
        return Known(number, language_class(prompt.body), text_tokens(prompt), prompt.roles, whole)


def _told(value: Any) -> tuple[list[str], str, Prompt, list[str]] | None:
    """(ids, prompt id, prompt, its text as a log's column has it) of a log's line; None where a part is missing."""
    if not isinstance(value, dict):
        return None
    response = next((value[key] for key in ("response", "response_body", "responseBody") if key in value), None)
    inner = response.get("body", response) if isinstance(response, dict) else None
    ids = [text for part in (value, response, inner) if isinstance(part, dict) for text in _ids(part)]
    prompt_id = value.get("prompt_id")
    prompt_id = prompt_id if isinstance(prompt_id, str) else ""
    found = _prompt(value)
    if found is None or not (ids or prompt_id or found[1]):
        return None
    return ids, prompt_id, *found


def _ids(part: dict[str, Any]) -> Iterator[str]:
    for key in _IDS:
        # A bare number is a row's, not a response's.
        if isinstance(identity := part.get(key), str) and identity and not identity.isdecimal():
            yield identity


def _prompt(value: dict[str, Any]) -> tuple[Prompt, list[str]] | None:
    for key in _TEXTS:
        if isinstance(text := value.get(key), str) and text:
            return plain(text), [text]
        if isinstance(text, list) and (prompt := _request(text)) is not None:
            return prompt, _as_logged(text)
    for key in _BODIES:
        body = value.get(key)
        if isinstance(body, str):
            try:
                body = json.loads(body)
            except (ValueError, RecursionError):
                continue
        if isinstance(body, dict) and (prompt := _request(body.get("body", body))) is not None:
            return prompt, []
    prompt = _request(value)
    return None if prompt is None else (prompt, [])


def _request(value: Any) -> Prompt | None:
    try:
        return from_value(value)
    except RecursionError:
        return None


def _as_logged(request: Any) -> list[str]:
    """Messages as a log's text column holds them, whose digest the ledger has."""
    messages = request.get("messages") if isinstance(request, dict) else request
    return [json.dumps(messages, ensure_ascii=False)] if isinstance(messages, list) else []
