"""A quarter of daily spend with one bad day, and the weekly page made of it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC

from llmcost.analysis.periods import Span, compared
from llmcost.analysis.report import Question, report
from llmcost.budgets.check import check
from llmcost.budgets.model import Budget, Limit, Window
from llmcost.core.instants import DAY_US
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import UNPRICED, Basis, PricedRecord
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.reporting.weekly import Weekly, gathered

MONDAY = 1_795_424_400_000_000  # 2026-11-23T09:00:00Z
USD = 10**9
CARD = Basis("c0ffee", "exact", "catalogue", "{}")
#: What a log may hold to run something: formulas, markup, terminal commands, text that turns around, shell.
HOSTILE = (
    "=cmd|'/C calc'!A0", "+1+1", "@SUM(1)", "-2+3", "\t=1", "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)", "{{ 7*7 }}", "{% raw %}", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "evil\u202etxt.exe",
    "[click](javascript:alert(1))", "a|b\nc", "`id`", "$(id); rm -rf ~", "]]>", "</style>", "&lt;b&gt;", "中文\u2066",
)  # fmt: skip


def rows(names: tuple[str, str] = ("chat", "客服助手"), **fields: str) -> list[PricedRecord]:
    """70 days of two apps; on the fourth day before MONDAY the first costs five times its usual, of another model."""
    made = []
    for back in range(1, 71):
        noon = MONDAY - back * DAY_US + 10_800_000_000
        for number, (app, model, cost) in enumerate(
            [(names[0], "gpt-4o", 20 * USD + back % 3 * USD), (names[1], "claude-haiku-4-5", 3 * USD)]
        ):
            made.append(_row(noon + number, app, model, cost, **fields))
    made.append(_row(MONDAY - 4 * DAY_US, names[0], "gpt-5", 85 * USD, **fields))
    made.append(_row(MONDAY - 3 * DAY_US, names[0], "mystery", None, **fields))
    made.append(_row(MONDAY - 2 * DAY_US, "", "gpt-4o", 2 * USD, **fields))
    return made


def _row(ts: int, app: str, called: str, cost: int | None, **fields: str) -> PricedRecord:
    usage = Usage(input=900_000, cached=600_000, output=40_000)
    record = Record(ts, f"openai:{ts}", "openai", called, usage, app=app)._replace(**fields)  # type: ignore[arg-type]
    if cost is None:
        return PricedRecord(record, None, (), Basis(UNPRICED))
    return PricedRecord(record, cost, (cost // 2, 0, 0, 0, 0, 0, 0, cost - cost // 2, *(0,) * 5), CARD)


def weekly(
    made: list[PricedRecord] | None = None, *, language: str = "en", budgets: bool = True, now: int = MONDAY
) -> Weekly:
    with closing(SqliteLedger(MEMORY, write=True)) as ledger:
        ledger.add(rows() if made is None else made, ledger.begin_batch("test", MONDAY))
        period = compared(Span(), now, UTC)
        limits = (Limit(Window("day"), "usd", 30 * USD), Limit(Window("month"), "usd", 700 * USD))
        chosen = [
            Budget("chat", (("app", "chat"),), limits),
            Budget("all", (), (Limit(Window("month"), "usd", 600 * USD, hard=True),)),
        ]
        found = report(ledger, Question(period))
        measured = check(ledger, chosen, now=now, zone=UTC) if budgets else None
        return gathered(ledger, found, measured, now_us=now, version="1.2.3", language=language)
