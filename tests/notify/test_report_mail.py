"""A report on its way through a mail server."""

from __future__ import annotations

from email.message import EmailMessage, Message
from typing import Any

import pytest

from llmcost.notify.outlet import Smtp, UndeliveredError
from llmcost.notify.report_mail import ReportMail, send_report
from tests.notify.samples import NOW
from tests.notify.servers import CERTIFICATE, smtp

MAIL = ReportMail(
    "LLM 成本周报", "plain 文本\n", '<p>html 文本</p><img src="cid:chart">', {}, ("ann@example.com",), NOW
)


def settings(port: int, **changes: Any) -> Smtp:
    return Smtp("127.0.0.1", port, "llmcost@example.com", **{"tls": "none", **changes})


def parts(message: Message) -> list[tuple[str, bytes]]:
    found = []
    for part in message.walk():
        payload = part.get_payload(decode=True)
        if not part.is_multipart() and isinstance(payload, bytes):
            found.append((part.get_content_type(), payload.replace(b"\r\n", b"\n")))
    return found


def test_text_and_html_of_one_content() -> None:
    with smtp() as server:
        send_report(MAIL, settings(server.port))
    (got,) = server.mails
    assert got.get_content_type() == "multipart/alternative"
    assert parts(got) == [
        ("text/plain", "plain 文本\n".encode()),
        ("text/html", ('<p>html 文本</p><img src="cid:chart">' + "\n").encode()),
    ]
    assert str(got["Subject"]) == "LLM 成本周报" or "=?utf-8?" in str(got["Subject"])
    assert got["From"] == "llmcost@example.com"
    assert got["Message-ID"].endswith("@example.com>")


def test_pictures_travel_inside() -> None:
    with smtp() as server:
        send_report(MAIL._replace(images={"chart": b"\x89PNG"}), settings(server.port))
    (got,) = server.mails
    picture = next(part for part in got.walk() if part.get_content_type() == "image/png")
    assert (picture["Content-ID"], picture.get_payload(decode=True)) == ("<chart>", b"\x89PNG")
    assert picture.get_content_disposition() == "inline"


def test_the_same_report_of_the_same_moment_has_the_same_id() -> None:
    with smtp() as server:
        for mail in (MAIL, MAIL, MAIL._replace(now_us=NOW + 1)):
            send_report(mail, settings(server.port))
    first, second, third = (mail["Message-ID"] for mail in server.mails)
    assert first == second != third


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_over_tls_with_a_password(tls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with smtp(tls=tls) as server:
        send_report(MAIL, Smtp("localhost", server.port, "llmcost@example.com", "ann", "secret-x", tls))
    assert len(server.mails) == 1


def test_what_is_refused() -> None:
    with smtp({"RCPT": "550 no"}) as server, pytest.raises(UndeliveredError, match="refuses the recipient"):
        send_report(MAIL, settings(server.port))
    with pytest.raises(UndeliveredError, match="is not an e-mail address"):
        send_report(MAIL._replace(recipients=("ann@example.com\r\nBcc: eve@example.com",)), settings(9))
    with pytest.raises(UndeliveredError, match="not sent without TLS"):
        send_report(MAIL, Smtp("127.0.0.1", 9, "llmcost@example.com", "ann", "x", "none"))


def test_a_subject_adds_no_header() -> None:
    with smtp() as server:
        send_report(MAIL._replace(subject="a\r\nBcc: eve@example.com"), settings(server.port))
    got = server.mails[0]
    assert isinstance(got, Message | EmailMessage)
    assert got["Bcc"] is None
