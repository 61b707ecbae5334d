"""Slack's incoming webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks."""

from __future__ import annotations

import json

from llmcost.notify.outlet import Destination, Message
from llmcost.notify.post import post

#: https://docs.slack.dev/reference/block-kit/blocks: the most a header and a section may hold.
_MAX_HEADER, _MAX_SECTION = 150, 3000


def send(message: Message, to: Destination) -> None:
    text = escaped(message.text)
    payload = {
        "text": text,
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": message.title[:_MAX_HEADER], "emoji": False}},
            {"type": "section", "text": {"type": "mrkdwn", "text": text[:_MAX_SECTION], "verbatim": True}},
        ],
        # A name like "@here" calls nobody.
        "link_names": False,
    }
    post(to, json.dumps(payload).encode(), {"Idempotency-Key": message.key})


def escaped(text: str) -> str:
    """Slack's three control characters as text: links and `<!channel>` need them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
