"""How full the budget of a request is: `budget check`'s figures as the number that a routing policy takes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from llmcost.cli.budget_file import BUDGETS_FILE, load_file
from llmcost.cli.environment import Env
from llmcost.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmcost.budgets.check import Standing
    from llmcost.budgets.model import Budget
    from llmcost.routing.floor import Used


def used_of(env: Env, budgets: str, given: Mapping[str, str]) -> tuple[Used | None, str]:
    """The fullest limit in money of the budgets that a request of these dimensions falls under, and what to remark.

    A budget whose scope names a dimension that is not given is not this request's.
    """
    from llmcost.budgets.check import check

    if not budgets and not env.setting("budgets").value and not Path(BUDGETS_FILE).exists():
        return None, f"on_budget does nothing: no {BUDGETS_FILE} here"
    file = load_file(env, budgets)
    mine = tuple(budget for budget in file.budgets if _covers(budget, given))
    if not mine:
        return None, f"on_budget does nothing: no budget of {printable(file.path)} is for this request"
    if not env.ledger_path.exists():
        return None, f"on_budget does nothing: no ledger at {printable(str(env.ledger_path))}"
    with closing(env.open_ledger()) as ledger:
        found = check(ledger, mine, now=env.now_us, zone=env.zone)
    money = [standing for standing in found.standings if standing.limit.measure == "usd" and not standing.waived]
    return max(map(_used, money), key=lambda used: used.share, default=None), ""


def _covers(budget: Budget, given: Mapping[str, str]) -> bool:
    """Whether the request is one of the budget's: values of one dimension are alternatives."""
    wanted: dict[str, set[str]] = {}
    for name, value in budget.scope:
        wanted.setdefault(name, set()).add(value)
    return all(given.get(name) in values for name, values in wanted.items())


def _used(standing: Standing) -> Used:
    from fractions import Fraction

    from llmcost.routing.floor import Used

    limit = standing.limit.amount
    # A limit of zero allows nothing: it is used up.
    share = Fraction(standing.spent, limit) if limit else Fraction(1)
    return Used(share, f"{printable(standing.budget.name)}'s {standing.limit.window.name}")
