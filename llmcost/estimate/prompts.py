"""prompts.yaml: which files of a repository are prompts, and what their calls are. Format: docs/prompts.md."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cached_property
from pathlib import PurePosixPath
from typing import NamedTuple

from llmcost.core.errors import UsageError
from llmcost.core.record import dimension
from llmcost.estimate.ignore import matcher
from llmcost.yamlfile.fields import Fields
from llmcost.yamlfile.tree import Mapping, Node, Scalar, parse

FILE = "prompts.yaml"
#: Patterns as in .gitignore. A Markdown or YAML file is a prompt only in a folder of prompts.
DEFAULT_INCLUDE = ("prompts/", "prompt/", "*.prompt", "*.prompt.*", "*.j2", "*.jinja", "*.jinja2")
#: Other people's programs and tests call no model in production.
DEFAULT_CODE = (
    "*.py", "*.ts", "*.tsx", "*.js", "*.jsx", "*.mjs",
    "!node_modules/", "!site-packages/", "!venv/", "!.venv/",
    "!tests/", "!test/", "!__tests__/", "!test_*.py", "!*_test.py", "!*.test.*", "!*.spec.*",
)  # fmt: skip
#: What a file matched by `include` must be called to be read as a prompt.
SUFFIXES = frozenset({".txt", ".md", ".j2", ".jinja", ".jinja2", ".prompt", ".yaml", ".yml", ".json", ".jsonl"})

#: What makes a path a pattern.
_PATTERN = frozenset("*?[!\\")

_CALL_KEYS = ("model", "output_tokens", "calls_per_month", "cached_share")
TOP_KEYS = ("include", "exclude", "code", *_CALL_KEYS, "prompts")
PROMPT_KEYS = ("path", "name", "where", *_CALL_KEYS, "variables", "variable_tokens")


class Calls(NamedTuple):
    """What is declared of the calls made with one prompt; None or empty where nothing is."""

    name: str
    """What the ledger's rows call the prompt (`prompt_id`)."""
    where: tuple[tuple[str, str], ...]
    """(dimension, value) pairs that select its rows in the ledger."""
    model: str = ""
    output_tokens: int | None = None
    calls_per_month: int | None = None
    cached_share: Fraction | None = None
    """Part of the input served from the provider's prompt cache, 0 to below 1."""
    variables: tuple[tuple[str, str], ...] = ()
    """(placeholder, text that stands for it)."""
    variable_tokens: tuple[tuple[str, int], ...] = ()
    """(placeholder, its typical size in tokens)."""


_NOTHING = Calls("", ())


class _Rule(NamedTuple):
    pattern: str
    fields: Calls


class PromptFile:
    """The declarations of one prompts.yaml, or the defaults where there is none."""

    def __init__(
        self,
        include: tuple[str, ...] = DEFAULT_INCLUDE,
        exclude: tuple[str, ...] = (),
        code: tuple[str, ...] = DEFAULT_CODE,
        defaults: Calls = _NOTHING,
        rules: tuple[_Rule, ...] = (),
    ) -> None:
        self._include, self._exclude, self._code = include, exclude, code
        self._defaults = defaults
        self._rules = rules

    def is_prompt(self, path: str) -> bool:
        """Whether the file at `path` (relative to the repository, `/` between its parts) is a prompt or template."""
        if PurePosixPath(path).suffix.lower() not in SUFFIXES or path == FILE or self._excluded(path):
            return False
        return self._matches(self._include, path) or any(self._matches((rule.pattern,), path) for rule in self._rules)

    def is_code(self, path: str) -> bool:
        """Whether `path` is a program whose calls and string literals are looked at."""
        return self._matches(self._code, path) and not self._excluded(path)

    def calls(self, path: str, site: str = "") -> Calls:
        """What is declared of the prompt at `path`: the first rule that matches, over the file's defaults.

        `site`: the name of a call within the program at `path` (`path:function#n`); a rule for it comes first.
        """
        rules = [
            rule.fields
            for where in (site, path)
            for rule in self._rules
            if where and self._matches((rule.pattern,), where)
        ]
        found = rules[0] if rules else _NOTHING
        name = found.name or site or path
        filled = {
            key: getattr(found, key) if getattr(found, key) not in {None, ""} else getattr(self._defaults, key)
            for key in _CALL_KEYS
        }
        return found._replace(name=name, where=found.where or (("prompt_id", name),), **filled)

    def absent(self, exists: Callable[[str], bool]) -> tuple[str, ...]:
        """Paths that rules name in full, without a pattern, and where nothing is."""
        named = (rule.pattern for rule in self._rules if "/" in rule.pattern and not _PATTERN & set(rule.pattern))
        return tuple(path for path in named if not exists(path.partition(":")[0].strip("/")))

    def _excluded(self, path: str) -> bool:
        return bool(self._exclude) and self._matches(self._exclude, path)

    def _matches(self, patterns: tuple[str, ...], path: str) -> bool:
        known = self._matchers.get(patterns)
        if known is None:
            known = self._matchers[patterns] = matcher(patterns)
        return known(path)

    @cached_property
    def _matchers(self) -> dict[tuple[str, ...], Callable[[str], bool]]:
        return {}


def read(text: str, origin: str) -> PromptFile:
    """The declarations in `text`; `origin` stands for its path in errors.

    Raises:
        ConfigError: naming the file, the line and the value.
    """
    top = Fields(parse(text, origin), origin, TOP_KEYS, "a prompts file")
    return PromptFile(
        include=top.texts("include") or DEFAULT_INCLUDE,
        exclude=top.texts("exclude"),
        code=top.texts("code") if top.has("code") else DEFAULT_CODE,
        defaults=_calls(top),
        rules=tuple(_rule(node, origin) for node in top.items("prompts")),
    )


def _calls(fields: Fields) -> Calls:
    return Calls(
        "", (),
        model=fields.text("model") or "",
        output_tokens=fields.count("output_tokens"),
        calls_per_month=fields.count("calls_per_month"),
        cached_share=fields.share("cached_share"),
    )  # fmt: skip


def _rule(node: Node, origin: str) -> _Rule:
    fields = Fields(node, origin, PROMPT_KEYS, "a prompt")
    sizes = []
    for key, text in _pairs(fields, "variable_tokens"):
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise fields.error(
                fields.line_of("variable_tokens"), f"the size of {key!r} is not a number of tokens: {text[:40]!r}",
                "write digits only",
            )  # fmt: skip
        sizes.append((key, int(text)))
    return _Rule(
        fields.required("path"),
        _calls(fields)._replace(
            name=fields.text("name") or "",
            where=_where(fields),
            variables=_pairs(fields, "variables"),
            variable_tokens=tuple(sizes),
        ),
    )


def _where(fields: Fields) -> tuple[tuple[str, str], ...]:
    pairs = []
    for key, value in _pairs(fields, "where"):
        try:
            pairs.append((dimension(key), value))
        except UsageError as error:
            raise fields.error(fields.line_of("where"), error.message, error.hint) from None
    return tuple(pairs)


def _pairs(fields: Fields, key: str) -> tuple[tuple[str, str], ...]:
    node = fields.get(key)
    if node is None:
        return ()
    if not isinstance(node, Mapping):
        raise fields.error(node.span.line, f"{key!r} must be a mapping", f"write `{key}: {{name: value}}`")
    for name, value in node.values.items():
        if not isinstance(value, Scalar):
            raise fields.error(value.span.line, f"{name!r} in {key!r} must be text", "write `name: value`")
    return tuple((name, value.text) for name, value in node.values.items() if isinstance(value, Scalar))
