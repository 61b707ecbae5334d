"""`llmcost reconcile`: the ledger against the provider's bill."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.analysis.periods import Span, compared
from llmcost.cli.environment import Env, expanded
from llmcost.cli.options import single
from llmcost.cli.period import Where, filters
from llmcost.core.errors import DataError, ExitCode, UsageError

if TYPE_CHECKING:
    from llmcost.analysis.reconcile import Tolerance
    from llmcost.core.billed import Billed


def reconcile(
    env: Env,
    span: Span,
    bill: Annotated[
        Path | None,
        typer.Argument(metavar="[BILL.csv]", help="A bill as CSV; else what was ingested of providers' pages."),
    ] = None,
    where: Where = None,
    against: Annotated[
        str, typer.Option("--against", metavar="NAME", help="billed, or reported: the costs that logs brought along.")
    ] = "billed",
    source: Annotated[
        str, typer.Option("--source", metavar="NAME", help="Only the bill read from this format: openai-admin, focus.")
    ] = "",
    tolerance: Annotated[
        str, typer.Option("--tolerance", metavar="SHARE|AMOUNT", help="What is no difference: 1%, 0.5%, $5.")
    ] = "1%",
    all_rows: Annotated[bool, typer.Option("--all", help="Rows that match as well.")] = False,
) -> ExitCode:
    """Hold the ledger against the bill by day and model; what differs, and why, in dollars. Exit code 6 when too much.

    Without a period, the last complete month.
    """
    from llmcost.analysis.reconcile import reconcile as hold
    from llmcost.reporting.reconcile import FORMATS, Verdict, remarks, verdict_line, written

    form = env.choose_format(*FORMATS)
    if against not in {"billed", "reported"}:
        raise UsageError(f"unknown --against {against!r}", "use billed or reported")
    if bill is not None and (against != "billed" or source):
        raise UsageError("a BILL.csv and --against or --source exclude each other", "leave one of them out")
    allowed = _tolerance(tolerance)
    period = compared(span if any(span) else Span(month="complete"), env.now_us, env.zone).period
    chosen = filters(where)
    with closing(env.open_ledger()) as ledger:
        if bill is not None:
            lines = [line for line in _read(bill) if period.start <= line.start < period.end]
        elif against == "reported":
            from llmcost.analysis.reconcile import reported

            lines = reported(ledger, period, chosen)
        else:
            lines = ledger.billing.between(period.start, period.end)
        found = hold(ledger, _of(lines, source), period, where=chosen, tolerance=allowed)
    if not found.rows:
        for line in remarks(found):
            env.note(line)
        raise DataError(
            f"no bill in the period to compare with ({period.first_day} to {period.last_day})",
            "`llmcost ingest` reads providers' cost pages (`--pull`) and FOCUS exports; or name a BILL.csv",
        )
    verdict = Verdict(tolerance, allowed.holds(found.bill - found.ledger, found.bill))
    env.emit(written(found, verdict, form, all_rows=all_rows, width=env.width, color=env.color))
    if form != "table":
        env.note(verdict_line(found, verdict))
    return ExitCode.OK if verdict.within else ExitCode.DATA


def _of(lines: list[Billed], source: str) -> list[Billed]:
    found = [line for line in lines if not source or line.source == source]
    if source and lines and not found:
        names = ", ".join(sorted({line.source for line in lines}))
        raise UsageError(f"no bill of {source!r} in this period", f"there are: {names}")
    return found


def _read(path: Path) -> list[Billed]:
    from llmcost.analysis.bill_csv import read

    path = expanded(str(path))
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return read(lines, path.name)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "check the path") from None


def _tolerance(text: str) -> Tolerance:
    from fractions import Fraction

    from llmcost.analysis.reconcile import Tolerance
    from llmcost.core.money import decimal_of, nano_from_usd

    share, nano = Fraction(0), 0
    try:
        if text.endswith("%"):
            share = Fraction(decimal_of(text[:-1].strip())) / 100
        else:
            nano = nano_from_usd(text.removeprefix("$"))
    except ValueError:
        share = Fraction(-1)
    if not 0 <= share < 1 or nano < 0:
        raise UsageError(f"--tolerance {text!r} is neither a share nor an amount", "write 1% or $5")
    return Tolerance(share, nano)


app = single(reconcile)
