"""Five-hour blocks as a table, JSON, CSV and Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from llmcost.analysis.blocks import Block, Blocks, Burn, Gap
from llmcost.core.instants import from_us, rfc3339
from llmcost.core.money import round_half_even, usd_text
from llmcost.core.text import printable
from llmcost.ledger.measures import Sums
from llmcost.reporting import words
from llmcost.reporting.cells import csv_text, markdown_table
from llmcost.reporting.numbers import count, counted, short, usd
from llmcost.reporting.spans import duration, left
from llmcost.reporting.view import View, cost_usd, days, name

if TYPE_CHECKING:
    from datetime import tzinfo

    from rich.console import RenderableType

#: Format -> function of this module.
FORMATS = ("table", "json", "csv", "markdown")
_HEADER = ("start", "end", "models", "input", "cached", "output", "cost", "unpriced")
_NUMERIC = _HEADER[3:]
#: Columns that names of models keep before columns of numbers are left out for them.
_LEAST_NAMES = 16


def render(found: Blocks, view: View, form: str) -> str:
    """The blocks in one of FORMATS."""
    if form == "json":
        return _json(found)
    if form == "csv":
        return _csv(found)
    return _markdown(found) if form == "markdown" else _table(found, view)


def _table(found: Blocks, view: View) -> str:
    from rich.text import Text

    from llmcost.reporting.console import fitting, render, table

    header, rows = _without_unpriced(found)
    # Names of models fold, but not to shreds.
    least = [(*row[:2], row[2][:_LEAST_NAMES], *row[3:]) for row in rows]
    kept, _ = fitting(header, least, expendable=("cached", "input", "output"), width=view.width)
    places = [header.index(title) for title in kept]
    header, rows = kept, [tuple(row[place] for place in places) for row in rows]
    numeric = [at for at, title in enumerate(header) if title in _NUMERIC]

    def parts() -> Iterator[RenderableType]:
        yield Text(_title(found), style="bold")
        if not found.blocks:
            return
        yield Text.assemble("\n", (words.cost(found.sums), "bold cyan"), f"  {_volume(found)}")
        for caution in _cautions(found):
            yield Text(f"! {caution}", style="yellow")
        yield Text("")
        shown = table(header, rows, right=numeric, tight=True)
        for column in shown.columns[:2]:
            column.no_wrap = True
        yield shown
        for line in _running(found):
            yield Text(f"\n{line}")

    return render(parts(), width=view.width, color=view.color)


def _markdown(found: Blocks) -> str:
    header, rows = _without_unpriced(found)
    parts = [f"## {_title(found)}"]
    if found.blocks:
        parts.append(f"**{words.cost(found.sums)}**, {_volume(found)}")
        parts += [f"> {line}" for line in _cautions(found)]
        right = [at for at, title in enumerate(header) if title in _NUMERIC]
        parts += [markdown_table(header, rows, right=right), *_running(found)]
    return "\n\n".join(parts)


def _title(found: Blocks) -> str:
    return f"Five-hour blocks of {days(found.period)} ({found.period.zone})"


def _volume(found: Blocks) -> str:
    sums = found.sums
    requests, tokens = counted(sums["requests"], "request"), short(sums.usage.tokens)
    return f"in {counted(len(found.blocks), 'block')}: {requests}, {tokens} tokens"


def _cautions(found: Blocks) -> list[str]:
    unpriced = found.sums["unpriced"]
    return [f"not in the cost, for want of a price: {counted(unpriced, 'request')}"] if unpriced else []


def _running(found: Blocks) -> list[str]:
    """What the running block comes to, as a sentence."""
    block = found.active
    if block is None or block.left is None:
        return []
    end = _clock(block.end, found.period.zone)
    if block.burn is None:
        return [f"running until {end} ({left(block.left)}): too few requests yet for a rate"]
    rate = f"running until {end} ({left(block.left)}): {short(_whole(block.burn))} tokens a minute"
    if block.burn.cost_per_hour is None or block.burn.cost is None:
        return [f"{rate}, without a price; at that rate {short(block.burn.tokens)} tokens in all"]
    cost, tokens = usd(block.burn.cost), short(block.burn.tokens)
    return [f"{rate}, {usd(block.burn.cost_per_hour)} an hour; at that rate {cost} and {tokens} tokens in all"]


def _whole(burn: Burn) -> int:
    rate = burn.tokens_per_minute
    return round_half_even(rate.numerator, rate.denominator)


def _without_unpriced(found: Blocks) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows; the count of unpriced requests only where there are some."""
    lines, zone = _lines(found), found.period.zone
    years = {from_us(item.start, zone).year for item in lines}
    form = "%m-%d %H:%M" if len(years) == 1 else "%Y-%m-%d %H:%M"
    rows = [_cells(item, zone, form) for item in lines]
    return (_HEADER, rows) if found.sums["unpriced"] else (_HEADER[:-1], [row[:-1] for row in rows])


