"""An estimate as text and as JSON (keys: docs/estimate.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmcost.core.instants import rfc3339
from llmcost.core.money import usd_per_million, usd_text
from llmcost.core.text import printable, redact
from llmcost.core.usage import BUCKETS
from llmcost.reporting.columns import columns
from llmcost.reporting.numbers import count, usd

if TYPE_CHECKING:
    from llmcost.estimate.estimate import Estimate, Item, Total
    from llmcost.pricing.book import Priced
    from llmcost.pricing.card import Card

SHOWN_ITEMS = 20
SHOWN_NOTES = 10


def price_json(priced: Priced, input_tokens: int = 0) -> dict[str, Any]:
    """Where a price comes from, and the rates for a request of `input_tokens`, USD per million tokens as text."""
    card = priced.card
    return {
        "card_id": card.card_id,
        "provider": card.provider,
        "model": card.model,
        "tier": card.tier,
        "layer": priced.layer,
        "match": priced.match,
        "note": card.note or None,
        "usd_per_million": _rates(card, input_tokens),
        "per_request_usd": _femto_text(card.per_request),
        "context_tiers_above": [above for above, _ in card.bands[1:]],
    }


def _femto_text(femto: int) -> str:
    text = format(Decimal(femto).scaleb(-15), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rates(card: Card, input_tokens: int) -> dict[str, str]:
    rates = [rates for above, rates in card.bands if input_tokens > above or not above][-1]
    return {
        bucket: usd_per_million(rate)
        for bucket, rate in zip(BUCKETS, rates, strict=True)
        if rate is not None and bucket != "web_searches"
    }


def as_json(made: Estimate, *, now_us: int, skipped: Mapping[str, int]) -> str:
    calls = made.calls
    total = made.total_nano
    document = {
        "schema_version": 1,
        "as_of": rfc3339(now_us),
        "items": [_item(item) for item in made.items],
        "models": [_total(made, each) for each in made.totals],
        "total_usd": None if total is None else usd_text(total),
        "cost_covers": "input" if made.output_tokens is None else "input and output",
        "calls": None if calls is None else calls.times,
        "per": None if calls is None else calls.per,
        "monthly_usd": None if calls is None or total is None else usd_text(calls.monthly(total)),
        "skipped": dict(skipped),
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _item(item: Item) -> dict[str, Any]:
    return {
        "path": _shown(item.path),
        "kind": item.kind,
        "model": item.model.name,
        "input_tokens": item.input_tokens,
        "input_tokens_exact": item.exact,
        "counted_with": item.method,
        "output_tokens": item.output_tokens,
        "cost_usd": usd_text(item.cost_nano),
        "price": price_json(item.model.priced, item.input_tokens),
        "notes": [_shown(note) for note in item.notes],
    }


def _total(made: Estimate, total: Total) -> dict[str, Any]:
    return {
        "model": total.model.name,
        "input_tokens": total.input_tokens,
        "input_tokens_exact": total.exact,
        "total_usd": usd_text(total.cost_nano),
        "monthly_usd": None if made.calls is None else usd_text(made.calls.monthly(total.cost_nano)),
    }


def as_text(made: Estimate) -> str:
    """A table of prompts for one model, or of models, cheapest first."""
    lines = _models(made) if made.compared or len(made.totals) > 1 else _prompts(made)
    if made.output_tokens is None:
        lines.append("output: not included (its length is unknown; --output-tokens N adds it)")
    elif len(made.items) > 1 and not made.compared:
        lines.append(f"output: {count(made.output_tokens)} tokens for each prompt")
    else:
        lines.append(f"output: {count(made.output_tokens)} tokens")
    if made.calls is not None and (total := made.total_nano) is not None:
        each = " of each prompt" if len(made.items) > 1 else ""
        often = f"{count(made.calls.times)} calls{each} per {made.calls.per}"
        lines.append(f"{often}: {usd(made.calls.monthly(total))} a month")
    return "\n".join(lines)


def _prompts(made: Estimate) -> list[str]:
    rows = [("prompt", "input tokens", "cost")]
    dearest = sorted(made.items, key=lambda item: -item.cost_nano)[:SHOWN_ITEMS]
    shown = made.items if len(made.items) <= SHOWN_ITEMS else dearest
    rows += [(_shown(i.path), _tokens(i.input_tokens, exact=i.exact), usd(i.cost_nano)) for i in shown]
    if len(made.items) > len(shown):
        rows.append((f"… and {count(len(made.items) - len(shown))} cheaper ones (--json lists all)", "", ""))
    total = made.totals[0]
    if len(made.items) > 1:
        rows.append(
            (f"{count(len(made.items))} prompts", _tokens(total.input_tokens, exact=total.exact), usd(total.cost_nano))
        )
    methods = sorted({item.method for item in made.items})
    return [
        _price_line(total.model.name, total.model.priced),
        f"counted with {', '.join(methods)}: {'exact' if total.exact else 'estimated'}",
        *columns(rows, right={1, 2}),
    ]


def _price_line(name: str, priced: Priced) -> str:
    rates = _rates(priced.card, 0)
    shown = " and ".join(f"${rates[key]} {key}" for key in ("input", "output") if key in rates)
    tier = "" if priced.card.tier == "standard" else f", tier {priced.card.tier}"
    source = f"{_shown(priced.layer)}, {_shown(priced.match)} match{tier}"
    return f"{_shown(name)}: {shown} per million tokens (price: {source})"


def _models(made: Estimate) -> list[str]:
    """One line per model; $/million and where the price comes from beside the cost."""
    head = ["model", "input tokens", "cost", "$/M input", "$/M output", "price from"]
    if made.calls is not None:
        head.insert(3, "cost a month")
    rows = [head]
    for total in made.totals:
        rates = _rates(total.model.priced.card, 0)
        row = [
            _shown(total.model.name), _tokens(total.input_tokens, exact=total.exact), usd(total.cost_nano),
            rates.get("input", "-"), rates.get("output", "-"),
            f"{_shown(total.model.priced.layer)}, {_shown(total.model.priced.match)}",
        ]  # fmt: skip
        if made.calls is not None:
            row.insert(3, usd(made.calls.monthly(total.cost_nano)))
        rows.append(row)
    prompts = len({item.path for item in made.items})
    lines = columns(rows, right=set(range(1, len(head) - 1)))
    if prompts > 1:
        lines.insert(0, f"{count(prompts)} prompts")
    if not made.compared and (together := made.total_nano) is not None:
        lines.append(f"together: {usd(together)}")
    if not all(total.exact for total in made.totals):
        lines.append("~ estimated: the model's own count is not known here (docs/estimate.md)")
    return lines


def _tokens(number: int, *, exact: bool) -> str:
    return count(number) if exact else f"~{count(number)}"


def remarks(made: Estimate, skipped: Mapping[str, int]) -> list[str]:
    """What the person should know beside the numbers, one line each."""
    lines = []
    seen: dict[str, None] = {}
    for item in made.items:
        seen.update(dict.fromkeys(f"{_shown(item.path)}: {_shown(note)}" for note in item.notes))
        if item.kind == "messages":
            seen[f"{_shown(item.path)}: counted as chat messages"] = None
    notes = list(seen)
    lines += notes[:SHOWN_NOTES]
    if len(notes) > SHOWN_NOTES:
        lines.append(f"… and {count(len(notes) - SHOWN_NOTES)} more such remarks; --json lists them")
    for total in made.totals:
        if total.model.priced.card.note:
            lines.append(f"{_shown(total.model.name)}: {_shown(total.model.priced.card.note)}")
    if left := {kind: number for kind, number in skipped.items() if number}:
        lines.append(
            "skipped " + ", ".join(f"{count(number)} {kind.replace('_', ' ')}" for kind, number in left.items())
        )
    return lines


def _shown(text: str) -> str:
    return printable(redact(text))
