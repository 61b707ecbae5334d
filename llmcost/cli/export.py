"""`llmcost export`: the ledger's rows, for other tools and other ledgers."""

from __future__ import annotations

from contextlib import closing

from llmcost.analysis.periods import Span, compared
from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.cli.period import Where, filters


def export(
    env: Env,
    span: Span,
    where: Where = None,
) -> None:
    """Write the ledger's rows as JSON Lines (or --format csv, --json); all of them unless a period is given.

    `llmcost ingest` reads JSON Lines and CSV back and keeps identities, costs and sources.
    """
    from llmcost.ledger.protocol import Query
    from llmcost.reporting.requests import csv_lines, json_document, jsonl

    form = env.choose_format("jsonl", "csv", "json")
    where_all = filters(where)
    period = compared(span, env.now_us, env.zone).period if any(span) else None
    with closing(env.open_ledger()) as ledger, ledger.snapshot():
        if period is not None:
            query = Query(period.start, period.end, where=where_all)
        else:
            first, final = ledger.bounds() or (0, 0)
            query = Query(first, final + 1, where=where_all)
        env.note_compacted(ledger, query.start)
        rows = ledger.requests(query, order="time", limit=None)
        env.emit_all({"csv": csv_lines, "json": json_document, "jsonl": jsonl}[form](rows, env.zone))


app = single(export)
