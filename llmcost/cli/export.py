"""`llmcost export`: the ledger's rows, for other tools and other ledgers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.analysis.periods import Span, compared
from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.cli.period import Where, filters
from llmcost.core.errors import UsageError

if TYPE_CHECKING:
    from llmcost.core.instants import Period
    from llmcost.ledger.protocol import StoredRequest


def export(
    env: Env,
    span: Span,
    where: Where = None,
    account: Annotated[
        str, typer.Option("--account", metavar="ID[=NAME]", help="The billing account of a FOCUS export.")
    ] = "default",
) -> None:
    """Write the ledger's rows as JSON Lines (or --format csv, --json); all of them unless a period is given.

    `llmcost ingest` reads JSON Lines and CSV back and keeps identities, costs and sources. `--format focus` writes
    charges by day and kind of token as FOCUS 1.2.
    """
    from llmcost.ledger.protocol import Query
    from llmcost.reporting.requests import csv_lines, json_document, jsonl

    form = env.choose_format("jsonl", "csv", "json", "focus")
    where_all = filters(where)
    # Billing periods are months of UTC.
    zone = UTC if form == "focus" else env.zone
    period = compared(span, env.now_us, zone).period if any(span) else None
    with closing(env.open_ledger()) as ledger, ledger.snapshot():
        if period is not None:
            query = Query(period.start, period.end, where=where_all)
        else:
            first, final = ledger.bounds() or (0, 0)
            query = Query(first, final + 1, where=where_all)
        env.note_compacted(ledger, query.start)
        rows = ledger.requests(query, order="time", limit=None)
        if form == "focus":
            _focus(env, rows, account)
            if where_all or (period is not None and _cuts_months(period, env.now_us)):
                env.note("not all of each month; `llmcost ingest` takes such a file for the whole month's bill")
            return
        env.emit_all({"csv": csv_lines, "json": json_document, "jsonl": jsonl}[form](rows, env.zone))


def _cuts_months(period: Period, now_us: int) -> bool:
    from llmcost.analysis.focus import month_bounds, month_of

    ends = (period.start,) if period.end >= now_us else (period.start, period.end)
    return any(us != month_bounds(month_of(us))[0] for us in ends)


def _focus(env: Env, rows: Iterator[StoredRequest], account: str) -> None:
    from llmcost.analysis.focus import Charges
    from llmcost.reporting.focus import Account, lines
    from llmcost.reporting.numbers import counted

    charges = Charges(rows)
    identity, _, name = account.partition("=")
    if not identity.strip():
        raise UsageError(f"--account {account!r} has no id", "write --account org-1 or --account 'org-1=Example Ltd'")
    env.emit_all(lines(charges, Account(identity.strip(), name.strip())))
    if charges.unpriced:
        env.note(f"not in it, for want of a price: {counted(charges.unpriced, 'request')}")
    if charges.covered:
        env.note(f"not in it, for a subscription pays for them: {counted(charges.covered, 'request')}")


app = single(export)
