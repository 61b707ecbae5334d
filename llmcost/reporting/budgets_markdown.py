"""`budget check` as Markdown, for a job's summary or a comment."""

from __future__ import annotations

from llmcost.reporting.budgets import Outcome, cell, remarks, state, verdict_line, waived, window
from llmcost.reporting.budgets_table import foot
from llmcost.reporting.cells import markdown_table, markdown_text
from llmcost.reporting.console import without_blanks
from llmcost.reporting.numbers import percent

_TITLES = {
    "ok": "within budget", "breach": "over budget", "data": "no verdict", "forecast": "forecast over budget",
    "warn": "alert threshold reached",
}  # fmt: skip
_HEAD = ("budget", "window", "spent", "limit", "used", "forecast", "state", "waiver")


def render_markdown(outcome: Outcome) -> str:
    rows = [
        (
            cell(s.budget.name),
            window(s),
            outcome.amount(s, s.spent),
            outcome.amount(s, s.limit.amount),
            percent(s.spent, s.limit.amount),
            "-" if s.forecast is None else outcome.amount(s, s.forecast.nano),
            state(s),
            waived(s),
        )
        for s in outcome.found.standings
    ]
    blocks = [
        f"### LLM budgets: {_TITLES[outcome.verdict.word]}",
        markdown_text(verdict_line(outcome)),
        markdown_table(*without_blanks(_HEAD, rows), right=range(2, 6)),
        *(f"> {markdown_text(line)}" for line in remarks(outcome)),
        markdown_text(foot(outcome)),
    ]
    return "\n\n".join(blocks)
