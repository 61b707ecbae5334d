"""Prices, findings and changes as text and as JSON. Rates are USD per million tokens, exact."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmcost.core.instants import SECOND_US, rfc3339
from llmcost.core.money import usd_per_million, usd_text
from llmcost.core.usage import BUCKETS
from llmcost.pricing.book import Priced
from llmcost.pricing.card import CLAUDE_WRITES, Card
from llmcost.pricing.check import Finding
from llmcost.pricing.diff import Change
from llmcost.pricing.entry import Entry, Hours, Prices
from llmcost.reporting.console import fitting, pairs, render, table, without_blanks

if TYPE_CHECKING:
    from rich.console import RenderableType

_SEARCHES = "web_searches"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def card_rates(card: Card) -> list[tuple[str, dict[str, str]]]:
    """(input tokens above which it applies, bucket -> USD per million tokens; web searches USD per 1,000)."""
    return [
        (
            f"> {above:,} input tokens" if above else "",
            {
                bucket: usd_text(rate // 1000) if bucket == _SEARCHES else usd_per_million(rate)
                for bucket, rate in zip(BUCKETS, rates, strict=True)
                if rate is not None
            },
        )
        for above, rates in card.bands
    ]


def _derived(card: Card) -> list[str]:
    """That a rate is no price list's, as notes."""
    factors = {bucket: times / per for bucket, (times, per) in CLAUDE_WRITES.items()}
    return [f"no {bucket} rate listed: {factors[bucket]:g} times the input rate" for bucket in card.derived]


