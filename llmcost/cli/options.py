"""The options every command has, accepted before and after the subcommand."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from llmcost.cli.environment import Env

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

    An option the function takes itself, such as `prices add --output PRICE`, replaces the common one of its name.
    What the function returns is the exit code (None: 0).
    """
    signature = inspect.signature(function, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != "env"]
    shared = [name for name in COMMON if name not in signature.parameters]

    @wraps(function)
    def run(ctx: typer.Context, **given: Any) -> int:
        common = {name: given.pop(name) for name in shared}
        return int(function(Env(_merged(ctx, common)), **given) or 0)

    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    shown = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    parameters = [context, *shown, *(_parameter(name) for name in shared)]
    run.__signature__ = signature.replace(parameters=parameters, return_annotation=int)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del run.__wrapped__
    return run


def _merged(ctx: typer.Context, common: dict[str, Any]) -> dict[str, Any]:
    """Options given nearer to the subcommand win over those given before it."""
    merged: dict[str, Any] = {}
    current: Any = ctx.parent
    chain = [common]
    while current is not None:
        chain.append({name: current.params.get(name) for name in COMMON})
        current = current.parent
    for options in reversed(chain):
        merged.update({name: value for name, value in options.items() if value})
    return merged


def group(**settings: Any) -> typer.Typer:
    """A Typer application that takes the common options before its subcommand; help without Rich, which is slow."""
    app = typer.Typer(
        add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, **settings,
    )  # fmt: skip

    def callback(**given: Any) -> None:
        """The options are read from the context by `command`."""

    parameters = [_parameter(name) for name in COMMON]
    callback.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    callback.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app.callback()(callback)
    return app


def single(function: Callable[..., int | None]) -> typer.Typer:
    """A Typer application of one command."""
    app = typer.Typer(
        add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )  # fmt: skip
    app.command()(command(function))
    return app
