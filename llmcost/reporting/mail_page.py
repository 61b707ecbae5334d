"""The weekly page as the parts of a mail: text, HTML, and the pictures in it where Matplotlib is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple

from llmcost.analysis.breakdown import Breakdown
from llmcost.reporting.report_html import mail_html, plain
from llmcost.reporting.weekly import Page

_PICTURE = "breakdown"


class MailParts(NamedTuple):
    text: str
    html: str
    images: dict[str, bytes]
    """Content id -> PNG."""


def mail_parts(page: Page, found: Breakdown) -> MailParts:
    """The picture stands in place of the trend's bars; without Matplotlib (the extra `plot`) the bars are drawn."""
    if not found.requests or find_spec("matplotlib") is None:
        return MailParts(plain(page), mail_html(page), {})
    from llmcost.reporting.plot import render

    return MailParts(plain(page), mail_html(page, {"trend": _PICTURE}), {_PICTURE: render(found, "png")})
