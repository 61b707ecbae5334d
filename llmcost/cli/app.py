"""The table of commands. A command's module is imported when it is named, so that start-up stays small."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer._click.exceptions import (  # Typer < 0.29 carries its own Click
    ClickException,
    NoArgsIsHelpError,
    NoSuchOption,
)

from llmcost.cli.options import Group, group
from llmcost.cli.period import with_values
from llmcost.core.errors import ExitCode, UsageError, nearest


class Command(NamedTuple):
    target: str
    """"module:app" of its Typer application."""
    help: str


COMMANDS: dict[str, Command] = {
    "estimate": Command("llmcost.cli.estimate:app", "Cost of a prompt, a file or a folder, before it is sent."),
    "diff": Command("llmcost.cli.diff:app", "The cost of a pull request: prompts, models and limits that changed."),
    "scorecard": Command("llmcost.cli.scorecard:app", "What was foretold against what came: the error of estimates."),
    "lint": Command("llmcost.cli.lint:app", "What in prompts costs tokens without meaning anything."),
    "ingest": Command("llmcost.cli.ingest:app", "Read logs into the ledger."),
    "report": Command("llmcost.cli.report:app", "Where the money went: totals, trend, top models and apps."),
    "statusline": Command("llmcost.cli.statusline:app", "One line for Claude Code's status line."),
    "units": Command("llmcost.cli.units:app", "Cost per user, feature, session, outcome; what was wasted."),
    "watch": Command("llmcost.cli.watch:app", "What is being spent, as it happens."),
    "requests": Command("llmcost.cli.requests:app", "The single requests behind a report, dearest first."),
    "budget": Command("llmcost.cli.budget:app", "Check spend against budgets.yaml; a gate for CI."),
    "comment": Command("llmcost.cli.comment:app", "Tell a pull request what it costs, in one comment."),
    "breakeven": Command("llmcost.cli.breakeven:app", "API, hosted GPUs or own servers: the cheapest at a volume."),
    "route": Command("llmcost.cli.route:app", "The cheapest model that meets the constraints."),
    "routing": Command("llmcost.cli.routing:app", "What a policy would have saved; teach and grade the router."),
    "label": Command("llmcost.cli.label:app", "Say how good an answer was, for routing to learn from."),
    "costs": Command("llmcost.cli.costs:app", "What is paid beside the requests: GPUs, tools, staff, seats."),
    "reconcile": Command("llmcost.cli.reconcile:app", "The ledger against the provider's bill, and why they differ."),
    "prices": Command("llmcost.cli.prices:app", "Show, list, add, check and compare prices."),
    "reprice": Command("llmcost.cli.reprice:app", "Price unpriced rows again with today's price book."),
    "export": Command("llmcost.cli.export:app", "Write the ledger's rows as JSON Lines or CSV."),
    "ledger": Command("llmcost.cli.ledger:app", "Look after the ledger: info, check, undo, forget, backup."),
    "tokens": Command("llmcost.cli.tokens:app", "Calibrate token counts on your own requests."),
    "config": Command("llmcost.cli.config:app", "Show each setting and where it came from."),
}


class LazyGroup(Group):
    """A group whose commands are loaded by name; its help needs none of them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return load(cmd_name) if cmd_name in COMMANDS else None

    def summaries(self, ctx: Any) -> list[tuple[str, str]]:
        return [(name, command.help) for name, command in COMMANDS.items()]


def load(name: str) -> Any:
    """The Click command called `name`."""
    module, _, attribute = COMMANDS[name].target.partition(":")
    command: Any = typer.main.get_command(getattr(import_module(module), attribute))
    command.name = name
    command.help = command.help or COMMANDS[name].help
    return command


def root() -> Any:
    """The whole command line as one Click group."""
    app = group(cls=LazyGroup, version=True)

    @app.command(hidden=True)
    def none() -> None:
        """Typer asks for a command of its own before it builds a group."""

    command: Any = typer.main.get_command(app)
    command.help = "FinOps for LLM spend: estimate, ingest, report, budget, break even and route over one exact ledger."
    return command


def invoke(arguments: list[str]) -> int:
    """Run one command line in this process; the exit code.

    Raises:
        UsageError: it is not one of ours.
    """
    try:
        # Not `main`, which would turn a broken pipe into exit code 1.
        with root().make_context("llmcost", with_values(_as_options(arguments))) as context:
            result = context.command.invoke(context)
    except typer.Exit as stop:
        return int(stop.exit_code)
    except NoArgsIsHelpError as error:
        sys.stderr.write(error.format_message().rstrip("\n") + "\n")
        return int(ExitCode.USAGE)
    except ClickException as error:
        raise _ours(error) from None
    return int(result) if isinstance(result, int) else int(ExitCode.OK)


def _as_options(arguments: list[str]) -> list[str]:
    """`help report` as `report --help`, `version` and `-v` as `--version`."""
    if arguments[:1] == ["help"]:
        return [*arguments[1:], "--help"]
    return ["--version"] if arguments in (["version"], ["-v"]) else arguments


_PLAIN = {
    "a valid int range": "a whole number",
    "a valid integer": "a whole number",
    "Got unexpected extra argument(s)": "too many arguments:",
}


def _ours(error: ClickException) -> UsageError:
    """Click's complaint in our words."""
    context = getattr(error, "ctx", None)
    hint = f"see `{context.command_path if context else 'llmcost'} --help`"
    if isinstance(error, NoSuchOption):
        option = error.option_name
        known = [name for parameter in context.command.params for name in parameter.opts] if context else []
        # The dashes, which all have, would make everything look alike.
        meant = nearest(option.lstrip("-"), [name.removeprefix("--") for name in known if name.startswith("--")])
        return UsageError(f"unknown option {option!r}" + meant.replace("mean '", "mean '--"), hint)
    message = error.format_message().rstrip(".")
    for theirs, plain in _PLAIN.items():
        message = message.replace(theirs, plain)
    return UsageError(message[:1].lower() + message[1:], hint)
