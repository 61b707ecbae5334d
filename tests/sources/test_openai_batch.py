from __future__ import annotations

import io
import json
from typing import Any

from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage
from llmcost.sources import detect
from llmcost.sources.openai_batch import SOURCE
from llmcost.sources.reader import LogFile, ReadOptions

AT = 1_790_000_000_000_000
BODY = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1_790_000_000, "model": "gpt-5-mini", "choices": [],
    "service_tier": "default", "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14},
}  # fmt: skip
MESSAGE = {
    "id": "msg_1", "type": "message", "model": "claude-sonnet-5",
    "usage": {"input_tokens": 5, "output_tokens": 6, "service_tier": "batch"},
}  # fmt: skip


def line(body: Any, status: int = 200, error: Any = None) -> dict[str, Any]:
    response = {"status_code": status, "request_id": "req_1", "body": body} if body is not None else None
    return {"id": "batch_req_1", "custom_id": "row-7", "response": response, "error": error}


def result(kind: str, **rest: Any) -> dict[str, Any]:
    return {"custom_id": "row-8", "result": {"type": kind, **rest}}


def read(*values: Any, undated: int | None = AT) -> list[Record | Problem]:
    content = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    found: list[Any] = list(SOURCE.read(LogFile(io.BytesIO(content), "log", ReadOptions(undated=undated))))
    return found


def reason(value: Any, undated: int | None = AT) -> str:
    (found,) = read(value, undated=undated)
    assert isinstance(found, Problem), found
    return found.reason


def test_detection() -> None:
    for value in (line(BODY), line(None, error={"code": "batch_expired"}), result("expired")):
        assert detect(LogFile(io.BytesIO(json.dumps(value).encode()), "log")) is SOURCE
    for value in ({"custom_id": "1", "method": "POST", "body": {"model": "gpt-5"}}, BODY, {"response": BODY}):
        assert not SOURCE.sniff(LogFile(io.BytesIO(json.dumps(value).encode()), "log"))


def test_every_line_is_at_batch_rates() -> None:
    openai, anthropic = read(line(BODY), result("succeeded", message=MESSAGE))
    assert isinstance(openai, Record)
    assert isinstance(anthropic, Record)
    assert (openai.id, openai.tier, openai.usage) == ("openai:chatcmpl-1", "batch", Usage(10, output=4))
    assert (openai.ts, openai.tags) == (AT, (("custom_id", "row-7"),))
    assert (anthropic.id, anthropic.tier, anthropic.usage) == ("anthropic:msg_1", "batch", Usage(5, output=6))
    assert anthropic.tags == (("custom_id", "row-8"),)


def test_failed_lines_are_not_billed() -> None:
    (found,) = read(line({**BODY, "usage": None, "error": {"message": "bad"}}, 500))
    assert isinstance(found, Record)
    assert (found.status, found.usage, found.error, found.tier) == ("error", Usage(), "bad", "batch")
    assert reason(line(None, error={"code": "batch_expired", "message": "late"})) == (
        "failed batch request, not billed (no model): batch_expired: late"
    )
    assert reason(line({"error": {"message": "bad"}}, 400)).endswith(": bad")
    assert reason(line({}, 503)).endswith(": status 503")
    errored = result("errored", error={"type": "error", "error": {"type": "invalid_request", "message": "no"}})
    assert reason(errored).endswith(": invalid_request: no")
    assert reason(result("expired")).endswith(": expired")


def test_other_lines_are_told() -> None:
    assert reason({"id": "x"}) == "not a batch output line: no custom_id with a response or result"
    assert reason(7) == "not a JSON object"
    assert "response is not an object" in reason({"custom_id": "1", "response": 3, "error": None})
    assert "no timestamp" in reason(result("succeeded", message=MESSAGE), undated=None)
    assert "no usage" in reason(line({"hello": 1}))
