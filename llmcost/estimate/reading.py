"""From an open file to its prompts: text, a template, chat messages, or many requests."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from llmcost.core.errors import UsageError
from llmcost.estimate.find import STREAMED
from llmcost.estimate.terms import Terms, Told, described
from llmcost.tokens.counter import count
from llmcost.tokens.decode import Text, decode, read_stream
from llmcost.tokens.prompt import Prompt, parse

if TYPE_CHECKING:
    from llmcost.tokens.requests import Requests

#: Files whose `{{name}}` is a placeholder; in others, such as programs, it is text.
TEMPLATES = frozenset(
    {"", ".txt", ".md", ".markdown", ".prompt", ".tmpl", ".tpl", ".mustache", ".hbs", ".yaml", ".yml"}
)
#: Files that are templates whatever they hold.
JINJA = frozenset({".j2", ".jinja", ".jinja2"})
_OPENINGS = ("{{", "{%", "{#")
_STDIN = "-"
_PROBE = 8192


class Reader:
    """Reads the prompts of one file after another; what is to be said of no single prompt is in `remarks`.

    `told` gives the texts and sizes that stand for placeholders, and the median input of a prompt's calls where some
    are left. One that nothing is known of is left out of the count, which then is not exact, and a remark names it.
    """

    def __init__(self, told: Told) -> None:
        self._told = told
        self.remarks: list[str] = []

    def __call__(self, path: str, stream: BinaryIO) -> Iterator[Prompt]:
        """The prompts in the file at `path`, `stream` being its content; `-` may hold anything a file of any name may.

        Raises:
            NotTextError: it is binary or too large.
            UsageError: it is a template that cannot be filled in.
        """
        suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122 - called for every file of a tree
        if suffix in STREAMED and stream.seekable():
            yield from self._streamed(path, stream)
            return
        text = read_stream(stream, "standard input" if path == _STDIN else path)
        if suffix in {".json", *STREAMED} or path == _STDIN:
            found, notes = self._requests(path, text)
            if found:
                yield from self._filled(path, found)
                return
            text = text._replace(notes=(*text.notes, *notes))
        yield self._text(path, text, suffix)

    def _requests(self, path: str, text: Text) -> tuple[Iterable[Prompt], tuple[str, ...]]:
        """The requests of a JSON document, or of JSON Lines that came by a pipe; none and a remark for a text."""
        if text.text.lstrip()[:1] not in {"{", "["}:
            return (), ()
        prompt = parse(text, json_allowed=True)
        if prompt.kind != "text":
            return [prompt], ()
        from llmcost.tokens.requests import Requests, batch

        try:
            return batch(json.loads(text.text)) or (), ()
        except (ValueError, RecursionError):
            requests = Requests(io.BytesIO(text.text.encode("utf-8", "replace")))
            if found := list(requests):
                self._say_skipped(path, requests)
                return found, ()
            return (), (("not valid JSON: counted as text",) if path != _STDIN else ())

    def _streamed(self, path: str, stream: BinaryIO) -> Iterator[Prompt]:
        from llmcost.tokens.requests import Requests

        # Binary data may be one line of any length.
        decode(stream.read(_PROBE), path)
        stream.seek(0)
        requests = Requests(stream)
        empty = True
        for prompt in self._filled(path, requests):
            empty = False
            yield prompt
        if not empty:
            self._say_skipped(path, requests)
            return
        stream.seek(0)
        text = read_stream(stream, path)
        note = ("no line of it is a request: counted as text",) if text.text.strip() else ()
        yield self._text(path, text._replace(notes=(*text.notes, *note)), "")

    def _say_skipped(self, path: str, requests: Requests) -> None:
        if requests.n_skipped:
            first = requests.skipped[0]
            many = f"{requests.n_skipped:,} line{'' if requests.n_skipped == 1 else 's'}"
            self.remarks.append(f"{path}: {many} not counted; line {first.line}: {first.reason}")

    def _text(self, path: str, text: Text, suffix: str) -> Prompt:
        if suffix not in JINJA and (suffix not in TEMPLATES or not any(mark in text.text for mark in _OPENINGS)):
            return parse(text, json_allowed=False)
        from llmcost.tokens import template

        terms = self._told(path)
        jinja = suffix in JINJA or template.is_jinja(text.text, suffix, variables_given=bool(terms.variables))
        folder = None if path == _STDIN else Path(path).parent
        try:
            prompt = template.prompt(
                text.text, dict(terms.variables), jinja=jinja, folder=folder, notes=text.notes, faithful=text.faithful
            )
        except UsageError as error:
            raise UsageError(f"{path}: {error.message}", error.hint) from None
        body = template.front_matter(text.text).body
        return self._typical(_with_beginning(prompt, body, terms, jinja=jinja), terms)

    def _filled(self, path: str, prompts: Iterable[Prompt]) -> Iterator[Prompt]:
        """Chat messages with the placeholders in their texts filled in."""
        terms: Terms | None = None
        for prompt in prompts:
            if not any("{{" in text for text in prompt.texts):
                yield prompt
                continue
            from llmcost.tokens import template

            terms = terms or self._told(path)
            made = template.filled(prompt, dict(terms.variables))
            yield self._typical(_with_beginning(made, prompt.request, terms), terms)

    def _typical(self, prompt: Prompt, terms: Terms) -> Prompt:
        """A prompt with placeholders left takes as many tokens as the ledger says its calls have."""
        if not prompt.missing or (traffic := self._told.measured(terms.where)) is None:
            return prompt
        tokens, source = traffic.input_p50, described(traffic, terms.where)
        # The ledger's tokens are those of the model it has seen.
        fixed = count(prompt, traffic.model, traffic.provider).tokens
        return replace(
            prompt, extra_tokens=prompt.extra_tokens + max(0, tokens - fixed),
            notes=(*prompt.notes, f"their size is taken from the median of {source}: {tokens:,} input tokens"),
        )  # fmt: skip


def _with_beginning(prompt: Prompt, body: Any, terms: Terms, *, jinja: bool = False) -> Prompt:
    """`prompt` with what precedes the first placeholder of `body`, if part of it is to come from a cache."""
    if not terms.cached_share:
        return prompt
    from llmcost.estimate.diff.sent import Sent, prefix

    found = prefix(Sent("", (body,), jinja=jinja))
    return replace(prompt, beginning=found.text) if found.placeholder else prompt
