"""`llmcost budget notify` from the budget file to servers that listen, and to those that do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.budgets.rows import USD, ledger, row
from tests.notify.servers import CERTIFICATE, HANG, OK, http, refused, smtp, status
from tests.run import Ran, llmcost

AT = "2026-11-20T16:00:00Z"
SAID = "chat has used 90% of its daily limit: $9.00 of $10.00 (threshold 80%), 2026-11-20."
HUSH = "T0PS3CRET"


@pytest.fixture(autouse=True)
def settings(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("HOST", "PORT", "FROM", "USER", "PASSWORD", "TLS"):
        monkeypatch.delenv(f"LLMCOST_SMTP_{name}", raising=False)
    monkeypatch.setenv("LLMCOST_LEDGER", str(isolated / "ledger.db"))
    ledger(row("2026-11-20T15:00:00Z", "chat", 9 * USD), path=Path("ledger.db")).close()
    yield
    # Whatever a test did, no secret stands in the ledger or in any file beside it.
    for file in Path().glob("ledger.db*"):
        assert HUSH.encode() not in file.read_bytes()


def tell(*channels: str, thresholds: str = "[0.8]") -> None:
    Path("budgets.yaml").write_text(
        f"budgets: [{{app_id: chat, daily_limit: 10, alert_thresholds: {thresholds},"
        f" notification_channels: [{', '.join(channels)}]}}]",
        "utf-8",
    )


def webhook(url: str, more: str = "allow_private: true") -> str:
    return f"{{type: webhook, url: '{url}', {more}}}"


def notify(*options: str, at: str = AT) -> Ran:
    ran = llmcost("budget", "notify", "--as-of", at, "--timeout", "1", *options)
    assert HUSH not in ran.out + ran.err
    return ran


def states(ran: Ran) -> list[tuple[str, str | None]]:
    return [(alert["state"], alert["error"]) for alert in ran.json["alerts"]]


def test_a_threshold_is_told_once() -> None:
    with http() as server:
        tell(webhook(server.url))
        first = notify()
        assert (first.code, first.out) == (0, "")
        assert first.err == f"sent to webhook: http://127.0.0.1/…: {SAID}\n1 new alert; 1 sent\n"
        again = notify(at="2026-11-20T17:00:00Z")
        assert (again.code, again.out, again.err) == (0, "", "0 new alerts; nothing due\n")
    (request,) = server.requests
    assert json.loads(request.body)["message"] == SAID
    assert json.loads(request.body)["id"] == request.headers["idempotency-key"]


def test_every_kind_of_channel_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with http() as hook, http() as slack, smtp(tls="starttls") as mail:
        monkeypatch.setenv("SLACK", f"{slack.url}/{HUSH}")
        monkeypatch.setenv("SIGNING", HUSH)
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        for name, value in {"HOST": "localhost", "PORT": str(mail.port), "FROM": "llmcost@example.com", "USER": "me",
                            "PASSWORD": HUSH}.items():  # fmt: skip
            monkeypatch.setenv(f"LLMCOST_SMTP_{name}", value)
        tell(
            webhook(hook.url, "allow_private: true, secret: '${SIGNING}'"),
            "{type: slack, webhook: '${SLACK}', allow_private: true}",
            "{type: email, recipients: [ann@example.com, bob@example.com]}",
            "{type: stdout}",
        )
        ran = notify()
    assert (ran.code, ran.out) == (0, SAID + "\n")
    assert ran.err.endswith("5 new alerts; 5 sent\n")
    assert len(hook.requests) == len(slack.requests) == 1
    assert "x-llmcost-signature" in hook.requests[0].headers
    assert slack.requests[0].line == f"POST /hook/{HUSH} HTTP/1.1"
    assert sorted(str(one["To"]) for one in mail.mails) == ["ann@example.com", "bob@example.com"]
    assert len({one["Message-ID"] for one in mail.mails}) == 2


def test_one_person_refused_is_not_the_others_second_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    with smtp({"RCPT": ("250 ok", "550 gone", "250 ok")}) as mail:
        for name, value in {
            "HOST": "127.0.0.1",
            "PORT": str(mail.port),
            "FROM": "l@example.com",
            "TLS": "none",
        }.items():
            monkeypatch.setenv(f"LLMCOST_SMTP_{name}", value)
        tell("{type: email, recipients: [ann@example.com, bob@example.com]}")
        assert notify().code == 1
        assert notify(at="2026-11-20T16:05:00Z").code == 0
    assert sorted(str(one["To"]) for one in mail.mails) == ["ann@example.com", "bob@example.com"]


def test_500_twice_then_200() -> None:
    with http(status("500 x"), status("500 x"), OK) as server:
        tell(webhook(server.url))
        first = notify()
        assert first.code == 1
        assert first.err.splitlines()[0].startswith(
            "error: webhook: http://127.0.0.1/…: it answered 500 Internal Server Error; tried again from 2026-11-20T16:"
        )
        assert notify(at="2026-11-20T16:01:59Z").code == 0  # not due yet
        assert notify(at="2026-11-20T16:03:00Z").code == 1
        assert notify(at="2026-11-20T16:10:00Z").code == 0
        assert notify(at="2026-11-20T23:10:00Z").code == 0
    assert len(server.requests) == 3
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1


def test_a_bad_channel_blocks_no_other() -> None:
    with http(HANG) as hang, http() as good:
        tell(webhook(hang.url), webhook(f"http://127.0.0.1:{refused()}/{HUSH}"), webhook(good.url), "{type: stdout}")
        ran = notify("--json")
    assert ran.code == 1
    assert states(ran) == [
        ("failed", "no answer in time"),
        ("failed", "Connection refused"),
        ("sent", None),
        ("sent", None),
    ]
    assert len(good.requests) == 1
    # stdout is one document: the stdout channel speaks on stderr.
    assert SAID + "\n" in ran.err


def test_failures_are_said_under_quiet_too() -> None:
    tell(webhook(f"http://127.0.0.1:{refused()}/"), "{type: stdout}")
    ran = notify("--quiet")
    assert (ran.code, ran.out) == (1, SAID + "\n")
    assert ran.err.startswith("error: webhook: http://127.0.0.1/…: Connection refused; tried again from ")
    assert ran.err.count("\n") == 1


def test_a_redirect_to_another_host_is_not_followed() -> None:
    with http() as other, http(status("302 x", f"Location: {other.url}/{HUSH}")) as server:
        tell(webhook(server.url))
        assert notify().code == 1
    assert other.requests == []


def test_a_private_address_needs_leave() -> None:
    with http() as server:
        tell(webhook(server.url, "secret: '${X}'").replace(", secret: '${X}'", ""))
        ran = notify()
    assert ran.code == 1
    assert "its address is private or local: write `allow_private: true` if it is meant" in ran.err
    assert server.requests == []


def test_a_missing_secret_is_named_and_stops_only_its_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    with http() as good, http() as late:
        tell("{type: slack, webhook: '${SLACK}', allow_private: true}", webhook(good.url))
        ran = notify("--json")
        assert ran.code == 1
        assert ran.json["unusable_channels"] == [{"channel": "slack: ${SLACK}", "error": "${SLACK} is not set"}]
        assert states(ran) == [("sent", None)]
        assert "error: slack: ${SLACK} is not set; set SLACK, or SLACK_FILE to a file that holds it" in ran.err
        # It was kept, and is told as soon as it can be, with no attempt lost.
        Path("hook").write_text(f"{late.url}/{HUSH}\n", "utf-8")
        monkeypatch.setenv("SLACK_FILE", "hook")
        then = notify("--json")
        assert then.code == 0
        assert [(alert["state"], alert["attempts"]) for alert in then.json["alerts"]] == [("sent", 1)]
    assert (len(good.requests), len(late.requests)) == (1, 1)


def test_what_is_given_up_is_said_every_time_until_it_is_retried() -> None:
    with http(*[status("500 x")] * 12, OK) as server:
        tell(webhook(server.url))
        days = ("11-20", *(f"12-{day:02}" for day in range(1, 23, 2)))
        assert {notify(at=f"2026-{day}T16:00:00Z").code for day in days} == {1}
        assert len(server.requests) == 12
        ran = notify(at="2026-12-25T16:00:00Z")
        assert (ran.code, len(server.requests)) == (1, 12)
        assert "given up, try again with --retry: it answered 500 Internal Server Error: chat has used 90%" in ran.err
        assert notify("--retry", "--dry-run", at="2026-12-25T16:00:00Z").code == 0
        assert notify("--retry", at="2026-12-25T16:00:00Z").code == 0
        assert notify(at="2026-12-26T16:00:00Z").code == 0
    assert len(server.requests) == 13


def test_a_dry_run_shows_and_keeps_nothing() -> None:
    with http() as server:
        tell(webhook(server.url))
        before = Path("ledger.db").read_bytes()
        dry = notify("--dry-run")
        assert dry.code == 0
        assert SAID in dry.out
        assert dry.err == "1 alert would be sent (1 new); nothing was kept or sent\n"
        listed = notify("--dry-run", "--json").json
        assert (listed["dry_run"], listed["new"], [alert["state"] for alert in listed["alerts"]]) == (True, 1, ["due"])
        assert server.requests == []
        assert Path("ledger.db").read_bytes() == before
        assert notify().err.endswith("1 new alert; 1 sent\n")
        nothing = notify("--dry-run")
        assert (nothing.out, nothing.err) == ("", "0 alerts would be sent (0 new); nothing was kept or sent\n")


def test_json() -> None:
    with http() as server:
        tell(webhook(server.url), thresholds="[0.5, 0.8]")
        ran = notify("--json")
    document: dict[str, Any] = ran.json
    assert {name: document[name] for name in ("schema_version", "as_of", "tz", "file", "dry_run", "new")} == {
        "schema_version": 1, "as_of": AT, "tz": "UTC", "file": "budgets.yaml", "dry_run": False, "new": 2,
    }  # fmt: skip
    assert [alert["alert"]["threshold"] for alert in document["alerts"]] == ["0.5", "0.8"]
    assert document["unusable_channels"] == []


def test_apprise_that_is_not_installed_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "apprise", None)
    tell(f"{{type: apprise, url: 'discord://1/{HUSH}'}}")
    ran = notify()
    assert ran.code == 1
    assert "apprise: …redacted: apprise is not installed: pip install 'llmcost[notify]'" in ran.err


def test_without_a_ledger_or_budgets() -> None:
    tell("{type: stdout}")
    Path("ledger.db").unlink()
    gone = notify()
    assert (gone.code, gone.out) == (6, "")
    assert "no ledger at" in gone.err
    assert not Path("ledger.db").exists()
    Path("budgets.yaml").unlink()
    assert notify().code == 2


def test_an_output_file_is_for_the_document() -> None:
    tell("{type: stdout}")
    ran = notify("--json", "--output", "told.json")
    assert ran.code == 0
    assert json.loads(Path("told.json").read_text("utf-8"))["alerts"][0]["alert"]["message"] == SAID
    assert SAID in ran.err


@pytest.mark.parametrize("value", ["0", "-1", "soon", "4000"])
def test_a_wrong_timeout(value: str) -> None:
    tell("{type: stdout}")
    assert llmcost("budget", "notify", "--timeout", value).code == 2
