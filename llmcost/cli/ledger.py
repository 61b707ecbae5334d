"""`llmcost ledger`: look after the ledger."""

from __future__ import annotations

import json
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env, expanded
from llmcost.cli.options import command, group
from llmcost.cli.period import Since, Until
from llmcost.core.errors import ExitCode, UsageError
from llmcost.core.text import clean_field
from llmcost.reporting.numbers import counted

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


def undo(
    env: Env,
    batch: Annotated[
        int, typer.Argument(metavar="BATCH", min=1, max=2**63 - 1, help="Its number, from `ledger info`.")
    ],
) -> None:
    """Take back one ingest; requests it had replaced return."""
    env.choose_format("table", "json")
    with closing(_existing(env)) as ledger:
        rows = ledger.undo(batch)
    _done(
        env,
        f"took back {counted(rows, 'request')} of batch {batch}; versions they had replaced stand again",
        {"batch": batch, "requests": rows},
    )


def forget(
    env: Env,
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="Whose name to erase.")],
) -> None:
    """Erase a user's name, sessions, tags and digests; costs and tokens stay."""
    env.choose_format("table", "json")
    if not user:
        raise UsageError("--user is empty", "name the user to forget")
    with closing(_existing(env)) as ledger:
        rows = ledger.forget_user(clean_field(user))  # as the name is stored
    _done(env, f"erased the name from {counted(rows, 'request')}", {"requests": rows})
    if not rows:
        env.note("no request names that user; requests read from now on will not either")


def compact(
    env: Env,
    keep_raw: Annotated[
        str, typer.Option("--keep-raw", metavar="SPAN", help="How far back single requests are kept: 90d, 12w.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; write nothing.")] = False,
) -> None:
    """Let old requests go and keep their totals for ever; reports by model, app and user stay exact."""
    from llmcost.core.instants import DAY_US, from_us, span_us

    env.choose_format("table", "json")
    span = span_us(keep_raw)
    if span < DAY_US:
        raise UsageError(f"--keep-raw {keep_raw} is less than a day", "use 90d, or another number of days")
    before = (env.now_us - span) // DAY_US * DAY_US
    day = from_us(before).strftime("%Y-%m-%d")
    with closing(_existing(env)) as ledger, ledger.rehearsal() if dry_run else nullcontext():
        rows = ledger.compact(before)
        since = ledger.raw_since()
    _done(
        env,
        f"{'would let' if dry_run else 'let'} go of {counted(rows, 'request')} before {day} (UTC); totals stay: by the"
        " quarter of an hour for model, app, environment, team, operation and tier, by the UTC day for user, project",
        {
            "dry_run": dry_run, "requests": rows,
            "raw_since": None if since is None else from_us(since).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    )  # fmt: skip


def relabel(
    env: Env,
    since: Since = "",
    until: Until = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; write nothing.")] = False,
) -> None:
    """Attribute requests again, by today's rules of the configuration file."""
    from llmcost.core.instants import parse_start, parse_when
    from llmcost.ingest.relabel import relabel as again

    env.choose_format("table", "json")
    end = parse_when(until, env.zone) if until else 2**62
    start = parse_start(since, env.zone, end if until else env.now_us) if since else -(2**62)
    if end <= start:
        raise UsageError(f"the period from {since} to {until} is empty", "--until must be later than --since")
    rules = env.rules
    with closing(_existing(env)) as ledger, ledger.rehearsal() if dry_run else nullcontext():
        env.note_compacted(ledger, start)
        rows = again(ledger, rules, start, end)
    _done(
        env,
        f"{'would give' if dry_run else 'gave'} {counted(rows, 'request')} another app, team or environment"
        f" ({counted(len(rules.rules), 'rule')})",
        {"dry_run": dry_run, "rules": len(rules.rules), "requests": rows},
    )


def backup(env: Env, file: Annotated[str, typer.Argument(metavar="FILE", help="A new file.")]) -> None:
    """Copy the ledger to a new file, while others may be writing."""
    env.choose_format("table", "json")
    target = expanded(file)
    if not target.parent.is_dir():
        raise UsageError(f"no folder {target.parent}", "make it first, or name a file in another")
    with closing(env.open_ledger()) as ledger:
        ledger.backup(target)
    _done(env, f"wrote {target}", {"file": str(target)})


def _done(env: Env, text: str, what: dict[str, object]) -> None:
    if env.format == "json":
        env.emit(json.dumps({"schema_version": 1, **what}, ensure_ascii=False, indent=2))
    else:
        env.emit(text)


def _existing(env: Env) -> SqliteLedger:
    """The ledger, to write; a missing one is an error, not made."""
    if not env.ledger_path.exists():
        env.open_ledger()
    return env.open_ledger(write=True)


for function in (info, check, undo, forget, compact, relabel, backup):
    app.command(function.__name__)(command(function))
