"""Markdown: no name ends a cell, starts HTML, a link or an image, or mentions anybody."""

from datetime import date

import pytest

from llmcost.budgets.config import Remark
from llmcost.budgets.model import Waiver
from llmcost.reporting.budgets_markdown import render_markdown
from tests.reporting.outcomes import outcome, standing


def test_the_summary_of_a_job() -> None:
    past = Waiver(date(2026, 10, 31), "ana", "sale", 3)
    found = outcome(
        standing("shop", 12 * 10**9, 10**10, waiver=past),
        standing("bot", 10**9, 10**10, 2 * 10**9),
        remarks=(Remark(5, "'bot': contradicts itself"),),
    )
    assert render_markdown(found) == (
        "### LLM budgets: over budget\n"
        "\n"
        "over budget: shop month 2026-11 spent $12.00 of $10.00; the waiver by ana expired on 2026-10-31\n"
        "\n"
        "| budget | window | spent | limit | used | forecast | state | waiver |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | --- | --- |\n"
        "| shop | month 2026-11 | $12.00 | $10.00 | 120.0% | - | breach | the waiver by ana expired on 2026-10-31 |\n"
        "| bot | month 2026-11 | $1.00 | $10.00 | 10.0% | $2.00 | ok |  |\n"
        "\n"
        "> warning: budgets.yaml:5: 'bot': contradicts itself\n"
        "\n"
        "as of 2026-11-24T12:00:00Z, days and months of UTC; forecast to the window's end: run rate"
    )


def test_without_a_waiver_there_is_no_column_for_one() -> None:
    assert "waiver" not in render_markdown(outcome(standing("bot", 1, 10)))


@pytest.mark.parametrize(
    "name", ["a|b", "<img src=x>", "![x](y)", "[x](y)", "@everyone", "a\n| b |", "`x`", "\\|", "\x1b[2J"]
)
def test_no_name_leaves_its_cell(name: str) -> None:
    waiver = Waiver(date(2026, 1, 1), name, name, 3)
    text = render_markdown(outcome(standing(name, 12, 10, owner=name, waiver=waiver)))
    rows = [line for line in text.split("\n") if line.startswith("|")]
    assert len(rows) == 3
    plain = rows[2].replace("\\\\", "").replace("\\|", "")
    assert plain.count("|") == 9
    for mark in ("<", "\n@", " @", "\x1b", " [", "!["):
        assert mark not in text
