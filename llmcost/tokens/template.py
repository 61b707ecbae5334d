"""Prompt templates: {{name}} placeholders, Jinja, and the YAML front matter of prompt files.

Front matter is that of https://google.github.io/dotprompt/ and of prompts in Markdown: a mapping between two lines of
`---` at the very beginning, which is settings and no text of the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from llmcost.core.errors import ConfigError, UsageError
from llmcost.core.usage import MAX_TOKENS
from llmcost.tokens.decode import MAX_BYTES, without_surrogates
from llmcost.tokens.prompt import Prompt, plain

JINJA_SUFFIXES = (".j2", ".jinja", ".jinja2")
_PLACEHOLDER = re.compile(r"\{\{\s*([^\W\d][\w.-]*)\s*\}\}")
#: Up to the first tag whose output can differ between calls: comments, literal text and assignments do not put out.
_JINJA_STATIC = re.compile(
    r"(?:[^{]|\{(?![{%#])|\{#.*?#\}|\{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}"
    r"|\{%[-+]?\s*set\s[^%=]*=[^%]*%\})*+",
    re.DOTALL,
)
_FRONT = re.compile(r"---[ \t]*\r?\n(.*?)(?:^|\n)---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
#: A front matter is settings, not a document.
_FRONT_BYTES = 64 * 1024
#: Keys that make a mapping a prompt's settings.
_KNOWN = {
    "model", "config", "input", "output", "temperature", "max_tokens", "maxOutputTokens", "max_output_tokens",
    "max_completion_tokens", "top_p", "tools", "system", "provider", "inputs", "outputs",
}  # fmt: skip
#: Placeholders that a remark names.
_TOLD = 10
_MOST = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens")


class Rendered(NamedTuple):
    text: str
    missing: tuple[str, ...] = ()
    """Names that were given nothing; they are filled with nothing."""
    extra_tokens: int = 0
    """Tokens of variables given as a size, as often as they are used."""


class FrontMatter(NamedTuple):
    """`values`: the settings that are one word or number, as written; those under `config` beside the others."""

    values: dict[str, str]
    body: str

    @property
    def model(self) -> str:
        """The model's bare name: dotprompt writes `googleai/gemini-2.5-flash`."""
        return self.values.get("model", "").rsplit("/", 1)[-1]

    @property
    def max_output_tokens(self) -> int | None:
        text = next((self.values[key] for key in _MOST if key in self.values), "")
        return int(text) if text.isdecimal() and len(text) < 12 and 0 < int(text) <= MAX_TOKENS else None


def is_jinja(text: str, suffix: str = "", *, variables_given: bool = False) -> bool:
    """Whether `text` is a Jinja template: by its file's `suffix`, or as variables are given and it has statements."""
    return suffix.lower() in JINJA_SUFFIXES or (variables_given and "%}" in text.partition("{%")[2])


def placeholders(text: str, *, jinja: bool = False) -> tuple[str, ...]:
    """The names `text` wants, in order of appearance.

    Raises:
        UsageError: `jinja`, and it is no valid template.
    """
    if jinja:
        from llmcost.tokens.jinja import variables

        return variables(text)
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def static_prefix(text: str, *, jinja: bool = False) -> str:
    """The beginning of `text` that is the same in every call, which a provider's prompt cache can keep."""
    found = _JINJA_STATIC.match(text) if jinja else None
    if found:
        return found[0]
    first = _PLACEHOLDER.search(text)
    return text[: first.start()] if first else text


