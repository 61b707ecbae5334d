"""An e-mail over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from llmcost.core.instants import from_us
from llmcost.core.text import printable
from llmcost.notify.outlet import Destination, Message, Smtp, UndeliveredError

#: What we call ourselves: the machine's own name would take a look-up that may hang.
_EHLO = "[127.0.0.1]"


def send(message: Message, to: Destination) -> None:
    """Returns when the server has taken the message for every recipient.

    Raises:
        UndeliveredError: no settings, no server, no trust, or a refusal.
    """
    smtp = to.smtp
    if smtp is None:
        raise UndeliveredError("no mail server: set LLMCOST_SMTP_HOST and LLMCOST_SMTP_FROM")
    deliver(lambda: _mail(message, to, smtp), smtp, to.timeout)


def deliver(made: Callable[[], EmailMessage], smtp: Smtp, timeout: float) -> None:
    """Send the message that `made` makes, which may find that an address is none; as `send`."""
    if smtp.user and smtp.tls == "none":
        raise UndeliveredError("a password is not sent without TLS: set LLMCOST_SMTP_TLS to starttls or implicit")
    try:
        mail = made()
    except (ValueError, IndexError, MessageError):
        raise UndeliveredError("the sender or a recipient is not an e-mail address") from None
    try:
        server = _connected(smtp, timeout)
        try:
            refused = server.send_message(mail)
        finally:
            # The message is taken: what becomes of the goodbye changes nothing.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()
    except TimeoutError:
        raise UndeliveredError("the mail server gave no answer in time") from None
    except ssl.SSLCertVerificationError as error:
        raise UndeliveredError(f"the mail server's certificate is not trusted: {error.verify_message}") from None
    except smtplib.SMTPNotSupportedError:
        raise UndeliveredError("the mail server offers no TLS or no log-in") from None
    except smtplib.SMTPAuthenticationError as error:
        raise UndeliveredError(f"the mail server refuses user or password ({error.smtp_code})") from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _ in error.recipients.values()})
        raise UndeliveredError(f"the mail server refuses the recipient ({', '.join(map(str, codes))})") from None
    except smtplib.SMTPResponseException as error:
        raise UndeliveredError(f"the mail server answered {error.smtp_code}") from None
    except (smtplib.SMTPException, ConnectionResetError, BrokenPipeError):
        raise UndeliveredError("the mail server gave no answer, or none that is SMTP") from None
    except UnicodeEncodeError:
        raise UndeliveredError("SMTP takes user and password in ASCII only") from None
    except OSError as error:
        raise UndeliveredError(f"mail server: {error.strerror or 'no connection'}") from None
    if refused:
        raise UndeliveredError(f"the mail server refuses {len(refused)} of the recipients")


def _mail(message: Message, to: Destination, smtp: Smtp) -> EmailMessage:
    sender = Address(addr_spec=smtp.sender)
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = [Address(addr_spec=recipient) for recipient in to.recipients]
    mail["Subject"] = printable(f"[llmcost] {message.title}")
    mail["Date"] = format_datetime(from_us(to.now_us))
    mail["Message-ID"] = f"<{message.key}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    alert = message.alert
    facts = [("Budget", alert["budget"]), ("Owner", alert["owner"]), ("Window", f"{alert['start']} to {alert['end']}"),
             ("Measured", alert["as_of"])]  # fmt: skip
    lines = "\n".join(f"{name}: {value}" for name, value in facts if value)
    mail.set_content(f"{message.text}\n\n{lines}\n")
    return mail


def _connected(smtp: Smtp, timeout: float) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if smtp.tls == "implicit":
        server: smtplib.SMTP = smtplib.SMTP_SSL(smtp.host, smtp.port, _EHLO, timeout=timeout, context=context)
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, _EHLO, timeout=timeout)
    try:
        if smtp.tls == "starttls":
            server.starttls(context=context)
        if smtp.user:
            server.login(smtp.user, smtp.password)
    except BaseException:
        server.close()
        raise
    return server
