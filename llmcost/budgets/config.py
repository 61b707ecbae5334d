"""budgets.yaml, read strictly: every error names the file, the line and the value. Format: docs/budgets.md."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from llmcost.budgets.model import CHANNEL_TARGETS, REFERENCE, WINDOWS, Budget, Channel, Limit, Window, shown_address
from llmcost.core.errors import nearest
from llmcost.core.money import NANO_PER_USD
from llmcost.core.text import clean_field
from llmcost.yamlfile.fields import Fields
from llmcost.yamlfile.packaged import packaged
from llmcost.yamlfile.tree import Node, Scalar, parse, read_text

LIMIT_KEYS: dict[str, Window] = {"daily_limit": "day", "monthly_limit": "month"}
TOP_KEYS = ("budgets",)
BUDGET_KEYS = ("app_id", *LIMIT_KEYS, "alert_thresholds", "notification_channels")
CHANNEL_KEYS = ("type", *CHANNEL_TARGETS.values())
#: Ten times the limit; a larger threshold is a percentage without its sign.
MAX_THRESHOLD = 10
_SHARE = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,12})?")


class BudgetFile(NamedTuple):
    path: str
    budgets: tuple[Budget, ...]


def packaged_path() -> Path | None:
    """The example shipped with llmcost."""
    return packaged(__file__, "budgets.yaml")


def load(path: Path) -> BudgetFile:
    """The budgets of one file.

    Raises:
        ConfigError: the file cannot be read, breaks a rule, or holds no budget.
    """
    return parse_budgets(read_text(path), str(path))


def parse_budgets(text: str, origin: str) -> BudgetFile:
    """As `load`, from text; `origin` stands for the path in errors."""
    top = Fields(parse(text, origin), origin, TOP_KEYS, "a budget file")
    budgets: list[Budget] = []
    lines: dict[tuple[tuple[str, str], ...], int] = {}
    for node in top.items("budgets"):
        budget = _budget(node, origin)
        if budget.scope in lines:
            raise top.error(
                budget.line, f"app {budget.name!r} has a budget on line {lines[budget.scope]} already",
                "keep one budget per app",
            )  # fmt: skip
        lines[budget.scope] = budget.line
        budgets.append(budget)
    if not budgets:
        raise top.error(top.line_of("budgets"), "the file holds no budget", "add one under `budgets:`")
    return BudgetFile(origin, tuple(budgets))


def _budget(node: Node, origin: str) -> Budget:
    fields = Fields(node, origin, BUDGET_KEYS, "a budget")
    # Names are cleaned on the way into the ledger; only the same spelling can match there.
    name = clean_field(fields.required("app_id"))
    limits = [Limit(window, _nano(fields, key)) for key, window in LIMIT_KEYS.items() if fields.has(key)]
    if not limits:
        raise fields.error(fields.line, f"the budget of {name!r} has no limit", f"add {' or '.join(LIMIT_KEYS)}")
    limits.sort(key=lambda limit: WINDOWS.index(limit.window))
    return Budget(
        name=name,
        scope=(("app", name),),
        limits=tuple(limits),
        thresholds=_thresholds(fields),
        channels=tuple(_channel(item, origin) for item in fields.items("notification_channels")),
        line=fields.line_of("app_id"),
    )


def _nano(fields: Fields, key: str) -> int:
    usd = fields.number(key) or Fraction(0)
    nano = usd * NANO_PER_USD
    if nano.denominator != 1:
        raise fields.error(
            fields.line_of(key), f"{key!r} has more than nine decimals: {fields.text(key)}",
            "a limit is exact to a nano-dollar",
        )  # fmt: skip
    return nano.numerator


def _thresholds(fields: Fields) -> tuple[Fraction, ...]:
    found: set[Fraction] = set()
    for item in fields.items("alert_thresholds"):
        text = item.text.strip() if isinstance(item, Scalar) else ""
        digits = text.removesuffix("%").strip()
        if not _SHARE.fullmatch(digits):
            raise fields.error(item.span.line, f"not a threshold: {text[:40]!r}", "write 0.8 or 80%")
        value = Fraction(digits) / (100 if text.endswith("%") else 1)
        if not 0 < value <= MAX_THRESHOLD:
            hint = f"write {digits}%" if value else "a threshold is above zero"
            raise fields.error(
                item.span.line, f"threshold {text} is not above 0 and at most {MAX_THRESHOLD} (1 = the limit)", hint
            )
        found.add(value)
    return tuple(sorted(found))


def _channel(node: Node, origin: str) -> Channel:
    fields = Fields(node, origin, CHANNEL_KEYS, "a notification channel")
    kind = fields.required("type")
    if kind not in CHANNEL_TARGETS:
        raise fields.error(
            fields.line_of("type"),
            f"unknown channel type {kind!r}{nearest(kind, CHANNEL_TARGETS)}",
            f"use one of {', '.join(CHANNEL_TARGETS)}",
        )
    key = CHANNEL_TARGETS[kind]
    for other in CHANNEL_TARGETS.values():
        if other != key and other in fields.node.keys:
            raise fields.error(fields.line_of(other), f"a {kind} channel has no {other!r}", f"it takes {key!r}")
    if kind == "email":
        return Channel(kind, recipients=_recipients(fields))
    return Channel(kind, target=_address(fields, key))


def _recipients(fields: Fields) -> tuple[str, ...]:
    recipients = fields.texts("recipients")
    if not recipients:
        raise fields.error(fields.line, "an email channel has no 'recipients'", "add `recipients: [a@example.com]`")
    for recipient in recipients:
        if REFERENCE.fullmatch(recipient):
            continue
        name, at, domain = recipient.rpartition("@")
        if not (name and at and domain) or any(c.isspace() for c in recipient):
            raise fields.error(
                fields.line_of("recipients"), f"not an email address: {recipient[:80]!r}", "write name@example.com"
            )
    return recipients


def _address(fields: Fields, key: str) -> str:
    """A webhook's address as written. It is a credential: no error repeats more than its host."""
    address = fields.required(key)
    if "${" in REFERENCE.sub("", address):
        raise fields.error(fields.line_of(key), f"{key!r} has a broken ${{…}} reference", "write ${NAME}")
    if not address.startswith(("https://", "http://", "${")):
        raise fields.error(
            fields.line_of(key), f"{key!r} is not an http(s) address: {shown_address(address)}",
            "write https://… or ${NAME}",
        )  # fmt: skip
    return address
