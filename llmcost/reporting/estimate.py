"""An estimate as text: a table of prompts for one model, or of models, cheapest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from llmcost.core.instants import from_us
from llmcost.reporting.columns import columns, width_of
from llmcost.reporting.estimate_json import covers, rates_of, shown
from llmcost.reporting.numbers import count, counted, percent, short, usd

if TYPE_CHECKING:
    from llmcost.estimate.estimate import Estimate
    from llmcost.estimate.totals import Item, Total

#: The first column of a table keeps this many terminal columns before others give way to it.
_LEAST_NAME = 24
_KINDS = {"messages": "chat messages", "requests": "requests"}


def as_text(made: Estimate, *, width: int | None = None, top: int = 0) -> str:
    """`width`: columns of the terminal, None where nothing may be cut; `top`: rows of a table, 0 for all."""
    if len(made.totals) == 1:
        lines = _prompts(made, width)
    else:
        lines = [*([] if made.compared else _each_by_its_model(made, width)), *_models(made, width, top)]
    lines += _folders(made, width, top)
    lines.append(_output_line(made))
    shares = {terms.cached_share for terms in made.terms} - {None, 0}
    if shares:
        (share, *others) = shares
        text = "the declared share" if others or share is None else percent(share.numerator, share.denominator)
        lines.append(_cached_line(made, text))
    lines += _month_lines(made)
    return "\n".join(lines)


def _cached_line(made: Estimate, share: str) -> str:
    """What comes from the cache, which may be less than the declared share of the input."""
    items = made.items
    less = [i for i in items if i.cached_tokens + i.requests <= i.terms.cached_tokens(i.input_tokens)]
    if not less:
        return f"cached: {share} of the input, at the rate of cached input"
    what = counted(less[0].cached_tokens, "token") if len(items) == 1 else "less"
    of = "" if len(less) == len(items) else f" for {count(len(less))} of {count(len(items))}"
    return f"cached: {what} of the declared {share} of the input{of}, as no more can come from a cache"


def _output_line(made: Estimate) -> str:
    known = covers(made)
    if known == "input":
        return "output: not included (its length is unknown; --output-tokens N adds it)"
    if known != "input and output":
        included = sum(total.with_output for total in made.totals)
        return f"output: included for {count(included)} of {count(made.n_items)}; for the others its length is unknown"
    sources = {(terms.output_tokens or 0, terms.output_from) for terms in made.terms}
    if len(sources) > 1:
        return "output: the length declared or measured for each prompt (--json lists them)"
    ((tokens, source),) = sources
    each = " for each request" if sum(total.requests for total in made.totals) > len(made.totals) else ""
    return f"output: {counted(tokens, 'token')}{each}" + (f" ({shown(source)})" if source else "")


def _month_lines(made: Estimate) -> list[str]:
    total = made.total
    if total is None or total.monthly_nano is None:
        return []
    calls = {terms.calls for terms in made.terms}
    if len(calls) == 1 and (only := next(iter(calls))) is not None:
        each = " of each prompt" if total.requests > 1 else ""
        often = f"{count(only.times)} calls{each} per {only.per}"
    else:
        often = f"calls as declared for {count(total.with_calls)} of {count(total.items)} prompts"
    band = _between(total.monthly_nano, total.monthly_low, total.monthly_high)
    return [f"{often}: {usd(total.monthly_nano)} a month{band}"]


def _between(nano: int, low: int | None, high: int | None) -> str:
    return "" if low is None or high is None or low == high == nano else f" ({usd(low)} to {usd(high)})"


class _Column(NamedTuple):
    head: str
    cells: list[str]
    optional: int = 0
    """Columns of a higher number give way first; 0: never."""


def _fitted(table: list[_Column], width: int | None, *, whole: bool = False) -> list[str]:
    """Lines of a table that fits a terminal: columns give way, then the names in the first are cut in the middle.

    `whole`: columns give way before any name is cut, as the names are to be copied.
    """
    if width is not None:
        name = max(map(width_of, table[0].cells)) if whole else _LEAST_NAME
        while _width(table, name) > width and (most := max(c.optional for c in table)):
            table = [column for column in table if column.optional != most]
        room = max(_LEAST_NAME, _LEAST_NAME + width - _width(table, _LEAST_NAME))
        table[0] = table[0]._replace(cells=[_cut(cell, room) for cell in table[0].cells])
    rows = [[column.head for column in table], *map(list, zip(*(column.cells for column in table), strict=True))]
    return columns(rows, right=set(range(1, len(table))))


def _width(table: list[_Column], name: int) -> int:
    """Terminal columns of a table whose first column has `name`, or what it needs if that is less."""
    first, *others = [max(map(width_of, (column.head, *column.cells))) for column in table]
    return min(first, name) + sum(others) + 2 * len(others)


def _cut(text: str, room: int) -> str:
    """`text` in at most `room` terminal columns: its first third and its end say most of a path or a model's name."""
    if width_of(text) <= room:
        return text
    head, tail = text, text
    while width_of(head) > (room - 1) // 3:
        head = head[:-1]
    while width_of(head) + 1 + width_of(tail) > room:
        tail = tail[1:]
    return f"{head}…{tail}"


