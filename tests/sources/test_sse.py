from __future__ import annotations

import io
import json
from typing import Any

import pytest

from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage
from llmcost.sources import detect, source_named, sse
from llmcost.sources.reader import LogFile, ReadOptions, decode_json
from llmcost.sources.sse import CUT, HEADLESS, NO_STREAM_USAGE, is_sse

AT = 1_790_000_000_000_000


def data(*values: Any, end: str = "\n", named: bool = False) -> bytes:
    lines = []
    for value in values:
        text = value if isinstance(value, str) else json.dumps(value)
        lines += [f"event: {value['type']}"] if named else []
        lines += [f"data: {text}", ""]
    return end.join([*lines, ""]).encode()


def read(content: bytes) -> list[Record | Problem]:
    file = LogFile(io.BytesIO(content), "log", ReadOptions(undated=AT))
    found: list[Any] = list(source_named("openai").read(file))
    return found


def one(content: bytes) -> Record:
    (found,) = read(content)
    assert isinstance(found, Record), found
    return found


def reasons(content: bytes) -> list[str]:
    return [item.reason if isinstance(item, Problem) else item.id for item in read(content)]


def chat(number: int = 1, **rest: Any) -> list[dict[str, Any]]:
    base = {"id": f"chatcmpl-{number}", "object": "chat.completion.chunk", "created": 1_790_000_000,
            "model": "gpt-5-mini", "service_tier": "flex"}  # fmt: skip
    return [
        {**base, "choices": [{"delta": {"content": "a"}, "finish_reason": None}], "usage": None, **rest},
        {**base, "choices": [{"delta": {}, "finish_reason": "stop"}], "usage": None},
        {**base, "choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}},
    ]


ANTHROPIC: list[dict[str, Any]] = [
    {"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "model": "claude-sonnet-5", "content": [],
        "usage": {"input_tokens": 9, "cache_read_input_tokens": 100, "output_tokens": 1}}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 40}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"},
     "usage": {"output_tokens": 70, "input_tokens": 11, "cache_read_input_tokens": None}},
    {"type": "message_stop"},
]  # fmt: skip
GEMINI = [
    {"candidates": [{"content": {}}], "usageMetadata": {"promptTokenCount": 8}, "responseId": "r1",
     "modelVersion": "gemini-2.5-flash"},
    {"candidates": [{"content": {}, "finishReason": "STOP"}], "responseId": "r1", "modelVersion": "gemini-2.5-flash",
     "usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": 6, "thoughtsTokenCount": 4}},
]  # fmt: skip


