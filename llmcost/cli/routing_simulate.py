"""`llmcost routing simulate`: the ledger's requests under a policy."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.cli.period import Since, Until, Where, filters
from llmcost.core.errors import DataError, UsageError

if TYPE_CHECKING:
    from llmcost.ledger.protocol import Query


def simulate(
    env: Env,
    policy: Annotated[
        str,
        typer.Option("--policy", metavar="FILE", help="A routing policy; ./routing.yaml.", show_default=False),
    ] = "",
    since: Since = "30d",
    until: Until = "",
    where: Where = None,
) -> None:
    """What the ledger's requests would have cost under a policy, against what was paid and the best single model."""
    from llmcost.cli.route_options import policy_of
    from llmcost.core.text import printable
    from llmcost.reporting import simulation as report
    from llmcost.routing.counterfactual import Repricer
    from llmcost.routing.labels import averaged
    from llmcost.routing.replay import Replay
    from llmcost.routing.simulate import simulate as run

    env.choose_format("table", "json")
    rules = policy_of(policy)
    query = _query(env, since, until, where)
    reprice = Repricer(env.book, rules.candidates, env.now_us)
    with closing(env.open_ledger()) as ledger, ledger.snapshot():
        rows = ledger.requests(query, order="time", limit=None)
        labels = averaged(ledger.labels.all())
        found = run(Replay((row.priced for row in rows), rules, reprice), rules.candidates, labels)
    env.note(f"policy: {printable(rules.origin)}")
    if not found.requests:
        left_out = ", ".join(f"{count:,} {reason}" for reason, count in found.excluded.items())
        raise DataError(
            f"no request of this period can be simulated{f' ({left_out})' if left_out else ''}",
            "choose a longer period with --since, or ingest logs first",
        )
    shown = report.Shown(found, rules, query.start, query.end if until else env.now_us, env.zone)
    env.emit(report.as_json(shown) if env.format == "json" else report.as_text(shown, width=env.width, color=env.color))


def _query(env: Env, since: str, until: str, where: list[str] | None) -> Query:
    from llmcost.core.instants import parse_start, parse_when
    from llmcost.core.record import dimension
    from llmcost.ledger.protocol import Query

    end = parse_when(until, env.zone) if until else env.now_us
    start = parse_start(since, env.zone, end)
    if end <= start:
        raise UsageError(f"the period from {since} to {until or 'now'} is empty", "--until must be later than --since")
    # A request of this very moment is one up to now.
    return Query(
        start, end if until else end + 1, where=tuple((dimension(name), value) for name, value in filters(where))
    )
