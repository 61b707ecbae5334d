"""A model's prices as compiled from a price source: immutable, exact, cached on disk as JSON.

Rates are femto-USD per token (or per web search, per request). A layer compiles to a list of `Entry`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from llmcost.core.instants import DAY_US, from_us, zone_named

#: Bumped whenever the meaning of a compiled entry changes, so that old caches are not read.
COMPILER_VERSION = 3


class Rate(msgspec.Struct, frozen=True, array_like=True):
    """A base rate, and rates that apply when the request's input exceeds a number of tokens.

    `steps` is ascending by tokens: (above, femto). An inclusive threshold N is stored as N - 1.
    """

    base: int
    steps: tuple[tuple[int, int], ...] = ()


class Hours(msgspec.Struct, frozen=True, omit_defaults=True):
    """A daily window [start, end) in minutes of `zone`'s day, wrapping midnight when end < start.

    `days`: ISO weekdays (1 Monday ... 7 Sunday) on which the window starts; empty means every day.
    """

    start: int
    end: int
    zone: str = "UTC"
    days: tuple[int, ...] = ()

    def active(self, us: int) -> bool:
        if self.zone == "UTC":
            day, rest = divmod(us, DAY_US)
            second, weekday = rest // 1_000_000, (day + 3) % 7 + 1
        else:
            local = from_us(us, zone_named(self.zone))
            second = local.hour * 3600 + local.minute * 60 + local.second
            weekday = local.isoweekday()
        start, end = self.start * 60, self.end * 60
        if start < end:
            return start <= second < end and (not self.days or weekday in self.days)
        if second >= start:
            return not self.days or weekday in self.days
        yesterday = 7 if weekday == 1 else weekday - 1
        return second < end and (not self.days or yesterday in self.days)


class Prices(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rates valid for [valid_from, valid_to) (microseconds UTC; None: open) and, if given, in `hours`.

    `marginal`: only the tokens above a step pay its rate (default: the whole request does).
    """

    rates: dict[str, Rate] = {}
    valid_from: int | None = None
    valid_to: int | None = None
    hours: Hours | None = None
    per_request: int = 0
    marginal: bool = False

    def covers(self, us: int) -> bool:
        return (
            (self.valid_from is None or us >= self.valid_from)
            and (self.valid_to is None or us < self.valid_to)
            and (self.hours is None or self.hours.active(us))
        )


class Variant(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rates that replace the base ones, bucket by bucket, when a service tier served the request.

    `verified`: `valid_from` is the day the rate was seen, not the day it began; it also holds before that day
    while the base rates it replaces are the same.
    """

    tier: str
    prices: Prices
    verified: bool = False


class Pattern(msgspec.Struct, frozen=True, array_like=True):
    """A catalogue's loose match. `how`: starts, ends, contains, regex; `also`: regexes that must hold too."""

    how: Literal["starts", "ends", "contains", "regex"]
    text: str
    also: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One model of one provider in one price layer; `prices` in rising precedence (the last that covers wins)."""

    provider: str
    model: str
    prices: tuple[Prices, ...]
    variants: tuple[Variant, ...] = ()
    aliases: tuple[str, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    context_window: int | None = None
    source: str = ""
    checked: str = ""
    note: str = ""
    unmodelled: tuple[str, ...] = ()
    """Price keys of the source that llmcost has no bucket for (audio hours, pages)."""
    deprecated: bool = False
    """The source says that its provider is withdrawing it."""


class Layer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One price source. `yields`: its open-ended prices give way to the catalogue's, which are newer."""

    name: str
    origin: str
    entries: tuple[Entry, ...]
    yields: bool = False
    provider_models: tuple[tuple[str, tuple[Pattern, ...]], ...] = ()
    """(provider, patterns): which provider a bare model name belongs to, in order."""
    fallbacks: dict[str, tuple[str, ...]] = {}
    """provider -> providers whose models it resells at their price."""
    provider_urls: dict[str, str] = {}
    """provider -> where it publishes its prices, for entries without a source of their own."""
    currencies: dict[str, tuple[str, str]] = {}
    """ISO code -> (USD per unit as decimal text, the day of the rate)."""
