"""Unit economics, waste, cache savings and outcomes, as a table, JSON, CSV or Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from llmcost.analysis.outcomes import Outcomes
from llmcost.analysis.units import Unit, Units
from llmcost.analysis.waste import CATEGORIES, Waste, Wasted
from llmcost.core.instants import Period, rfc3339
from llmcost.core.money import FEMTO_PER_NANO, round_half_even, usd_text
from llmcost.core.text import printable
from llmcost.reporting.cells import csv_text, markdown_table
from llmcost.reporting.console import fitting, table
from llmcost.reporting.console import render as console
from llmcost.reporting.numbers import count, counted, percent, usd
from llmcost.reporting.view import cost_usd, days, name

if TYPE_CHECKING:
    from rich.console import RenderableType

FORMATS = ("table", "json", "csv", "markdown")
WASTED = {
    "errors": "failed requests", "abandoned": "streams cut off", "retries": "prompts asked again within ten minutes",
    "unread_cache_writes": "cache writes nobody read",
}  # fmt: skip
_UNITS = ("per", "counted by", "number", "average", "median", "90th percentile", "of the cost", "unattributed")
_WASTE = ("wasted on", "requests", "cost", "of the cost")
_OUTCOMES = ("outcome", "kind", "state", "cost", "requests", "value")


class Found(NamedTuple):
    period: Period
    units: Units
    waste: Waste
    outcomes: Outcomes | None = None


def written(found: Found, form: str, *, top: int | None, width: int | None, color: bool) -> str:
    if form == "json":
        return _json(found)
    if form == "csv":
        return _csv(found).rstrip("\n")
    if form == "markdown":
        return _markdown(found, top)
    return console(_table(found, top, width), width=width, color=color)


def _table(found: Found, top: int | None, width: int | None) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(title(found), style="bold")
    for line in sentences(found):
        yield Text(line)
    yield Text("\nWhat one costs", style="bold")
    spare = ("unattributed", "of the cost", "median", "counted by")
    header, rows = fitting(_UNITS, unit_rows(found), expendable=spare, width=width)
    yield table(header, rows, right=[at for at, column in enumerate(header) if column not in _UNITS[:2]])
    if found.waste.total:
        yield Text("\nMoney that bought nothing", style="bold")
        yield table(_WASTE, waste_rows(found), right=(1, 2, 3))
    if found.outcomes is not None:
        yield Text(f"\nOutcomes, by {found.outcomes.by}", style="bold")
        header, rows = fitting(_OUTCOMES, outcome_rows(found.outcomes, top), expendable=("kind", "value", "state"),
                               width=width, folding=(0,))  # fmt: skip
        numbers = {"cost", "requests", "value"}
        yield table(header, rows, right=[at for at, column in enumerate(header) if column in numbers])


def title(found: Found) -> str:
    return f"What one costs, {days(found.period)} ({found.period.zone})"


def sentences(found: Found) -> Iterator[str]:
    """The figures that are no table."""
    total, waste = found.units.total, found.waste
    cost = "unpriced" if cost_usd(total) is None else usd(total["cost"])
    lacking = f", {count(total['unpriced'])} without a price" if total["unpriced"] else ""
    yield (
        f"{cost} for {counted(total['requests'], 'request')}{lacking}: {_each(found.units.per_request)} each,"
        f" {_each(found.units.per_success)} for each of {count(found.units.succeeded['requests'])} that succeeded"
    )
    if found.units.covered.requests:
        yield f"of it, at API prices that subscriptions cover: {usd(found.units.covered.cost)}"
    if waste.read or waste.written:
        verb = "saved" if waste.saved >= 0 else "cost"
        unknown = f"; {counted(waste.unjudged, 'request')} whose rates are not known" if waste.unjudged else ""
        parts = f"{usd(_nano(waste.read))} saved by reading, {usd(_nano(waste.written))} for writing"
        yield f"prompt caches {verb} {usd(abs(waste.saved))} ({parts}{unknown})"
    if waste.loops.requests:
        loops = waste.loops
        yield f"of the failed requests, in loops of five or more: {count(loops.requests)} ({usd(loops.cost)})"
    if found.outcomes is not None:
        yield from _outcome_sentences(found.outcomes)


def _outcome_sentences(found: Outcomes) -> Iterator[str]:
    yield f"{_each(found.per_outcome)} per outcome that succeeded ({count(len(found.succeeded))} with requests)"
    yield f"lost on outcomes that failed: {usd(found.lost)}; outcomes without a request: {count(found.without_cost)}"
    yield f"without an outcome: {usd(found.unattributed)} of {counted(found.unattributed_requests, 'request')}"


def unit_rows(found: Found) -> list[tuple[str, ...]]:
    total = found.units.total["cost"]
    return [
        (unit.name, unit.by, "not recorded", "", "", "", "", usd(unit.unattributed))
        if not unit.number
        else (
            unit.name, unit.by, _number(unit), _each(unit.average), _each(unit.median), _each(unit.p90),
            percent(unit.cost, total), usd(unit.unattributed),
        )
        for unit in found.units.units
    ]  # fmt: skip


def _number(unit: Unit) -> str:
    return count(unit.number) + (f" (+{count(unit.unknown)} unpriced)" if unit.unknown else "")


def waste_rows(found: Found) -> list[tuple[str, ...]]:
    total = found.units.total["cost"]
    rows = [
        (WASTED[each], _requests(wasted), usd(wasted.cost), percent(wasted.cost, total))
        for each, wasted in found.waste.categories.items()
        if wasted.requests
    ]
    return [*rows, ("together", "", usd(found.waste.total), percent(found.waste.total, total))]


def _requests(wasted: Wasted) -> str:
    return count(wasted.requests) + (f" ({count(wasted.unpriced)} unpriced)" if wasted.unpriced else "")


def outcome_rows(found: Outcomes, top: int | None) -> list[tuple[str, ...]]:
    rows = [
        (
            name(each.outcome.key), printable(each.outcome.kind), each.outcome.state,
            usd(each.cost), count(each.requests), "" if each.outcome.value is None else usd(each.outcome.value),
        )
        for each in found.told[:top]
    ]  # fmt: skip
    return [*rows, ("(no outcome)", "", "", usd(found.unattributed), count(found.unattributed_requests), "")]


def _each(amount: Fraction | None) -> str:
    return "n/a" if amount is None else usd(_nano(amount))


def _nano(amount: Fraction | int) -> int:
    """Whole nano-USD of a fraction of them, or of femto-USD."""
    if isinstance(amount, int):
        return round_half_even(amount, FEMTO_PER_NANO)
    return round_half_even(amount.numerator, amount.denominator)


def _markdown(found: Found, top: int | None) -> str:
    blocks = [f"## {title(found)}", *sentences(found), markdown_table(_UNITS, unit_rows(found), right=range(2, 8))]
    if found.waste.total:
        blocks.append(markdown_table(_WASTE, waste_rows(found), right=(1, 2, 3)))
    if found.outcomes is not None:
        blocks.append(markdown_table(_OUTCOMES, outcome_rows(found.outcomes, top), right=(3, 4, 5)))
    return "\n\n".join(blocks)


def _json(found: Found) -> str:
    zone, units, waste = found.period.zone, found.units, found.waste
    document: dict[str, Any] = {
        "schema_version": 1,
        "period": {"start": rfc3339(found.period.start, zone), "end": rfc3339(found.period.end, zone)},
        "cost_usd": cost_usd(units.total),
        "requests": units.total["requests"],
        "unpriced_requests": units.total["unpriced"],
        "successful_requests": units.succeeded["requests"],
        "covered_requests": units.covered.requests,
        "covered_usd": usd_text(units.covered.cost),
        "cost_per_request_usd": _usd(units.per_request),
        "cost_per_successful_request_usd": _usd(units.per_success),
        "units": [_unit(unit) for unit in units.units],
        "waste": {
            "cost_usd": usd_text(waste.total),
            **{
                each: _wasted(waste.categories[each])
                for each in CATEGORIES
            },
            "error_loops": _wasted(waste.loops),
        },
        "prompt_cache": {
            "saved_usd": usd_text(waste.saved), "read_usd": usd_text(_nano(waste.read)),
            "written_usd": usd_text(_nano(waste.written)), "unknown_rate_requests": waste.unjudged,
        },
        "outcomes": None if found.outcomes is None else _outcomes(found.outcomes),
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=2)


def _wasted(wasted: Wasted) -> dict[str, Any]:
    return {
        "requests": wasted.requests, "cost_usd": usd_text(wasted.cost), "unpriced_requests": wasted.unpriced,
    }  # fmt: skip


def _unit(unit: Unit) -> dict[str, Any]:
    return {
        "unit": unit.name, "dimension": unit.by, "number": unit.number,
        "unpriced_units": unit.unknown, "cost_usd": usd_text(unit.cost),
        "average_usd": _usd(unit.average), "median_usd": _usd(unit.median), "p90_usd": _usd(unit.p90),
        "requests": unit.requests, "unpriced_requests": unit.unpriced, "unattributed_usd": usd_text(unit.unattributed),
    }  # fmt: skip


def _outcomes(found: Outcomes) -> dict[str, Any]:
    return {
        "dimension": found.by, "cost_per_outcome_usd": _usd(found.per_outcome), "succeeded": len(found.succeeded),
        "failed": sum(each.outcome.state == "failed" for each in found.told),
        "open": sum(each.outcome.state == "open" for each in found.told), "lost_usd": usd_text(found.lost),
        "without_requests": found.without_cost, "unattributed_usd": usd_text(found.unattributed),
        "unattributed_requests": found.unattributed_requests,
        "rows": [
            {
                "key": each.outcome.key, "kind": each.outcome.kind, "state": each.outcome.state,
                "cost_usd": usd_text(each.cost), "requests": each.requests, "unpriced_requests": each.unpriced,
                "value_usd": None if each.outcome.value is None else usd_text(each.outcome.value),
            }
            for each in found.told
        ],
    }  # fmt: skip


def _usd(amount: Fraction | None) -> str | None:
    return None if amount is None else usd_text(_nano(amount))


def _csv(found: Found) -> str:
    """Outcomes where there are any, else units."""
    if found.outcomes is not None:
        rows = [
            (printable(each.outcome.key), printable(each.outcome.kind), each.outcome.state, usd_text(each.cost),
             each.requests, each.unpriced, None if each.outcome.value is None else usd_text(each.outcome.value))
            for each in found.outcomes.told
        ]  # fmt: skip
        rest = (
            "(no outcome)",
            "",
            "",
            usd_text(found.outcomes.unattributed),
            found.outcomes.unattributed_requests,
            "",
            "",
        )
        header = ("key", "kind", "state", "cost_usd", "requests", "unpriced_requests", "value_usd")
        return csv_text(header, [*rows, rest])
    values = [_unit(unit) for unit in found.units.units]
    return csv_text(tuple(values[0]), (tuple(value.values()) for value in values))
