"""`llmcost report --basis billed`: what providers billed, from their own pages and exports."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from llmcost.core.errors import ExitCode, UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmcost.cli.environment import Env
    from llmcost.core.instants import Period

BASES = ("requests", "billed", "whole")


def is_billed(basis: str) -> bool:
    """Raises UsageError: there is no such basis."""
    if basis not in BASES:
        raise UsageError(f"unknown basis {basis!r}{nearest(basis, BASES)}", f"use one of {', '.join(BASES)}")
    return basis == "billed"


def show_billed(env: Env, period: Period, by: tuple[str, ...], others: Mapping[str, object]) -> ExitCode:
    """Write what was billed.

    Raises:
        UsageError: one of the `others`, options that billed lines do not know, is given.
    """
    from llmcost.analysis.billed import billed
    from llmcost.reporting.billed import FORMATS, written

    form = env.choose_format(*FORMATS)
    for option, value in others.items():
        if value:
            raise UsageError(f"--basis billed and {option} exclude each other", "leave one of them out")
    with closing(env.open_ledger()) as ledger:
        found = billed(ledger, period, by or ("provider", "model"))
    env.emit(written(found, form, width=env.width, color=env.color))
    if not found.total.lines:
        env.note("nothing billed in this period: `llmcost ingest` reads providers' usage and cost pages")
    return ExitCode.OK
