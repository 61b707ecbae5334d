"""`llmcost budget`: spend against budgets.yaml; `check` is a gate for CI."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import command, group
from llmcost.core.errors import DataError, ExitCode, UsageError, nearest
from llmcost.core.text import printable

if TYPE_CHECKING:
    from llmcost.budgets.check import Check, Verdict
    from llmcost.budgets.config import BudgetFile

BUDGETS_FILE = "budgets.yaml"

_File = Annotated[
    str,
    typer.Option("--budgets", metavar="FILE", help=f"The budgets. Default: ./{BUDGETS_FILE}.", show_default=False),
]


def check(
    env: Env,
    budgets: _File = "",
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            metavar="breach|forecast|warn",
            help="What fails beside a breach, which always does; may be repeated.",
            show_default=False,
        ),
    ] = None,
    max_age: Annotated[
        str,
        typer.Option(
            "--max-age",
            metavar="SPAN",
            help="Exit with 6 when the newest request is older: 24h, 2d.",
            show_default=False,
        ),
    ] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 6 when requests of a budget are unpriced.")
    ] = False,
) -> int:
    """Compare spend with every limit. Exit code 0 within budget, 3 breach, 4 forecast, 5 warning, 6 data, 2 usage."""
    from llmcost.budgets.check import judge
    from llmcost.core.instants import span_us

    env.choose_format("table", "json")
    fails = _fail_on(fail_on or [])
    age = span_us(max_age) if max_age else None
    file = _load(env, budgets)
    found = _measure(env, file)
    verdict = judge(found, fail_on=fails, max_age=age, strict=strict)
    _show(env, file, found, verdict)
    return verdict.code


def status(env: Env, budgets: _File = "") -> int:
    """The same table, for people: the exit code is 0 whatever the spend."""
    from llmcost.budgets.check import judge

    env.choose_format("table", "json")
    file = _load(env, budgets)
    found = _measure(env, file)
    _show(env, file, found, judge(found))
    return ExitCode.OK


def show(
    env: Env,
    budgets: _File = "",
    example: Annotated[
        bool, typer.Option("--example", help="Print the example shipped with llmcost, to start from.")
    ] = False,
) -> int:
    """The budgets as read from the file, secrets left out."""
    from llmcost.budgets.config import load, packaged_path
    from llmcost.reporting import budgets as shown
    from llmcost.yamlfile.tree import read_text

    env.choose_format("table", "json")
    if example:
        packaged = packaged_path()
        if packaged is None:
            raise UsageError("this installation has no example budgets", "see docs/budgets.md for the format")
        if env.format == "table":
            env.emit(read_text(packaged))
            return ExitCode.OK
        file = load(packaged)
    else:
        file = _load(env, budgets)
    if env.format == "json":
        env.emit(shown.list_json(file))
    else:
        env.emit(shown.list_text(file, width=env.width, color=env.color))
        env.note(f"{len(file.budgets)} budgets in {printable(file.path)}")
    return ExitCode.OK


def _fail_on(given: list[str]) -> set[str]:
    from llmcost.budgets.check import FAIL_ON

    wanted = {word.strip() for item in given for word in item.split(",")}
    for word in sorted(wanted):
        if word not in FAIL_ON:
            raise UsageError(f"unknown --fail-on {word!r}{nearest(word, FAIL_ON)}", f"use one of {', '.join(FAIL_ON)}")
    return wanted


def _load(env: Env, given: str) -> BudgetFile:
    """The budgets of --budgets, the setting, or the working folder; never silently the packaged example."""
    from llmcost.budgets.config import load

    if given:
        env.given["budgets"] = given
    setting = env.setting("budgets")
    path = Path(setting.value or BUDGETS_FILE).expanduser()
    if not path.exists():
        what = f"no such budget file: {path} ({setting.origin})" if setting.value else f"no {BUDGETS_FILE} here"
        raise UsageError(
            what, f"name one with --budgets, or start from the example: llmcost budget list --example > {BUDGETS_FILE}"
        )
    return load(path)


def _measure(env: Env, file: BudgetFile) -> Check:
    from llmcost.budgets.check import check as measure

    # A gate fails closed: no ledger is no data, as an empty one is.
    if not env.ledger_path.exists():
        raise DataError(f"no ledger at {env.ledger_path}", "run `llmcost ingest` first, or name one with --ledger")
    with closing(env.open_ledger()) as ledger:
        return measure(ledger, file.budgets, now=env.now_us, zone=env.zone)


def _show(env: Env, file: BudgetFile, found: Check, verdict: Verdict) -> None:
    from llmcost.reporting import budgets as shown

    if env.format == "json":
        env.emit(shown.as_json(found, verdict, file.path))
    else:
        env.emit(shown.as_text(found, width=env.width, color=env.color))
    for line in shown.remarks(found):
        env.note(line)
    env.note(shown.verdict_line(found, verdict))


app = group()
app.command("check")(command(check))
app.command("status")(command(status))
app.command("list")(command(show))
