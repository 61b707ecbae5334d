"""`llmcost report --format html` and `--email`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmcost.reporting import mail_page
from tests.notify.servers import smtp
from tests.run import Ran, llmcost

MONDAY = "2026-11-23T09:00:00Z"
BOOK = """\
version: 1
models:
  - {model: test-model, provider: openai, input: 1000, output: 1000}
"""


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    (tmp_path / "prices.yaml").write_text(BOOK)
    lines = [
        {
            "timestamp": f"2026-11-{day:02}T12:00:00Z", "request_id": f"r{day}", "provider": "openai",
            "model": "test-model", "app": "chat", "input_tokens": 1_000, "output_tokens": 0,
        }
        for day in range(9, 23)
    ]  # fmt: skip
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    shared = [
        "--ledger", str(tmp_path / "ledger.db"), "--prices", str(tmp_path / "prices.yaml"), "--as-of", MONDAY,
        "--tz", "UTC",
    ]  # fmt: skip
    assert llmcost("ingest", str(tmp_path / "log.jsonl"), *shared).code == 0
    return shared


def report(options: list[str], *arguments: str) -> Ran:
    return llmcost("report", *arguments, *options)


def mailing(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    for name, value in {"HOST": "127.0.0.1", "FROM": "llmcost@example.com", "TLS": "none", **settings}.items():
        monkeypatch.setenv(f"LLMCOST_SMTP_{name}", str(value))


def test_a_page_in_a_file_and_on_stdout(options: list[str], tmp_path: Path) -> None:
    ran = report(options, "--format", "html")
    assert ran.code == 0
    assert "<strong>$7.00 spent</strong>" in ran.out
    target = tmp_path / "week.html"
    assert report(options, "--format", "html", "--lang", "zh", "--output", str(target)).out == ""
    assert '<html lang="zh">' in target.read_text("utf-8")


def test_budgets_are_on_it_where_there_is_a_file(options: list[str]) -> None:
    assert "Budgets" not in report(options, "--format", "html").out
    Path("budgets.yaml").write_text("budgets:\n  - {app_id: chat, daily_limit: 5, monthly_limit: 10}\n")
    page = report(options, "--format", "html").out
    assert "Budget chat (month) is exceeded: $14.00 of $10.00." in page
    assert "<td>day</td><td>ok</td>" in page


def test_an_unknown_language(options: list[str]) -> None:
    ran = report(options, "--format", "html", "--lang", "fr")
    assert (ran.code, ran.err) == (2, "error: unknown language 'fr'\nhint: use one of en, zh\n")


def test_a_language_of_what_has_none(options: list[str]) -> None:
    assert report(options, "--lang", "zh").err.startswith("error: --lang is for HTML and e-mail\n")


def test_a_mail_to_two_people(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with smtp() as server:
        mailing(monkeypatch, PORT=server.port)
        ran = report(options, "--email", "ann@example.com, bob@example.com")
    assert (ran.code, ran.out, ran.err) == (0, "", "sent to 2 recipients\n")
    (got,) = server.mails
    assert got["Subject"] == "LLM spend 2026-11-16 to 2026-11-22: $7.00"
    assert got["To"] == "ann@example.com, bob@example.com"
    assert [part.get_content_type() for part in got.walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"
    ]  # fmt: skip
    *_, page, picture = got.walk()
    body, png = page.get_payload(decode=True), picture.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert isinstance(png, bytes)
    assert picture["Content-ID"] == "<breakdown>"
    assert b'src="cid:breakdown"' in body
    assert png.startswith(b"\x89PNG")


def test_a_mail_without_matplotlib_has_bars(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_page, "find_spec", lambda name: None)
    with smtp() as server:
        mailing(monkeypatch, PORT=server.port)
        assert report(options, "--email", "ann@example.com").code == 0
    (got,) = server.mails
    assert [part.get_content_type() for part in got.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_a_mail_that_cannot_go(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    ran = report(options, "--email", "ann@example.com")
    assert ran.code == 2
    assert ran.err.startswith("error: LLMCOST_SMTP_HOST is not set\n")
    assert report(options, "--email", ", ").err.startswith("error: --email ', ' names nobody\n")
    with smtp({"MAIL": "451 later"}) as server:
        mailing(monkeypatch, PORT=server.port)
        ran = report(options, "--email", "ann@example.com")
    assert ran.code == 6
    assert ran.err.startswith("error: the report was not sent: the mail server answered 451\n")


def test_bills_and_blocks_are_not_sent(options: list[str]) -> None:
    assert report(options, "--basis", "billed", "--email", "ann@example.com").code == 2
    assert report(options, "--blocks", "--email", "ann@example.com").code == 2
