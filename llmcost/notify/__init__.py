"""Telling people: one file per kind of channel, and the road from an outbox to all of them (docs/alerts.md)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from llmcost.budgets.channels import CHANNEL_GROUP
from llmcost.budgets.model import Channel
from llmcost.core.errors import UsageError
from llmcost.notify.outlet import Destination, Message, Outlet

#: channel type -> "module:function(message, destination)", which returns when the receiver has taken the message
#: and raises `UndeliveredError` otherwise. Other packages register theirs as entry points.
CHANNELS: dict[str, str] = {
    "slack": "llmcost.notify.slack:send",
    "webhook": "llmcost.notify.webhook:send",
    "email": "llmcost.notify.mail:send",
    "apprise": "llmcost.notify.services:send",
    "stdout": "llmcost.notify.console:send",
}

#: Types that must be sent from the thread that runs the command.
_INLINE = {"stdout"}


def singly(channel: Channel) -> list[Channel]:
    """A channel of several people as one channel for each: what one refuses does not come twice to another."""
    if len(channel.recipients) < 2:
        return [channel]
    return [Channel(channel.type, recipients=(one,), allow_private=channel.allow_private) for one in channel.recipients]


def outlet(channel: Channel, destination: Destination) -> Outlet:
    """How to send to one channel."""

    def send(message: Message) -> None:
        _sender(channel.type)(message, destination)

    return Outlet(channel.key, channel.shown, send, destination.secrets, channel.type in _INLINE)


def _sender(kind: str) -> Callable[[Message, Destination], None]:
    target = CHANNELS.get(kind)
    if target is None:
        from importlib.metadata import entry_points

        for entry in entry_points(group=CHANNEL_GROUP, name=kind):
            registered: Callable[[Message, Destination], None] = entry.load()
            return registered
        raise UsageError(f"no package brings the channel type {kind!r}", "install it again")
    module, _, name = target.partition(":")
    known: Callable[[Message, Destination], None] = getattr(import_module(module), name)
    return known
