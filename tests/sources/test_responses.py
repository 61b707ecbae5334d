from __future__ import annotations

import copy
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.core.instants import parse_timestamp
from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage
from llmcost.sources import SOURCES, detect, source_named
from llmcost.sources.reader import LogFile, ReadOptions
from llmcost.sources.wrapper import NO_TIME

AT = 1_790_000_000_000_000
WHEN = "2026-10-01T10:00:00Z"
CHAT: dict[str, Any] = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1_790_000_000, "model": "gpt-5-mini",
    "choices": [{"index": 0, "finish_reason": "stop"}], "service_tier": "default",
    "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14,
              "prompt_tokens_details": {"cached_tokens": 3}, "completion_tokens_details": {"reasoning_tokens": 1}},
}  # fmt: skip
RESPONSE: dict[str, Any] = {
    "id": "resp_1", "object": "response", "created_at": 1_790_000_000, "model": "gpt-5", "status": "completed",
    "error": None, "output": [{"type": "message"}], "service_tier": "default", "user": None, "metadata": {},
    "usage": {"input_tokens": 8, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 2, "total_tokens": 10},
}  # fmt: skip
MESSAGE: dict[str, Any] = {
    "id": "msg_1", "type": "message", "model": "claude-sonnet-5", "stop_reason": "end_turn",
    "usage": {"input_tokens": 5, "output_tokens": 6, "cache_creation": {"ephemeral_1h_input_tokens": 2},
              "iterations": [{"type": "message", "input_tokens": 5, "output_tokens": 6}]},
}  # fmt: skip
GEMINI: dict[str, Any] = {
    "candidates": [{"finishReason": "STOP"}], "responseId": "r1", "modelVersion": "gemini-2.5-flash",
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3, "thoughtsTokenCount": 2,
                      "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}]},
}  # fmt: skip
CONVERSE: dict[str, Any] = {
    "output": {}, "stopReason": "end_turn", "metrics": {"latencyMs": 100},
    "usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 12},
}  # fmt: skip
COHERE: dict[str, Any] = {
    "id": "c1", "model": "command-a",
    "usage": {"billed_units": {"input_tokens": 5, "output_tokens": 6}, "tokens": {"input_tokens": 99}},
}  # fmt: skip
ERROR = {"error": {"type": "rate_limit_error", "message": "slow down"}}


