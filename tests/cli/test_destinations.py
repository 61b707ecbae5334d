"""References filled in from the environment or a file, and what is said when they cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from llmcost.budgets.model import Channel
from llmcost.cli.destinations import Surroundings, destination
from llmcost.core.errors import UsageError
from llmcost.notify.outlet import Destination, Smtp
from llmcost.notify.smtp_settings import value_of

SMTP = {"LLMCOST_SMTP_HOST": "mail.example.com", "LLMCOST_SMTP_FROM": "llmcost@example.com"}
MAIL = Channel("email", recipients=("ann@example.com",))


def made(channel: Channel, environ: Mapping[str, str]) -> Destination:
    return destination(channel, Surroundings(environ, 7, 0.5, lambda _: None))


def refusal(channel: Channel, environ: Mapping[str, str]) -> UsageError:
    with pytest.raises(UsageError) as caught:
        made(channel, environ)
    return caught.value


def test_an_address_and_a_secret_from_the_environment() -> None:
    channel = Channel("webhook", "https://${HOST}/${TOKEN}", secret="${KEY}", allow_private=True)  # noqa: S106 - a name
    found = made(channel, {"HOST": "h.example", "TOKEN": "t0k3n", "KEY": "k3y"})
    assert (found.address, found.secret, found.allow_private) == ("https://h.example/t0k3n", "k3y", True)
    assert (found.now_us, found.timeout, found.smtp) == (7, 0.5, None)
    assert set(found.secrets) == {"h.example", "t0k3n", "k3y", "https://h.example/t0k3n"}


def test_an_address_written_out_is_a_secret_too() -> None:
    found = made(Channel("slack", "https://hooks.example.com/T0/abc"), {})
    assert set(found.secrets) == {"https://hooks.example.com/T0/abc", "T0/abc"}


def test_a_value_is_not_expanded_again() -> None:
    assert (
        made(Channel("slack", "${HOOK}"), {"HOOK": "https://h/${OTHER}", "OTHER": "x"}).address == "https://h/${OTHER}"
    )


def test_a_file_holds_it() -> None:
    Path("hook").write_text("https://h.example/x\n", "utf-8")
    assert made(Channel("slack", "${HOOK}"), {"HOOK_FILE": "hook"}).address == "https://h.example/x"
    assert value_of("HOOK", {"HOOK": "itself", "HOOK_FILE": "hook"}) == "itself"


@pytest.mark.parametrize("environ", [{}, {"HOOK": ""}, {"HOOK_FILE": ""}])
def test_a_missing_variable_is_named(environ: dict[str, str]) -> None:
    error = refusal(Channel("slack", "${HOOK}"), environ)
    assert error.message == "${HOOK} is not set"
    assert error.hint == "set HOOK, or HOOK_FILE to a file that holds it"


def test_a_file_that_cannot_be_read_is_named() -> None:
    Path("binary").write_bytes(b"\xff\xfe")
    Path("empty").write_bytes(b" \n")
    channel = Channel("slack", "${HOOK}")
    assert refusal(channel, {"HOOK_FILE": "gone"}).message == (
        "HOOK_FILE names gone, which cannot be read: No such file or directory"
    )
    assert refusal(channel, {"HOOK_FILE": "binary"}).message.endswith("which cannot be read: not UTF-8")
    assert refusal(channel, {"HOOK_FILE": "."}).message.endswith("which cannot be read: Is a directory")
    assert refusal(channel, {"HOOK_FILE": "empty"}).message == "${HOOK} is not set"


def test_mail_settings() -> None:
    assert made(MAIL, SMTP).smtp == Smtp("mail.example.com", 587, "llmcost@example.com")
    Path("password").write_text("pa55word\n", "utf-8")
    more = {"LLMCOST_SMTP_TLS": "implicit", "LLMCOST_SMTP_USER": "me", "LLMCOST_SMTP_PASSWORD_FILE": "password"}
    found = made(MAIL, {**SMTP, **more})
    assert found.smtp == Smtp("mail.example.com", 465, "llmcost@example.com", "me", "pa55word", "implicit")
    assert found.secrets == ("pa55word",)
    none = made(MAIL, {**SMTP, "LLMCOST_SMTP_TLS": "none", "LLMCOST_SMTP_PORT": "2525"}).smtp
    assert none is not None
    assert (none.port, none.tls) == (2525, "none")


def test_recipients_from_the_environment() -> None:
    found = made(Channel("email", recipients=("${ADMINS}",)), {**SMTP, "ADMINS": "a@example.com, b@example.com,"})
    assert found.recipients == ("a@example.com", "b@example.com")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"LLMCOST_SMTP_HOST": ""}, "LLMCOST_SMTP_HOST is not set"),
        ({"LLMCOST_SMTP_FROM": ""}, "LLMCOST_SMTP_FROM is not set"),
        ({"LLMCOST_SMTP_TLS": "yes"}, "LLMCOST_SMTP_TLS is 'yes'"),
        ({"LLMCOST_SMTP_PORT": "0"}, "LLMCOST_SMTP_PORT is no port: '0'"),
        ({"LLMCOST_SMTP_PORT": "65536"}, "LLMCOST_SMTP_PORT is no port: '65536'"),
        ({"LLMCOST_SMTP_PORT": "smtp"}, "LLMCOST_SMTP_PORT is no port: 'smtp'"),
        ({"LLMCOST_SMTP_PORT": "٢٥"}, "LLMCOST_SMTP_PORT is no port: '٢٥'"),
    ],
)
def test_wrong_mail_settings_are_named(change: dict[str, str], said: str) -> None:
    assert refusal(MAIL, {**SMTP, **change}).message == said


def test_other_channels_need_no_mail_server() -> None:
    assert made(Channel("stdout"), {}).smtp is None
