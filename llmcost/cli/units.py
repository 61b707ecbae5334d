"""`llmcost units`: what one user, session, feature, task or outcome costs, and what was wasted."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.analysis.periods import Span, compared
from llmcost.cli.environment import Env, expanded
from llmcost.cli.options import single
from llmcost.cli.period import Where, filters
from llmcost.core.errors import UsageError

if TYPE_CHECKING:
    from llmcost.analysis.outcomes import Outcome


def units(
    env: Env,
    span: Span,
    where: Where = None,
    feature: Annotated[
        str, typer.Option("--feature", metavar="DIM", help="What features are told apart by.")
    ] = "tag.feature",
    task: Annotated[str, typer.Option("--task", metavar="DIM", help="What tasks are told apart by.")] = "prompt_id",
    outcomes: Annotated[
        Path | None, typer.Option("--outcomes", metavar="FILE.csv", help="Outcomes: key, value_usd, status, kind.")
    ] = None,
    join: Annotated[
        str, typer.Option("--join", metavar="DIM", help="What requests carry an outcome's key in.")
    ] = "branch",
    top: Annotated[int, typer.Option("--top", metavar="N", min=0, help="Outcomes shown; 0 for all.")] = 20,
) -> None:
    """Cost per user, session, feature, task, successful request and outcome; waste; what prompt caches saved."""
    from llmcost.analysis.outcomes import outcomes as joined
    from llmcost.analysis.units import units as counted
    from llmcost.analysis.waste import waste
    from llmcost.core.record import dimension
    from llmcost.ledger.protocol import Query
    from llmcost.reporting.units import FORMATS, Found, written

    form = env.choose_format(*FORMATS)
    by = dimension(join)
    given = None if outcomes is None else _read(outcomes)
    period = compared(span, env.now_us, env.zone).period
    chosen = filters(where)
    with closing(env.open_ledger()) as ledger, ledger.snapshot():
        env.note_compacted(ledger, period.start)
        period = period._replace(start=min(period.end, max(period.start, ledger.raw_since() or 0)))
        query = Query(period.start, period.end, where=chosen)
        found = Found(
            period,
            counted(ledger, period, chosen, feature=feature, task=task),
            waste(ledger.requests(query, order="time", limit=None), min(period.end, env.now_us)),
            None if given is None else joined(given, by, ledger.sums(query._replace(by=(by,)))),
        )
    env.emit(written(found, form, top=top or None, width=env.width, color=env.color))


def _read(path: Path) -> dict[str, Outcome]:
    from llmcost.analysis.outcomes import read

    path = expanded(str(path))
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return read(lines, path.name)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "check the path") from None


app = single(units)
