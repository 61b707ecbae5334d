"""Names from logs in every dimension and every format of a report: text, and nothing that anything would run."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import closing
from datetime import UTC
from functools import cache
from importlib import import_module

import pytest

from llmcost.analysis.periods import Span, compared
from llmcost.analysis.report import Question, Report, report
from llmcost.core.record import DIMENSIONS
from llmcost.core.text import printable
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.reporting import REPORT_FORMATS
from llmcost.reporting.view import SECTIONS, View
from tests.reporting.weekly_samples import HOSTILE, MONDAY, rows

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
NAMES = [name for name in DIMENSIONS if name not in {"tier", "status", "source"}]


@cache
def answered(text: str) -> Report:
    fields = dict.fromkeys([name for name in NAMES if name != "app"], text)
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ledger.add(rows((text, f"{text}2"), **fields), ledger.begin_batch("test", MONDAY))
        return report(ledger, Question(compared(Span(), MONDAY, UTC), tuple(NAMES)))


def rendered(form: str, text: str, width: int | None = None) -> str:
    module, _, function = REPORT_FORMATS[form].partition(":")
    made: str = getattr(import_module(module), function)(answered(text), View(sections=SECTIONS, width=width))
    return made


@pytest.mark.parametrize("text", HOSTILE)
def test_csv_cells_are_no_formulas(text: str) -> None:
    for row in csv.DictReader(io.StringIO(rendered("csv", text))):
        for name in NAMES:
            cell = row[name]
            assert not UNSAFE.search(cell)
            assert not re.match(r"[=+\-@\t\r]", cell)


@pytest.mark.parametrize("text", HOSTILE)
def test_json_says_exactly_what_the_log_said(text: str) -> None:
    found = json.loads(rendered("json", text))
    assert {group["key"]["user"] for group in found["groups"]} == {text}
    assert {text, f"{text}2"} <= {row["app"] for row in found["variance"]["rows"]}


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_is_text(text: str) -> None:
    made = rendered("markdown", text)
    assert not UNSAFE.search(made)
    assert not re.search(r"(?<!\\)[`<]|(?<!\\)\]\(|(?<!\\)!\[", made)
    for line in made.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) in {3, 4, 6, 7, 8, 9, len(NAMES) + 6}


@pytest.mark.parametrize("width", [None, 80])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_table_commands_no_terminal(text: str, width: int | None) -> None:
    made = rendered("table", text, width)
    assert not UNSAFE.search(made)
    if width is None:
        assert printable(text).strip() in made
