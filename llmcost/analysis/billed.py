"""What providers billed, added up by dimension: exact, per currency, and never with the ledger's requests."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import NamedTuple

from llmcost.core.billed import Billed
from llmcost.core.errors import UsageError, nearest
from llmcost.core.instants import Period, from_us
from llmcost.core.usage import Usage
from llmcost.ledger.protocol import Ledger

#: What billed lines may be grouped by.
DIMENSIONS = (
    "provider", "model", "project", "user", "account", "region", "tier", "line_item", "source", "currency", "day",
)  # fmt: skip
#: More digits than any sum of amounts has: additions are exact.
_EXACT = Context(prec=200)


class BilledGroup(NamedTuple):
    key: tuple[str, ...]
    costs: tuple[tuple[str, Decimal], ...]
    """(currency, sum), by currency; empty where no line tells a cost."""
    usage: Usage | None
    """Of the lines that tell tokens; None where none does."""
    requests: int | None
    lines: int


class BilledReport(NamedTuple):
    period: Period
    by: tuple[str, ...]
    total: BilledGroup
    groups: tuple[BilledGroup, ...]
    """Dearest first, by the currency most lines are in."""
    sources: tuple[str, ...]


def billed(ledger: Ledger, period: Period, by: Sequence[str]) -> BilledReport:
    """The lines that begin in `period`.

    Raises:
        UsageError: an unknown dimension.
    """
    for name in by:
        if name not in DIMENSIONS:
            raise UsageError(
                f"billed lines have no dimension {name!r}{nearest(name, DIMENSIONS)}",
                f"use one of {', '.join(DIMENSIONS)}",
            )
    lines = ledger.billing.between(period.start, period.end)
    groups: dict[tuple[str, ...], list[Billed]] = {}
    for line in lines:
        groups.setdefault(tuple(_value(line, name, period) for name in by), []).append(line)
    total = _group((), lines)
    main = max(total.costs, key=lambda each: sum(line.currency == each[0] for line in lines), default=("", Decimal(0)))[
        0
    ]
    found = [_group(key, part) for key, part in groups.items()]
    found.sort(
        key=lambda group: (-dict(group.costs).get(main, Decimal(0)), -(group.usage or Usage()).tokens, group.key)
    )
    return BilledReport(period, tuple(by), total, tuple(found), tuple(sorted({line.source for line in lines})))


def _value(line: Billed, name: str, period: Period) -> str:
    if name == "day":
        return from_us(line.start, period.zone).date().isoformat()
    return str(getattr(line, name))


def _group(key: tuple[str, ...], lines: Sequence[Billed]) -> BilledGroup:
    costs: dict[str, Decimal] = {}
    for line in lines:
        if line.cost is not None:
            costs[line.currency] = _EXACT.add(costs.get(line.currency, Decimal(0)), line.cost)
    used = [line.usage for line in lines if line.usage is not None]
    requests = [line.requests for line in lines if line.requests is not None]
    return BilledGroup(
        key,
        tuple(sorted(costs.items())),
        Usage(*map(sum, zip(*used, strict=True))) if used else None,
        sum(requests) if requests else None,
        len(lines),
    )
