"""The options every command has, accepted before and after the subcommand."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer
from typer._click.exceptions import UsageError as ClickUsageError  # Typer < 0.29 carries its own Click
from typer.core import TyperCommand, TyperGroup

from llmcost.analysis.periods import Span
from llmcost.cli.environment import Env
from llmcost.cli.period import SPAN
from llmcost.core.errors import UsageError, nearest

_Text = str | None

COMMON: dict[str, Any] = {
    "ledger": Annotated[_Text, typer.Option("--ledger", metavar="PATH", help="The ledger file.", show_default=False)],
    "prices": Annotated[
        _Text, typer.Option("--prices", metavar="FILE", help="A price book over all others.", show_default=False)
    ],
    "as_of": Annotated[_Text, typer.Option("--as-of", metavar="TIME", help='What "now" is.', show_default=False)],
    "tz": Annotated[
        _Text, typer.Option("--tz", metavar="ZONE", help="Time zone of days, weeks and months.", show_default=False)
    ],
    "format": Annotated[_Text, typer.Option("--format", metavar="NAME", help="Output format.", show_default=False)],
    "json": Annotated[bool, typer.Option("--json", help="Short for --format json.")],
    "output": Annotated[
        _Text, typer.Option("--output", "-o", metavar="FILE", help="Write the data there.", show_default=False)
    ],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no remarks.")],
    "no_color": Annotated[bool, typer.Option("--no-color", help="No colour.")],
}


def _parameter(name: str) -> inspect.Parameter:
    default: Any = False if name in {"json", "quiet", "no_color"} else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=COMMON[name])


def command(function: Callable[..., int | None]) -> Callable[..., int]:
    """Make a Typer command of `function(env, …)`: the common options go into its `Env`, the rest to it.

    A parameter of type `Span` stands for the options that choose a period. An option the function takes itself, such
    as `prices add --output PRICE`, replaces the common one of its name.
    What the function returns is the exit code (None: 0).
    """
    signature = inspect.signature(function, eval_str=True)
    own: list[inspect.Parameter] = []
    span = ""
    for name, parameter in signature.parameters.items():
        if parameter.annotation is Span:
            span = name
            own += [parameter.replace(name=key, default="", annotation=option) for key, option in SPAN.items()]
        elif name != "env":
            own.append(parameter)
    shared = [name for name in COMMON if name not in signature.parameters]

    @wraps(function)
    def run(ctx: typer.Context, **given: Any) -> int:
        common = {name: given.pop(name) for name in shared}
        if span:
            given[span] = Span(**{name: given.pop(name) for name in SPAN})
        env = Env(_merged(ctx, common))
        with env.resources:
            return int(function(env, **given) or 0)

    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    shown = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    parameters = [context, *shown, *(_parameter(name) for name in shared)]
    run.__signature__ = signature.replace(parameters=parameters, return_annotation=int)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del run.__wrapped__
    return run


def _merged(ctx: typer.Context, common: dict[str, Any]) -> dict[str, Any]:
    """Options given nearer to the subcommand win over those given before it.

    Raises:
        UsageError: an option is given an empty value, or --json beside another --format.
    """
    merged: dict[str, Any] = {}
    current: Any = ctx.parent
    chain = [common]
    while current is not None:
        chain.append({name: current.params.get(name) for name in COMMON})
        current = current.parent
    for options in reversed(chain):
        given = {name: value for name, value in options.items() if value not in (None, False)}
        for name, value in given.items():
            if value == "":
                # An unset shell variable must not silently mean the default ledger.
                raise UsageError(f"--{name.replace('_', '-')} is empty", "give it a value or leave it out")
        if given.get("json") and given.get("format", "json") != "json":
            raise UsageError(f"--json and --format {given['format']} exclude each other", "keep one of them")
        if "format" in given:
            merged.pop("json", None)
        merged.update(given)
    return merged


class Command(TyperCommand):
    """A command whose usage line writes a required argument as FILE; Typer writes {FILE}."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except ClickUsageError as error:
            # An option without its value does not know whose it is.
            error.ctx = error.ctx or ctx
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [piece.removeprefix("{").removesuffix("}") for piece in super().collect_usage_pieces(ctx)]


class App(typer.Typer):
    """A Typer application of such commands."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        return super().command(name, **{"cls": Command, **settings})


class Group(TyperGroup):
    """A group of commands that names the nearest one to a mistyped one, and never cuts its help."""

    def summaries(self, ctx: Any) -> list[tuple[str, str]]:
        """(name, what it does) of each command."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        return [(name, command.get_short_help_str(1_000)) for name, command in commands if command is not None]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(self.summaries(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        command = self.get_command(ctx, args[0])
        if command is None:
            known = self.list_commands(ctx)
            raise UsageError(
                f"unknown command {args[0]!r}{nearest(args[0], known)}", f"see `{ctx.command_path} --help`"
            )
        return args[0], command, args[1:]


def _show_version(value: bool) -> None:
    if value:
        from llmcost.cli.entry import version

        version()
        raise typer.Exit


_VERSION = Annotated[
    bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit.")
]


def group(*, version: bool = False, **settings: Any) -> typer.Typer:
    """A Typer application that takes the common options before its subcommand; help without Rich, which is slow."""
    app = App(**{"cls": Group, **_SETTINGS, "no_args_is_help": True, **settings})

    def callback(**given: Any) -> None:
        pass  # `command` reads the options from the context

    parameters = [_parameter(name) for name in COMMON]
    if version:
        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters.append(inspect.Parameter("version", keyword, default=False, annotation=_VERSION))
    callback.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    callback.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app.callback()(callback)
    return app


_SETTINGS: dict[str, Any] = {
    "add_completion": False, "rich_markup_mode": None, "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"], "max_content_width": 100},
}  # fmt: skip


def single(function: Callable[..., int | None]) -> typer.Typer:
    """A Typer application of one command."""
    app = App(**_SETTINGS)
    app.command()(command(function))
    return app
