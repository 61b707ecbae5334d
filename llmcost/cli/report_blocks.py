"""`llmcost report --blocks`: five-hour billing blocks."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from llmcost.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmcost.cli.environment import Env
    from llmcost.core.instants import Period
    from llmcost.ledger.measures import Sums


def show_blocks(
    env: Env, period: Period, where: tuple[tuple[str, str], ...], form: str, others: Mapping[str, object]
) -> tuple[Sums, int | None]:
    """Write the blocks; their sums and the time of the newest request.

    Raises:
        UsageError: one of the `others`, options that blocks do not know, is given.
    """
    from llmcost.analysis.blocks import blocks
    from llmcost.core.instants import rfc3339
    from llmcost.reporting.blocks import render
    from llmcost.reporting.view import View

    for option, value in others.items():
        if value:
            raise UsageError(f"--blocks and {option} exclude each other", "keep one of them")
    with closing(env.open_ledger()) as ledger:
        found = blocks(ledger, period, where, env.now_us)
        newest = ledger.newest_at(env.now_us)
    env.emit(render(found, View(width=env.width, color=env.color), form))
    if not found.blocks:
        last = "" if newest is None else f"; the newest request of all is of {rfc3339(newest, env.zone)}"
        env.note(f"no block starts in this period{last}: `--day=current` shows today's, `--last 30d` more")
    return found.sums, newest
