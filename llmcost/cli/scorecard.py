"""`llmcost scorecard`: recorded predictions against what came."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.cli.period import Since, Until
from llmcost.core.errors import UsageError, nearest
from llmcost.core.text import clean_field


def scorecard(
    env: Env,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Only predictions recorded under these ids.", show_default=False),
    ] = None,
    min_requests: Annotated[
        int,
        typer.Option("--min-requests", metavar="N", min=1, max=10**9, help="A prediction with fewer stays open."),
    ] = 20,
    since: Since = "",
    until: Until = "",
) -> None:
    """Hold what `estimate --record` and `diff --record` foretold against the ledger, and publish the error."""
    from llmcost.core.instants import parse_start, parse_when
    from llmcost.estimate.scorecard import judge, same_model
    from llmcost.reporting import scorecard as report

    env.choose_format("table", "json")
    end = parse_when(until, env.zone) if until else None
    start = parse_start(since, env.zone, env.now_us if end is None else end) if since else None
    if start is not None and end is not None and end <= start:
        raise UsageError(f"the period from {since} to {until} is empty", "--until must be later than --since")
    names = {clean_field(name.strip()) for name in ids or ()}
    with closing(env.open_ledger()) as ledger, ledger.snapshot():
        known = {each.name for each in ledger.predictions() if each.recorded_us <= env.now_us}
        if unknown := sorted(names - known):
            raise UsageError(
                f"no prediction is recorded as {unknown[0]!r}{nearest(unknown[0], known)}",
                "`llmcost scorecard` lists them all",
            )
        judged = judge(
            ledger, now_us=env.now_us, same_model=same_model(env.book), names=names, min_requests=min_requests,
            since=start, until=end,
        ) if known else []  # fmt: skip
    if env.format == "json":
        env.emit(report.as_json(judged, now_us=env.now_us, min_requests=min_requests, zone=env.zone))
    elif judged:
        env.emit(report.as_text(judged, width=env.width, color=env.color))
    if not judged:
        env.note("no predictions are recorded: `llmcost estimate PATH --record ID` records one")


app = single(scorecard)
