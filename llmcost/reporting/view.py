"""How a person wants to see a result, and what every format of a report shares."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from llmcost.analysis.metrics import Metric
from llmcost.core.instants import Period
from llmcost.core.money import usd_text
from llmcost.core.text import printable
from llmcost.ledger.measures import Group, Sums

SECTIONS = ("summary", "why", "trend", "models", "apps", "groups", "anomalies", "metrics", "unpriced")
#: What a table shows when nothing is asked for; JSON has every section always.
DEFAULT_SECTIONS = ("summary", "trend", "models", "apps", "anomalies", "metrics", "unpriced")
NOT_SET = "(not set)"


class View(NamedTuple):
    """`width`: columns of the terminal, None where no cell may be cut; `top`: groups shown, None for all."""

    sections: tuple[str, ...] = DEFAULT_SECTIONS
    top: int | None = None
    width: int | None = None
    color: bool = False
    charts: bool = False


def name(value: str) -> str:
    """A dimension's value as shown; the empty one says so."""
    return printable(value) if value else NOT_SET


def listed(groups: Sequence[Group], top: int | None) -> tuple[Sequence[Group], Sums | None, int]:
    """As `cut`, but a single other takes no more room under its own name than as one."""
    return cut(groups, None if top is not None and len(groups) == top + 1 else top)


def cut(groups: Sequence[Group], top: int | None) -> tuple[Sequence[Group], Sums | None, int]:
    """The first `top` groups, the sum of the others (None: there are none) and how many those are."""
    if top is None or len(groups) <= top:
        return groups, None, 0
    rest = Sums()
    for group in groups[top:]:
        rest += group.sums
    return groups[:top], rest, len(groups) - top


def cost_usd(sums: Sums) -> str | None:
    """A group's cost for machines; None where all that it has lacks a price: unknown is not zero."""
    return None if sums["unpriced"] and not sums["cost"] else usd_text(sums["cost"])


def days(period: Period) -> str:
    """The local days of a period: `16 Nov - 22 Nov 2026`, with times where it cuts a day."""
    first, last = period.first_day, period.last_day
    if first == last:
        return f"{first.day} {first:%b %Y}"
    start = f"{first.day} {first:%b}" + ("" if first.year == last.year else f" {first.year}")
    return f"{start} - {last.day} {last:%b %Y}"


def number(metric: Metric) -> float | int | None:
    """A metric's value as a JSON number: milliseconds and tokens to 3 decimals, shares to 6."""
    if isinstance(metric.value, Fraction):
        return float(round(metric.value, 6 if metric.unit == "share" else 3))
    return metric.value
