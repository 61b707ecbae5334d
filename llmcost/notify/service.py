"""The article's notification service as one more outlet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from llmcost.notify.outlet import Message, Outlet


class Service(Protocol):
    """What the article's `BudgetManager` is given to send with."""

    def send(self, alert: dict[str, Any], *, channels: Sequence[str]) -> object: ...


def service_outlet(service: Service, channels: Sequence[str] = (), name: str = "service") -> Outlet:
    """`service.send(alert, channels=channels)`, called in the caller's own thread; an error means it was not told."""

    def send(message: Message) -> None:
        service.send(message.document(), channels=list(channels))

    return Outlet(name, name, send, inline=True)