def _tokens(part: Item | Total) -> str:
    if part.exact:
        return count(part.input_tokens)
    band = (
        f" ({count(part.input_low)}-{count(part.input_high)})"
        if part.input_low is not None and part.input_high is not None
        else ""
    )
    return f"~{count(part.input_tokens)}{band}"


def _prompts(made: Estimate, width: int | None) -> list[str]:
    (total,) = made.totals
    lines = [*_price_lines(total), *_method_lines(made)]
    parts: list[Item | Total] = [*made.items, *([total] if made.n_items > 1 else [])]
    names = [shown(item.path) for item in made.items]
    if made.n_items > 1:
        names.append(_how_many(total))
    table = [
        _Column("prompt", names),
        _Column("input tokens", [_tokens(part) for part in parts]),
        _Column("cost", [usd(part.cost_nano) for part in parts]),
    ]
    if any(part.requests > 1 for part in made.items):
        table.insert(1, _Column("requests", [count(part.requests) for part in parts], 1))
    rows = _fitted(table, width)
    lines += [*rows[:-1], *_left_out(made), rows[-1]]
    if band := _between(total.cost_nano, total.cost_low, total.cost_high):
        lines.append(f"band of the cost:{band.replace('(', '').replace(')', '')}")
    elif total.without_band:
        which = "" if total.items == 1 else f" for {count(total.without_band)} of {count(total.items)}"
        lines.append(f"~ estimated, and no band is known{which}")
    if total.over_window:
        lines.append(_overflow(total))
    return lines


def _each_by_its_model(made: Estimate, width: int | None) -> list[str]:
    """The prompts of several models, which are no alternatives."""
    items = made.items
    table = [
        _Column("prompt", [shown(item.path) for item in items]),
        _Column("model", [shown(item.model.name) for item in items]),
        _Column("input tokens", [_tokens(item) for item in items]),
        _Column("cost", [usd(item.cost_nano) for item in items]),
    ]
    if any(item.requests > 1 for item in items):
        table.insert(1, _Column("requests", [count(item.requests) for item in items], 1))
    return [*_fitted(table, width), *_left_out(made), ""]


def _left_out(made: Estimate) -> list[str]:
    left = made.n_items - len(made.items)
    return [f"… and {count(left)} cheaper ones (--top 0 shows all, --json lists all)"] if left else []


def _method_lines(made: Estimate) -> list[str]:
    methods = {item.method: item.exact for item in made.items}
    return [
        f"counted with {shown(name)}: {'exact' if exact else 'estimated'}" for name, exact in sorted(methods.items())
    ]


def _how_many(total: Total) -> str:
    if total.requests == total.items:
        return f"{count(total.items)} prompts"
    return f"{counted(total.items, 'file')}, {count(total.requests)} requests"


def _price_lines(total: Total) -> list[str]:
    """The rates that hold for the average request, and where they are from."""
    model, each = total.model, total.input_tokens // total.requests
    priced = model.priced
    rates = rates_of(priced.card, each)
    source = [shown(priced.layer) + (f" ({shown(model.origin)})" if priced.layer == "catalogue" else "")]
    source.append(f"{shown(priced.match)} match")
    if priced.card.tier != "standard":
        source.append(f"tier {'standard' if priced.card.note else priced.card.tier}")
    if model.valid_from is not None:
        source.append(f"valid from {from_us(model.valid_from).date()}")
    if model.checked:
        source.append(f"checked {shown(model.checked)}")
    kinds = ["input", *(["cached"] if model.discounts_cached else []), "output"]
    stated = [f"${rates[kind]} {kind}" for kind in kinds if kind in rates]
    text = " and ".join((", ".join(stated[:-1]), stated[-1])) if len(stated) > 1 else "".join(stated)
    if above := max((above for above, _ in priced.card.bands if above < each), default=0):
        text += f" (above {count(above)} input tokens)"
    return [f"{shown(model.name)}: {text} per million tokens", f"price: {', '.join(source)}"]


