"""Channels with their `${NAME}` references filled in: the one place that takes secrets from the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from llmcost.budgets.model import REFERENCE, Channel
from llmcost.core.errors import UsageError
from llmcost.notify.outlet import Destination, Smtp

_MAX_SECRET = 65_536
_PORTS = {"starttls": 587, "implicit": 465, "none": 25}


class Surroundings(NamedTuple):
    """What all destinations of a run share."""

    environ: Mapping[str, str]
    now_us: int
    timeout: float
    write: Callable[[str], None]


def value_of(name: str, environ: Mapping[str, str]) -> str | None:
    """The variable NAME, else the content of the file that NAME_FILE names; None when neither is set.

    Raises:
        UsageError: the file cannot be read.
    """
    if environ.get(name):
        return environ[name]
    path = environ.get(f"{name}_FILE")
    if not path:
        return None
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.read(_MAX_SECRET).strip() or None
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise UsageError(f"{name}_FILE names {path}, which cannot be read: {why}", "check the path") from None


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


def smtp_settings(environ: Mapping[str, str]) -> Smtp:
    """The mail server of LLMCOST_SMTP_*.

    Raises:
        UsageError: host or sender is not set, or a value is none it may have.
    """
    host, sender = value_of("LLMCOST_SMTP_HOST", environ), value_of("LLMCOST_SMTP_FROM", environ)
    if not host or not sender:
        missing = "LLMCOST_SMTP_FROM" if host else "LLMCOST_SMTP_HOST"
        raise UsageError(f"{missing} is not set", "an email channel needs a mail server: see docs/alerts.md")
    tls = value_of("LLMCOST_SMTP_TLS", environ) or "starttls"
    if tls not in _PORTS:
        raise UsageError(f"LLMCOST_SMTP_TLS is {tls[:20]!r}", f"use one of {', '.join(_PORTS)}")
    port = value_of("LLMCOST_SMTP_PORT", environ) or str(_PORTS[tls])
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
        raise UsageError(f"LLMCOST_SMTP_PORT is no port: {port[:20]!r}", f"leave it out for {_PORTS[tls]}")
    user, password = value_of("LLMCOST_SMTP_USER", environ) or "", value_of("LLMCOST_SMTP_PASSWORD", environ) or ""
    return Smtp(host, int(port), sender, user, password, tls)
