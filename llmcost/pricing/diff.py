"""What changed between two price layers at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from llmcost.core.money import FEMTO_PER_USD, usd_per_million
from llmcost.pricing.entry import Entry, Layer, Prices


class Change(NamedTuple):
    """One difference. `what` is empty for a whole model; `old` and `new` are exact USD texts, empty for none.

    Token rates are USD per million tokens, `web_searches` and `per_request` USD each.
    """

    kind: Literal["added", "removed", "changed"]
    provider: str
    model: str
    what: str = ""
    """`input`, `cached`, `input > 200000`, `batch output`, `per_request`, …"""
    old: str = ""
    new: str = ""


def diff_layers(a: Layer, b: Layer, at_us: int) -> list[Change]:
    """Changes from `a` to `b` in the prices in force at `at_us` (microseconds UTC), by provider and model."""
    old, new = _priced(a, at_us), _priced(b, at_us)
    changes: list[Change] = []
    for key in sorted(old.keys() | new.keys()):
        provider, model = key
        before, after = old.get(key), new.get(key)
        if before is None:
            changes.append(Change("added", provider, model, new=_summary(after or {})))
        elif after is None:
            changes.append(Change("removed", provider, model, old=_summary(before)))
        else:
            changes.extend(
                Change("changed", provider, model, what, before.get(what, ""), after.get(what, ""))
                for what in dict.fromkeys((*before, *after))
                if before.get(what) != after.get(what)
            )
    return changes


def rates_at(entry: Entry, at_us: int) -> dict[str, str] | None:
    """Every rate of `entry` in force at `at_us` as `what -> USD`; None when it has no price then."""
    base = next((prices for prices in reversed(entry.prices) if prices.covers(at_us)), None)
    if base is None:
        return None
    found = dict(_texts(base, ""))
    for variant in entry.variants:
        if variant.prices.covers(at_us):
            for what, usd in _texts(variant.prices, f"{variant.tier} "):
                found.setdefault(what, usd)
    return found


def _priced(layer: Layer, at_us: int) -> dict[tuple[str, str], dict[str, str]]:
    return {
        (entry.provider, entry.model): rates for entry in layer.entries if (rates := rates_at(entry, at_us)) is not None
    }


def _texts(prices: Prices, prefix: str) -> Iterator[tuple[str, str]]:
    for bucket, rate in prices.rates.items():
        yield f"{prefix}{bucket}", _usd(bucket, rate.base)
        for above, femto in rate.steps:
            mode = "of the tokens above" if prices.marginal else ">"
            yield f"{prefix}{bucket} {mode} {above}", _usd(bucket, femto)
    if prices.per_request:
        yield f"{prefix}per_request", _each(prices.per_request)


def _usd(bucket: str, femto: int) -> str:
    """A rate as exact USD: per million tokens, or each for web searches."""
    return _each(femto) if bucket == "web_searches" else usd_per_million(femto)


def _each(femto: int) -> str:
    whole, part = divmod(femto, FEMTO_PER_USD)
    return f"{whole}.{part:015d}".rstrip("0").rstrip(".")


def _summary(rates: dict[str, str]) -> str:
    return ", ".join(f"{what} {rates[what]}" for what in ("input", "output") if what in rates)
