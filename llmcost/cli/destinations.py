"""Channels with their `${NAME}` references filled in: the one place that takes secrets from the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from llmcost.budgets.model import REFERENCE, Channel
from llmcost.core.errors import UsageError
from llmcost.notify.outlet import Destination
from llmcost.notify.smtp_settings import smtp_settings, value_of


class Surroundings(NamedTuple):
    """What all destinations of a run share."""

    environ: Mapping[str, str]
    now_us: int
    timeout: float
    write: Callable[[str], None]


def destination(channel: Channel, around: Surroundings) -> Destination:
    """Where one channel's messages go.

    Raises:
        UsageError: a variable is missing; its name is said, never a value.
    """
    secrets: list[str] = []

    def filled(text: str) -> str:
        def value(name: str) -> str:
            found = value_of(name, around.environ)
            if found is None:
                raise UsageError(f"${{{name}}} is not set", f"set {name}, or {name}_FILE to a file that holds it")
            secrets.append(found)
            return found

        return REFERENCE.sub(lambda match: value(match[0][2:-1]), text)

    address, secret = filled(channel.target), filled(channel.secret)
    people = [one.strip() for text in channel.recipients for one in filled(text).split(",")]
    smtp = smtp_settings(around.environ) if channel.type == "email" else None
    if smtp:
        secrets.append(smtp.password)
    # Behind the host an address is a credential, even when it is quoted without it.
    path = address.partition("://")[2].partition("/")[2]
    secrets += [address, path] if channel.type != "email" else []
    return Destination(
        address, tuple(filter(None, people)), secret, channel.allow_private, smtp, tuple(filter(None, secrets)),
        around.now_us, around.timeout, around.write,
    )  # fmt: skip
