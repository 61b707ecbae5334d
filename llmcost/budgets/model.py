"""What a budget is: a scope of requests, limits per window, thresholds that warn, channels to tell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from llmcost.core.text import printable

Window = Literal["day", "month"]
WINDOWS: tuple[Window, ...] = ("day", "month")

#: Channel type -> the key that says where its messages go.
CHANNEL_TARGETS = {"slack": "webhook", "email": "recipients", "webhook": "url"}

REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


@dataclass(frozen=True)
class Channel:
    """Where alerts go. A webhook's address is its credential: neither `repr` nor `shown` gives it away."""

    type: str
    target: str = field(default="", repr=False)
    """The address as written, `${ENV}` references unexpanded; empty for email."""
    recipients: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The channel as it may be printed: a whole `${ENV}` reference, or no more than the host of an address."""
        if self.recipients:
            return printable(f"{self.type}: {', '.join(self.recipients)}")
        return printable(f"{self.type}: {shown_address(self.target)}")


def shown_address(address: str) -> str:
    """`https://host/…` of a webhook; a `${ENV}` reference standing alone is no secret."""
    if REFERENCE.fullmatch(address):
        return address
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        host = None
    # In `https:/TOKEN` or `https://${TOKEN}` the host may be the secret itself.
    return f"{parts.scheme}://{host}/…" if host and "." in host and "$" not in host else "…redacted"


class Limit(NamedTuple):
    window: Window
    nano: int
    """The most that may be spent in the window, nano-USD; 0 allows nothing."""


class Budget(NamedTuple):
    name: str
    """The app's id."""
    scope: tuple[tuple[str, str], ...]
    """(dimension, value) pairs, ANDed, as `ledger.protocol.Query.where` takes them."""
    limits: tuple[Limit, ...]
    thresholds: tuple[Fraction, ...]
    """Ascending shares of a limit at which it warns."""
    channels: tuple[Channel, ...]
    line: int
    """Where it stands in its file."""
