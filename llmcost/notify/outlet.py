"""What a channel is given to send, and what it says when it could not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from llmcost.core.text import printable, redact, shorten

_MAX_ERROR = 300
#: A shorter text is no secret, and would be found everywhere.
_MIN_SECRET = 4


class Message(NamedTuple):
    """One alert on its way to one channel."""

    key: str
    """Idempotency key: the same whenever the same alert is sent to the same channel."""
    alert: dict[str, Any]
    """`budgets.alerts.Crossing.alert`."""

    @property
    def text(self) -> str:
        return str(self.alert["message"])

    @property
    def title(self) -> str:
        """In a few words."""
        said = {"exceeded": "budget exceeded", "forecast": "budget forecast to be exceeded"}
        return f"{self.alert['budget']}: {said.get(self.alert['kind'], 'budget threshold reached')}"

    def document(self) -> dict[str, Any]:
        """The alert as JSON for the outside."""
        return {"schema_version": 1, "id": self.key, **self.alert}


class Smtp(NamedTuple):
    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    tls: str = "starttls"
    """`starttls`, `implicit` (from the first byte, port 465) or `none`."""


class Destination(NamedTuple):
    """A channel with its references filled in. Holds secrets: never shown."""

    address: str = ""
    recipients: tuple[str, ...] = ()
    secret: str = ""
    allow_private: bool = False
    smtp: Smtp | None = None
    secrets: tuple[str, ...] = ()
    """Texts that no output may hold."""
    now_us: int = 0
    timeout: float = 10.0
    """Seconds for each step: connecting, and every read or write."""
    write: Callable[[str], None] = lambda _: None
    """Where the stdout channel goes."""


class Outlet(NamedTuple):
    """A channel ready to send."""

    key: str
    shown: str
    send: Callable[[Message], None]
    """Returns when the receiver has taken the message.

    Raises:
        UndeliveredError: it has not; any other error means the same.
    """
    secrets: tuple[str, ...] = ()
    inline: bool = False
    """Whether it must be called in the caller's own thread, where nothing limits its time."""


class UndeliveredError(Exception):
    """Why, in words of ours: nothing a server said is repeated. `after_us`: how long it asks us to wait."""

    def __init__(self, reason: str, after_us: int = 0) -> None:
        super().__init__(reason)
        self.after_us = after_us


def scrubbed(text: str, secrets: tuple[str, ...]) -> str:
    """`text` on one line without any of `secrets`, or what looks like one."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _MIN_SECRET:
            text = text.replace(secret, "…redacted")
    return shorten(printable(redact(text)), _MAX_ERROR)
