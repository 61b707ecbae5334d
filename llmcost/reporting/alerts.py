"""What `budget notify` did, as text and as JSON."""

from __future__ import annotations

import json
from datetime import tzinfo
from typing import Any, NamedTuple

from llmcost.core.instants import rfc3339
from llmcost.core.text import printable, redact
from llmcost.reporting.console import render, table
from llmcost.reporting.numbers import counted


class Told(NamedTuple):
    """One alert to one channel."""

    id: str
    channel: str
    state: str
    """`sent`, `failed`, `waiting`, `given up`, or in a dry run `due`."""
    attempts: int
    error: str
    due_us: int | None
    """When it is tried again."""
    alert: dict[str, Any]


class Unusable(NamedTuple):
    """A channel that lacks a setting."""

    key: str
    shown: str
    error: str
    hint: str


class Run(NamedTuple):
    as_of: int
    zone: tzinfo
    file: str
    dry_run: bool
    new: int
    """Alerts that came about in this run."""
    told: tuple[Told, ...]
    unusable: tuple[Unusable, ...]


def as_json(run: Run) -> str:
    document = {
        "schema_version": 1,
        "as_of": rfc3339(run.as_of, run.zone),
        "tz": str(run.zone),
        "file": run.file,
        "dry_run": run.dry_run,
        "new": run.new,
        "alerts": [
            {
                "id": told.id,
                "channel": redact(told.channel),
                "state": told.state.replace(" ", "_"),
                "attempts": told.attempts,
                "next_attempt": None if told.due_us is None else rfc3339(told.due_us, run.zone),
                "error": told.error or None,
                "alert": told.alert,
            }
            for told in run.told
        ],
        "unusable_channels": [{"channel": redact(one.shown), "error": one.error} for one in run.unusable],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def as_text(run: Run, *, width: int | None = None, color: bool = False) -> str:
    rows = [(_cell(told.channel), told.state, _cell(str(told.alert["message"]))) for told in run.told]
    return render([table(("channel", "state", "message"), rows)], width=width, color=color)


def failures(run: Run) -> list[str]:
    """What was not delivered and why, one line each."""
    lines = [f"{_place(one)}: {one.error}; {one.hint}" for one in run.unusable]
    for told in run.told:
        if told.state == "failed" and told.due_us is not None:
            again = f"tried again from {rfc3339(told.due_us, run.zone)}"
            lines.append(f"{told.channel}: {told.error}; {again}: {told.alert['message']}")
        elif told.state == "given up":
            lines.append(f"{told.channel}: given up, try again with --retry: {told.error}: {told.alert['message']}")
    return lines


def _place(one: Unusable) -> str:
    """The channel, without a reference that its error begins with."""
    return one.shown.removesuffix(f": {one.error.partition(' ')[0]}")


def remarks(run: Run) -> list[str]:
    if run.dry_run:
        return [f"{counted(len(run.told), 'alert')} would be sent ({run.new} new); nothing was kept or sent"]
    # The stdout channel has shown its own.
    lines = [f"sent to {_cell(told.channel)}: {_cell(str(told.alert['message']))}"
             for told in run.told if told.state == "sent" and told.channel != "stdout"]  # fmt: skip
    counts = {
        state: sum(told.state == state for told in run.told) for state in ("sent", "failed", "waiting", "given up")
    }
    said = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    return [*lines, f"{counted(run.new, 'new alert')}; {said or 'nothing due'}"]


def _cell(text: str) -> str:
    return printable(redact(text))
