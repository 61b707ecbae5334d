"""The options that say which requests: a period, filters. Shared by report, requests, export and reprice."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from llmcost.analysis.periods import COMPLETE, CURRENT
from llmcost.core.errors import UsageError

_UNTIL = "; =current for the one that is not over."
Since = Annotated[str, typer.Option("--since", metavar="TIME", help="From this time on, or the last 30d.")]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help="Up to, not including, this time.")]
#: The options that a command's parameter of type `Span` stands for.
SPAN: dict[str, Any] = {
    "day": Annotated[str, typer.Option("--day", metavar="[=current]", help=f"The last complete day{_UNTIL}")],
    "week": Annotated[str, typer.Option("--week", metavar="[=current]", help=f"The last seven complete days{_UNTIL}")],
    "month": Annotated[str, typer.Option("--month", metavar="[=current]", help=f"The last complete month{_UNTIL}")],
    "last": Annotated[str, typer.Option("--last", metavar="SPAN", help="Until now: 30d, 24h, 2w.")],
    "since": Since,
    "until": Until,
}
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="DIM=VALUE", help="Only these requests; values of one dimension are alternatives."),
]

#: Options that may stand without a value, and the value they then have.
BARE = {f"--{unit}": COMPLETE for unit in ("day", "week", "month")}
_WORDS = (COMPLETE, CURRENT)


def with_values(arguments: list[str]) -> list[str]:
    """Command-line arguments with `--week` written as `--week=complete`, `--week current` as `--week=current`.

    Typer knows no options whose value may be left out.
    """
    stop = arguments.index("--") if "--" in arguments else len(arguments)
    written: list[str] = []
    for word in arguments[:stop]:
        if word in _WORDS and written and written[-1] in BARE:
            written[-1] += f"={word}"
        else:
            written.append(word)
    return [f"{word}={BARE[word]}" if word in BARE else word for word in written] + arguments[stop:]


def filters(where: list[str] | None) -> tuple[tuple[str, str], ...]:
    """`--where app=x` as (dimension, value); an empty value means "not set".

    Raises:
        UsageError: no `=`.
    """
    pairs = []
    for item in where or ():
        dimension, equals, value = item.partition("=")
        if not equals or not dimension.strip():
            raise UsageError(f"--where {item!r} is not DIMENSION=VALUE", "write --where app=chatbot")
        pairs.append((dimension.strip(), value))
    return tuple(pairs)
