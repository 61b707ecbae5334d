"""The three ways to deploy a model beside each other, for a volume: what each costs, how it scales, when it fits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from llmcost.breakeven.comparison import Comparison, Outcome, Region, compare, regions
from llmcost.breakeven.rounding import nano
from llmcost.core.money import usd_text
from llmcost.reporting.breakeven import NAMES, money, per_million, share, tokens_text, traffic, verdict
from llmcost.reporting.cells import csv_text, markdown_table
from llmcost.reporting.numbers import usd

if TYPE_CHECKING:
    from llmcost.breakeven.fields import Mode
    from llmcost.breakeven.plan import Plan


class _Traits(NamedTuple):
    """What no price tells; from experience, and said to be an assumption."""

    scales: str
    fits: str


_TRAITS: dict[Mode, _Traits] = {
    "api": _Traits(
        "at once, within the provider's rate limits",
        "trying out, little or uneven traffic, the newest models",
    ),
    "hosted": _Traits(
        "minutes per replica where GPUs are free, weeks for reserved ones",
        "steady traffic, data that must not leave, open or fine-tuned models",
    ),
    "owned": _Traits(
        "months: order, delivery, racks and power",
        "much steady traffic for years, and people who run hardware",
    ),
}
_HEAD = (
    "mode", "per 1M tokens", "fixed a month", "per month", "against the cheapest", "time to scale", "fits",
    "cheapest at",
)  # fmt: skip
_COLUMNS = (
    "mode", "usd_per_1m", "fixed_usd", "month_usd", "time_to_scale", "fits", "cheapest_between_tokens",
)  # fmt: skip


def render(plan: Plan, form: str, *, width: int | None, color: bool) -> str:
    found = compare(plan)
    if form == "json":
        return json.dumps(_document(found), ensure_ascii=False, indent=2)
    if form == "csv":
        return csv_text(_COLUMNS, (_values(found, outcome) for outcome in found.outcomes.values()))
    rows = [_row(found, outcome) for outcome in found.outcomes.values()]
    if form == "markdown":
        return "\n\n".join(["## Modes", verdict(found), markdown_table(_HEAD, rows, right=range(1, 5))])
    from llmcost.reporting.console import pairs
    from llmcost.reporting.console import render as drawn

    blocks: list[Any] = [traffic(plan), verdict(found)]
    for row in rows:
        blocks += ["", row[0], pairs(zip(_HEAD[1:], row[1:], strict=True))]
    blocks += ["", "Costs: as `llmcost breakeven` with these options. Time to scale and what fits are judgements."]
    return drawn(blocks, width=width, color=color)


def _row(found: Comparison, outcome: Outcome) -> tuple[str, ...]:
    traits, least = _TRAITS[outcome.mode], found.ranked[0].total
    more = outcome.total - least
    ratio = f" ({share(more, least)})" if least else ""
    against = f"+{money(more)}{ratio}" if more else "cheapest"
    return (
        NAMES[outcome.mode], usd(per_million(outcome.total, outcome.tokens)), money(outcome.start),
        money(outcome.total), against, traits.scales, traits.fits, _where(found, outcome.mode),
    )  # fmt: skip


def _where(found: Comparison, mode: Mode) -> str:
    stretches = [_stretch(region) for region in regions(found) if region.mode == mode]
    return ", ".join(stretches) or "no volume"


def _stretch(region: Region) -> str:
    if region.end is None:
        return f"above {tokens_text(region.start)}" if region.start else "every volume"
    end = tokens_text(region.end)
    return f"{tokens_text(region.start)} to {end}" if region.start else f"up to {end}"


def _values(found: Comparison, outcome: Outcome) -> tuple[object, ...]:
    traits = _TRAITS[outcome.mode]
    between = "; ".join(
        f"{region['from']}-{'' if region['to'] is None else region['to']}" for region in _between(found, outcome.mode)
    )
    return (
        outcome.mode, usd_text(per_million(outcome.total, outcome.tokens)), usd_text(nano(outcome.start)),
        usd_text(nano(outcome.total)), traits.scales, traits.fits, between,
    )  # fmt: skip


def _between(found: Comparison, mode: Mode) -> list[dict[str, int | None]]:
    return [
        {"from": _whole(region.start), "to": None if region.end is None else _whole(region.end)}
        for region in regions(found)
        if region.mode == mode
    ]


def _whole(tokens: Any) -> int:
    return int(tokens.numerator // tokens.denominator)


def _document(found: Comparison) -> dict[str, Any]:
    modes = {}
    for mode, outcome in found.outcomes.items():
        row = dict(zip(_COLUMNS, _values(found, outcome), strict=True))
        modes[mode] = {**row, "cheapest_between_tokens": _between(found, mode)}
        del modes[mode]["mode"]
    return {
        "schema_version": 1,
        "monthly_tokens": found.plan.tokens,
        "modes": modes,
        "cheapest": found.cheapest,
        "verdict": verdict(found),
    }
