"""`llmcost requests`: the single requests behind a report."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from llmcost.analysis.periods import Span, compared
from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.cli.period import Where, filters


def requests(
    env: Env,
    span: Span,
    where: Where = None,
    top: Annotated[int, typer.Option("--top", metavar="N", min=0, max=10**9, help="How many; 0 for all.")] = 20,
    order: Annotated[
        str,
        typer.Option("--order", metavar="NAME", help="cost, tokens or latency, largest first; or time, oldest first."),
    ] = "cost",
) -> None:
    """The single requests behind a report, dearest first."""
    from llmcost.core.instants import rfc3339
    from llmcost.ledger.protocol import Query
    from llmcost.reporting import requests as shown

    form = env.choose_format("table", "json", "csv", "markdown")
    period = compared(span, env.now_us, env.zone).period
    query = Query(period.start, period.end, where=filters(where))
    with closing(env.open_ledger()) as ledger:
        env.note_compacted(ledger, query.start)
        rows = list(ledger.requests(query, order=order, limit=top or None))
        newest = None if rows else ledger.newest_at(env.now_us)
    if form == "json":
        env.emit(shown.as_json(rows, env.zone))
    elif form == "csv":
        env.emit_all(shown.csv_lines(rows, env.zone))
    elif form == "markdown":
        env.emit(shown.as_markdown(rows, env.zone))
    else:
        env.emit(shown.as_table(rows, env.zone, order=order, width=env.width, color=env.color))
    if not rows:
        last_one = f"; the last one is of {rfc3339(newest, env.zone)}" if newest is not None else ""
        env.note(f"no such requests in this period{last_one}")


app = single(requests)
