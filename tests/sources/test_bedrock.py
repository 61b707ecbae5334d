from __future__ import annotations

import base64
import io
import json
import struct
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage
from llmcost.sources import detect, source_named
from llmcost.sources.bedrock import model_id, parse
from llmcost.sources.eventstream import frames, is_eventstream
from llmcost.sources.reader import LogFile, ReadOptions

AT = 1_790_000_000_000_000


def frame(payload: object, **headers: str) -> bytes:
    head = b""
    for name, value in headers.items():
        key, text = b":" + name.replace("_", "-").encode(), value.encode()
        head += bytes([len(key)]) + key + b"\x07" + struct.pack(">H", len(text)) + text
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(head) + len(data), len(head))
    message = prelude + struct.pack(">I", crc32(prelude)) + head + data
    return message + struct.pack(">I", crc32(message))


def event(kind: str, payload: object) -> bytes:
    return frame(payload, event_type=kind, content_type="application/json", message_type="event")


def chunk(native: object) -> bytes:
    return event("chunk", {"bytes": base64.b64encode(json.dumps(native).encode()).decode(), "p": "abc"})


METADATA = {"usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 12}, "metrics": {"latencyMs": 821}}
CONVERSE = [event("messageStart", {"role": "assistant"}), event("contentBlockDelta", {"delta": {"text": "hi"}}),
            event("messageStop", {"stopReason": "end_turn"}), event("metadata", METADATA)]  # fmt: skip
MESSAGE = {"id": "msg_bdrk_1", "model": "claude-sonnet-5", "usage": {"input_tokens": 16, "output_tokens": 1}}
INVOKE = [
    chunk({"type": "message_start", "message": MESSAGE}),
    chunk({"type": "content_block_delta", "delta": {}}),
    chunk({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 21}}),
    chunk({"type": "message_stop", "amazon-bedrock-invocationMetrics": {
        "inputTokenCount": 16, "outputTokenCount": 21, "invocationLatency": 738, "firstByteLatency": 378}}),
]  # fmt: skip


def read(content: bytes, name: str = "bedrock") -> list[Record | Problem]:
    file = LogFile(io.BytesIO(content), "log", ReadOptions(undated=AT))
    found: list[Any] = list(source_named(name).read(file))
    return found


def wrapped(response: object, **rest: object) -> bytes:
    return json.dumps({"timestamp": "2026-10-01T10:00:00Z", "response": response, **rest}).encode()


def test_converse_input_excludes_the_cache() -> None:
    usage = {"inputTokens": 5, "outputTokens": 7, "totalTokens": 112, "cacheReadInputTokens": 60,
             "cacheReadInputTokenCount": 60, "cacheWriteInputTokens": 40,
             "cacheDetails": [{"inputTokens": 30, "ttl": "1h"}, {"inputTokens": 10, "ttl": "5m"}]}  # fmt: skip
    found = parse({"usage": usage, "metrics": {"latencyMs": 836}, "serviceTier": {"type": "priority"}})
    assert found.usage == Usage(5, 60, 10, 30, output=7)
    assert found.usage.tokens == 112
    assert (found.provider, found.latency_us, found.tier, found.model) == ("aws", 836_000, "priority", "")


