"""`llmcost report --basis whole`: infrastructure, inference and operations together."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from llmcost.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmcost.cli.environment import Env
    from llmcost.core.instants import Period


def show_whole(env: Env, period: Period, by: tuple[str, ...], others: Mapping[str, object]) -> ExitCode:
    """Write the whole cost.

    Raises:
        UsageError: one of the `others`, options that it does not know, is given.
    """
    from llmcost.analysis.whole import whole
    from llmcost.reporting.whole import FORMATS, written

    form = env.choose_format(*FORMATS)
    for option, value in others.items():
        if value:
            raise UsageError(f"--basis whole and {option} exclude each other", "leave one of them out")
    with closing(env.open_ledger()) as ledger:
        found = whole(ledger, period, by or ("app",))
    env.emit(written(found, form, width=env.width, color=env.color))
    if not found.portions:
        env.note("no costs beside the requests in this period: `llmcost costs add` enters one")
    return ExitCode.OK
