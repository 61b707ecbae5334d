"""Limits and thresholds as budgets.yaml writes them, and where they contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from llmcost.budgets.model import MEASURES, UNITS, Limit, Measure, Unit, Window
from llmcost.core.errors import nearest
from llmcost.core.money import NANO_PER_USD, round_half_even
from llmcost.pricing.currency import Currency
from llmcost.yamlfile.fields import Fields
from llmcost.yamlfile.tree import Node, Scalar

#: The short form: limits in money of the calendar windows.
LIMIT_KEYS: dict[str, Unit] = {
    "hourly_limit": "hour", "daily_limit": "day", "weekly_limit": "week", "monthly_limit": "month",
    "quarterly_limit": "quarter",
}  # fmt: skip
LIMIT_ITEM_KEYS = ("window", "amount", "tokens", "requests", "soft", "throttle_at")
#: Ten times the limit; a larger threshold is a percentage without its sign.
MAX_THRESHOLD = 10
#: Beyond any real limit, and still an integer of SQLite's.
_MAX_AMOUNT = 10**18
_SHARE = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,12})?")
_ROLLING = re.compile(r"(?:rolling\s+)?([1-9][0-9]{0,2})\s*d")
_MAX_ROLLING_DAYS = 366


def limits(fields: Fields, currency: Currency, who: str) -> tuple[Limit, ...]:
    """All limits of a budget, from the shortest window to the longest.

    Raises:
        ConfigError: there is none, two of a kind, or a value is wrong.
    """
    found = sorted((*_short(fields, currency), *_long(fields, currency)), key=_order)
    if not found:
        raise fields.error(fields.line, f"the budget of {who!r} has no limit", f"add {', '.join(LIMIT_KEYS)} or limits")
    for one, other in pairwise(found):
        if _order(one) == _order(other):
            kind = f"{'hard' if one.hard else 'soft'} limits of {one.measure} per {one.window.name}"
            raise fields.error(fields.line, f"the budget of {who!r} has two {kind}", "keep one")
    return tuple(found)


def _order(limit: Limit) -> tuple[int, int, int, bool]:
    return UNITS.index(limit.window.unit), limit.window.days, MEASURES.index(limit.measure), limit.hard


def _short(fields: Fields, currency: Currency) -> list[Limit]:
    throttle = _throttles(fields)
    found = [
        Limit(Window(unit), "usd", _money(fields, key, currency), throttle_at=throttle.pop(unit, None))
        for key, unit in LIMIT_KEYS.items()
        if fields.has(key)
    ]
    for unit in throttle:
        raise fields.error(
            fields.line_of("throttle_at"), f"'throttle_at' names {unit!r}, for which the budget has no limit",
            "remove it, or add the limit",
        )  # fmt: skip
    return found


def _throttles(fields: Fields) -> dict[Unit, Fraction]:
    node = fields.get("throttle_at")
    if node is None:
        return {}
    # A mapping of its own, whose keys are windows.
    own = Fields(node, fields.origin, tuple(LIMIT_KEYS.values()), "'throttle_at'")
    return {unit: _throttle(own, own.node.values[unit]) for unit in LIMIT_KEYS.values() if own.has(unit)}


def _long(fields: Fields, currency: Currency) -> list[Limit]:
    found = []
    for node in fields.items("limits"):
        own = Fields(node, fields.origin, LIMIT_ITEM_KEYS, "a limit")
        window = _window(own)
        hard = own.choice("soft", ("true", "false"), "false") == "false"
        throttle = own.get("throttle_at")
        throttle_at = None if throttle is None else _throttle(own, throttle)
        amounts: list[tuple[Measure, int]] = []
        if own.has("amount"):
            amounts.append(("usd", _money(own, "amount", currency)))
        amounts += [(measure, _whole(own, measure)) for measure in ("tokens", "requests") if own.has(measure)]
        if not amounts:
            raise own.error(own.line, "a limit has no amount", "add `amount:` (money), `tokens:` or `requests:`")
        found += [Limit(window, measure, amount, hard, throttle_at) for measure, amount in amounts]
    return found


def _window(fields: Fields) -> Window:
    text = fields.required("window")
    for unit in UNITS[:-1]:
        if text == unit:
            return Window(unit)
    match = _ROLLING.fullmatch(text)
    if match is None or int(match[1]) > _MAX_ROLLING_DAYS:
        raise fields.error(
            fields.line_of("window"), f"unknown window {text[:40]!r}{nearest(text, UNITS[:-1])}",
            f"use one of {', '.join(UNITS[:-1])}, or the last days: 30d (at most {_MAX_ROLLING_DAYS}d)",
        )  # fmt: skip
    return Window("rolling", int(match[1]))


def _money(fields: Fields, key: str, currency: Currency) -> int:
    """nano-USD of an amount in `currency`; another currency's is rounded once, half to even."""
    amount = (fields.number(key, most=10**15) or Fraction(0)) * NANO_PER_USD
    if amount.denominator != 1:
        raise fields.error(
            fields.line_of(key), f"{key!r} has more than nine decimals: {fields.text(key)}",
            "write at most nine: a limit in USD is exact to a nano-dollar",
        )  # fmt: skip
    nano = amount * currency.usd
    if nano > _MAX_AMOUNT:
        raise fields.error(
            fields.line_of(key), f"implausible {key!r}: {fields.text(key)} {currency.code}", "check the unit"
        )
    return round_half_even(nano.numerator, nano.denominator)


