"""The options of budget commands that name a file, a scope and a currency, and what they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmcost.cli.environment import Env
from llmcost.core.errors import UsageError, nearest

if TYPE_CHECKING:
    from llmcost.budgets.config import BudgetFile
    from llmcost.pricing.currency import Currency

BUDGETS_FILE = "budgets.yaml"

File = Annotated[
    str,
    typer.Option("--budgets", metavar="FILE", help=f"The budgets. Default: ./{BUDGETS_FILE}.", show_default=False),
]
Scope = Annotated[
    list[str] | None,
    typer.Option(
        "--scope", metavar="DIM=VALUE", help="Only budgets whose scope names this; may be repeated.", show_default=False
    ),
]
InCurrency = Annotated[
    str,
    typer.Option(
        "--currency", metavar="CODE", help="Show money in this currency, at pricing.yaml's rate.", show_default=False
    ),
]


def load_file(env: Env, given: str, scope: list[str] | None = None) -> BudgetFile:
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

    def rate(code: str) -> Currency | None:
        return env.book.currency(code)  # loaded for a file in another currency only

    file = load(path, rate)
    return _chosen(file, scope) if scope else file


def _chosen(file: BudgetFile, scope: list[str]) -> BudgetFile:
    """The budgets whose scope holds one of the pairs. A pair that none holds is a mistake, not a pass."""
    from llmcost.core.record import dimension

    wanted = set()
    for item in scope:
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--scope {item!r} is not DIMENSION=VALUE", "write --scope app=chatbot")
        wanted.add((dimension(name.strip()), value))
    held = {pair for budget in file.budgets for pair in budget.scope}
    for name, value in sorted(wanted - held):
        known = [other for dim, other in held if dim == name]
        raise UsageError(
            f"no budget of {file.path} has the scope {name}={value}{nearest(value, known)}", "see `llmcost budget list`"
        )
    budgets = tuple(budget for budget in file.budgets if wanted & set(budget.scope))
    lines = {budget.line for budget in budgets}
    return file._replace(budgets=budgets, remarks=tuple(remark for remark in file.remarks if remark.line in lines))


def currency_named(env: Env, code: str) -> Currency | None:
    from llmcost.pricing.currency import USD

    if not code:
        return None
    if code.upper() == USD.code:
        return USD
    found = env.book.currency(code.upper())
    if found is None:
        raise UsageError(
            f"no rate for the currency {code!r}",
            "state it in pricing.yaml, below `version: 1`: "
            f"`currencies: {{{code.upper()[:3]}: {{usd: 1.16, date: 2026-11-24}}}}`",
        )
    return found