def log(*values: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def read(content: bytes, undated: int | None = AT, name: str = "openai") -> list[Record | Problem]:
    file = LogFile(io.BytesIO(content), "log", ReadOptions(undated=undated))
    found: list[Any] = list(source_named(name).read(file))
    return found


def one(*values: object, undated: int | None = AT) -> Record:
    (found,) = read(log(*values), undated)
    assert isinstance(found, Record), found
    return found


def reason(*values: object, undated: int | None = AT) -> str:
    (found,) = read(log(*values), undated)
    assert isinstance(found, Problem), found
    return found.reason


def named(*values: object) -> str | None:
    source = detect(LogFile(io.BytesIO(log(*values)), "log"))
    return source.name if source else None


BODIES = {"openai": CHAT, "anthropic": MESSAGE, "gemini": GEMINI, "bedrock": CONVERSE}


@pytest.mark.parametrize("name", BODIES)
def test_detection(name: str) -> None:
    assert named(BODIES[name]) == name
    assert named({"timestamp": WHEN, "response": BODIES[name]}) == name
    assert named({"request": {"model": "m"}, "response_body": json.dumps(BODIES[name])}) == name


@pytest.mark.parametrize(
    "value",
    [
        {"type": "assistant", "sessionId": "s", "message": MESSAGE, "timestamp": WHEN},
        {"custom_id": "1", "response": {"body": CHAT}, "error": None},
        {"timestamp": WHEN, "model": "gpt-5", "input_tokens": 4, "output_tokens": 2, "response": "hello"},
        {"timestamp": WHEN, "model": "gpt-5", "input_tokens": 4, "error": {"message": "x"}},
        {"timestamp": WHEN, "model": "gpt-5", "status": "error", "error": "timeout"},
        {"model": "gpt-5", "messages": [], "stream": True},
        {"type": "ping"},
    ],
)
def test_what_other_sources_own(value: dict[str, Any]) -> None:
    for name in ("openai", "anthropic", "gemini", "bedrock"):
        assert not source_named(name).sniff(LogFile(io.BytesIO(log(value)), "log"))


def test_a_mixed_gateway_log_is_read_whole_by_whichever_source_saw_it() -> None:
    content = log(CHAT, MESSAGE, GEMINI, {"modelId": "amazon.nova-pro-v1:0", "response": CONVERSE}, COHERE, RESPONSE)
    for name in ("openai", "anthropic", "gemini", "bedrock"):
        found = read(content, name=name)
        assert [item.provider for item in found if isinstance(item, Record)] == [
            "openai", "anthropic", "google", "aws", "cohere", "openai",
        ]  # fmt: skip


def test_bare_bodies() -> None:
    found = one(CHAT, undated=None)
    assert (found.id, found.ts, found.usage) == ("openai:chatcmpl-1", AT, Usage(7, 3, output=3, reasoning=1))
    assert one(RESPONSE, undated=None).status == "ok"
    assert one(COHERE).usage == Usage(5, output=6)
    assert reason(MESSAGE, undated=None) == NO_TIME
    assert one({**CHAT, "app": "bot", "tags": ["a"], "timestamp": WHEN}).app == "bot"


def test_a_wrapper_gives_the_dimensions() -> None:
    line = {
        "timestamp": WHEN, "request": {"model": "gpt-5-mini", "service_tier": "priority"}, "response": RESPONSE,
        "latency_ms": 1234.5, "time_to_first_token_ms": 200, "app": "bot", "env": "prod", "user": "ann", "team": "t",
        "project": "p", "session_id": "s", "status": 200, "region": "eu", "operation": "summarise",
        "tags": {"k": 1, "on": True, "none": None},
    }  # fmt: skip
    found = one(line)
    assert (found.ts, found.model, found.tier, found.status) == (parse_timestamp(WHEN)[0], "gpt-5", "standard", "ok")
    assert (found.latency_us, found.ttft_us) == (1_234_500, 200_000)
    assert (found.app, found.environment, found.user, found.team, found.project, found.session) == (
        "bot", "prod", "ann", "t", "p", "s",
    )  # fmt: skip
    assert (found.region, found.operation, found.tags) == ("eu", "summarise", (("k", "1"), ("on", "true")))


@pytest.mark.parametrize("name", ["timestamp", "ts", "time", "created_at"])
def test_the_wrapper_s_time_wins(name: str) -> None:
    assert one({name: WHEN, "body": CHAT}).ts == parse_timestamp(WHEN)[0]
    assert "not a timestamp" in reason({name: "soon", "body": CHAT})


def test_served_tier_beats_the_requested_one_and_auto_is_none() -> None:
    request = {"service_tier": "flex"}
    assert one({"request": request, "response": CHAT}).tier == "standard"
    assert one({"request": request, "response": {**CHAT, "service_tier": "auto"}}).tier == "flex"
    assert one({"request": {"service_tier": "auto"}, "response": {**CHAT, "service_tier": None}}).tier == "standard"
    assert one({"request": {"speed": "fast"}, "response": MESSAGE}).tier == "fast"


def test_provider_and_model_from_around() -> None:
    assert one({"provider": "azure.ai.openai", "response": CHAT}).provider == "azure"
    nameless = {key: value for key, value in CHAT.items() if key != "model"}
    assert one({"request": json.dumps({"model": "grok-4"}), "response": nameless}).provider == "x-ai"
    assert reason({"response": nameless}) == "no model"
    anonymous = {key: value for key, value in MESSAGE.items() if key != "id"}
    assert one({"request_id": "q1", "response": anonymous}).id == "anthropic:q1"


def test_without_an_id_identical_lines_keep_their_number() -> None:
    body = {key: value for key, value in CHAT.items() if key != "id"}
    first, second = read(log(body, body))
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert second.id == first.id + ".1"


def test_responses_logged_as_text_as_a_stream_or_one_deeper() -> None:
    stream = f"data: {json.dumps({**CHAT, 'object': 'chat.completion.chunk'})}\n\ndata: [DONE]\n\n"
    for inner in (json.dumps(CHAT), stream, {"status": 200, "body": CHAT}, [CHAT]):
        assert one({"ts": WHEN, "response": inner}).usage.tokens == 14
    assert one({"ts": WHEN, "response": [GEMINI, GEMINI]}).usage == Usage(7, output=3, reasoning=2)
    start = {"type": "message_start", "message": MESSAGE}
    assert one({"ts": WHEN, "response": [start]}).partial
    assert not one({"ts": WHEN, "response": [start, {"type": "message_stop"}]}).partial
    silent = 'data: {"object": "chat.completion.chunk", "choices": []}\n\ndata: [DONE]'
    assert reason({"ts": WHEN, "response": silent}).startswith("stream has no usage")


def test_gemini_bodies_without_ids_stay_apart() -> None:
    body = {key: value for key, value in GEMINI.items() if key != "responseId"}
    assert len(read(log(body, body))) == 2
    embedding = {"embedding": {}, "modelVersion": "gemini-embedding-001", "usageMetadata": {"promptTokenCount": 3}}
    assert len(read(log(embedding, embedding))) == 2


def test_an_advisor_s_work_is_a_second_record() -> None:
    steps = [{"type": "message", "input_tokens": 5, "output_tokens": 6},
             {"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 50, "output_tokens": 9}]  # fmt: skip
    body = {**MESSAGE, "usage": {"input_tokens": 5, "output_tokens": 6, "iterations": steps}}
    main, advisor = read(log({"ts": WHEN, "app": "bot", "latency_ms": 5, "response": body}))
    assert isinstance(main, Record)
    assert isinstance(advisor, Record)
    assert (main.model, main.id, main.usage) == ("claude-sonnet-5", "anthropic:msg_1", Usage(5, output=6))
    assert (advisor.model, advisor.id, advisor.usage) == ("claude-opus-5", "anthropic:msg_1#1", Usage(50, output=9))
    assert (advisor.app, advisor.latency_us) == ("bot", None)


def test_where_it_was_processed_gives_way_to_the_log_s_own_region() -> None:
    body = {**MESSAGE, "usage": {**MESSAGE["usage"], "inference_geo": "us"}}
    assert one(body).region == "us"
    assert one({"ts": WHEN, "response": body}).region == "us"
    assert one({"ts": WHEN, "region": "eu-west-1", "response": body}).region == "eu-west-1"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(200.0, "ok"), ("200.0", "ok"), (500.0, "error"), (False, "error"), (True, "ok"), ("FINISHED", "ok"),
     ("end_turn", "ok"), ("timeout", "timeout"), ({"code": 1}, "ok")],
)  # fmt: skip
def test_status_of_a_wrapper(status: Any, expected: str) -> None:
    assert one({"ts": WHEN, "status": status, "response": CHAT}).status == expected


def test_an_unknown_tier_costs_no_tokens() -> None:
    for body in (CHAT, RESPONSE, {**MESSAGE, "usage": {**MESSAGE["usage"], "service_tier": "Ultra"}}):
        found = one({**body, "service_tier": "Ultra", "timestamp": WHEN})
        assert (found.tier, found.usage.tokens > 0) == ("ultra", True)
    assert one({"ts": WHEN, "tier": "gold", "response": {**CHAT, "service_tier": None}}).tier == "gold"


def test_two_ids_that_differ_at_their_end_stay_apart() -> None:
    first, second = one({**CHAT, "id": "x" * 300 + "a"}), one({**CHAT, "id": "x" * 300 + "b"})
    assert first.id != second.id


def test_a_wrapper_s_tags_hold_no_secrets() -> None:
    given = {"k": "v", "x-api-key": "hidden", "nested": {"cookie": "hidden", "n": 1}}
    assert one({"ts": WHEN, "tags": given, "response": CHAT}).tags == (("k", "v"), ("nested", '{"n": 1}'))


def test_errors_with_a_time_and_a_model_are_records_at_no_cost() -> None:
    for line in (
        {"ts": WHEN, "request": {"model": "gpt-5"}, "response": ERROR, "status": 429},
        {"ts": WHEN, "model": "gpt-5", "response": None, "error": ERROR["error"]},
        {"ts": WHEN, "request": {"model": "gpt-5"}, "error": ERROR["error"]},
    ):
        found = one(line)
        assert (found.status, found.usage, found.provider) == ("error", Usage(), "openai")
        assert found.error == "rate_limit_error: slow down"
    assert one({"ts": WHEN, "model": "gpt-5", "response": None, "status": 504}).status == "error"


def test_errors_without_are_problems() -> None:
    assert reason(ERROR) == "error response: rate_limit_error: slow down"
    assert reason({"ts": WHEN, "response": ERROR}) == "error response (no model): rate_limit_error: slow down"
    gone = reason({"request": {"model": "m"}, "response": ERROR}, undated=None)
    assert gone.startswith("error response (no timestamp")
    assert named(ERROR) == "openai"
    assert named({"type": "error", **ERROR}) == "anthropic"
    assert named({"error": {"code": 404, "message": "m", "status": "NOT_FOUND"}}) == "gemini"


@pytest.mark.parametrize(
    "value",
    [{"model": "gpt-5", "messages": []}, {}, {"response": None}, {"request": {"model": "m"}}, {"response": "hello"}],
)
def test_what_is_no_response(value: object) -> None:
    assert reason(value) == "not a provider response: no usage"


@pytest.mark.parametrize("value", [1, "x", None, [], [1], True])
def test_what_is_no_object(value: object) -> None:
    found = read(log(CHAT, value))
    assert [type(item).__name__ for item in found] == ["Record", "Problem"]


def test_names_from_a_log_are_made_safe() -> None:
    found = one({"ts": WHEN, "app": "a\x1b[31m" + "b" * 30, "user": "sk-" + "x" * 40, "response": CHAT})
    assert "\x1b" not in found.app
    assert "x" * 40 not in found.user


# --- hostile input -------------------------------------------------------------------------------------------

TEXT = st.text("a1.-é:\x00", max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.sampled_from(["auto", "flex"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
STREAM = [
    {"type": "message_start", "message": MESSAGE}, {"type": "message_delta", "usage": {"output_tokens": 4}},
    {"type": "message_stop"}, {"type": "response.completed", "response": RESPONSE},
    {**CHAT, "object": "chat.completion.chunk"},
    {"schemaType": "ModelInvocationLog", "timestamp": WHEN, "modelId": "m", "input": {"inputTokenCount": 1},
     "output": {"outputTokenCount": 1, "outputBodyJson": CONVERSE}},
    {"custom_id": "1", "id": "batch_req_1", "response": {"status_code": 200, "body": CHAT}, "error": None},
    {"custom_id": "1", "result": {"type": "succeeded", "message": MESSAGE}},
]  # fmt: skip
SEEDS: list[Any] = [CHAT, RESPONSE, MESSAGE, GEMINI, CONVERSE, COHERE, ERROR, *STREAM]
SEEDS += [
    {"timestamp": WHEN, "request": {"model": "m"}, "response": body, "latency_ms": 3, "tags": {"a": 1}, "status": 200}
    for body in (CHAT, RESPONSE, MESSAGE, GEMINI, CONVERSE, ERROR)
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in parts:
        found += places(item, (*path, key))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    value = copy.deepcopy(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(places(value) or [("x",)]))
        inner = value
        for key in path:
            inner = inner[key]
        if draw(st.booleans()) or not isinstance(inner, dict):
            inner[last] = draw(JSON)
        else:
            inner.pop(last, None)
    return value


def outcomes(content: bytes, name: str, undated: int | None) -> int:
    file = LogFile(io.BytesIO(content), "log", ReadOptions(undated=undated))
    found: list[Any] = list(source_named(name).read(file))
    for item in found:
        if isinstance(item, Record):
            assert min(item.usage) >= 0
            assert item.model
            assert item.id
        else:
            assert item.reason
    return len(found) + file.ignored


@settings(max_examples=400)
@given(mutated(), st.sampled_from(["openai", "openai-batch"]), st.sampled_from([None, AT]))
def test_mutated_bodies_never_raise_and_never_vanish(value: Any, name: str, undated: int | None) -> None:
    content = json.dumps(value, allow_nan=True).encode()
    for source in BODIES:
        source_named(source).sniff(LogFile(io.BytesIO(content), "log"))
    assert outcomes(content, name, undated) >= 1
    assert outcomes(b"data: " + content + b"\n\n", "openai", undated) >= 1


@settings(max_examples=200)
@given(st.sampled_from(SEEDS), st.data())
def test_cut_and_changed_bytes_never_raise_and_never_vanish(value: Any, data: st.DataObject) -> None:
    content = bytearray(json.dumps(value).encode())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place : place + 1] = data.draw(st.binary(max_size=3))
    end = data.draw(st.integers(1, len(content) or 1))
    cut = bytes(content[:end])
    if cut.strip():
        assert outcomes(cut, "openai", AT) >= 1
        assert outcomes(cut, "openai-batch", AT) >= 1
    assert outcomes(b"data: " + cut, "openai", AT) >= 1


@given(st.binary(max_size=200).filter(lambda content: content[:1] not in (b"\x1f", b"\x28")))
def test_any_bytes_are_read_without_raising(content: bytes) -> None:
    for name in ("openai", "openai-batch"):
        outcomes(content, name, AT)


def test_every_source_here_is_registered() -> None:
    for name in ("openai", "anthropic", "gemini", "bedrock", "openai-batch"):
        assert source_named(name).name == name
        assert name in SOURCES


def test_flat_lines_in_a_log_of_responses_are_read_as_what_they_are() -> None:
    flat = {"timestamp": "2026-11-20T10:00:00Z", "request_id": "f1", "model": "gpt-4o", "input_tokens": 7,
            "output_tokens": 3, "app": "chat"}  # fmt: skip
    nested = {"timestamp": "2026-11-20T10:00:01Z", "response": {
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o", "created": 1763632800, "choices": [],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}}  # fmt: skip
    data = b"".join(json.dumps(value).encode() + b"\n" for value in (flat, nested, {**flat, "request_id": "f2"}))
    file = LogFile(io.BytesIO(data), "log")
    source = detect(file)
    assert source is not None
    assert source.name == "openai"
    found = [item for item in source.read(file) if isinstance(item, Record)]
    assert [(record.id, record.app, record.usage.tokens) for record in found] == [
        ("openai:f1", "chat", 10), ("openai:chatcmpl-1", "", 15), ("openai:f2", "chat", 10),
    ]  # fmt: skip


def test_a_hit_of_the_callers_own_cache_is_read_beside_the_response() -> None:
    body = {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o", "created": 1763632800, "choices": [],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}  # fmt: skip
    for line in ({"response": body, "cache_hit": True}, {**body, "cache_hit": True}):
        file = LogFile(io.BytesIO(json.dumps(line).encode()), "log")
        (record,) = source_named("openai").read(file)
        assert isinstance(record, Record)
        assert record.cache_hit is True
