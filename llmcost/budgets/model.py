"""What a budget is: a scope of requests, limits per window, thresholds that warn, channels to tell, waivers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from hashlib import sha256
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from llmcost.core.text import printable
from llmcost.pricing.currency import USD, Currency

Unit = Literal["hour", "day", "week", "month", "quarter", "rolling"]
UNITS: tuple[Unit, ...] = ("hour", "day", "week", "month", "quarter", "rolling")
Measure = Literal["usd", "tokens", "requests"]
MEASURES: tuple[Measure, ...] = ("usd", "tokens", "requests")

_DAYS: dict[Unit, int] = {"hour": 0, "day": 1, "week": 7, "month": 30, "quarter": 90, "rolling": 0}

#: Channel type -> the key that says where its messages go.
CHANNEL_TARGETS = {"slack": "webhook", "email": "recipients", "webhook": "url", "apprise": "url", "stdout": ""}

REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


class Window(NamedTuple):
    """A stretch of local time: the hour, day, week (from Monday), month or quarter that holds now, or the last days."""

    unit: Unit
    days: int = 0
    """Length of a rolling window, 0 for the others."""

    @property
    def name(self) -> str:
        return f"rolling {self.days}d" if self.unit == "rolling" else self.unit

    @property
    def least_days(self) -> int:
        """Whole days it has at least, a month taken as 30; 0: less than one."""
        return self.days or _DAYS[self.unit]


class Limit(NamedTuple):
    """The most a scope may use in a window."""

    window: Window
    measure: Measure
    amount: int
    """nano-USD, tokens or requests; 0 allows nothing."""
    hard: bool = True
    """Going over is a breach; over a soft limit it is a warning."""
    throttle_at: Fraction | None = None
    """Share of the limit from which live requests are refused; None: from the limit itself where it is hard."""


class Waiver(NamedTuple):
    """Someone took responsibility for an overrun, for a time."""

    until: date
    """The last local day it holds."""
    by: str
    reason: str
    line: int


@dataclass(frozen=True)
class Channel:
    """Where alerts go. A webhook's address is its credential: neither `repr` nor `shown` gives it away."""

    type: str
    target: str = field(default="", repr=False)
    """The address as written, `${ENV}` references unexpanded; empty for email and stdout."""
    recipients: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)
    """What webhook messages are signed with, as written; empty: not signed."""
    allow_private: bool = False
    """Whether the address may be one of a private network."""

    @property
    def key(self) -> str:
        """The same for the same destination as written; tells nothing of it."""
        parts = "\0".join((self.type, self.target, *self.recipients))
        return f"{self.type}-{sha256(parts.encode()).hexdigest()[:16]}"

    @property
    def references(self) -> tuple[str, ...]:
        """Names of the environment variables it takes its address and secret from."""
        texts = (self.target, self.secret, *self.recipients)
        return tuple(dict.fromkeys(found[2:-1] for text in texts for found in REFERENCE.findall(text)))

    @property
    def shown(self) -> str:
        """The channel as it may be printed: a whole `${ENV}` reference, or no more than the host of an address."""
        if self.recipients:
            return printable(f"{self.type}: {', '.join(self.recipients)}")
        return printable(f"{self.type}: {shown_address(self.target)}" if self.target else self.type)


def shown_address(address: str) -> str:
    """`https://host/…` of a webhook; a `${ENV}` reference standing alone is no secret."""
    if REFERENCE.fullmatch(address):
        return address
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        host = None
    # In `https:/TOKEN` or `https://${TOKEN}` the host may be the secret itself; in `slack://TOKEN/…` it is.
    plain = parts.scheme in {"http", "https"} if host else False
    return f"{parts.scheme}://{host}/…" if host and plain and "." in host and "$" not in host else "…redacted"


class Budget(NamedTuple):
    name: str
    scope: tuple[tuple[str, str], ...]
    """(dimension, value) pairs as `ledger.protocol.Query.where` takes them; empty: every request."""
    limits: tuple[Limit, ...]
    """From the shortest window to the longest."""
    thresholds: tuple[Fraction, ...] = ()
    """Ascending shares of a limit at which it warns."""
    channels: tuple[Channel, ...] = ()
    owner: str = ""
    waivers: tuple[Waiver, ...] = ()
    timezone: str = ""
    """Zone of its windows; empty: that of the command."""
    currency: Currency = USD
    line: int = 0
    """Where it stands in its file."""
