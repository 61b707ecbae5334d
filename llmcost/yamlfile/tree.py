"""Untrusted YAML as a tree of literal text with line numbers: nothing is constructed, resolved or repeated.

Scalars keep the text as written, so `2.50` never passes through a float, `16:30` is no sexagesimal number
and `no` no boolean. Aliases and anchors are refused, and depth, size and the number of values are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from llmcost.core.errors import ConfigError

MAX_BYTES = 8 * 2**20
_MAX_DEPTH = 24
_MAX_VALUES = 300_000


class Span(NamedTuple):
    """Where a value stands in its file: lines from 1, columns from 0, the end exclusive."""

    line: int
    column: int
    last_line: int
    last_column: int
    flow: bool = False
    """Written inside brackets or braces."""


class Scalar(NamedTuple):
    text: str
    plain: bool
    """Without quotes."""
    span: Span

    @property
    def is_null(self) -> bool:
        return self.plain and self.text in {"", "~", "null", "Null", "NULL"}


class Sequence(NamedTuple):
    items: tuple[Node, ...]
    span: Span


class Mapping(NamedTuple):
    values: dict[str, Node]
    keys: dict[str, Span]
    span: Span


Node = Scalar | Sequence | Mapping


def read_text(path: Path) -> str:
    """The file's text.

    Raises:
        ConfigError: it cannot be read, is over 8 MiB, or is not UTF-8.
    """
    return decode(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror or error}", "check the path and its permissions"
        ) from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path} is larger than 8 MiB", "such a file has a few kilobytes; check the path")
    return data


def decode(data: bytes, origin: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{origin}:{line}: not UTF-8 text", "save the file as UTF-8") from None


def parse(text: str, origin: str) -> Node:
    """The only document of `text`; `origin` names the file in errors.

    Raises:
        ConfigError: not YAML, an alias or anchor, a repeated or non-text key, nested too deep, or too large.
    """
    import yaml

    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    builder = _Builder(yaml.parse(text, Loader=loader), yaml, origin)
    try:
        return builder.document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{origin}:{mark.line + 1}" if mark is not None else origin
        if mark is not None and text[mark.index : mark.index + 1] == "\t":
            raise ConfigError(f"{place}: a tab where YAML takes none", "indent with blanks") from None
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ConfigError(f"{place}: not valid YAML: {problem}", "check indentation, quotes and colons") from None


class _Builder:
    def __init__(self, events: Iterator[Any], yaml: Any, origin: str) -> None:
        self._events, self._yaml, self._origin = events, yaml, origin
        self._values = 0

    def document(self) -> Node:
        yaml = self._yaml
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
                continue
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._error(event, "a second document starts here", "keep one document per file")
                continue
            root = self._node(event, 0)
        return root if root is not None else Scalar("", True, Span(1, 0, 1, 0))

    def _error(self, event: Any, message: str, hint: str) -> ConfigError:
        return ConfigError(f"{self._origin}:{event.start_mark.line + 1}: {message}", hint)

    def _node(self, event: Any, depth: int) -> Node:
        yaml = self._yaml
        self._values += 1
        if self._values > _MAX_VALUES:
            raise self._error(event, f"more than {_MAX_VALUES} values", "split the file")
        if depth > _MAX_DEPTH:
            raise self._error(event, f"nested deeper than {_MAX_DEPTH} levels", "check brackets and indentation")
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self._error(event, "anchors and aliases are not supported", "write the values out")
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, not event.style, _span(event, event.end_mark))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        return self._mapping(event, depth)

    def _sequence(self, start: Any, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := next(self._events), self._yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Sequence(tuple(items), _collection_span(start, event, [item.span for item in items]))

    def _mapping(self, start: Any, depth: int) -> Mapping:
        values: dict[str, Node] = {}
        keys: dict[str, Span] = {}
        while not isinstance(event := next(self._events), self._yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise self._error(event, "a key must be text", "check brackets and indentation")
            if key.text in values:
                raise self._error(event, f"key {key.text!r} is given twice", "remove one of them")
            values[key.text] = self._node(next(self._events), depth + 1)
            keys[key.text] = key.span
        return Mapping(values, keys, _collection_span(start, event, [node.span for node in values.values()]))


def _span(event: Any, end: Any, *, flow: bool = False) -> Span:
    start = event.start_mark
    # A block scalar's end mark stands at the start of the line after it.
    last = end.line if end.column == 0 and end.line > start.line else end.line + 1
    return Span(start.line + 1, start.column, last, end.column, flow)


def _collection_span(start: Any, end: Any, children: list[Span]) -> Span:
    """A block collection ends with its last child (its end event stands after trailing comments)."""
    if start.flow_style or not children:
        return _span(start, end.end_mark if start.flow_style else start.end_mark, flow=bool(start.flow_style))
    last = max(children, key=lambda span: (span.last_line, span.last_column))
    return Span(start.start_mark.line + 1, start.start_mark.column, last.last_line, last.last_column)
