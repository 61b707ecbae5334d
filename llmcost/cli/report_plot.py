"""`llmcost report --chart breakdown`: a picture of four panes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from llmcost.core.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmcost.cli.environment import Env
    from llmcost.core.instants import Period
    from llmcost.ledger.measures import Sums

CHARTS = ("breakdown",)


def show_plot(
    env: Env,
    chart: str,
    period: Period,
    where: tuple[tuple[str, str], ...],
    granularity: str,
    others: Mapping[str, object],
) -> tuple[Sums, int | None]:
    """Write the picture; the period's sums and the time of the newest request.

    Raises:
        UsageError: there is no such chart, one of the `others` is given, which it does not know, Matplotlib is not
            installed, or stdout is a terminal.
    """
    import logging

    from llmcost.analysis.breakdown import breakdown
    from llmcost.analysis.report import granularity_for
    from llmcost.core.instants import granularity_named
    from llmcost.ledger.protocol import Query
    from llmcost.reporting.plot import render, require

    if chart and chart not in CHARTS:
        raise UsageError(f"unknown chart {chart!r}{nearest(chart, CHARTS)}", f"use {' or '.join(CHARTS)}")
    for option, value in others.items():
        if value:
            what = "--chart" if chart else f"--format {env.format}"
            raise UsageError(f"{what} and {option} exclude each other", "keep one of them")
    unit = granularity_named(granularity) if granularity else granularity_for(period)
    # It would tell on stderr that it looks for fonts, or has no folder to remember them in.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    require()
    with closing(env.open_ledger()) as ledger:
        with ledger.snapshot():
            found = breakdown(ledger, period, unit, where)
            sums = ledger.sums(Query(period.start, period.end, where=where))[0].sums
        newest = ledger.newest_at(env.now_us)
    env.emit_bytes(render(found, env.format))
    if not found.requests:
        env.note("no requests in this period: the picture is empty")
    return sums, newest
