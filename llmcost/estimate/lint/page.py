"""A prompt file as lint reads it: its text to the last byte, and the parts of it that are sent."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import BinaryIO, NamedTuple

from llmcost.estimate.lint.lines import tags
from llmcost.estimate.lint.part import Part
from llmcost.estimate.lint.tools import tools_of
from llmcost.estimate.prompts import SUFFIXES
from llmcost.tokens.decode import NotTextError, decode
from llmcost.tokens.prompt import Prompt, from_value, plain
from llmcost.tokens.template import JINJA_SUFFIXES, front_matter

#: Half a million tokens of English: a file of prompts' examples perhaps, but no prompt.
MAX_BYTES = 2 * 2**20
_STRING = re.compile(r"\"[^\"\\\x00-\x1f]*(?:\\.[^\"\\\x00-\x1f]*)*\"")
#: A shorter string in a request body is no text worth looking at.
_LEAST = 40
_YAML = (".yaml", ".yml")


class Page(NamedTuple):
    path: str
    data: bytes
    """The file's bytes as they were read."""
    head: str
    """What comes before the text that is sent: the front matter."""
    parts: tuple[Part, ...]
    prompt: Prompt
    why_not: str
    """Why --fix leaves the file alone; empty where it does not."""

    def rewritten(self, text: str) -> bytes:
        """The file's bytes with `text` in place of its (one) part."""
        return (self.head + text).encode("utf-8")


def reads(path: str, *, prompt: bool) -> bool:
    """Whether a file of that name, found in a folder, is looked at. `prompt`: it is called one.

    JSON and YAML are settings and data of programs as well. Batches in JSON Lines are no prompts.
    """
    suffix = PurePath(path).suffix.lower()
    return suffix in SUFFIXES and suffix != ".jsonl" and (prompt or suffix not in {".json", *_YAML})


def page(path: str, stream: BinaryIO) -> Page:
    """The file at `path`.

    Raises:
        NotTextError: binary, or larger than `MAX_BYTES`.
    """
    data = stream.read(MAX_BYTES + 1)
    name = "standard input" if path == "-" else path
    if len(data) > MAX_BYTES:
        raise NotTextError(
            "too_large", f"{name} is larger than {MAX_BYTES // 2**20} MiB", "no prompt is; name the prompt itself"
        )
    found = decode(data, name)
    text, why = found.text, ""
    if not found.faithful:
        why = "it is not valid UTF-8"
    elif data.startswith(codecs.BOM_UTF8):
        text = "\ufeff" + text
    elif found.notes:
        why = "it is not UTF-8"
    suffix = PurePath(path).suffix.lower()
    if suffix == ".json" or path == "-":
        body = _body(path, data, text)
        if body is not None:
            return body
    if suffix in _YAML:
        why = why or "blanks in YAML may be syntax"
    settings = front_matter(text)
    head = text[: len(text) - len(settings.body)]
    part = Part(
        settings.body, head.count("\n") + 1, jinja=suffix in JINJA_SUFFIXES, template=suffix != ".json", fixable=not why
    )
    prompt = plain(sent(part, part.text), complete=found.faithful)
    return Page(path, data, head, (part,), replace(prompt, model=settings.model), why)


def _body(path: str, data: bytes, text: str) -> Page | None:
    """A request body, or a list of tools; None for any other text."""
    try:
        value = json.loads(text.removeprefix("\ufeff"))
        prompt = from_value(value)
    except (ValueError, RecursionError):
        return None
    if prompt is None and not tools_of(value):
        return None
    prompt = prompt or plain(text)
    parts = (*_texts(text, prompt), Part(text, fixable=False, value=value))
    return Page(path, data, "", parts, prompt, "blanks between the tokens of a request body are not sent")


def _texts(text: str, prompt: Prompt) -> Iterator[Part]:
    """The texts of the request's messages, where they stand in the file."""
    wanted = {each for each in prompt.texts if len(each) >= _LEAST}
    line, at, first = 1, 0, True
    for match in _STRING.finditer(text):
        if len(match[0]) < _LEAST:
            continue
        string = json.loads(match[0])
        if string in wanted:
            wanted.discard(string)
            line += text.count("\n", at, match.start())
            at = match.start()
            yield Part(string, line, one_line=True, begins=first, template=False, fixable=False)
            first = False


def sent(part: Part, text: str) -> str:
    """What becomes of `text` when the template is filled in: Jinja's comments are never sent."""
    if not part.jinja:
        return text
    pieces, at = [], 0
    for start, end, opening in tags(text):
        if opening == "{#":
            pieces.append(text[at:start])
            at = end
    pieces.append(text[at:])
    return "".join(pieces)
