"""`report --format html` and `report --email`: the report people read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llmcost import __version__
from llmcost.cli.budget_file import BUDGETS_FILE, load_file
from llmcost.cli.environment import Env
from llmcost.core.errors import UsageError

if TYPE_CHECKING:
    from llmcost.analysis.breakdown import Breakdown
    from llmcost.analysis.report import Report
    from llmcost.budgets.check import Check
    from llmcost.ledger.protocol import Ledger
    from llmcost.reporting.weekly import Weekly


def weekly(env: Env, ledger: Ledger, report: Report, language: str) -> Weekly:
    """What the page says beside the report: the month, budgets (where there is a file), what has no team."""
    from llmcost.reporting.weekly import gathered

    return gathered(ledger, report, budgets(env, ledger), now_us=env.now_us, version=__version__, language=language)


def budgets(env: Env, ledger: Ledger) -> Check | None:
    """How the budgets stand; None where there is no file of them."""
    from llmcost.budgets.check import check

    if not env.setting("budgets").value and not Path(BUDGETS_FILE).exists():
        return None
    return check(ledger, load_file(env, "").budgets, now=env.now_us, zone=env.zone)


def send(env: Env, found: Weekly, drawn: Breakdown, recipients: str) -> None:
    """Send the page by e-mail to the comma-separated recipients, with the picture of `drawn` where it can be made.

    Raises:
        UsageError: no recipient, or no mail server.
        DataError: the server did not take it.
    """
    import logging

    from llmcost.core.errors import DataError
    from llmcost.notify.outlet import UndeliveredError, scrubbed
    from llmcost.notify.report_mail import ReportMail, send_report
    from llmcost.notify.smtp_settings import smtp_settings
    from llmcost.reporting.mail_page import mail_parts
    from llmcost.reporting.numbers import counted
    from llmcost.reporting.weekly import page

    people = tuple(filter(None, (one.strip() for one in recipients.split(","))))
    if not people:
        raise UsageError(f"--email {recipients!r} names nobody", "write --email ann@example.com,bob@example.com")
    smtp = smtp_settings(env.environ)
    # It would tell on stderr that it looks for fonts.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    made = page(found)
    try:
        send_report(ReportMail(made.subject, *mail_parts(made, drawn), people, env.now_us), smtp)
    except UndeliveredError as error:
        raise DataError(
            f"the report was not sent: {scrubbed(str(error), (smtp.password,))}", "see docs/weekly.md for the settings"
        ) from None
    env.note(f"sent to {counted(len(people), 'recipient')}")