def _whole(fields: Fields, key: str) -> int:
    value = fields.number(key, most=_MAX_AMOUNT) or Fraction(0)
    if value.denominator != 1:
        raise fields.error(
            fields.line_of(key), f"{key!r} must be a whole number: {fields.text(key)}", "write digits only"
        )
    return value.numerator


def thresholds(fields: Fields) -> tuple[Fraction, ...]:
    """Ascending, each once."""
    return tuple(sorted({_share(fields, item) for item in fields.items("alert_thresholds")}))


def _share(fields: Fields, node: Node) -> Fraction:
    """`0.8` or `80%` of a limit, above 0 and at most MAX_THRESHOLD."""
    text = node.text.strip() if isinstance(node, Scalar) else ""
    digits = text.removesuffix("%").strip()
    if not _SHARE.fullmatch(digits):
        raise fields.error(node.span.line, f"not a threshold: {text[:40]!r}", "write 0.8 or 80%")
    value = Fraction(digits) / (100 if text.endswith("%") else 1)
    if not 0 < value <= MAX_THRESHOLD:
        hint = f"write {digits}%" if value and not text.endswith("%") else "write 0.8 or 80%"
        raise fields.error(
            node.span.line, f"threshold {text} is not above 0 and at most {MAX_THRESHOLD} (1 = the limit)", hint
        )
    return value


def _throttle(fields: Fields, node: Node) -> Fraction:
    value = _share(fields, node)
    if value > 1:
        raise fields.error(
            node.span.line,
            "'throttle_at' is above the limit",
            "write 0.95 or 95%; without it, the limit itself counts",
        )
    return value


def contradictions(found: tuple[Limit, ...], currency: Currency) -> Iterator[str]:
    """Limits of short windows that could never all be used, because a longer one ends them first."""
    for at, short in enumerate(found):
        for long in found[at + 1 :]:
            days, longer = short.window.least_days, long.window.least_days
            times = longer // days if days else 1
            if (
                days < longer
                and (short.measure, short.hard) == (long.measure, long.hard)
                and short.amount * times > long.amount
            ):
                sums = f" x {times} = {_text(short, short.amount * times, currency)}" if times > 1 else ""
                yield (
                    f"{_text(short, short.amount, currency)} per {short.window.name}{sums} is more than the"
                    f" {_text(long, long.amount, currency)} per {long.window.name}, which end first"
                )


def _text(limit: Limit, amount: int, currency: Currency) -> str:
    if limit.measure != "usd":
        return f"{amount:,} {limit.measure}"
    own = Fraction(amount, NANO_PER_USD // 100) / currency.usd
    cents = round_half_even(own.numerator, own.denominator)
    return f"{cents // 100:,}.{cents % 100:02d} {currency.code}"
