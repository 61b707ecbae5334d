"""The article's weekly report, on a ledger and through a mail server."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from llmcost.core.errors import UsageError
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.live.budget_config import BudgetConfig
from llmcost.live.budget_manager import BudgetManager
from llmcost.live.cost_analytics import CostAnalytics
from llmcost.live.cost_reporter import CostReporter
from llmcost.notify.outlet import UndeliveredError
from tests.notify.servers import smtp
from tests.reporting.weekly_samples import MONDAY, rows


@pytest.fixture
def analytics() -> CostAnalytics:
    with closing(SqliteLedger(Path("ledger.db"), write=True)) as ledger:
        ledger.add(rows(), ledger.begin_batch("test", MONDAY))
    return CostAnalytics("ledger.db", clock=lambda: MONDAY)


def test_the_page_of_the_last_seven_complete_days(analytics: CostAnalytics) -> None:
    text = CostReporter(analytics).generate_weekly_report()
    assert "<strong>$255.00 spent</strong>" in text
    assert "Budgets" not in text
    assert '<html lang="zh">' in CostReporter(analytics, language="zh").generate_weekly_report()


def test_budgets_are_the_managers(analytics: CostAnalytics) -> None:
    with BudgetManager("ledger.db", clock=lambda: MONDAY) as manager:
        manager.set_budget(BudgetConfig("chat", 10.0, 500.0, [0.5], []))
        text = CostReporter(analytics, manager).generate_weekly_report()
    assert "Budget chat (month) is exceeded: $547.00 of $500.00." in text


def test_it_goes_by_mail(analytics: CostAnalytics) -> None:
    with smtp() as server:
        settings = {"LLMCOST_SMTP_HOST": "127.0.0.1", "LLMCOST_SMTP_PORT": str(server.port), "LLMCOST_SMTP_TLS": "none",
                    "LLMCOST_SMTP_FROM": "llmcost@example.com"}  # fmt: skip
        reporter = CostReporter(analytics, settings=settings)
        reporter.send_email_report(["ann@example.com", "bob@example.com"])
    assert [(mail["To"], mail["Subject"]) for mail in server.mails] == [
        ("ann@example.com, bob@example.com", "LLM spend 2026-11-16 to 2026-11-22: $255.00")
    ]
    with pytest.raises(UndeliveredError):
        reporter.send_email_report(["nobody"])
    with pytest.raises(UsageError, match="LLMCOST_SMTP_HOST is not set"):
        CostReporter(analytics, settings={}).send_email_report(["ann@example.com"])
