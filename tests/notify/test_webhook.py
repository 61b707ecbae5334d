"""The JSON that a webhook receives, and its signature."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from llmcost.notify.outlet import UndeliveredError
from llmcost.notify.webhook import send, signature
from tests.notify.samples import ALERT, KEY, message, to
from tests.notify.servers import http, status

HUSH = "s3cret"


def test_the_document_is_the_alert_with_its_key() -> None:
    with http() as server:
        send(message(), to(server.url))
    (request,) = server.requests
    assert json.loads(request.body) == {"schema_version": 1, "id": KEY, **ALERT}
    assert request.headers["idempotency-key"] == KEY
    assert not [name for name in request.headers if name.startswith("x-llmcost")]


def test_the_signature_covers_time_and_body() -> None:
    with http() as server:
        send(message(budget="café 中文"), to(server.url, secret=HUSH))
    (request,) = server.requests
    stamp = request.headers["x-llmcost-timestamp"]
    assert stamp == "1795190400"
    # As the documentation tells receivers to verify it.
    expected = hmac.new(HUSH.encode(), stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-llmcost-signature"] == f"sha256={expected}"
    assert HUSH.encode() not in request.body + str(request.headers).encode()


def test_a_signature_made_elsewhere() -> None:
    # printf '1795190400.{}' | openssl dgst -sha256 -hmac key
    expected = "5a9278eb085b039ccd76da133d948be10b668dc374189211f22129074af8ff6f"
    assert signature("key", "1795190400", b"{}") == f"sha256={expected}"


def test_a_refusal_is_told() -> None:
    with http(status("403 x")) as server, pytest.raises(UndeliveredError, match="403 Forbidden"):
        send(message(), to(server.url))
