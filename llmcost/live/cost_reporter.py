"""The article's `CostReporter`: its weekly report as a page, and by e-mail, from the ledger's exact numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import environ
from typing import TYPE_CHECKING

from llmcost import __version__
from llmcost.analysis.breakdown import breakdown
from llmcost.analysis.periods import Compared, Span, compared
from llmcost.analysis.report import Question, report
from llmcost.live.budget_manager import BudgetManager
from llmcost.live.cost_analytics import CostAnalytics
from llmcost.notify.report_mail import ReportMail, send_report
from llmcost.notify.smtp_settings import smtp_settings
from llmcost.reporting.mail_page import mail_parts
from llmcost.reporting.report_html import html
from llmcost.reporting.weekly import Page, gathered, page

if TYPE_CHECKING:
    from llmcost.budgets.check import Check


class CostReporter:
    """The last seven complete days, against the seven before and against budgets.

    Args:
        analytics: the ledger, its zone and its clock.
        budget: the manager whose budgets are shown; None: none are.
        language: of labels: `en` or `zh`.
        settings: LLMCOST_SMTP_* of the mail server; the process's environment unless given.
    """

    def __init__(
        self, analytics: CostAnalytics, budget: BudgetManager | None = None, *, language: str = "en",
        settings: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.analytics = analytics
        self.budget = budget
        self._language = language
        self._settings = settings

    def generate_weekly_report(self) -> str:
        """The report as one HTML file that needs nothing else."""
        return html(self._page(self.analytics.now_us()))

    def send_email_report(self, recipients: Sequence[str]) -> None:
        """Send the report, as text and as HTML.

        Raises:
            UsageError: no mail server is set.
            UndeliveredError: the server did not take it for everybody.
        """
        settings = smtp_settings(environ if self._settings is None else self._settings)
        now_us = self.analytics.now_us()
        made = self._page(now_us)
        with self.analytics.opened() as ledger:
            drawn = breakdown(ledger, self._week(now_us).period, "day")
        send_report(ReportMail(made.subject, *mail_parts(made, drawn), tuple(recipients), now_us), settings)

    def _week(self, now_us: int) -> Compared:
        return compared(Span(week="complete"), now_us, self.analytics.zone)

    def _page(self, now_us: int) -> Page:
        budgets: Check | None = None if self.budget is None else self.budget.standings()
        with self.analytics.opened() as ledger:
            found = report(ledger, Question(self._week(now_us)))
            made = gathered(ledger, found, budgets, now_us=now_us, version=__version__, language=self._language)
        return page(made)
