"""The mail server as LLMCOST_SMTP_* say it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from llmcost.core.errors import UsageError
from llmcost.notify.outlet import Smtp

_MAX_SECRET = 65_536
_PORTS = {"starttls": 587, "implicit": 465, "none": 25}


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
