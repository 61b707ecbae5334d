"""`llmcost budget`: spend against budgets.yaml; `check` is a gate for CI."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.budget_file import File, InCurrency, Scope, currency_named, load_file
from llmcost.cli.budget_notify import notify
from llmcost.cli.environment import Env
from llmcost.cli.options import command, group
from llmcost.core.errors import DataError, ExitCode, UsageError, nearest
from llmcost.core.text import printable

if TYPE_CHECKING:
    from llmcost.budgets.check import Check, Reserved, Verdict
    from llmcost.budgets.config import BudgetFile
    from llmcost.budgets.model import Budget, Limit
    from llmcost.core.instants import Period
    from llmcost.ledger.sqlite import SqliteLedger
    from llmcost.pricing.currency import Currency
    from llmcost.reporting.budgets import Outcome


def check(
    env: Env,
    budgets: File = "",
    scope: Scope = None,
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
    allow_empty: Annotated[
        bool,
        typer.Option("--allow-empty", help="A missing or empty ledger, or a scope without a request, is no failure."),
    ] = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Say the verdict, but exit with 0.")] = False,
    currency: InCurrency = "",
) -> int:
    """Compare spend with every limit. Exit code 0 within budget, 3 breach, 4 forecast, 5 warning, 6 data, 2 usage."""
    from llmcost.budgets.check import judge
    from llmcost.core.instants import span_us
    from llmcost.reporting import BUDGET_FORMATS

    env.choose_format(*BUDGET_FORMATS)
    fails = _fail_on(fail_on or [])
    age = span_us(max_age) if max_age else None
    file = load_file(env, budgets, scope)
    money = currency_named(env, currency)
    found = _measure(env, file, allow_missing=allow_empty)
    verdict = judge(found, fail_on=fails, max_age=age, strict=strict, allow_empty=allow_empty)
    code = ExitCode.OK if exit_zero else verdict.code
    outcome = _outcome(env, file, found, verdict, code, money)
    env.emit(_render(BUDGET_FORMATS[env.format], outcome))
    if env.format == "github":
        _summarise(env, outcome)
    _remark(env, outcome)
    return code


def status(env: Env, budgets: File = "", scope: Scope = None, currency: InCurrency = "") -> int:
    """How full each limit is and when it will be spent, for people: the exit code is 0 whatever the spend."""
    from llmcost.budgets.check import judge

    env.choose_format("table", "json")
    file = load_file(env, budgets, scope)
    money = currency_named(env, currency)
    found = _measure(env, file)
    outcome = _outcome(env, file, found, judge(found), ExitCode.OK, money)
    json = "llmcost.reporting.budgets_json:render_json"
    env.emit(_render(json if env.format == "json" else "llmcost.reporting.budgets_status:render_status", outcome))
    _remark(env, outcome)
    return ExitCode.OK


def show(
    env: Env,
    budgets: File = "",
    scope: Scope = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print the example shipped with llmcost, to start from.")
    ] = False,
) -> int:
    """The budgets as read from the file, secrets left out."""
    from llmcost.budgets.config import load, packaged_path
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
        file = load_file(env, budgets, scope)
    if env.format == "json":
        from llmcost.reporting.budgets_json import list_json

        env.emit(list_json(file))
        return ExitCode.OK
    from llmcost.reporting.budgets import rate, warnings
    from llmcost.reporting.budgets_list import list_text
    from llmcost.reporting.numbers import counted

    env.emit(list_text(file))
    for line in warnings(file):
        env.note(line)
    names = {name for budget in file.budgets for channel in budget.channels for name in channel.references}
    for name in sorted(name for name in names if not {name, f"{name}_FILE"} & env.environ.keys()):
        env.note(f"warning: ${{{name}}} is not set: channels that use it cannot be told anything")
    for currency in sorted({budget.currency for budget in file.budgets if budget.currency.date}):
        env.note(rate(currency))
    env.note(f"{counted(len(file.budgets), 'budget')} in {printable(file.path)}")
    return ExitCode.OK


def _fail_on(given: list[str]) -> set[str]:
    from llmcost.budgets.check import FAIL_ON

    wanted = {word.strip() for item in given for word in item.split(",")}
    for word in sorted(wanted):
        if word not in FAIL_ON:
            raise UsageError(f"unknown --fail-on {word!r}{nearest(word, FAIL_ON)}", f"use one of {', '.join(FAIL_ON)}")
    return wanted


def _measure(env: Env, file: BudgetFile, *, allow_missing: bool = False) -> Check:
    from llmcost.budgets.check import check as measure

    missing = not env.ledger_path.exists()
    if missing and not allow_missing:
        # A gate fails closed: no ledger is no data, as an empty one is.
        raise DataError(f"no ledger at {env.ledger_path}", "run `llmcost ingest` first, or name one with --ledger")
    with closing(_empty() if missing else env.open_ledger()) as ledger:
        return measure(ledger, file.budgets, now=env.now_us, zone=env.zone, reserved=_reserved(env))


def _empty() -> SqliteLedger:
    from llmcost.ledger.connect import MEMORY
    from llmcost.ledger.sqlite import SqliteLedger

    return SqliteLedger(MEMORY, write=True)


def _reserved(env: Env) -> Reserved:
    """What live requests have set aside beside the ledger, in the very windows that are measured."""
    from llmcost.ledger.reservations import counters, reserved_beside

    held = counters(reserved_beside(env.ledger_path))
    if not held:
        return lambda *_: 0
    from llmcost.budgets.admission import counter_key
    from llmcost.core.instants import DAY_US

    def reserved(budget: Budget, limit: Limit, period: Period) -> int:
        counter = held.get(counter_key(budget, limit, period.zone))
        # A rolling window moves on between two readings of the ledger.
        apart = DAY_US if limit.window.unit == "rolling" else 0
        return counter.reserved if counter and abs(counter.start - period.start) <= apart else 0

    return reserved


def _outcome(
    env: Env, file: BudgetFile, found: Check, verdict: Verdict, code: ExitCode, currency: Currency | None
) -> Outcome:
    from llmcost.reporting.budgets import Outcome

    return Outcome(found, verdict, file, int(code), _place(env, file.path), currency, env.width, env.color)


def _place(env: Env, path: str) -> str:
    """The file as seen from the repository's root, which a job's annotations are relative to."""
    root = env.environ.get("GITHUB_WORKSPACE", "")
    try:
        return Path(path).resolve().relative_to(Path(root or ".").resolve()).as_posix()
    except ValueError:
        return path


def _render(target: str, outcome: Outcome) -> str:
    from importlib import import_module

    module, _, attribute = target.partition(":")
    text: str = getattr(import_module(module), attribute)(outcome)
    return text


def _summarise(env: Env, outcome: Outcome) -> None:
    """Add the Markdown to the job's summary, where a runner names its file."""
    name = env.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    from llmcost.reporting.budgets_markdown import render_markdown

    try:
        with Path(name).open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(render_markdown(outcome) + "\n")
    except OSError as error:
        env.note(f"the job's summary could not be written: {error.strerror or error}")


def _remark(env: Env, outcome: Outcome) -> None:
    from llmcost.reporting.budgets import remarks, verdict_line

    for line in remarks(outcome):
        env.note(line)
    env.note(verdict_line(outcome))


app = group()
app.command("check")(command(check))
app.command("status")(command(status))
app.command("list")(command(show))
app.command("notify")(command(notify))
