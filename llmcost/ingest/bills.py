"""Bills as their files tell them, put together: which lines stand, and of which buckets some are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from llmcost.core.billed import Billed

#: Formats whose lines have names of their own: a file that tells one of them again restates its bucket.
_RESTATED = ("openai-admin", "anthropic-admin")


class _Part(NamedTuple):
    """What one file says of one bucket."""

    lines: list[Billed]
    damaged: bool

    def restates(self, other: _Part) -> bool:
        mine, theirs = ({_named(line) for line in part.lines} for part in (self, other))
        return self.lines[0].source in _RESTATED and not mine.isdisjoint(theirs)


def _named(line: Billed) -> Billed:
    """What a line is of, whatever it says."""
    return line._replace(cost=None, usage=None, requests=None, quantity=None)


def whole_bill(pages: Mapping[tuple[Billed, ...], bool]) -> tuple[list[Billed], set[str]]:
    """The lines of files, and the scopes of which not all could be read. `pages`: as read -> whether damaged.

    A bucket may go on in another file; one that is told again in a later file is taken from there.
    """
    told: dict[str, list[_Part]] = {}
    for page, damaged in pages.items():
        scopes: dict[str, list[Billed]] = {}
        for line in page:
            scopes.setdefault(line.scope, []).append(line)
        for scope, lines in scopes.items():
            new, parts = _Part(lines, damaged), told.setdefault(scope, [])
            earlier = [part for part in parts if new.restates(part)]
            if not earlier or not damaged or any(part.damaged for part in earlier):
                told[scope] = [*(part for part in parts if part not in earlier), new]
    lines = [line for parts in told.values() for part in parts for line in part.lines]
    return lines, {scope for scope, parts in told.items() if any(part.damaged for part in parts)}