def render(
    text: str, variables: Mapping[str, str | int], *, jinja: bool = False, folder: Path | None = None
) -> Rendered:
    """`text` with its placeholders filled; a variable that is a number is a size in tokens.

    Values are never looked at for placeholders. `folder` is where a Jinja template may include from.

    Raises:
        UsageError: a wrong or hostile template, or a result over 64 MiB.
    """
    texts = {name: value for name, value in variables.items() if isinstance(value, str)}
    sizes = {name: value for name, value in variables.items() if isinstance(value, int)}
    if jinja and ("{%" in text or "{{" in text or "{#" in text):
        from llmcost.tokens.jinja import render as render_jinja

        found = render_jinja(text, texts, tuple(sizes), folder)
        return Rendered(found.text, found.missing, sum(sizes[name] * often for name, often in found.shown.items()))
    names = _PLACEHOLDER.findall(text)
    if len(text) + sum(len(texts[name]) for name in names if name in texts) > MAX_BYTES:
        raise UsageError(f"the filled template is larger than {MAX_BYTES // 2**20} MiB", "give smaller variables")
    return Rendered(
        _PLACEHOLDER.sub(lambda match: texts.get(match[1], ""), text),
        tuple(dict.fromkeys(name for name in names if name not in variables)),
        sum(sizes[name] for name in names if name in sizes),
    )


def front_matter(text: str) -> FrontMatter:
    """The settings at the beginning of a prompt file, and the rest; no settings where there are none."""
    found = _FRONT.match(text, 0, _FRONT_BYTES) if text.startswith("---") else None
    if found is None:
        return FrontMatter({}, text)
    from llmcost.yamlfile.tree import Mapping as Table
    from llmcost.yamlfile.tree import Scalar, parse

    try:
        root = parse(found[1], "front matter")
    except ConfigError:
        return FrontMatter({}, text)
    if not isinstance(root, Table) or not _KNOWN & root.values.keys():
        return FrontMatter({}, text)
    tables = [root, *(value for key, value in root.values.items() if key == "config" and isinstance(value, Table))]
    values = {key: value.text for table in tables for key, value in table.values.items() if isinstance(value, Scalar)}
    return FrontMatter(values, text[found.end() :])


def prompt(text: str, variables: Mapping[str, str | int], *, jinja: bool = False, folder: Path | None = None,
           notes: tuple[str, ...] = (), faithful: bool = True) -> Prompt:  # fmt: skip
    """A prompt file's text as one user message: its settings apart, its placeholders filled.

    `notes` and `faithful` are those of reading it (`decode.Text`).

    Raises:
        UsageError: as `render`.
    """
    settings = front_matter(text)
    made = render(settings.body, variables, jinja=jinja, folder=folder)
    if settings.values:
        notes = (*notes, "front matter left out")
    certain = faithful and not (made.missing or made.extra_tokens)
    return replace(
        plain(made.text, notes=(*notes, *_notes(made)), complete=certain),
        model=settings.model,
        max_output_tokens=settings.max_output_tokens,
        missing=made.missing,
        extra_tokens=made.extra_tokens,
    )


def filled(made: Prompt, variables: Mapping[str, str | int]) -> Prompt:
    """A prompt whose texts are templates with {{name}} placeholders, filled.

    Raises:
        UsageError: as `render`.
    """
    texts = [render(text, variables) for text in made.texts]
    missing = tuple(dict.fromkeys(name for text in texts for name in text.missing))
    whole = Rendered("", missing, sum(text.extra_tokens for text in texts))
    return replace(
        made,
        texts=tuple(without_surrogates(text.text) for text in texts),
        body=without_surrogates(render(made.body, variables).text),
        notes=(*made.notes, *_notes(whole)),
        complete=made.complete and not (missing or whole.extra_tokens),
        missing=missing,
        extra_tokens=made.extra_tokens + whole.extra_tokens,
        request=_filled_value(made.request, variables),
        memo={},
    )


def _filled_value(value: Any, variables: Mapping[str, str | int]) -> Any:
    if isinstance(value, str):
        return render(value, variables).text
    if isinstance(value, list):
        return [_filled_value(item, variables) for item in value]
    return {key: _filled_value(item, variables) for key, item in value.items()} if isinstance(value, dict) else value


def _notes(made: Rendered) -> tuple[str, ...]:
    names = ", ".join(made.missing[:_TOLD]) + (f" and {left:,} more" if (left := len(made.missing) - _TOLD) > 0 else "")
    notes = (f"not filled, so not counted: {names}",) if names else ()
    return (*notes, f"{made.extra_tokens:,} tokens for variables of a declared size") if made.extra_tokens else notes