def show_json(asked: str, at_us: int, priced: Priced, entry: Entry, others: Sequence[tuple[str, str, str]]) -> str:
    card = priced.card
    document: dict[str, Any] = {
        "schema_version": 1,
        "asked": asked,
        "at": rfc3339(at_us),
        "card_id": card.card_id,
        "provider": card.provider,
        "model": card.model,
        "tier": card.tier,
        "match": priced.match,
        "layer": priced.layer,
        "note": "; ".join(note for note in (card.note, *_derived(card), entry.note) if note),
        "source": entry.source,
        "checked": entry.checked or None,
        "context_window": entry.context_window,
        "rates_usd_per_million": [
            {"above_input_tokens": above, "rates": {b: rate for b, rate in rates.items() if b != _SEARCHES}}
            for (above, _), (_, rates) in zip(card.bands, card_rates(card), strict=True)
        ],
        "web_search_usd_per_1000": _searches(card.bands[0][1][BUCKETS.index(_SEARCHES)]),
        "per_request_usd": usd_text(card.per_request // 10**6),
        "history": [_history(prices) for prices in entry.prices],
        "also_in": [{"layer": layer, "model": model, "match": how} for layer, model, how in others],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _history(prices: Prices) -> dict[str, Any]:
    return {
        "valid_from": None if prices.valid_from is None else rfc3339(prices.valid_from),
        "valid_to": None if prices.valid_to is None else rfc3339(prices.valid_to),
        "hours": prices.hours is not None,
        "rates_usd_per_million": {
            bucket: usd_per_million(rate.base) for bucket, rate in prices.rates.items() if bucket != _SEARCHES
        },
        "web_search_usd_per_1000": _searches(prices.rates[_SEARCHES].base if _SEARCHES in prices.rates else None),
    }


def _searches(femto: int | None) -> str | None:
    return None if femto is None else usd_text(femto // 1000)


def show_text(
    asked: str, at_us: int, priced: Priced, entry: Entry, others: Sequence[tuple[str, str, str]],
    *, zone: tzinfo, width: int | None, color: bool,
) -> str:  # fmt: skip
    from rich.text import Text

    card = priced.card
    about = [
        ("asked for", asked),
        ("found", f"{card.provider}/{card.model} ({priced.match})"),
        ("layer", priced.layer),
        ("at", rfc3339(at_us // SECOND_US * SECOND_US, zone)),
        ("tier", card.tier + (f" - {card.note}" if card.note else "")),
        ("card", card.card_id),
        ("source", entry.source),
        ("checked", entry.checked),
        ("context window", f"{entry.context_window:,} tokens" if entry.context_window else ""),
        ("per request", f"${usd_text(card.per_request // 10**6)}" if card.per_request else ""),
        ("note", "; ".join(note for note in (*_derived(card), entry.note) if note)),
        ("also known to", ", ".join(f"{layer} ({model}, {how})" for layer, model, how in others)),
    ]
    rows = [
        (bucket, rate, "USD per 1,000" if bucket == _SEARCHES else "USD per 1M tokens", above)
        for above, rates in card_rates(card)
        for bucket, rate in rates.items()
    ]
    parts: list[RenderableType] = [
        pairs([(label, value) for label, value in about if value]),
        Text(),
        table(*without_blanks(("kind", "rate", "unit", "applies"), rows), right=(1,)),
    ]
    if any(p.valid_from is not None or p.valid_to is not None or p.hours for p in entry.prices):
        history = [
            (_day(p.valid_from), _day(_end(entry.prices, at)),
             _of(p, "input"), _of(p, "cached"), _of(p, "output"), _window(p.hours))
            for at, p in enumerate(entry.prices)
        ]  # fmt: skip
        header = ("from", "to (excluded)", "input", "cached", "output", "hours")
        of = "" if card.tier == "standard" else " of the standard tier"
        parts += [
            Text(f"\nhistory{of} (USD per 1M tokens)"), table(*without_blanks(header, history), right=(2, 3, 4)),
        ]  # fmt: skip
    return render(parts, width=width, color=color)


def _day(us: int | None) -> str:
    return "-" if us is None else rfc3339(us).removesuffix("T00:00:00Z")


def _end(prices: Sequence[Prices], at: int) -> int | None:
    """When a price ends: as it says, or where a later one of the list, which goes before it, begins for good."""
    price = prices[at]
    begins = (p.valid_from for p in prices[at + 1 :] if p.hours == price.hours and p.valid_to is None)
    return min((us for us in (price.valid_to, *begins) if us is not None), default=None)


def _window(hours: Hours | None) -> str:
    if hours is None:
        return ""
    start, end = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (hours.start, hours.end))
    days = f" {', '.join(_DAYS[day - 1] for day in hours.days)}" if hours.days else ""
    return f"{start}-{end} {hours.zone}{days}"


def _of(prices: Prices, bucket: str) -> str:
    return usd_per_million(prices.rates[bucket].base) if bucket in prices.rates else ""


def added_json(provider: str, model: str, path: Path) -> str:
    document = {"schema_version": 1, "provider": provider, "model": model, "file": str(path)}
    return json.dumps(document, ensure_ascii=False, indent=2)


LIST_HEADER = ("provider", "model", "input", "cached_input", "output", "layer", "checked")


def list_text(rows: Sequence[Sequence[str]], *, width: int | None, color: bool) -> str:
    header = ("provider", "model", "input", "cached", "output", "layer", "checked")
    shown = fitting(
        *without_blanks(header, rows), expendable=("checked",) if any(r[6] for r in rows) else (), width=width
    )
    return render([table(*shown, right=(2, 3, 4), tight=True)], width=width, color=color)


def list_json(rows: Sequence[Sequence[str]]) -> str:
    prices = [{key: value or None for key, value in zip(LIST_HEADER, row, strict=True)} for row in rows]
    return json.dumps(
        {"schema_version": 1, "unit": "USD per million tokens", "prices": prices}, ensure_ascii=False, indent=2
    )


def findings_text(findings: Sequence[Finding], *, width: int | None, color: bool) -> str:
    return render([table(("doubt", "layer", "provider", "model", "what"), findings)], width=width, color=color)


def findings_json(findings: Sequence[Finding]) -> str:
    return json.dumps(
        {"schema_version": 1, "findings": [finding._asdict() for finding in findings]}, ensure_ascii=False, indent=2
    )


def changes_text(changes: Sequence[Change], *, width: int | None, color: bool) -> str:
    rows = [
        (kind, provider, model, f"{what}: {old or '-'} -> {new or '-'}" if what else old or new)
        for kind, provider, model, what, old, new in changes
    ]
    return render([table(("change", "provider", "model", "rates"), rows, tight=True)], width=width, color=color)


def changes_json(changes: Sequence[Change]) -> str:
    return json.dumps(
        {"schema_version": 1, "changes": [change._asdict() for change in changes]}, ensure_ascii=False, indent=2
    )
