"""`llmcost statusline`: one line for Claude Code's status line."""

from __future__ import annotations

import stat
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.cli.period import Where, filters
from llmcost.core.errors import UsageError

_CLAUDE_CODE = "claude-code"


def statusline(
    env: Env,
    where: Where = None,
    ingest: Annotated[
        bool, typer.Option("--ingest", help="First read what is new in the session's transcript into the ledger.")
    ] = False,
) -> None:
    """One line for Claude Code's status line: what the session, today and the running block cost.

    Standard input is the JSON of Claude Code's hook, or nothing. Without --where, requests of Claude Code count.
    """
    from llmcost.analysis.blocks import BLOCK_US, blocks
    from llmcost.core.instants import Period, from_us, local_midnight
    from llmcost.ledger.protocol import Query
    from llmcost.reporting import statusline as shown

    form = env.choose_format("table", "json")
    chosen = filters(where) or (("source", _CLAUDE_CODE),)
    hook = shown.read_hook(_standard_input(shown.MAX_HOOK + 1))
    if ingest and hook.transcript:
        _bring_up_to_date(env, hook.transcript)
    now, zone = env.now_us, env.zone
    midnight = local_midnight(from_us(now, zone).date(), zone)
    with closing(env.open_ledger()) as ledger, ledger.snapshot():
        today = ledger.sums(Query(midnight, now, where=chosen))[0].sums
        running = blocks(ledger, Period(now - BLOCK_US + 1, now, zone, "running"), chosen, now).active
    status = shown.Status(hook, today, running)
    env.emit(shown.document(status, zone) if form == "json" else shown.line(status))


def _standard_input(limit: int) -> bytes:
    """What is piped in; nothing from a terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        return b""
    return sys.stdin.buffer.read(limit)


def _bring_up_to_date(env: Env, named: str) -> None:
    """Read what is new in a transcript that a hook names; whoever wrote the hook's JSON must not make us read more."""
    from llmcost.ingest.pipeline import Ingest
    from llmcost.sources import detect
    from llmcost.sources.reader import LogFile

    path = Path(named)
    try:
        regular = path.is_absolute() and path.suffix == ".jsonl" and stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return  # a session that has not said anything yet
    except ValueError:
        regular = False
    if not regular:
        raise UsageError(
            f"the transcript {named[:200]!r} is no log of Claude Code", "check what calls `llmcost statusline`"
        )
    with closing(LogFile.open(path)) as file:
        source = detect(file)
    if source is None or source.name != _CLAUDE_CODE:
        return
    book = env.book
    with closing(env.open_ledger(write=True)) as ledger:
        job = Ingest(ledger, book, label="statusline", now_us=env.now_us, incremental=True, rules=env.rules)
        job.paths([path])
        result = job.finish()
    if result.skipped:
        env.note(f"skipped {result.skipped:,} of the transcript's lines: `llmcost ingest` says why")


app = single(statusline)
