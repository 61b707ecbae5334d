"""A report as an e-mail: plain text and HTML of one content, pictures inline."""

from __future__ import annotations

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import NamedTuple

from llmcost.core.instants import from_us
from llmcost.core.text import printable
from llmcost.notify.mail import deliver
from llmcost.notify.outlet import Smtp


class ReportMail(NamedTuple):
    subject: str
    text: str
    html: str
    images: Mapping[str, bytes]
    """Content id -> PNG, as the HTML's `cid:` addresses name them."""
    recipients: tuple[str, ...]
    now_us: int


def send_report(mail: ReportMail, smtp: Smtp, *, timeout: float = 30.0) -> None:
    """Returns when the server has taken the message for every recipient.

    Raises:
        UndeliveredError: no server, no trust, a refusal, or what is no address.
    """
    deliver(lambda: _message(mail, smtp), smtp, timeout)


def _message(mail: ReportMail, smtp: Smtp) -> EmailMessage:
    sender = Address(addr_spec=smtp.sender)
    message = EmailMessage()
    message["From"] = sender
    message["To"] = [Address(addr_spec=recipient) for recipient in mail.recipients]
    message["Subject"] = printable(mail.subject)
    message["Date"] = format_datetime(from_us(mail.now_us))
    digest = sha256("\0".join((mail.html, *mail.recipients)).encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{digest}.{mail.now_us}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    *_, page = message.iter_parts()
    for name, picture in mail.images.items():
        page.add_related(picture, "image", "png", cid=f"<{name}>", disposition="inline", filename=f"{name}.png")
    return message
