"""The outbox: what budgets have to tell, kept in the ledger until somebody was told. docs/alerts.md explains it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, Protocol


class Alert(NamedTuple):
    """One message to one channel."""

    key: str
    """The same for the same subject in the same window: such an alert is told once, and its message carries this."""
    subject: str
    """Digest of what it is about and whom it is for, whatever the window."""
    channel: str
    body: str
    """JSON."""
    standing: bool = False
    """Whether the subject is told once until it has ended (`Outbox.end`), in whichever window."""


class StoredAlert(NamedTuple):
    number: int
    alert: Alert
    made_us: int
    attempts: int
    due_us: int | None
    """When it is to be sent, or sent again; None when it is sent or given up."""
    sent_us: int | None
    error: str
    """Why the last attempt failed."""

    @property
    def state(self) -> Literal["sent", "given up", "due"]:
        if self.sent_us is not None:
            return "sent"
        return "given up" if self.due_us is None else "due"


class Outbox(Protocol):
    """Alerts of a ledger. Each call is atomic, and part of `Ledger.transaction` within one."""

    def enqueue(self, alerts: Sequence[Alert], now_us: int) -> int:
        """Keep alerts, due at once; the number of those that were new."""

    def end(self, subjects: Iterable[str]) -> None:
        """These no longer hold: when they hold again, they are told again."""

    def claim(self, channels: Sequence[str], now_us: int, until_us: int) -> list[StoredAlert]:
        """Every alert due to `channels`, oldest first; nobody else gets them before `until_us`.

        Claiming counts as an attempt: one who is killed then has made it.
        """

    def sent(self, claimed: StoredAlert, now_us: int) -> None:
        """Somebody was told."""

    def failed(self, claimed: StoredAlert, due_us: int | None, error: str) -> None:
        """To be tried again at `due_us`; None: given up. Without effect when somebody else has claimed it since."""

    def unclaim(self, claimed: StoredAlert, now_us: int) -> None:
        """It was not tried."""

    def revive(self, channels: Sequence[str], now_us: int) -> int:
        """Make due again what was given up; the number."""

    def alerts(self, *, unsent: bool = False) -> list[StoredAlert]:
        """Every alert, oldest first; `unsent`: only those that are due or given up."""
