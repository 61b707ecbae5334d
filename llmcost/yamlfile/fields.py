"""Typed, strict access to a YAML mapping: each value with the file and line it came from."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime
from fractions import Fraction

from llmcost.core.errors import ConfigError, UsageError, nearest
from llmcost.core.instants import parse_timestamp, zone_named
from llmcost.yamlfile.tree import Mapping, Node, Scalar, Sequence

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,24})?|\.[0-9]{1,24})(?:[eE][+-]?[0-9]{1,2})?")
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")
_DAYS = {name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 1)}


class Fields:
    """A mapping whose keys are known. Every reader returns None for an absent or null value.

    Raises (constructor and readers):
        ConfigError: naming the file, the line and the value.
    """

    def __init__(self, node: Node, origin: str, known: Collection[str], what: str) -> None:
        self.origin = origin
        self.line = node.span.line
        self.what = what
        if not isinstance(node, Mapping):
            raise self.error(self.line, f"{what} must be a mapping of keys to values", "write `key: value` lines")
        self.node = node
        for key, span in node.keys.items():
            if key not in known:
                raise self.error(
                    span.line, f"unknown key {key!r}{nearest(key, known)}", f"{what} takes {', '.join(known)}"
                )

    def error(self, line: int, message: str, hint: str) -> ConfigError:
        return ConfigError(f"{self.origin}:{line}: {message}", hint)

    def line_of(self, key: str) -> int:
        return self.node.keys[key].line if key in self.node.keys else self.line

    def has(self, key: str) -> bool:
        return self.get(key) is not None

    def get(self, key: str) -> Node | None:
        node = self.node.values.get(key)
        return None if node is None or (isinstance(node, Scalar) and node.is_null) else node

    def text(self, key: str) -> str | None:
        node = self.get(key)
        if node is None:
            return None
        if not isinstance(node, Scalar):
            raise self.error(node.span.line, f"{key!r} must be text", f"write `{key}: value`")
        return node.text.strip()

    def required(self, key: str) -> str:
        if text := self.text(key):
            return text
        raise self.error(self.line_of(key), f"{self.what} has no {key!r}", f"add `{key}: …`")

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(self._item_text(key, item) for item in self.items(key))

    def _item_text(self, key: str, item: Node) -> str:
        if not isinstance(item, Scalar) or item.is_null or not item.text.strip():
            raise self.error(item.span.line, f"{key!r} must be a list of names", f"write `{key}: [one, two]`")
        return item.text.strip()

    def items(self, key: str) -> tuple[Node, ...]:
        node = self.get(key)
        if node is None:
            return ()
        if not isinstance(node, Sequence):
            raise self.error(node.span.line, f"{key!r} must be a list", "start each item with `- `")
        return node.items

    def number(self, key: str, *, most: int = 10**9) -> Fraction | None:
        """A decimal number, exactly as written; not negative, at most `most`."""
        text = self.text(key)
        if text is None:
            return None
        if not _NUMBER.fullmatch(text):
            raise self.error(
                self.line_of(key), f"{key!r} is not a number: {text[:40]!r}", f"write a plain decimal: `{key}: 2.50`"
            )
        value = Fraction(text)
        if value < 0:
            raise self.error(self.line_of(key), f"{key!r} cannot be negative: {text}", "write zero or more")
        if value > most:
            raise self.error(self.line_of(key), f"implausible {key!r}: {text}", "check the unit")
        return value

    def positive(self, key: str) -> Fraction | None:
        value = self.number(key)
        if value == 0:
            raise self.error(self.line_of(key), f"{key!r} must be greater than zero", f"write a positive `{key}`")
        return value

    def required_positive(self, key: str) -> Fraction:
        value = self.positive(key)
        if value is None:
            raise self.error(self.line, f"{self.what} has no {key!r}", f"add `{key}: …`")
        return value

    def count(self, key: str) -> int | None:
        """A whole number of at least 1."""
        text = self.text(key)
        if text is not None and not (_NUMBER.fullmatch(text) and Fraction(text).denominator == 1):
            raise self.error(
                self.line_of(key), f"{key!r} must be a whole number: {text[:40]}", f"write digits only: `{key}: 20000`"
            )
        value = self.positive(key)
        return None if value is None else value.numerator

    def share(self, key: str) -> Fraction | None:
        """`10%` or `0.1`, at least 0 and below 1."""
        text = self.text(key)
        if text is None:
            return None
        digits = text.removesuffix("%").strip()
        if not _NUMBER.fullmatch(digits):
            raise self.error(self.line_of(key), f"{key!r} is not a share: {text[:40]!r}", "write 10% or 0.1")
        value = Fraction(digits) / (100 if text.endswith("%") else 1)
        if not 0 <= value < 1:
            raise self.error(
                self.line_of(key), f"{key!r} must be at least 0% and below 100%: {text}", "write 10% or 0.1"
            )
        return value

    def choice(self, key: str, options: Collection[str], default: str) -> str:
        text = self.text(key)
        if text is None:
            return default
        if text not in options:
            raise self.error(
                self.line_of(key), f"unknown {key} {text!r}{nearest(text, options)}", f"use one of {', '.join(options)}"
            )
        return text

    def day(self, key: str) -> str:
        """An ISO date, or empty text."""
        text = self.text(key)
        if text is None:
            return ""
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise self.error(self.line_of(key), f"{key!r} is not a date: {text[:40]!r}", "write 2026-11-24") from None

    def moment(self, key: str) -> int | None:
        """A date (UTC midnight) or RFC 3339 to the second, in microseconds UTC."""
        text = self.text(key)
        if text is None:
            return None
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
                text += "T00:00:00Z"
            moment = datetime.fromisoformat(text)
            us, aware = parse_timestamp(text)
        except ValueError:
            moment, us, aware = datetime.min, 0, False  # noqa: DTZ901
        if not aware or moment.microsecond:
            raise self.error(
                self.line_of(key),
                f"{key!r} is not a time: {text[:40]!r}",
                "write 2026-11-24 (UTC midnight) or 2026-11-24T09:00:00Z, to the second, with an offset",
            )
        return us

    def clock(self, key: str) -> int:
        """`HH:MM` (to 24:00) as minutes of the day."""
        text = self.required(key)
        match = _CLOCK.fullmatch(text)
        minutes = int(match[1]) * 60 + int(match[2]) if match else None
        if minutes is None or minutes > 24 * 60:
            raise self.error(self.line_of(key), f"{key!r} is not a time of day: {text[:40]!r}", 'write "16:30"')
        return minutes

    def weekdays(self, key: str) -> tuple[int, ...]:
        days = []
        for item in self.items(key):
            name = self._item_text(key, item).lower()[:3]
            if name not in _DAYS:
                raise self.error(
                    item.span.line, f"unknown day {self._item_text(key, item)!r}", f"use {', '.join(_DAYS)}"
                )
            days.append(_DAYS[name])
        return tuple(sorted(set(days)))

    def zone(self, key: str) -> str:
        name = self.text(key) or "UTC"
        try:
            zone_named(name)
        except UsageError as error:
            raise self.error(self.line_of(key), error.message, error.hint) from None
        return name