def _lines(found: Blocks) -> list[Block | Gap]:
    return sorted([*found.blocks, *found.gaps], key=attrgetter("start", "end"))


def _cells(item: Block | Gap, zone: tzinfo, form: str) -> tuple[str, ...]:
    start = from_us(item.start, zone).strftime(form)
    if isinstance(item, Gap):
        return (start, f"gap of {duration(item.end - item.start)}", "", "", "", "", "", "")
    usage = item.sums.usage
    end = _clock(item.end, zone)
    return (
        start, end if item.left is None else f"{end}, {left(item.left)}", ", ".join(map(name, item.models)),
        short(usage.input_total), short(usage.cached_total), short(usage.output_total), words.cost(item.sums),
        count(item.sums["unpriced"]),
    )  # fmt: skip


def _clock(us: int, zone: tzinfo) -> str:
    return from_us(us, zone).strftime("%H:%M")


def _json(found: Blocks) -> str:
    period, zone = found.period, found.period.zone
    document = {
        "schema_version": 1,
        "period": {
            "start": rfc3339(period.start, zone), "end": rfc3339(period.end, zone), "label": period.label,
            "timezone": str(zone),
        },
        "where": [{"dimension": dimension, "value": value} for dimension, value in found.where],
        "summary": {"blocks": len(found.blocks), **totals(found.sums)},
        "blocks": [block_document(block, zone) for block in found.blocks],
        "gaps": [{"start": rfc3339(gap.start, zone), "end": rfc3339(gap.end, zone)} for gap in found.gaps],
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=2)


def block_document(block: Block, zone: tzinfo) -> dict[str, Any]:
    """A block's JSON object."""
    burn = block.burn
    return {
        "start": rfc3339(block.start, zone),
        "end": rfc3339(block.end, zone),
        "first_request": rfc3339(block.first, zone),
        "last_request": rfc3339(block.last, zone),
        "active": block.left is not None,
        "seconds_left": None if block.left is None else block.left // 1_000_000,
        "models": list(block.models),
        **totals(block.sums),
        "burn_rate": None if burn is None else {
            "tokens_per_minute": float(round(burn.tokens_per_minute, 3)),
            "cost_per_hour_usd": None if burn.cost_per_hour is None else usd_text(burn.cost_per_hour),
        },
        "projection": None if burn is None else {
            "tokens": burn.tokens,
            "cost_usd": None if burn.cost is None else usd_text(burn.cost),
        },
    }  # fmt: skip


def totals(sums: Sums) -> dict[str, Any]:
    """The keys every total has in JSON."""
    usage = sums.usage
    return {
        "cost_usd": cost_usd(sums), "requests": sums["requests"], "input_tokens": usage.input_total,
        "cached_input_tokens": usage.cached_total, "output_tokens": usage.output_total,
        "unpriced_requests": sums["unpriced"],
    }  # fmt: skip


def _csv(found: Blocks) -> str:
    """One row per block; gaps are the time between them."""
    zone = found.period.zone
    return csv_text(
        ("start", "end", "first_request", "last_request", "active", "models", *totals(Sums())),
        (
            (
                rfc3339(block.start, zone), rfc3339(block.end, zone), rfc3339(block.first, zone),
                rfc3339(block.last, zone), "false" if block.left is None else "true",
                " ".join(map(printable, block.models)), *totals(block.sums).values(),
            )
            for block in found.blocks
        ),
    )  # fmt: skip
