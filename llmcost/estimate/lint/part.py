"""What a rule is given, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from llmcost.estimate.lint.lines import Lines


class Edit(NamedTuple):
    """`text` in place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str = ""


class Hit(NamedTuple):
    """Something that costs. What it saves is counted from its edits, `tools` or `prefix`."""

    at: int
    """Where it begins in the part's text."""
    message: str
    edits: tuple[Edit, ...] = ()
    safe: bool = False
    """The edits keep the meaning, so that --fix may make them."""
    places: int = 1
    tools: tuple[tuple[Any, ...], tuple[Any, ...]] | None = None
    """Definitions of tools as they are sent now, and as they would do."""
    prefix: tuple[str, str] | None = None
    """(unchanging beginning now, all unchanging text): nothing is saved but the price of what a cache can serve."""


@dataclass(frozen=True)
class Part:
    """A text that is sent: that of a prompt file, or one in a request body. Or, with a `value`, the body itself."""

    text: str
    first_line: int = 1
    """The line of the file it begins in."""
    one_line: bool = False
    """A string in JSON, which is on one line of the file however many it has itself."""
    begins: bool = True
    """Whether a request begins with it."""
    template: bool = True
    """Whether placeholders in it are filled in; a request body is sent as it is."""
    jinja: bool = False
    fixable: bool = True
    value: Any = None
    """The decoded request body, or None."""

    @cached_property
    def lines(self) -> Lines:
        return Lines(self.text)

    def line_of(self, at: int) -> int:
        """The line of the file that the character at `at` is in."""
        return self.first_line if self.one_line else self.first_line + self.lines.at(at)


Find = Callable[[Part], Iterator[Hit]]


def apply(text: str, edits: Iterable[Edit]) -> str:
    """`text` with the edits made. Of two that overlap the one that begins first is made, of those the longer."""
    pieces, at = [], 0
    for start, end, new in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if start >= at:
            pieces += [text[at:start], new]
            at = end
    pieces.append(text[at:])
    return "".join(pieces)


def joined(hits: list[Hit], message: str) -> Iterator[Hit]:
    """One hit in place of many of the same kind, at the first; the safe ones apart from the others."""
    for safe in (True, False):
        some = [hit for hit in hits if hit.safe == safe]
        if some:
            edits = tuple(edit for hit in some for edit in hit.edits)
            yield Hit(some[0].at, message, edits, safe, len(some))
