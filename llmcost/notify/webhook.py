"""A JSON document to an address of the user's own, signed when there is a secret."""

from __future__ import annotations

import hmac
import json

from llmcost.core.instants import SECOND_US
from llmcost.notify.outlet import Destination, Message
from llmcost.notify.post import post


def send(message: Message, to: Destination) -> None:
    body = json.dumps(message.document(), ensure_ascii=False).encode()
    headers = {"Idempotency-Key": message.key}
    if to.secret:
        timestamp = str(to.now_us // SECOND_US)
        headers["X-Llmcost-Timestamp"] = timestamp
        headers["X-Llmcost-Signature"] = signature(to.secret, timestamp, body)
    post(to, body, headers)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over `timestamp.body`, so that neither can be changed or an old message be passed for a new one."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, "sha256").hexdigest()
