"""`llmcost reprice`: prices for rows that had none."""

from __future__ import annotations

import json
from contextlib import closing, nullcontext
from typing import Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.cli.period import Since, Until, Where, filters
from llmcost.core.errors import ExitCode, UsageError


def reprice(
    env: Env,
    everything: Annotated[
        bool, typer.Option("--all", help="Also rows that have a price: at today's book, for their own time.")
    ] = False,
    since: Since = "",
    until: Until = "",
    where: Where = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; write nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 6 when rows stay unpriced.")] = False,
) -> int:
    """Price unpriced rows again with today's price book, each for its own time."""
    from llmcost.core.instants import parse_start, parse_when
    from llmcost.core.money import usd_text
    from llmcost.ingest.reprice import reprice as again
    from llmcost.ledger.protocol import Query
    from llmcost.reporting.numbers import count, counted, usd

    form = env.choose_format("table", "json")
    end = parse_when(until, env.zone) if until else 2**62
    start = parse_start(since, env.zone, end if until else env.now_us) if since else -(2**62)
    if end <= start:
        raise UsageError(f"the period from {since} to {until} is empty", "--until must be later than --since")
    if not env.ledger_path.exists():
        env.open_ledger()
    with closing(env.open_ledger(write=True)) as ledger, ledger.rehearsal() if dry_run else nullcontext():
        env.note_compacted(ledger, start)
        done = again(ledger, env.book, Query(start, end, where=filters(where)), everything=everything)
    if form == "json":
        document = {
            "schema_version": 1, "dry_run": dry_run, "seen": done.seen, "changed": done.changed,
            "unpriced": done.unpriced, "cost_before_usd": usd_text(done.before), "cost_after_usd": usd_text(done.after),
        }  # fmt: skip
        env.emit(json.dumps(document, indent=2))
    else:
        verb = "would change" if dry_run else "changed"
        env.emit(
            f"{verb} {count(done.changed)} of {counted(done.seen, 'request')}: {usd(done.before)} -> {usd(done.after)}"
            f"; {count(done.unpriced)} {'' if everything else 'still '}unpriced"
        )
    return ExitCode.DATA if strict and done.unpriced else ExitCode.OK


app = single(reprice)
