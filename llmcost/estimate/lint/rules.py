"""The rules by name. A rule is a function and a line here; docs/lint.md says why each one costs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib import import_module
from typing import NamedTuple

from llmcost.core.errors import UsageError, nearest
from llmcost.estimate.lint.part import Find


class Rule(NamedTuple):
    target: str
    """"module:function" in this package."""
    over: str = "text"
    """`text`: every text that is sent; `body`: a request body as a whole."""
    fixes: bool = False
    """Some of what it finds may be changed without asking."""


#: In the order in which --fix applies them.
RULES: dict[str, Rule] = {
    "byte-order-mark": Rule("characters:byte_order_mark", fixes=True),
    "json-blanks": Rule("minify:blocks", fixes=True),
    "trailing-blanks": Rule("whitespace:trailing", fixes=True),
    "blank-lines": Rule("whitespace:blank_lines", fixes=True),
    "indentation": Rule("whitespace:indentation"),
    "inner-blanks": Rule("whitespace:inner_blanks"),
    "invisible": Rule("characters:invisible"),
    "html-comment": Rule("characters:comments"),
    "duplicate": Rule("repeats:duplicates"),
    "same-example": Rule("repeats:examples"),
    "cache-prefix": Rule("volatile:prefix"),
    "tool-schema": Rule("tools:schemas", "body"),
}


def chosen(only: Sequence[str], ignored: Collection[str]) -> dict[str, Rule]:
    """The rules named, all where none is, without the ignored ones.

    Raises:
        UsageError: there is no rule of that name.
    """
    for name in (*only, *ignored):
        if name not in RULES:
            raise UsageError(f"unknown rule {name!r}{nearest(name, RULES)}", f"use one of {', '.join(RULES)}")
    return {name: rule for name, rule in RULES.items() if (not only or name in only) and name not in ignored}


def function(rule: Rule) -> Find:
    module, _, name = rule.target.partition(":")
    found: Find = getattr(import_module(f"llmcost.estimate.lint.{module}"), name)
    return found
