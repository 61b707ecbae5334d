"""What Slack is sent: https://docs.slack.dev/messaging/formatting-message-text#escaping."""

from __future__ import annotations

import json

import pytest

from llmcost.notify.outlet import UndeliveredError
from llmcost.notify.slack import send
from tests.notify.samples import KEY, message, to
from tests.notify.servers import http, status


def test_the_message_in_blocks() -> None:
    with http() as server:
        send(message(), to(server.url))
    (request,) = server.requests
    text = "chat has used 81.2% of its daily limit."
    assert json.loads(request.body) == {
        "text": text,
        "blocks": [
            {
                "type": "header",
                "text": {"type": "plain_text", "text": "chat: budget threshold reached", "emoji": False},
            },
            {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}},
        ],
        "link_names": False,
    }
    assert request.headers["idempotency-key"] == KEY


@pytest.mark.parametrize(
    "name", ["<!channel>", "<!here|here>", "<@U024BE7LH>", "<https://evil.example|click>", "a & b"]
)
def test_a_name_calls_nobody_and_links_nowhere(name: str) -> None:
    with http() as server:
        send(message(message=f"{name} is over", budget=name), to(server.url))
    payload = json.loads(server.requests[0].body)
    for text in (payload["text"], payload["blocks"][1]["text"]["text"]):
        assert "<" not in text
        assert ">" not in text
        assert text == f"{name} is over".replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A plain_text block is not read as markup at all.
    assert payload["blocks"][0]["text"]["type"] == "plain_text"


def test_long_names_stay_within_the_blocks() -> None:
    with http() as server:
        send(message(message="<" * 5000, budget="x" * 5000), to(server.url))
    header, section = json.loads(server.requests[0].body)["blocks"]
    assert len(header["text"]["text"]) == 150
    assert len(section["text"]["text"]) <= 3000
    assert section["text"]["text"].endswith("&lt;")


def test_a_refusal_is_told() -> None:
    with http(status("410 channel_is_archived")) as server, pytest.raises(UndeliveredError, match="410 Gone"):
        send(message(), to(server.url))
