"""An estimate as JSON (keys: docs/estimate.md). Items come as lines, so that a folder of any size can be written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmcost.core.instants import from_us, rfc3339
from llmcost.core.money import usd_per_million, usd_text
from llmcost.core.text import printable, redact
from llmcost.core.usage import BUCKETS

if TYPE_CHECKING:
    from llmcost.estimate.estimate import Estimate
    from llmcost.estimate.models import Model
    from llmcost.estimate.terms import Calls
    from llmcost.estimate.totals import Item, Total
    from llmcost.pricing.book import Priced
    from llmcost.pricing.card import Card


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
        "usd_per_million": rates_of(card, input_tokens),
        "per_request_usd": _femto_text(card.per_request),
        "context_tiers_above": [above for above, _ in card.bands[1:]],
    }


def _femto_text(femto: int) -> str:
    text = format(Decimal(femto).scaleb(-15), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rates_of(card: Card, input_tokens: int) -> dict[str, str]:
    """Bucket -> USD per million tokens, for a request of `input_tokens`."""
    return {
        bucket: usd_per_million(rate)
        for bucket, rate in zip(BUCKETS, _band(card, input_tokens), strict=True)
        if rate is not None and bucket != "web_searches"
    }


def _band(card: Card, input_tokens: int) -> tuple[int | None, ...]:
    return [rates for above, rates in card.bands if input_tokens > above or not above][-1]


def item_lines() -> Callable[[Item], str]:
    """A function that writes items as JSON, one a line; it remembers the prices it has written."""
    known: dict[tuple[str, tuple[int | None, ...]], str] = {}

    def line(item: Item) -> str:
        each = item.input_tokens // item.requests
        key = item.model.name, _band(item.model.priced.card, each)
        if (price := known.get(key)) is None:
            price = known[key] = json.dumps(_price(item.model, each), ensure_ascii=False)
        return f'{json.dumps(_item(item), ensure_ascii=False)[:-1]}, "price": {price}}}'

    return line


def _price(model: Model, input_tokens: int) -> dict[str, Any]:
    valid_from = model.valid_from
    return {
        **price_json(model.priced, input_tokens),
        "valid_from": None if valid_from is None else from_us(valid_from).date().isoformat(),
        "checked": model.checked or None,
        "origin": model.origin,
    }


def _item(item: Item) -> dict[str, Any]:
    terms = item.terms
    return {
        "path": shown(item.path),
        "kind": item.kind,
        "requests": item.requests,
        "model": item.model.name,
        "input_tokens": item.input_tokens,
        "input_tokens_exact": item.exact,
        "input_tokens_low": item.input_low,
        "input_tokens_high": item.input_high,
        "counted_with": item.method,
        "cached_input_tokens": item.cached_tokens,
        "output_tokens": terms.output_tokens,
        "output_from": shown(terms.output_from) or None,
        "cost_usd": usd_text(item.cost_nano),
        "cost_low_usd": usd_or_none(item.cost_low),
        "cost_high_usd": usd_or_none(item.cost_high),
        **_often(terms.calls),
        "monthly_usd": usd_or_none(item.monthly_nano),
        "context_window": item.model.context_window,
        "over_context_window": None if item.model.context_window is None else item.over_window,
        "notes": [shown(note) for note in item.notes],
    }


def _often(calls: Calls | None) -> dict[str, Any]:
    return {"calls": None if calls is None else calls.times, "per": None if calls is None else calls.per}


def usd_or_none(nano: int | None) -> str | None:
    return None if nano is None else usd_text(nano)


def document(
    made: Estimate,
    items: Iterable[str],
    *,
    now_us: int,
    calls: Calls | None,
    skipped: Mapping[str, int],
    remarks: Sequence[str] = (),
    left_out: Callable[[], int] = lambda: 0,
) -> Iterator[str]:
    """The whole document in pieces. `items`: lines of `item_lines`; `left_out`: how many more there were."""
    head = json.dumps({"schema_version": 1, "as_of": rfc3339(now_us)}, indent=2)
    yield f'{head[:-2]},\n  "items": ['
    separator = "\n    "
    for item in items:
        yield separator + item
        separator = ",\n    "
    total = made.total
    rest = {
        "items_left_out": left_out(),
        "models": [_total(each) for each in made.totals],
        "folders": [{"path": shown(folder), **_total(each)} for folder, each in made.folders],
        "total_usd": None if total is None else usd_text(total.cost_nano),
        "total_low_usd": None if total is None else usd_or_none(total.cost_low),
        "total_high_usd": None if total is None else usd_or_none(total.cost_high),
        "cost_covers": covers(made),
        **_often(calls),
        "monthly_usd": None if total is None else usd_or_none(total.monthly_nano),
        "monthly_low_usd": None if total is None else usd_or_none(total.monthly_low),
        "monthly_high_usd": None if total is None else usd_or_none(total.monthly_high),
        "skipped": {kind: number for kind, number in skipped.items() if number},
        "remarks": [shown(remark) for remark in remarks],
    }
    yield f"\n  ],\n{json.dumps(rest, ensure_ascii=False, indent=2)[2:]}\n"


def covers(made: Estimate) -> str:
    """`input`, `input and output`, or `input, and the output of some` where only some lengths are known."""
    known = sum(total.with_output for total in made.totals)
    if not known:
        return "input"
    return "input and output" if known == made.n_items else "input, and the output of some"


def _total(total: Total) -> dict[str, Any]:
    model = total.model
    return {
        "model": model.name,
        "provider": model.priced.card.provider,
        "prompts": total.items,
        "requests": total.requests,
        "input_tokens": total.input_tokens,
        "input_tokens_exact": total.exact,
        "input_tokens_low": total.input_low,
        "input_tokens_high": total.input_high,
        "total_usd": usd_text(total.cost_nano),
        "total_low_usd": usd_or_none(total.cost_low),
        "total_high_usd": usd_or_none(total.cost_high),
        "monthly_usd": usd_or_none(total.monthly_nano),
        "monthly_low_usd": usd_or_none(total.monthly_low),
        "monthly_high_usd": usd_or_none(total.monthly_high),
        "context_window": model.context_window,
        "over_context_window": None if model.context_window is None else total.over_window,
    }


def shown(text: str) -> str:
    """Text from a file, a file name or a price list, without terminal commands and secrets."""
    return printable(redact(text))
