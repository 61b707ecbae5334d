"""Mail to a server that takes it, and to those that do not."""

from __future__ import annotations

from typing import Any

import pytest

from llmcost.notify.mail import send
from llmcost.notify.outlet import Smtp, UndeliveredError
from tests.notify.samples import KEY, NOW, message, to
from tests.notify.servers import CERTIFICATE, CUT, HANG, Answer, Connection, SmtpServer, refused, smtp

HUSH = "secret-x"


def mail(server: SmtpServer | int, *recipients: str, timeout: float = 5.0, fields: Any = None, **settings: Any) -> None:
    port = server if isinstance(server, int) else server.port
    made = {"host": "127.0.0.1", "port": port, "sender": "llmcost@example.com", "tls": "none", **settings}
    people = recipients or ("ann@example.com",)
    send(message(**(fields or {})), to("", recipients=people, smtp=Smtp(**made), timeout=timeout))


def failure(server: SmtpServer | int, *recipients: str, **settings: Any) -> str:
    with pytest.raises(UndeliveredError) as caught:
        mail(server, *recipients, **settings)
    return str(caught.value)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


def test_a_mail_as_it_arrives() -> None:
    with smtp() as server:
        mail(server)
    (got,) = server.mails
    assert (got["From"], got["To"]) == ("llmcost@example.com", "ann@example.com")
    assert got["Subject"] == "[llmcost] chat: budget threshold reached"
    assert got["Message-ID"] == f"<{KEY}@example.com>"
    assert got["Date"] == "Fri, 20 Nov 2026 16:00:00 +0000"
    assert got["Auto-Submitted"] == "auto-generated"
    payload = got.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().splitlines() == [
        "chat has used 81.2% of its daily limit.",
        "",
        "Budget: chat",
        "Owner: ann@example.com",
        "Window: 2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z",
        "Measured: 2026-11-20T16:00:00Z",
    ]


def test_names_in_any_script_arrive() -> None:
    with smtp() as server:
        mail(server, fields={"message": "预算 over", "budget": "预算"})
    payload = server.mails[0].get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().startswith("预算 over\r\n")


def test_a_name_adds_no_header() -> None:
    with smtp() as server:
        mail(server, fields={"budget": "a\r\nBcc: eve@example.com\r\n\r\nbody"})
    assert server.mails[0]["Bcc"] is None
    assert [line.upper() for line in server.recipients] == ["RCPT TO:<ANN@EXAMPLE.COM>"]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.usefixtures("trusted")
def test_tls_and_a_password(tls: str) -> None:
    with smtp(tls=tls) as server:
        mail(server, tls=tls, user="me", password=HUSH)
    assert len(server.mails) == 1
    assert server.logins == ["AUTH PLAIN AG1lAHNlY3JldC14"]  # base64 of NUL me NUL secret-x


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_certificate_nobody_trusts(tls: str) -> None:
    with smtp(tls=tls) as server:
        assert "certificate is not trusted: self-signed" in failure(server, tls=tls, user="me", password=HUSH)
    assert (server.mails, server.logins) == ([], [])


def test_a_server_that_offers_no_tls_gets_no_mail() -> None:
    with smtp() as server:
        assert failure(server, tls="starttls") == "the mail server offers no TLS or no log-in"
    assert server.mails == []


def test_a_password_goes_nowhere_without_tls() -> None:
    with smtp() as server:
        assert failure(server, user="me", password=HUSH).startswith("a password is not sent without TLS")
    assert server.logins == []


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        ({"CONNECT": "554 no"}, "the mail server answered 554"),
        ({"CONNECT": "HTTP/1.1 400 Bad Request"}, "the mail server"),
        ({"CONNECT": CUT}, "the mail server gave no answer, or none that is SMTP"),
        ({"MAIL": "451 try later SECRET"}, "the mail server answered 451"),
        ({"RCPT": "550 5.1.1 no such user SECRET"}, "the mail server refuses the recipient (550)"),
        ({"DATA": CUT}, "the mail server gave no answer"),
        ({"END": "452 full"}, "the mail server answered 452"),
        ({"END": CUT}, "the mail server gave no answer"),
        ({"END": lambda connection: connection.write(b"\xff\xfe\r\n")}, "the mail server"),
    ],
)  # fmt: skip
def test_what_is_not_taken(replies: dict[str, str | Answer | tuple[str, ...]], said: str) -> None:
    with smtp(replies) as server:
        told = failure(server)
    assert told.startswith(said)
    assert "SECRET" not in told
    assert server.mails == []


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "END"])
def test_a_server_that_hangs_is_left(verb: str) -> None:
    with smtp({verb: HANG}) as server:
        assert failure(server, timeout=0.2) == "the mail server gave no answer, or none that is SMTP"


def test_nobody_there() -> None:
    assert failure(refused()) == "mail server: Connection refused"


@pytest.mark.usefixtures("trusted")
def test_a_password_beyond_ascii() -> None:
    with smtp(tls="starttls") as server:
        assert failure(server, tls="starttls", user="me", password=f"{HUSH}ü") == (
            "SMTP takes user and password in ASCII only"
        )


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password() -> None:
    with smtp({"AUTH": "535 5.7.8 SECRET"}, tls="starttls") as server:
        told = failure(server, tls="starttls", user="me", password=HUSH)
    assert told == "the mail server refuses user or password (535)"


def rude(connection: Connection) -> None:
    connection.reset()


def test_a_rude_goodbye_changes_nothing() -> None:
    with smtp({"QUIT": rude}) as server:
        mail(server)
    assert len(server.mails) == 1


def test_one_of_two_recipients_refused() -> None:
    with smtp({"RCPT": ("250 ok", "550 no")}) as server:
        assert failure(server, "ann@example.com", "bob@example.com") == "the mail server refuses 1 of the recipients"


@pytest.mark.parametrize("recipient", ["ann", "ann@", "@example.com", "a b@example.com", "ann@example.com\r\nBcc: x@y"])
def test_what_is_no_address(recipient: str) -> None:
    with smtp() as server:
        assert "not an e-mail address" in failure(server, recipient)
    assert server.recipients == []


def test_without_settings() -> None:
    with pytest.raises(UndeliveredError, match="no mail server: set LLMCOST_SMTP_HOST"):
        send(message(), to("", recipients=("ann@example.com",), now_us=NOW))
