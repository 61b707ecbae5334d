"""`llmcost report --seats`: subscriptions against their use."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from llmcost.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmcost.cli.environment import Env
    from llmcost.core.instants import Period


def show_seats(env: Env, period: Period, others: Mapping[str, object]) -> ExitCode:
    """Write what each seat costs and what it is worth.

    Raises:
        UsageError: one of the `others`, options that it does not know, is given.
    """
    from llmcost.analysis.seats import seats
    from llmcost.reporting.seats import FORMATS, written

    form = env.choose_format(*FORMATS)
    for option, value in others.items():
        if value:
            raise UsageError(f"--seats and {option} exclude each other", "leave one of them out")
    with closing(env.open_ledger()) as ledger:
        found = seats(ledger, period)
    env.emit(written(found, form, width=env.width, color=env.color))
    if not found.seats:
        env.note("no seats and no use of any in this period: `llmcost costs add NAME --category seat` enters one")
    return ExitCode.OK
