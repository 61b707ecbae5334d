"""What a provider billed or counted over a stretch of time: totals, not requests. Kept apart from them everywhere."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from llmcost.core.usage import Usage


class Billed(NamedTuple):
    """One line of a provider's bill or usage report. Empty text and None mean that it does not say."""

    source: str
    """Name of the format it was read from."""
    scope: str
    """What it is restated with: lines of one scope read later replace all those read before."""
    start: int
    """[start, end) in microseconds UTC."""
    end: int
    provider: str
    cost: Decimal | None = None
    """Exactly as billed, in `currency`; a credit is negative."""
    currency: str = ""
    """ISO 4217, upper case."""
    usage: Usage | None = None
    requests: int | None = None
    quantity: Decimal | None = None
    unit: str = ""
    model: str = ""
    tier: str = ""
    account: str = ""
    project: str = ""
    user: str = ""
    region: str = ""
    line_item: str = ""
