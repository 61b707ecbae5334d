"""`llmcost watch`: what is being spent, as it happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.cli.options import single
from llmcost.core.errors import ExitCode, LedgerError, LedgerFileError

if TYPE_CHECKING:
    from llmcost.analysis.live_view import Frame
    from llmcost.budgets.check import Check

    Seen = tuple[Frame, Check | None]


def watch(
    env: Env,
    interval: Annotated[
        float | None, typer.Option("--interval", metavar="SECONDS", help="Time between two looks. Default: 2.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="One look, and the end.")] = False,
) -> ExitCode:
    """Spend by the minute, today against budgets, dearest apps and requests; Ctrl-C ends it.

    Where stdout is no terminal, a line whenever something has changed.
    """
    from llmcost.cli.watching import Terminated, seconds_between, terminated_by_signal

    env.choose_format("table")
    seconds = seconds_between(interval, watch=True, others={})
    seen = _look(env)  # what is wrong from the start is an error
    with terminated_by_signal():
        try:
            if env.width is None:
                _lines(env, seen, seconds, once=once)
            else:
                _screens(env, seen, seconds, once=once)
        except Terminated:
            pass
    return ExitCode.OK


def _look(env: Env) -> Seen:
    from llmcost.analysis.live_view import frame
    from llmcost.cli.report_weekly import budgets

    # The clock is read anew: an Env keeps the time it first saw.
    now = replace(env)
    with closing(env.open_ledger()) as ledger:
        return frame(ledger, now.now_us, env.zone), budgets(now, ledger)


def _again(env: Env, told: Callable[[str], None]) -> Seen | None:
    """As `_look`; None while another process has the ledger locked."""
    try:
        return _look(env)
    except LedgerFileError:
        raise
    except LedgerError as error:
        told(f"{error.message}; it is tried again")
        return None


def _lines(env: Env, seen: Seen, seconds: float, *, once: bool) -> None:
    from llmcost.reporting.live_view import line

    last = None
    latest: Seen | None = seen
    while True:
        if latest is not None:
            found, _ = latest
            state = (found.today, found.minutes[-1].cost > 0)
            if state != last:
                env.emit(line(found))
            last = state
        if once:
            return
        time.sleep(seconds)
        latest = _again(env, env.note)


def _screens(env: Env, seen: Seen, seconds: float, *, once: bool) -> None:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    from llmcost.reporting.live_view import screen

    console = Console(file=env.stdout, no_color=not env.color, highlight=False, markup=False, emoji=False)
    trouble = ""

    def tell(text: str) -> None:
        nonlocal trouble
        trouble = text

    def drawn(latest: Seen) -> Group:
        parts = [*screen(*latest, console.width)]
        return Group(*parts, *([Text(f"\n{trouble}", style="yellow")] if trouble else []))

    if once:
        console.print(drawn(seen))
        return
    with Live(drawn(seen), console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            time.sleep(seconds)
            latest = _again(env, tell)
            if latest is not None:
                seen, trouble = latest, ""
            live.update(drawn(seen), refresh=True)


app = single(watch)
