"""The ledger against the bill, as a table, JSON, CSV or Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from llmcost.analysis.reconcile import Reconciliation, Row
from llmcost.core.instants import DAY_US, from_us, rfc3339
from llmcost.core.money import NANO_PER_USD, round_half_even, usd_text
from llmcost.core.text import printable
from llmcost.reporting.billed import plain
from llmcost.reporting.cells import csv_text, markdown_table
from llmcost.reporting.console import fitting, table
from llmcost.reporting.console import render as console
from llmcost.reporting.numbers import count, percent, usd

if TYPE_CHECKING:
    from rich.console import RenderableType

FORMATS = ("table", "json", "csv", "markdown")
CAUSES = {
    "calls": "calls the ledger lacks, or of another API key",
    "extra_calls": "calls the bill lacks",
    "subscription": "calls that a subscription pays for",
    "unpriced": "requests without a price in the ledger",
    "cache": "cached tokens counted as others, or the other way round",
    "cache_ttl": "cache writes of the other lifetime",
    "reasoning": "reasoning tokens",
    "tier": "another service tier, or batch",
    "price": "another price for the same use",
    "time_zone": "use dated to the day before or after",
    "credits_and_tax": "credits, discounts, fees and tax",
    "rounding": "rounding",
    "unexplained": "unexplained",
}
_HEADER = ("day", "provider", "model", "bill", "ledger", "difference", "state", "mostly")
#: More digits than any amount has.
_EXACT = Context(prec=60)
_LAST = Decimal(1).scaleb(-30)


class Verdict(NamedTuple):
    """Whether the whole difference is within the tolerance, as it was written."""

    tolerance: str
    within: bool


def written(
    found: Reconciliation, verdict: Verdict, form: str, *, all_rows: bool, width: int | None, color: bool
) -> str:
    if form == "json":
        return _json(found, verdict)
    if form == "csv":
        return _csv(found).rstrip("\n")
    rows = [row for row in found.rows if all_rows or row.state != "matched"]
    if form == "markdown":
        return _markdown(found, verdict, rows)
    return console(_table(found, verdict, rows, width), width=width, color=color)


def verdict_line(found: Reconciliation, verdict: Verdict) -> str:
    difference = found.bill - found.ledger
    share = percent(difference.numerator, int(found.bill * difference.denominator) or 1) if found.bill else "n/a"
    side = "above" if difference > 0 else "below"
    apart = (
        f"{usd(abs(_nano(difference)))} ({share.lstrip('-')}) {side} the ledger"
        if difference
        else "equal to the ledger"
    )
    return f"the bill is {apart}: {'within' if verdict.within else 'more than'} the tolerance of {verdict.tolerance}"


def _nano(amount: Fraction) -> int:
    return round_half_even(amount.numerator, amount.denominator)


def _table(found: Reconciliation, verdict: Verdict, rows: list[Row], width: int | None) -> Iterator[RenderableType]:
    from rich.text import Text

    yield Text(f"bill {usd(_nano(found.bill))}, ledger {usd(found.ledger)}", style="bold")
    yield Text(verdict_line(found, verdict), style="" if verdict.within else "red")
    causes = [(CAUSES[cause], _signed(amount)) for cause, amount in _told(found.causes)]
    if causes:
        yield Text("\nWhat the difference is made of", style="bold")
        yield table(("cause", "difference"), [*causes, ("together", _signed(found.bill - found.ledger))], right=(1,))
    if rows:
        cells = [_cells(found, row) for row in rows]
        yield Text("\nBy day and model", style="bold")
        header, lines = fitting(_HEADER, cells, expendable=("mostly", "provider", "state"), width=width, folding=(2,))
        right = [at for at, name in enumerate(header) if name in {"bill", "ledger", "difference"}]
        yield table(header, lines, right=right)
    matched = len(found.rows) - len(rows)
    if matched:
        yield Text(f"\n{count(matched)} more that match", style="dim")
    for line in remarks(found):
        yield Text(f"! {line}", style="yellow")


def remarks(found: Reconciliation) -> Iterator[str]:
    """What was left out of the comparison, and why."""
    if found.not_billed:
        yield f"not compared, for no bill has lines for its time and provider: {usd(found.not_billed)} of the ledger"
    for currency, amount in found.other_currencies:
        yield f"not compared, for it is not in USD: {plain(amount)} {printable(currency)}"
    if found.ignored:
        yield f"not compared, for another bill tells the same: {', '.join(map(printable, found.ignored))}"


def _told(causes: dict[str, Fraction]) -> list[tuple[str, Fraction]]:
    return sorted(((name, each) for name, each in causes.items() if each), key=lambda each: -abs(each[1]))


def _signed(amount: Fraction) -> str:
    text = usd(_nano(amount))
    return f"+{text}" if amount > 0 else text


def _day(found: Reconciliation, row: Row) -> str:
    start = f"{from_us(row.start):%Y-%m-%d}"
    return start if row.end - row.start <= DAY_US else f"{start} to {from_us(row.end - 1):%Y-%m-%d}"


def _cells(found: Reconciliation, row: Row) -> tuple[str, ...]:
    mostly = [CAUSES[cause] for cause, _ in _told(row.causes)[:1]]
    return (
        _day(found, row), printable(row.provider), printable(row.model) or "(all)", usd(_nano(row.bill)),
        usd(row.ledger), _signed(row.difference), row.state, mostly[0] if mostly else "",
    )  # fmt: skip


def _markdown(found: Reconciliation, verdict: Verdict, rows: list[Row]) -> str:
    blocks = [
        f"## Bill {usd(_nano(found.bill))}, ledger {usd(found.ledger)}",
        verdict_line(found, verdict),
        markdown_table(
            ("cause", "difference"), [(CAUSES[cause], _signed(each)) for cause, each in _told(found.causes)], right=(1,)
        ),
        markdown_table(_HEADER, [_cells(found, row) for row in rows], right=(3, 4, 5)),
        *(f"> {line}" for line in remarks(found)),
    ]
    return "\n\n".join(blocks)


def exact(amount: Fraction) -> str:
    """nano-USD as decimal USD with every digit it has, cut off behind thirty."""
    number = _EXACT.divide(Decimal(amount.numerator), Decimal(amount.denominator * NANO_PER_USD))
    return plain(number.quantize(_LAST, context=_EXACT)) if number else "0"


def _json(found: Reconciliation, verdict: Verdict) -> str:
    zone = found.period.zone
    document: dict[str, Any] = {
        "schema_version": 1,
        "period": {"start": rfc3339(found.period.start, zone), "end": rfc3339(found.period.end, zone)},
        "sources": list(found.sources),
        "bill_usd": exact(found.bill),
        "ledger_usd": usd_text(found.ledger),
        "difference_usd": exact(found.bill - found.ledger),
        "tolerance": verdict.tolerance,
        "within_tolerance": verdict.within,
        "causes": {cause: exact(amount) for cause, amount in found.causes.items()},
        "not_billed_usd": usd_text(found.not_billed),
        "other_currencies": {currency: plain(amount) for currency, amount in found.other_currencies},
        "ignored_sources": list(found.ignored),
        "rows": [
            {
                "start": rfc3339(row.start), "end": rfc3339(row.end), "provider": row.provider, "model": row.model,
                "state": row.state, "bill_usd": exact(row.bill), "ledger_usd": usd_text(row.ledger),
                "difference_usd": exact(row.difference), "requests": row.requests, "unpriced_requests": row.unpriced,
                "causes": {cause: exact(amount) for cause, amount in row.causes.items() if amount},
            }
            for row in found.rows
        ],
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=2)


def _csv(found: Reconciliation) -> str:
    header = ("start", "end", "provider", "model", "state", "bill_usd", "ledger_usd", "difference_usd", *CAUSES)
    return csv_text(
        header,
        (
            (
                rfc3339(row.start), rfc3339(row.end), printable(row.provider), printable(row.model), row.state,
                exact(row.bill), usd_text(row.ledger), exact(row.difference),
                *(exact(row.causes[cause]) for cause in CAUSES),
            )
            for row in found.rows
        ),
    )  # fmt: skip
