"""A comparison of modes as CSV and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmcost.breakeven.assumed import NOT_MODELLED
from llmcost.breakeven.rounding import nano, nano_parts
from llmcost.core.money import usd_text
from llmcost.reporting.breakeven import PARTS, assumptions, per_million, price, traffic, turning, verdict
from llmcost.reporting.breakeven_text import HEAD, cells
from llmcost.reporting.cells import csv_text, markdown_table, markdown_text

if TYPE_CHECKING:
    from llmcost.breakeven.comparison import Comparison, Outcome

_COLUMNS = ("monthly_tokens", "mode", "month_usd", "usd_per_1m", "fixed_usd", "variable_usd")
_SIZES = ("replicas", "gpus", "servers", "utilisation")


def as_csv(found: Comparison) -> str:
    """A row per volume and mode; a part that a mode does not have is blank."""
    head = (*_COLUMNS, *_SIZES, *(f"{name}_usd" for name in PARTS))
    return csv_text(head, (_row(outcome) for outcomes in found.volumes for outcome in outcomes.values()))


def _row(outcome: Outcome) -> tuple[object, ...]:
    month, amounts = nano_parts(tuple(outcome.parts.values()))
    parts = dict(zip(outcome.parts, map(usd_text, amounts), strict=True))
    start, size = nano(outcome.start), outcome.size
    sized: tuple[object, ...] = (None, None, None, None)
    if size is not None:
        sized = (size.replicas, size.gpus, size.servers, f"{float(size.utilisation):.6f}")
    return (
        outcome.tokens, outcome.mode, usd_text(month), usd_text(per_million(outcome.total, outcome.tokens)),
        usd_text(start), usd_text(month - start), *sized, *(parts.get(name) for name in PARTS),
    )  # fmt: skip


def as_markdown(found: Comparison) -> str:
    rows = [cells(found, outcome) for outcome in found.outcomes.values()]
    blocks = [
        "## Break-even",
        f"**{markdown_text(verdict(found))}**",
        markdown_text(traffic(found.plan)),
        markdown_table(("mode", *HEAD[1:]), rows, right=range(1, len(HEAD))),
        "\n".join(f"- {markdown_text(line)}" for line in turning(found)),
        markdown_text(price(found.plan)),
        "### Assumptions\n\n"
        + markdown_table(("mode", "assumption", "value", "unit", "from"), assumptions(found.plan), right=(2,)),
        "Not modelled: " + "; ".join(NOT_MODELLED) + ".",
    ]
    return "\n\n".join(blocks)
