"""Apprise, of which a stand-in is enough: what we call, and what we keep quiet."""

from __future__ import annotations

import logging
import sys
from types import ModuleType
from typing import Any

import pytest

from llmcost.notify.outlet import UndeliveredError
from llmcost.notify.services import send
from tests.notify.samples import message, to

ADDRESS = "discord://4174216298/secret-token-x"


@pytest.fixture
def apprise(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A stand-in's calls; an address with `bad` in it is unknown, one with `down` fails."""
    calls: list[Any] = []
    monkeypatch.setattr(logging.getLogger("apprise"), "propagate", True)

    class Apprise:
        def add(self, address: str) -> bool:
            calls.append(address)
            return "bad" not in address

        def notify(self, **given: str) -> bool:
            logging.getLogger("apprise").warning("failed to send to %s", calls[0])
            calls.append(given)
            return "down" not in calls[0]

    module = ModuleType("apprise")
    module.Apprise = Apprise  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "apprise", module)
    return calls


def test_what_apprise_is_called_with(apprise: list[Any]) -> None:
    send(message(), to(ADDRESS))
    assert apprise == [
        ADDRESS,
        {
            "body": "chat has used 81.2% of its daily limit.",
            "title": "chat: budget threshold reached",
            "body_format": "text",
        },
    ]


def test_what_it_cannot_do_is_told_without_the_address(
    apprise: list[Any], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UndeliveredError, match="does not know this kind of address"):
        send(message(), to(f"{ADDRESS}-bad"))
    apprise.clear()
    with pytest.raises(UndeliveredError, match="could not deliver it"):
        send(message(), to(f"{ADDRESS}-down"))
    # Its own log is not heard.
    assert "secret-token-x" not in "".join(capsys.readouterr()) + caplog.text


def test_without_it_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(UndeliveredError, match=r"apprise is not installed: pip install 'llmcost\[notify\]'"):
        send(message(), to(ADDRESS))