def _models(made: Estimate, width: int | None, top: int) -> list[str]:
    """One line per model, with what the price and the window are, as far as the terminal has room."""
    totals = made.totals[:top] if top else made.totals
    rates = [rates_of(total.model.priced.card, total.input_tokens // total.requests) for total in totals]
    table = [
        _Column("model", [shown(total.model.name) for total in totals]),
        _Column("input tokens", [_tokens(total) for total in totals]),
        _Column("cost", [usd(total.cost_nano) for total in totals]),
        _Column("$/M input", [rate.get("input", "-") for rate in rates], 2),
        _Column("$/M output", [rate.get("output", "-") for rate in rates], 2),
        _Column("context", [_window(total) for total in totals], 0 if any(t.over_window for t in totals) else 1),
        _Column("price from", [f"{shown(t.model.priced.layer)}, {shown(t.model.priced.match)}" for t in totals], 3),
    ]
    if any(total.monthly_nano is not None for total in totals):
        months = ["-" if total.monthly_nano is None else usd(total.monthly_nano) for total in totals]
        table.insert(3, _Column("a month", months))
    lines = [f"{count(made.prompts)} prompts"] if made.prompts > 1 else []
    lines += _fitted(table, width, whole=True)
    if left := len(made.totals) - len(totals):
        lines.append(f"… and {count(left)} dearer ones (--top 0 shows all, --json lists all)")
    if (together := made.total) is not None:
        lines.append(
            f"together: {usd(together.cost_nano)}{_between(together.cost_nano, together.cost_low, together.cost_high)}"
        )
    if any(total.over_window for total in totals):
        lines.append("! longer than the model's context window, output included: would be refused")
    if not all(total.exact for total in totals):
        lines.append("~ estimated: the model's own count is not known here (docs/estimate.md)")
    return lines


def _window(total: Total) -> str:
    window = total.model.context_window
    if window is None:
        return "-"
    return f"{short(window)} !" if total.over_window else short(window)


def _overflow(total: Total) -> str:
    which = "" if total.requests == 1 else f" {count(total.over_window)} of {count(total.requests)}:"
    window = count(total.model.context_window or 0)
    return f"!{which} longer than the context window of {window} tokens, output included: would be refused"


def _folders(made: Estimate, width: int | None, top: int) -> list[str]:
    """The folders named and those directly in them, for one model."""
    if len(made.totals) > 1 or len(made.folders) < 2:
        return []
    shown_ones = made.folders
    if top and len(shown_ones) > top:
        shown_ones = tuple(sorted(shown_ones, key=lambda pair: -pair[1].cost_nano)[:top])
    totals = [total for _, total in shown_ones]
    table = [
        _Column("folder", [f"{shown(folder.rstrip('/'))}/" for folder, _ in shown_ones]),
        _Column("prompts", [count(total.items) for total in totals], 1),
        _Column("input tokens", [_tokens(total) for total in totals]),
        _Column("cost", [usd(total.cost_nano) for total in totals]),
    ]
    lines = ["", *_fitted(table, width)]
    if left := len(made.folders) - len(shown_ones):
        lines.append(f"… and {count(left)} cheaper folders (--top 0 shows all, --json lists all)")
    return [*lines, ""]


def remarks(made: Estimate, skipped: Mapping[str, int]) -> list[str]:
    """What the person should know beside the numbers, one line each."""
    lines = [f"{shown(path)}: {shown(note)}" for path, note in made.notes]
    if left := made.n_notes - len(made.notes):
        lines.append(f"… and {count(left)} more such remarks; --json lists them")
    lines += [f"{counted(n, 'file')} counted as {_KINDS[kind]}" for kind, n in made.kinds.items() if kind in _KINDS]
    without: dict[str, list[str]] = {}
    for total in made.totals:
        if note := total.model.priced.card.note:
            without.setdefault(note, []).append(total.model.name)
    for note, names in without.items():
        whose = names[0] if len(names) == 1 else f"{count(len(names))} of {count(len(made.totals))} models"
        lines.append(f"{shown(whose)}: {shown(note)}")
    if held := [f"{count(number)} {kind.replace('_', ' ')}" for kind, number in skipped.items() if number]:
        lines.append(f"skipped {', '.join(held)}")
    return lines