def responses(last: str = "response.completed", **rest: Any) -> list[dict[str, Any]]:
    body = {"id": "resp_1", "object": "response", "created_at": 1_790_000_000, "model": "gpt-5", "output": [],
            "status": "in_progress", "service_tier": "auto", "usage": None}  # fmt: skip
    done = {**body, "status": "completed", "service_tier": "default",
            "usage": {"input_tokens": 18, "output_tokens": 80, "total_tokens": 98}, **rest}  # fmt: skip
    return [
        {"type": "response.created", "response": body},
        {"type": "response.output_text.delta", "delta": "x"},
        {"type": last, "response": done},
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_chat_with_usage_in_the_last_chunk(end: str) -> None:
    found = one(data(*chat(), "[DONE]", end=end))
    assert (found.id, found.usage, found.tier, found.partial) == (
        "openai:chatcmpl-1", Usage(12, output=5), "flex", False,
    )  # fmt: skip
    assert found.ts == AT


def test_chat_without_usage() -> None:
    assert reasons(data(*chat()[:2], "[DONE]")) == [NO_STREAM_USAGE]
    assert reasons(data(*chat()[:2])) == [NO_STREAM_USAGE]
    assert reasons(data(*chat()[:1])) == [CUT]


def test_usage_in_every_chunk_is_cumulative_and_partial_when_cut() -> None:
    chunks = [{**chunk, "usage": {"prompt_tokens": 12, "completion_tokens": n}} for n, chunk in enumerate(chat())]
    assert one(data(*chunks, "[DONE]")).usage == Usage(12, output=2)
    cut = one(data(chunks[0]))
    assert (cut.usage, cut.partial) == (Usage(12), True)


def test_azure_and_groq_chunks() -> None:
    first = {"id": "", "choices": [], "prompt_filter_results": [], "object": "chat.completion.chunk", "model": ""}
    assert one(data(first, *chat(), "[DONE]")).provider == "azure"
    last = {**chat()[1], "x_groq": {"id": "q", "usage": {"prompt_tokens": 3, "completion_tokens": 2}}}
    found = one(data(chat()[0], last, "[DONE]"))
    assert (found.provider, found.usage) == ("groq", Usage(3, output=2))


def test_responses() -> None:
    found = one(data(*responses(), named=True))
    assert (found.id, found.usage, found.tier, found.partial) == (
        "openai:resp_1", Usage(18, output=80), "standard", False,
    )  # fmt: skip
    assert one(data(*responses("response.incomplete"))).usage == Usage(18, output=80)
    assert reasons(data(*responses()[:2])) == [CUT]
    failed = one(data(*responses("response.failed", usage=None, status="failed", error={"message": "boom"})))
    assert (failed.status, failed.error, failed.usage) == ("error", "boom", Usage())


def test_anthropic_later_fields_replace_earlier_ones() -> None:
    found = one(data(*ANTHROPIC, named=True))
    assert (found.id, found.usage, found.partial) == ("anthropic:msg_1", Usage(11, 100, output=70), False)


def test_anthropic_cut_and_failed() -> None:
    cut = one(data(*ANTHROPIC[:3]))
    assert (cut.usage, cut.partial, cut.status) == (Usage(9, 100, output=1), True, "ok")
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    failed = one(data(*ANTHROPIC[:3], error))
    assert (failed.status, failed.error, failed.partial) == ("error", "overloaded_error: busy", True)
    assert reasons(data(*ANTHROPIC[2:])) == [HEADLESS]
    assert reasons(data(error)) == ["error response: overloaded_error: busy"]
    assert one(data({"type": "ping"}, *ANTHROPIC)).id == "anthropic:msg_1"


def test_gemini() -> None:
    found = one(data(*GEMINI))
    assert (found.id, found.usage, found.partial) == ("google:r1", Usage(8, output=6, reasoning=4), False)
    assert one(data(GEMINI[0])).partial


def test_several_streams_one_after_another() -> None:
    content = data(*chat(1), "[DONE]", *chat(2), *ANTHROPIC, *responses(), *GEMINI)
    assert reasons(content) == [
        "openai:chatcmpl-1", "openai:chatcmpl-2", "anthropic:msg_1", "openai:resp_1", "google:r1",
    ]  # fmt: skip


def test_data_over_several_lines_comments_and_other_fields() -> None:
    text = json.dumps(GEMINI[1], indent=1).replace("\n", "\ndata: ")
    found = one(f": hello\nid: 7\nretry: 10\nevent\ndata: {text}\n\n".encode())
    assert found.usage == Usage(8, output=6, reasoning=4)


def test_a_stream_cut_inside_an_event_is_partial() -> None:
    content = data(*ANTHROPIC)
    end = content.index(b'"output_tokens": 70')
    found = one(content[:end])
    assert (found.usage.output, found.partial) == (40, True)
    assert reasons(b'data: {"id": "chatcm') == ["not an event: the stream is cut short or malformed"]
    assert reasons(data(chat()[0]) + b'data: {"id') == [CUT]


def test_a_lost_event_makes_its_stream_partial() -> None:
    assert one(data(ANTHROPIC[0], '{"type": "message_d', ANTHROPIC[-1])).partial
    assert one(data(ANTHROPIC[0]) + b"what is this\n" + data(ANTHROPIC[-1])).partial


def test_data_over_many_lines_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these lines looks like the end of an event."""
    tries: list[int] = []

    def counted(raw: bytes) -> Any:
        tries.append(len(raw))
        return decode_json(raw)

    monkeypatch.setattr(sse, "decode_json", counted)
    content = b"data: {\n" + b'data: "a"}\n' * 3000 + b"\n" + data(*ANTHROPIC)
    numbered = [(number, text) for number, text in enumerate(content.split(b"\n"), 1) if text]
    found = list(sse.streams(numbered))
    assert [item.problem for item in found if isinstance(item, sse.Stream)] == [
        "not an event: the stream is cut short or malformed", "",
    ]  # fmt: skip
    assert len(tries) == 1 + len(ANTHROPIC)


@pytest.mark.parametrize("bound", ["_MAX_LINES", "MAX_LINE"])
def test_an_event_without_end_is_damaged_and_the_next_is_read(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, bound, {"_MAX_LINES": 5, "MAX_LINE": 60}[bound])
    lines = [(number, b'data: "some text",') for number in range(2, 500)]
    good = [(600, b'data: {"hello": 1}')]
    event, other = sse.streams([(1, b"data: ["), *lines, *good])
    assert (event.line, event.problem) == (1, "not an event: the stream is cut short or malformed")  # type: ignore[union-attr]
    assert other.line == 600
    fits = [(1, b"data: ["), (2, b'data: {"a":'), (3, b"data: 1}"), (4, b"data: ]")]
    (whole,) = sse.streams(fits)
    assert isinstance(whole, sse.Stream)
    assert whole.body == {"a": 1}


def test_an_event_over_several_lines_ends_at_the_end_of_the_stream_or_at_done() -> None:
    lines = json.dumps(GEMINI[1], indent=1).replace("\n", "\ndata: ").encode()
    for end in (b"", b"\n", b"\n\n", b"\ndata: [DONE]", b"\nevent: x"):
        assert one(b"data: " + lines + end).usage == Usage(8, output=6, reasoning=4)
    last = json.dumps(chat()[2], indent=1).replace("\n", "\ndata: ")
    found = one(data(*chat()[:2]) + f"data: {last}\ndata: [DONE]\n".encode())
    assert (found.usage, found.partial) == (Usage(12, output=5), False)


def test_strangers() -> None:
    assert reasons(b": only a comment\n") == ["server-sent events without a response"]
    assert reasons(data({"hello": 1})) == ["not a provider response: no usage"]
    assert not is_sse(b'{"data": 1}')
    assert is_sse(b"\xef\xbb\xbf\n\ndata: x")


@pytest.mark.parametrize(
    ("events", "name"),
    [(chat(), "openai"), (responses(), "openai"), (ANTHROPIC, "anthropic"), (GEMINI, "gemini")],
)
def test_detection_goes_by_content(events: list[dict[str, Any]], name: str) -> None:
    source = detect(LogFile(io.BytesIO(data(*events)), "x"))
    assert source is not None
    assert source.name == name


@pytest.mark.parametrize("events", [chat(), responses(), ANTHROPIC, GEMINI])
def test_the_same_events_as_json_lines_or_as_an_array(events: list[dict[str, Any]]) -> None:
    expected = one(data(*events))
    lines = "\n".join(json.dumps(event) for event in events).encode()
    for content in (lines, json.dumps(events).encode(), b"{}\n" + json.dumps(events).encode()):
        found = read(content)[-1]
        assert isinstance(found, Record)
        assert (found.id, found.usage, found.partial) == (expected.id, expected.usage, expected.partial)
