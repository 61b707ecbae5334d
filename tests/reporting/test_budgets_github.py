"""GitHub's workflow commands: annotations at the budget's line, and no way for a name to write one of its own."""

import re
from datetime import date

import pytest

from llmcost.budgets.config import Remark
from llmcost.budgets.model import Waiver
from llmcost.core.instants import DAY_US
from llmcost.reporting.budgets_github import render_github
from tests.reporting.outcomes import NOW, outcome, standing

PLACE = "file=budgets.yaml,line=2,title=LLM budget"


def test_what_fails_is_an_error_at_its_line() -> None:
    found = outcome(standing("shop", 12, 10, line=7), standing("bot", 1, 10))
    assert render_github(found) == (
        "::error file=budgets.yaml,line=7,title=LLM budget::shop month 2026-11 spent $0.000000012 of $0.000000010"
    )


def test_what_does_not_fail_is_a_warning_or_a_notice() -> None:
    late = Waiver(date(2026, 12, 1), "ana", "sale", 3)
    found = outcome(
        standing("bot", 9, 10, unpriced=3),
        standing("soft", 12, 10, hard=False),
        standing("search", 12, 10, waiver=late, waived=True),
        remarks=(Remark(5, "'bot': contradicts itself"),),
    )
    waived = "waived until 2026-12-01 by ana: sale"
    unpriced = "have no price and are not in its spend; see `llmcost reprice`"
    counts = "1 limit exceeded under a waiver; 1 soft limit exceeded; 2 alert thresholds reached"
    assert [line.partition("::bot")[0] for line in render_github(found).split("\n")] == [
        f"::warning {PLACE}",
        f"::warning {PLACE}::soft month 2026-11 spent $0.000000012 of $0.000000010, a soft limit",
        f"::notice {PLACE}::search month 2026-11 spent $0.000000012 of $0.000000010; {waived}",
        f"::warning {PLACE}::unpriced: 3 of 7 requests of bot in month 2026-11 {unpriced}",
        "::warning file=budgets.yaml,line=5,title=LLM budget::'bot': contradicts itself",
        f"::notice title=LLM budget::within budget (3 limits); {counts}",
    ]


def test_data_that_is_not_enough_is_an_error() -> None:
    strict = render_github(outcome(standing("bot", 1, 10, unpriced=3), strict=True))
    assert strict.startswith(f"::error {PLACE}::unpriced: 3 of 7 requests")
    assert "\n" not in strict
    stale = render_github(outcome(standing("bot", 1, 10), max_age=DAY_US, newest=NOW - 2 * DAY_US))
    assert stale.startswith("::error title=LLM budget::the newest request is of 2026-11-22T12:00:00Z")
    ghost = render_github(outcome(standing("ghost", 0, 10, known=False)))
    assert ghost == f"::error {PLACE}::ghost month 2026-11 has no data: no request of it was ever seen"


@pytest.mark.parametrize(
    "name",
    [
        "a%0A::set-output name=x::y", "a\n::set-output name=x::y", "a\r::stop-commands::z", "a\r\n::add-mask::b",
        "%25%0D%0A", "a\u2028::error::b",
    ],
)  # fmt: skip
def test_no_name_starts_a_command_of_its_own(name: str) -> None:
    waiver = Waiver(date(2026, 1, 1), name, name, 3)
    text = render_github(outcome(standing(name, 12, 10, owner=name, waiver=waiver), file=f"{name},line=1::.yaml"))
    assert not set("\r\n") & set(text)
    command, _, rest = text.removeprefix("::").partition(" ")
    properties, _, message = rest.partition("::")
    assert command == "error"
    assert [pair.partition("=")[0] for pair in properties.split(",")] == ["file", "line", "title"]
    assert not re.search("%(?!25|0A|0D)", message)
    assert not re.search("%0[AD]", message)
