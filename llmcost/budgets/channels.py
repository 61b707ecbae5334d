"""Notification channels as budgets.yaml writes them."""

from __future__ import annotations

from llmcost.budgets.model import CHANNEL_TARGETS, REFERENCE, Channel, shown_address
from llmcost.core.errors import nearest
from llmcost.yamlfile.fields import Fields
from llmcost.yamlfile.tree import Node

#: Where packages register channels of their own: name -> function(message, destination).
CHANNEL_GROUP = "llmcost.channels"
CHANNEL_KEYS = ("type", "webhook", "recipients", "url", "secret", "allow_private")


def channel(node: Node, origin: str) -> Channel:
    """One channel.

    Raises:
        ConfigError: naming the file, the line and no more of an address than its host.
    """
    fields = Fields(node, origin, CHANNEL_KEYS, "a notification channel")
    kind = fields.required("type")
    if kind not in CHANNEL_TARGETS and not _registered(kind):
        raise fields.error(
            fields.line_of("type"), f"unknown channel type {kind!r}{nearest(kind, CHANNEL_TARGETS)}",
            f"use one of {', '.join(CHANNEL_TARGETS)}",
        )  # fmt: skip
    key = CHANNEL_TARGETS.get(kind, "url")
    signed = kind == "webhook" or kind not in CHANNEL_TARGETS
    allowed = {key, "allow_private", *(["secret"] if signed else [])}
    for other in CHANNEL_KEYS[1:]:
        if other in fields.node.keys and other not in allowed:
            raise fields.error(
                fields.line_of(other), f"a {kind} channel has no {other!r}", f"it takes {key!r}" if key else "remove it"
            )
    private = fields.choice("allow_private", ("true", "false"), "false") == "true"
    if kind == "stdout":
        return Channel(kind)
    if kind == "email":
        return Channel(kind, recipients=_recipients(fields), allow_private=private)
    schemes = ("https://", "http://") if kind in {"slack", "webhook"} else ()
    return Channel(kind, target=_address(fields, key, schemes), secret=_secret(fields), allow_private=private)


def _registered(kind: str) -> bool:
    """Whether an installed package brings this kind of channel."""
    from importlib.metadata import entry_points

    return bool(entry_points(group=CHANNEL_GROUP, name=kind))


def _recipients(fields: Fields) -> tuple[str, ...]:
    recipients = fields.texts("recipients")
    if not recipients:
        raise fields.error(fields.line, "an email channel has no 'recipients'", "add `recipients: [a@example.com]`")
    for recipient in recipients:
        if REFERENCE.fullmatch(recipient):
            continue
        name, at, domain = recipient.rpartition("@")
        if not (name and at and domain) or any(c.isspace() for c in recipient):
            raise fields.error(
                fields.line_of("recipients"), f"not an email address: {recipient[:80]!r}", "write name@example.com"
            )
    return recipients


def _address(fields: Fields, key: str, schemes: tuple[str, ...]) -> str:
    """An address as written. It is a credential: no error repeats more than its host."""
    address = fields.required(key)
    if "${" in REFERENCE.sub("", address):
        raise fields.error(fields.line_of(key), f"{key!r} has a broken ${{…}} reference", "write ${NAME}")
    if schemes and not address.startswith((*schemes, "${")):
        raise fields.error(
            fields.line_of(key), f"{key!r} is not an http(s) address: {shown_address(address)}",
            "write https://… or ${NAME}",
        )  # fmt: skip
    return address


def _secret(fields: Fields) -> str:
    secret = fields.text("secret") or ""
    if secret and not REFERENCE.fullmatch(secret):
        raise fields.error(fields.line_of("secret"), "'secret' is written out", "write secret: ${NAME}")
    return secret
