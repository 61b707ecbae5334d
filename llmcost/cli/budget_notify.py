"""`llmcost budget notify`: tell each channel, once, what has come to a threshold. For cron."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.budget_file import File, load_file
from llmcost.cli.environment import Env
from llmcost.core.errors import DataError, ExitCode, UsageError
from llmcost.core.text import printable, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from llmcost.budgets.model import Budget, Channel
    from llmcost.ledger.alerts import StoredAlert
    from llmcost.notify.outlet import Outlet
    from llmcost.reporting.alerts import Told, Unusable

#: The share of a run's time that one step of one message may take.
_STEP, _LONGEST_STEP = 0.75, 10.0


def notify(
    env: Env,
    budgets: File = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; keep and send nothing.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what was given up.")] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0.1, max=3600, help="The most the run may take.")
    ] = 60.0,
) -> int:
    """Send alerts that are due. Exit code 0, or 1 when one could not be delivered."""
    from llmcost.notify.deliver import deliver
    from llmcost.notify.outbox import measure
    from llmcost.reporting import alerts as shown

    env.choose_format("table", "json")
    file = load_file(env, budgets)
    if not env.ledger_path.exists():
        raise DataError(f"no ledger at {env.ledger_path}", "run `llmcost ingest` first, or name one with --ledger")
    usable, unusable = _outlets(env, file.budgets, timeout)
    by_key = {outlet.key: outlet for outlet in usable}
    told: list[Told]
    with closing(env.open_ledger(write=True)) as ledger:
        if dry_run:
            with ledger.rehearsal():
                _, new = measure(ledger, file.budgets, now_us=env.now_us, zone=env.zone)
                if retry:
                    ledger.outbox.revive(list(by_key), env.now_us)
                claimed = ledger.outbox.claim(list(by_key), env.now_us, env.now_us)
            told = [_told(one, by_key[one.alert.channel].shown, "due") for one in claimed]
            given_up = []
        else:
            _, new = measure(ledger, file.budgets, now_us=env.now_us, zone=env.zone)
            if retry:
                ledger.outbox.revive(list(by_key), env.now_us)
            outcomes = deliver(ledger, usable, now_us=env.now_us, timeout=timeout)
            told = [_told(o.stored, o.outlet.shown, o.state, o.error, o.due_us) for o in outcomes]
            tried = {outcome.stored.number for outcome in outcomes}
            given_up = [
                _told(one, by_key[one.alert.channel].shown, "given up", one.error)
                for one in ledger.outbox.alerts(unsent=True)
                if one.state == "given up" and one.alert.channel in by_key and one.number not in tried
            ]
    run = shown.Run(env.now_us, env.zone, file.path, dry_run, new, (*told, *given_up), tuple(unusable))
    if env.format == "json":
        env.emit(shown.as_json(run))
    elif dry_run and told:
        env.emit(shown.as_text(run, width=env.width, color=env.color))
    failures = shown.failures(run)
    for line in failures:
        # Also under --quiet: a cron job that says nothing would hide that nobody is told anything.
        env.stderr.write(f"error: {printable(redact(line))}\n")
    for line in shown.remarks(run):
        env.note(line)
    return ExitCode.FAILURE if failures else ExitCode.OK


def _outlets(env: Env, budgets: Sequence[Budget], timeout: float) -> tuple[list[Outlet], list[Unusable]]:
    """Every channel once, each person of an email channel by themselves; those that lack a setting apart."""
    from llmcost.cli.destinations import Surroundings, destination
    from llmcost.notify import outlet, singly
    from llmcost.reporting.alerts import Unusable

    around = Surroundings(env.environ, env.now_us, min(timeout * _STEP, _LONGEST_STEP), _writer(env))
    usable: list[Outlet] = []
    unusable: list[Unusable] = []
    for key, channel in {one.key: one for each in _channels(budgets) for one in singly(each)}.items():
        try:
            usable.append(outlet(channel, destination(channel, around)))
        except UsageError as error:
            unusable.append(Unusable(key, channel.shown, error.message, error.hint))
    return usable, unusable


def _channels(budgets: Iterable[Budget]) -> Iterable[Channel]:
    return (channel for budget in budgets for channel in budget.channels)


def _writer(env: Env) -> Callable[[str], None]:
    """The stdout channel. One JSON document, or a file, is no place for it: then it speaks on stderr."""
    if env.format == "table" and not env.given.get("output"):
        return env.emit

    def write(text: str) -> None:
        env.stderr.write(printable(text) + "\n")
        env.stderr.flush()

    return write


def _told(stored: StoredAlert, channel: str, state: str, error: str = "", due_us: int | None = None) -> Told:
    from llmcost.notify.deliver import message_of
    from llmcost.reporting.alerts import Told

    return Told(stored.alert.key, channel, state, stored.attempts, error, due_us, message_of(stored).alert)
