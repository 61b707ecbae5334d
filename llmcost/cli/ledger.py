"""`llmcost ledger`: look after the ledger."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import command, group
from llmcost.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from llmcost.ledger.sqlite import SqliteLedger

app = group()


def info(env: Env) -> None:
    """What the ledger holds, and the batches that brought it."""
    from llmcost.reporting import ledger as shown

    form = env.choose_format("table", "json")
    with closing(env.open_ledger()) as ledger:
        found = ledger.info()
    if form == "json":
        env.emit(shown.info_json(found, env.zone))
    else:
        env.emit(shown.info_text(found, env.zone, width=env.width, color=env.color))


def check(env: Env) -> int:
    """Prove that the stored totals are those of the rows, and the file is sound; exit code 6 when not."""
    form = env.choose_format("table", "json")
    with closing(env.open_ledger()) as ledger:
        problems = ledger.check()
    if form == "json":
        env.emit(json.dumps({"schema_version": 1, "sound": not problems, "problems": problems}, indent=2))
    else:
        env.emit("\n".join(problems) if problems else "sound: roll-ups equal their rows, and SQLite finds no damage")
    return ExitCode.DATA if problems else ExitCode.OK


def undo(env: Env, batch: Annotated[int, typer.Argument(help="Its number, from `ledger info`.")]) -> None:
    """Take back one ingest; requests it had replaced return."""
    with closing(_existing(env)) as ledger:
        rows = ledger.undo(batch)
    env.emit(f"took back {rows:,} requests of batch {batch}")


def forget(
    env: Env,
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="Whose name to erase.")],
) -> None:
    """Erase a user's name, sessions, tags and digests; costs and tokens stay."""
    if not user:
        raise UsageError("--user is empty", "name the user to forget")
    with closing(_existing(env)) as ledger:
        rows = ledger.forget_user(user)
    env.emit(f"erased the name from {rows:,} requests")


def backup(env: Env, file: Annotated[str, typer.Argument(help="A new file.")]) -> None:
    """Copy the ledger to a new file, while others may be writing."""
    with closing(env.open_ledger()) as ledger:
        ledger.backup(Path(file))
    env.emit(f"wrote {file}")


def _existing(env: Env) -> SqliteLedger:
    """The ledger, to write; a missing one is an error, not made."""
    if not env.ledger_path.exists():
        env.open_ledger()
    return env.open_ledger(write=True)


for function in (info, check, undo, forget, backup):
    app.command(function.__name__)(command(function))
