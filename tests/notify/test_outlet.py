"""What is shown of an error, and what a message calls itself."""

from __future__ import annotations

import pytest

from llmcost.budgets.config import parse_budgets
from llmcost.budgets.model import Channel
from llmcost.core.errors import UsageError
from llmcost.notify import CHANNELS, outlet, singly
from llmcost.notify.outlet import Destination, scrubbed
from llmcost.notify.service import service_outlet
from tests.notify.samples import KEY, message


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("plain", (), "plain"),
        ("at https://h.example/T0/abcd, abcd", ("abcd", "https://h.example/T0/abcd"), "at …redacted, …redacted"),
        ("abc stays", ("abc",), "abc stays"),
        ("token sk-ant-0123456789abcdefXYZ", (), "token sk-a…redacted"),
        ("two\nlines\x1b[2J", (), "two\ufffdlines\ufffd[2J"),
        ("x" * 1000, (), "x" * 299 + "…"),
    ],
)
def test_an_error_is_scrubbed(text: str, secrets: tuple[str, ...], shown: str) -> None:
    assert scrubbed(text, secrets) == shown


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("threshold", "chat: budget threshold reached"),
        ("exceeded", "chat: budget exceeded"),
        ("forecast", "chat: budget forecast to be exceeded"),
    ],
)
def test_titles(kind: str, title: str) -> None:
    assert message(kind=kind).title == title


def test_people_are_told_one_by_one() -> None:
    team = Channel("email", recipients=("a@example.com", "b@example.com"))
    assert singly(team) == [
        Channel("email", recipients=("a@example.com",)),
        Channel("email", recipients=("b@example.com",)),
    ]
    hook = Channel("slack", "${HOOK}")
    assert singly(hook) == [hook]


def test_stdout_is_written_to_in_the_callers_own_thread() -> None:
    lines: list[str] = []
    made = outlet(Channel("stdout"), Destination(write=lines.append))
    assert made.inline
    made.send(message())
    assert lines == ["chat has used 81.2% of its daily limit."]


def test_every_channel_of_a_budget_file_can_be_made() -> None:
    from llmcost.budgets.model import CHANNEL_TARGETS

    assert set(CHANNELS) == set(CHANNEL_TARGETS)
    for name in CHANNELS:
        assert outlet(Channel(name), Destination()).inline == (name == "stdout")


def test_a_service_as_the_article_has_it() -> None:
    sent: list[tuple[object, object]] = []

    class Service:
        def send(self, alert: dict[str, object], channels: object) -> None:
            sent.append((alert, channels))

    made = service_outlet(Service(), ["email", "slack"])
    made.send(message())
    ((alert, channels),) = sent
    assert isinstance(alert, dict)
    assert {name: alert[name] for name in ("id", "type", "threshold", "current", "message")} == {
        "id": KEY, "type": "daily_budget", "threshold": "0.8", "current": "0.812",
        "message": "chat has used 81.2% of its daily limit.",
    }  # fmt: skip
    assert channels == ["email", "slack"]


def test_a_package_may_bring_a_channel_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[tuple[str, str]] = []

    class Entry:
        def load(self) -> object:
            return lambda sent, to: got.append((sent.key, to.address))

    def installed(*, group: str, name: str) -> list[Entry]:
        return [Entry()] if (group, name) == ("llmcost.channels", "pigeon") else []

    monkeypatch.setattr("importlib.metadata.entry_points", installed)
    text = (
        "budgets: [{app_id: a, daily_limit: 1, notification_channels: [{type: pigeon, url: 'loft:7', secret: '${X}'}]}]"
    )
    (channel,) = parse_budgets(text, "b").budgets[0].channels
    outlet(channel, Destination(channel.target)).send(message())
    assert got == [(KEY, "loft:7")]
    with pytest.raises(UsageError, match="unknown channel type 'dove'"):
        parse_budgets(text.replace("pigeon", "dove"), "b")
    with pytest.raises(UsageError, match="no package brings the channel type 'dove'"):
        outlet(Channel("dove"), Destination()).send(message())
