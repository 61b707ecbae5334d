"""The report's formats against golden files. To renew them: UPDATE_GOLDEN=1, then read the difference."""

from __future__ import annotations

import csv
import io
import json
import os
from contextlib import closing
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from llmcost.analysis.periods import Span, compared
from llmcost.analysis.report import Question, Report, report
from llmcost.core.instants import DAY_US
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import UNPRICED, Basis, PricedRecord
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.reporting import REPORT_FORMATS
from llmcost.reporting.columns import width_of
from llmcost.reporting.view import SECTIONS, View

GOLDEN = Path(__file__).with_name("golden")
MONDAY = 1_795_424_400_000_000  # 2026-11-23T09:00:00Z
CARD = Basis("c0ffee", "exact", "test", "{}")
HOSTILE = "=cmd|'/C calc'!A0 \x1b[31m<script>|`x`"


def rows() -> list[PricedRecord]:
    """Two weeks: three apps, two models, one unpriced model, one hostile name."""
    made = []
    for day in range(14):
        for number, (app, model, cost) in enumerate(
            [
                ("chat", "gpt-4o", 1_234_567_890),
                ("客服助手", "claude-haiku-4-5", 50_000_001),
                (HOSTILE, "mystery", None),
            ]
        ):
            if number == 1 and day < 9:
                continue
            ts = MONDAY - (14 - day) * DAY_US + number * 3_600_000_000
            usage = Usage(input=1_000 * (number + 1), cached=500, output=100 + day)
            record = Record(
                ts, f"p:{day}-{number}", "openai" if number == 0 else "anthropic", model, usage, app=app,
                latency_us=1_500_000, ttft_us=500_000 if number == 0 else None, cache_hit=day % 2 == 0,
            )  # fmt: skip
            parts = () if cost is None else (cost - 5, 5, *(0,) * 11)
            made.append(PricedRecord(record, cost, parts, CARD if cost is not None else Basis(UNPRICED)))
    return made


def answered(by: tuple[str, ...] = ("model",), where: tuple[tuple[str, str], ...] = ()) -> Report:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ledger.add(rows(), ledger.begin_batch("test", MONDAY))
        return report(ledger, Question(compared(Span(), MONDAY, ZoneInfo("UTC")), by, where))


def rendered(name: str, found: Report, view: View) -> str:
    module, _, function = REPORT_FORMATS[name].partition(":")
    text: str = getattr(import_module(module), function)(found, view)
    return text


CASES = {
    "table.txt": ("table", ("model",), View()),
    "table-60.txt": ("table", ("model",), View(width=60)),
    "table-groups.txt": ("table", ("app", "model"), View(sections=("summary", "groups"))),
    "charts.txt": ("table", ("model",), View(charts=True)),
    "charts-160.txt": ("table", ("model",), View(charts=True, width=160)),
    "report.json": ("json", ("app", "model"), View(top=2)),
    "groups.csv": ("csv", ("app",), View()),
    "trend.csv": ("csv", ("app",), View(sections=("trend",))),
    "report.md": ("markdown", ("app",), View(sections=SECTIONS, top=1)),
}


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    form, by, view = CASES[name]
    text = rendered(form, answered(by), view).rstrip("\n") + "\n"
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("name", CASES)
def test_no_format_lets_a_terminal_escape_through(name: str) -> None:
    form, by, view = CASES[name]
    assert "\x1b" not in rendered(form, answered(by), view)


def test_color_is_used_only_where_asked_for() -> None:
    assert "\x1b[" in rendered("table", answered(), View(color=True, width=80))


def test_json_adds_up() -> None:
    document = json.loads(rendered("json", answered(("app",)), View()))
    summary = document["summary"]
    groups = document["groups"]
    assert [group["key"]["app"] for group in groups if group["cost_usd"] is None] == [HOSTILE]
    assert sum(Decimal(group["cost_usd"] or 0) for group in groups) == Decimal(summary["cost_usd"])
    assert summary["cost_by_model"]["mystery"] is None
    assert sum(Decimal(point["cost_usd"]) for point in document["trend"]) == Decimal(summary["cost_usd"])
    assert sum(map(Decimal, summary["cost_parts_usd"].values())) == Decimal(summary["cost_usd"])
    assert sum(Decimal(cost or 0) for cost in summary["cost_by_model"].values()) == Decimal(summary["cost_usd"])
    assert summary["requests"] == sum(group["requests"] for group in groups) == 19
    assert summary["cost_usd"] == "8.891975235"  # 7 x 1.23456789 + 5 x 0.050000001
    assert summary["unpriced_requests"] == 7


def test_what_top_cuts_is_summed_up() -> None:
    document = json.loads(rendered("json", answered(("app",)), View(top=1)))
    assert document["other"]["groups"] == 2
    total = Decimal(document["groups"][0]["cost_usd"]) + Decimal(document["other"]["cost_usd"])
    assert total == Decimal(document["summary"]["cost_usd"])


def test_csv_cells_are_no_formulas_and_numbers_stay_numbers() -> None:
    lines = list(csv.reader(io.StringIO(rendered("csv", answered(("app",)), View()))))
    assert lines[0][:2] == ["app", "cost_usd"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line)
    assert lines[1][:3] == ["chat", "8.64197523", "7"]


def test_nothing_recorded_is_said_and_not_drawn() -> None:
    found = answered(where=(("app", "nobody"),))
    text = rendered("table", found, View())
    assert "$0.00" in text
    assert "nothing recorded for 9 Nov - 15 Nov 2026 to compare with" in text
    assert "Metrics" not in text
    assert "nothing recorded" in rendered("table", found, View(charts=True))


def test_a_week_without_any_price_is_unpriced_and_not_free() -> None:
    found = answered(where=(("model", "mystery"),))
    text = rendered("table", found, View())
    assert "\nunpriced  unpriced in the 7 days before (9 Nov - 15 Nov 2026): no comparison without prices" in text
    assert "$0.00" not in text
    assert "**unpriced**" in rendered("markdown", found, View())
    summary = json.loads(rendered("json", found, View()))["summary"]
    assert (summary["cost_usd"], summary["change_usd"], summary["change_share"]) == (None, None, None)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_terminal_is_not_too_narrow_for_six_dimensions(width: int) -> None:
    by = ("app", "model", "user", "team", "environment", "project")
    text = rendered("table", answered(by), View(sections=("groups",), width=width))
    assert max(map(width_of, text.split("\n"))) <= width
    assert "$8.64" in text


def test_an_answer_of_a_cache_is_not_what_lacks_a_price() -> None:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        made = [row for row in rows() if row.cost is None]
        made[-1] = made[-1]._replace(cost=0, parts=(0,) * 13, basis=CARD)
        ledger.add(made, ledger.begin_batch("test", MONDAY))
        found = report(ledger, Question(compared(Span(), MONDAY, ZoneInfo("UTC"))))
    text = rendered("table", found, View())
    assert "! not in the cost, for want of a price: 6 requests (mystery; 1 more cost nothing)" in text
    assert "$0.00" not in text
