"""The alert as one line of text."""

from __future__ import annotations

from llmcost.notify.outlet import Destination, Message


def send(message: Message, to: Destination) -> None:
    to.write(message.text)