@pytest.mark.parametrize(
    "usage",
    [
        {"cacheWriteInputTokens": -40},
        {"cacheReadInputTokens": -1, "cacheReadInputTokenCount": 5},
        {"cacheWriteInputTokens": 9, "cacheDetails": [{"inputTokens": -30, "ttl": "1h"}]},
    ],
)
def test_no_negative_count_is_hidden_by_another(usage: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is negative: '-"):
        parse({"usage": {"inputTokens": 5, "outputTokens": 7, **usage}})


def test_an_unknown_tier_is_kept() -> None:
    assert parse({"usage": {"inputTokens": 5}, "serviceTier": {"type": "Reserved_X"}}).tier == "reserved_x"


def test_older_models() -> None:
    titan = {"inputTextTokenCount": 5, "results": [{"tokenCount": 30}, {"tokenCount": 2}]}
    assert parse(titan).usage == Usage(5, output=32)
    llama = {"generation": "x", "prompt_token_count": 9, "generation_token_count": 4, "stop_reason": "stop"}
    assert parse(llama).usage == Usage(9, output=4)


def test_a_body_needs_its_model_from_around_it() -> None:
    body = {"output": {"message": {}}, "stopReason": "end_turn", **METADATA}
    (problem,) = read(json.dumps(body).encode())
    assert isinstance(problem, Problem)
    assert problem.reason == "no model"
    for around in ({"modelId": "us.amazon.nova-pro-v1:0"}, {"request": {"modelId": "us.amazon.nova-pro-v1:0"}},
                   {"model": "us.amazon.nova-pro-v1:0"}):  # fmt: skip
        (found,) = read(wrapped(body, **around))
        assert isinstance(found, Record)
        assert (found.provider, found.model, found.latency_us) == ("aws", "us.amazon.nova-pro-v1:0", 821_000)


def test_model_ids() -> None:
    assert model_id("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0") == "amazon.nova-pro-v1:0"
    assert model_id("arn:aws:bedrock:us-east-1:1:inference-profile/us.x") == "us.x"
    assert model_id("anthropic.claude-v2") == "anthropic.claude-v2"
    assert model_id(["x"]) == ""


def test_invocation_log() -> None:
    line = {
        "schemaType": "ModelInvocationLog", "timestamp": "2026-10-01T10:00:00Z", "region": "us-east-1",
        "requestId": "r-1", "operation": "Converse", "modelId": "anthropic.claude-sonnet-5-v1:0",
        "input": {"inputTokenCount": 10, "cacheReadInputTokenCount": 90, "inputBodyJson": {}},
        "output": {"outputTokenCount": 5, "outputBodyJson": {"usage": {"inputTokens": 10, "outputTokens": 5}}},
    }  # fmt: skip
    file = LogFile(io.BytesIO(json.dumps(line).encode()), "log")
    source = detect(file)
    assert source is not None
    assert source.name == "bedrock"
    (found,) = source.read(file)
    assert isinstance(found, Record)
    assert (found.usage, found.id, found.region) == (Usage(10, 90, output=5), "aws:r-1", "us-east-1")
    (failed,) = read(json.dumps({**line, "errorCode": "ThrottlingException", "input": {}, "output": {}}).encode())
    assert isinstance(failed, Record)
    assert (failed.status, failed.error, failed.usage) == ("error", "ThrottlingException", Usage())


def test_invoke_stream_is_one_record() -> None:
    content = b"".join(INVOKE)
    file = LogFile(io.BytesIO(content), "log")
    assert detect(file) is source_named("bedrock")
    (found,) = read(content)
    assert isinstance(found, Record)
    assert (found.id, found.model, found.usage) == ("aws:msg_bdrk_1", "claude-sonnet-5", Usage(16, output=21))
    assert (found.latency_us, found.ttft_us, found.partial) == (738_000, 378_000, False)


def test_converse_stream_has_no_model() -> None:
    (found,) = read(b"".join(CONVERSE))
    assert isinstance(found, Problem)
    assert found.reason == "no model"


def test_several_streams_in_one_file() -> None:
    found = read(b"".join(INVOKE + CONVERSE + INVOKE))
    assert [type(item).__name__ for item in found] == ["Record", "Problem", "Record"]


def test_a_cut_invoke_stream_is_partial() -> None:
    content = b"".join(INVOKE)
    (found,) = read(content[: len(INVOKE[0]) + 30])
    assert isinstance(found, Record)
    assert (found.partial, found.usage) == (True, Usage(16, output=1))
    (nothing,) = read(content[: len(INVOKE[0]) - 1])
    assert isinstance(nothing, Problem)
    assert nothing.reason == "event stream cut short"


def test_damage_and_exceptions_are_told() -> None:
    whole = b"".join(INVOKE)
    place = len(INVOKE[0]) + 60
    found = read(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    assert isinstance(found[0], Record)
    assert found[0].partial
    assert isinstance(found[1], Problem)
    assert "checksum" in found[1].reason
    thrown = frame({"message": "slow down"}, message_type="exception", exception_type="throttlingException")
    (problem,) = read(thrown)
    assert isinstance(problem, Problem)
    assert problem.reason == "error response: throttlingException: slow down"
    (broken,) = read(INVOKE[0] + thrown)
    assert isinstance(broken, Record)
    assert (broken.status, broken.error, broken.partial) == ("error", "throttlingException: slow down", True)


@pytest.mark.parametrize("payload", [b"[1]", {"bytes": "***"}, {"bytes": "MQ=="}, b"", {"bytes": 3}, {}])
def test_a_frame_of_another_shape_is_a_problem(payload: Any) -> None:
    (found,) = read(event("chunk", payload))
    assert isinstance(found, Problem)


def test_headers_of_every_type_are_stepped_over() -> None:
    head = b"\x01a\x00\x01b\x01\x01c\x02\x07\x01d\x03\x00\x01\x01e\x04\x00\x00\x00\x01\x01f\x06\x00\x02xy"
    head += b"\x01g\x08" + bytes(8) + b"\x01h\x09" + bytes(16) + b"\x01i\x07\x00\x01z"
    prelude = struct.pack(">II", 16 + len(head), len(head))
    message = prelude + struct.pack(">I", crc32(prelude)) + head
    (found,) = frames(io.BytesIO(message + struct.pack(">I", crc32(message))))
    assert found.headers == {"i": "z"}


@given(st.binary(max_size=60))
def test_any_headers_are_read_or_refused(head: bytes) -> None:
    prelude = struct.pack(">II", 16 + len(head), len(head))
    message = prelude + struct.pack(">I", crc32(prelude)) + head
    content = message + struct.pack(">I", crc32(message))
    assert is_eventstream(content)
    (found,) = read(content)
    assert isinstance(found, Problem)


@given(st.data())
def test_cut_and_flipped_bytes_never_raise(data: st.DataObject) -> None:
    content = bytearray(b"".join(INVOKE + CONVERSE))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(0, 255))
    end = data.draw(st.integers(1, len(content)))
    cut = bytes(content[:end])
    assert read(cut) or not cut.strip()
