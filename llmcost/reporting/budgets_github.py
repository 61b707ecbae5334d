"""`budget check` as GitHub's workflow commands: an annotation at the budget's line in its file.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator

from llmcost.reporting.budgets import Outcome, cell, quietly_unpriced, reason, unpriced, verdict_line

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = {ord(":"): "%3A", ord(","): "%2C", **_DATA}
_TITLE = "LLM budget"
#: Of limits that fail nothing.
_LEVELS = {"ok": "", "no data": "", "waived": "notice", "warn": "warning", "soft": "warning", "forecast": "warning"}


def render_github(outcome: Outcome) -> str:
    return "\n".join(_commands(outcome))


def _commands(outcome: Outcome) -> Iterator[str]:
    found, verdict = outcome.found, outcome.verdict
    file = outcome.place or outcome.file.path
    if verdict.ledger:
        yield _command("error", verdict.ledger)
    for s, mark in zip(found.standings, verdict.marks, strict=True):
        level = "error" if mark != "ok" else _LEVELS[s.state]
        if level:
            yield _command(level, reason(outcome, s, mark), file=file, line=s.budget.line)
    for s in quietly_unpriced(outcome):
        yield _command("warning", unpriced(s), file=file, line=s.budget.line)
    for remark in outcome.file.remarks:
        yield _command("warning", cell(remark.text), file=file, line=remark.line)
    if verdict.word == "ok":
        yield _command("notice", verdict_line(outcome))


def _command(level: str, message: str, *, file: str = "", line: int = 0) -> str:
    place = f"file={_property(file)},line={line}," if file else ""
    return f"::{level} {place}title={_property(_TITLE)}::{message.translate(_DATA)}"


def _property(text: str) -> str:
    return text.translate(_PROPERTY)
