"""`llmcost costs`: what is paid beside the requests."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env, expanded
from llmcost.cli.options import command, group
from llmcost.core.errors import UsageError
from llmcost.reporting.numbers import counted

if TYPE_CHECKING:
    from datetime import date

app = group()

_NAME = Annotated[str, typer.Argument(metavar="NAME", help="The entry's name.", show_default=False)]


def add(
    env: Env,
    name: _NAME,
    amount: Annotated[str, typer.Option("--amount", metavar="USD", help="Exact; a credit is negative.")],
    start: Annotated[str, typer.Option("--start", metavar="DATE", help="Its first day.")],
    per: Annotated[str, typer.Option("--per", metavar="UNIT", help="month, week, day or once.")] = "month",
    end: Annotated[str, typer.Option("--end", metavar="DATE", help="Its last day.")] = "",
    category: Annotated[
        str, typer.Option("--category", metavar="NAME", help="infrastructure, inference, operations or seat.")
    ] = "",
    allocate: Annotated[
        str, typer.Option("--allocate", metavar="RULE", help="tokens, requests, cost, even or manual.")
    ] = "",
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="DIM=VALUE", help="Only these requests' groups share it.")
    ] = None,
    to: Annotated[
        str, typer.Option("--to", metavar="DIM=VALUE:N,…", help="Weights by hand: app=chatbot:60,search:40.")
    ] = "",
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="Whose seat it is.")] = "",
    tool: Annotated[str, typer.Option("--tool", metavar="NAME", help="Which tool's, as --by source names it.")] = "",
) -> None:
    """Enter a cost: GPU rental, provisioned throughput, tools, staff, credits, a seat."""
    from llmcost.ingest.fixed_costs import entry

    env.choose_format("table", "json")
    fields = {
        "name": name, "category": category, "amount_usd": amount, "per": per, "start": start, "end": end,
        "allocate": allocate, "to": to, "user": user, "tool": tool,
    }  # fmt: skip
    made = entry(fields, where or ())
    with closing(env.open_ledger(write=True)) as ledger, ledger.transaction():
        standing = [each for each in ledger.costs.all() if (each.name, each.start) == (made.name, made.start)]
        if standing and standing != [made]:
            raise UsageError(
                f"there is another {made.name!r} from {made.start}",
                "`llmcost costs remove` takes it out; or choose another name, or the day from which this one counts",
            )
        ledger.costs.put([made])
    _say(env, "it stands already" if standing else f"entered {made.name}", entered=int(not standing))


def list_(env: Env) -> None:
    """What is entered."""
    from llmcost.reporting.costs import FORMATS, written

    form = env.choose_format(*FORMATS)
    with closing(env.open_ledger()) as ledger:
        entries = ledger.costs.all()
    if form != "table" or entries:
        env.emit(written(entries, form, width=env.width, color=env.color))
    if not entries:
        env.note("no costs beside the requests: `llmcost costs add` enters one")


def import_(
    env: Env,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV; docs/whole-cost.md has its columns.")],
) -> None:
    """Read entries from a CSV file; each replaces the one of its name and start."""
    from llmcost.ingest.fixed_costs import read

    env.choose_format("table", "json")
    path = expanded(str(file))
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            entries = read(lines, path.name)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "check the path") from None
    with closing(env.open_ledger(write=True)) as ledger, ledger.transaction():
        before = {(each.name, each.start): each for each in ledger.costs.all()}
        replaced = ledger.costs.put(entries)
    new = sum((each.name, each.start) not in before for each in entries)
    same = len(entries) - new - replaced
    _say(
        env, f"{counted(new, 'new cost')}, {replaced} replaced, {same} unchanged",
        new=new, replaced=replaced, unchanged=same,
    )  # fmt: skip


def remove(
    env: Env,
    name: _NAME,
    start: Annotated[
        str, typer.Option("--start", metavar="DATE", help="Only the one that begins then.", show_default=False)
    ] = "",
) -> None:
    """Take out every entry of a name."""
    from llmcost.core.text import clean_field

    env.choose_format("table", "json")
    first = _day(start) if start else None
    if not env.ledger_path.exists():
        env.open_ledger()
    with closing(env.open_ledger(write=True)) as ledger:
        gone = ledger.costs.remove(clean_field(name.strip()), first)
    if not gone:
        what = f"no cost {name!r}" + (f" from {first}" if first else "")
        raise UsageError(what, "`llmcost costs list` shows them")
    _say(env, f"took out {counted(gone, 'cost')}", removed=gone)


def _day(text: str) -> date:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"not a day: {text!r}", "write 2026-01-31") from None


def _say(env: Env, text: str, **numbers: int) -> None:
    env.emit(json.dumps({"schema_version": 1, **numbers}) if env.format == "json" else text)


app.command("add")(command(add))
app.command("list")(command(list_))
app.command("import")(command(import_))
app.command("remove")(command(remove))
