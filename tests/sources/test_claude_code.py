"""Every trap that Claude Code's own logs are known to set."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage
from llmcost.sources import detect
from llmcost.sources.claude_code import SOURCE
from llmcost.sources.reader import LogFile
from llmcost.sources.responses import ANTHROPIC

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "samples" / "claude_code"


def line(**changes: Any) -> dict[str, Any]:
    """A response line as Claude Code 2 writes it; `usage` and `message` changes are merged in."""
    usage = {"input_tokens": 4, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 1000, "output_tokens": 7,
             "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 0},
             "service_tier": "standard"}  # fmt: skip
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
               "content": [{"type": "text", "text": "x"}],
               "usage": {**usage, **changes.pop("usage", {})}, **changes.pop("message", {})}  # fmt: skip
    return {
        "type": "assistant", "parentUuid": "p", "isSidechain": False, "cwd": "/home/dev/shop/", "sessionId": "s1",
        "version": "2.0.1", "gitBranch": "main", "requestId": "req_1", "uuid": "u",
        "timestamp": "2026-01-09T10:00:00.250Z", "message": message, **changes,
    }  # fmt: skip


def encoded(*values: Any) -> bytes:
    return b"".join(value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n" for value in values)


def read(*values: Any) -> tuple[list[Record], list[Problem], LogFile]:
    file = LogFile(io.BytesIO(encoded(*values)), "log")
    found = list(SOURCE.read(file))
    return [f for f in found if isinstance(f, Record)], [f for f in found if isinstance(f, Problem)], file


def only(*values: Any) -> Record:
    records, problems, _ = read(*values)
    assert not problems
    assert len(records) == 1
    return records[0]


def reason(*values: Any) -> str:
    records, problems, _ = read(*values)
    assert not records
    assert len(problems) == 1
    return problems[0].reason


def test_a_response_line_becomes_a_record() -> None:
    assert only(line()) == Record(
        ts=1_767_952_800_250_000, id="anthropic:msg_1", provider="anthropic", model="claude-sonnet-4-5-20250929",
        usage=Usage(input=4, cached=1000, write_5m=100, output=7), session="s1", project="/home/dev/shop",
        branch="main", operation="chat", source="claude-code",
    )  # fmt: skip


def test_one_response_in_several_lines_has_one_id_and_every_version_is_given() -> None:
    records, problems, _ = read(line(usage={"output_tokens": 1}), line(usage={"output_tokens": 90}), line())
    assert [(r.id, r.usage.output) for r in records] == [
        ("anthropic:msg_1", 1), ("anthropic:msg_1", 90), ("anthropic:msg_1", 7),
    ]  # fmt: skip
    assert not problems


def test_the_request_id_never_makes_a_second_request() -> None:
    replay = line(isSidechain=True, requestId="req_2")
    records, _, _ = read(line(), replay)
    assert [r.id for r in records] == ["anthropic:msg_1", "anthropic:msg_1"]
    assert [r.sidechain for r in records] == [False, True]


def test_a_subagents_message_within_a_progress_line_is_a_sidechain() -> None:
    inner = {"timestamp": "2026-01-09T09:59:00Z", "message": line()["message"]}
    progress = {"type": "progress", "sessionId": "s1", "timestamp": "2026-01-09T10:00:00Z", "data": {"message": inner}}
    record = only(progress)
    assert record.sidechain
    assert record.ts == 1_767_952_740_000_000
    assert record.id == "anthropic:msg_1"


def test_synthetic_messages_are_no_requests() -> None:
    records, problems, file = read(line(message={"model": "<synthetic>"}))
    assert (records, problems, file.ignored) == ([], [], 1)


def test_lines_of_other_kinds_are_ignored() -> None:
    records, problems, file = read(
        {"type": "summary", "summary": "s", "leafUuid": "u"},
        {"type": "user", "message": {"role": "user", "content": 'say "usage" and "assistant"'}},
        {"type": "user", "message": {"role": "user"}, "toolUseResult": {"usage": {"input_tokens": 5}}},
        {"type": "file-history-snapshot", "messageId": "m"},
        b"\n",
        b"   \r\n",
    )
    assert (records, problems, file.ignored) == ([], [], 4)


def test_cache_writes_are_split_by_lifetime() -> None:
    split = {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 40}
    assert only(line(usage={"cache_creation": split})).usage == Usage(4, 1000, 60, 40, output=7)


def test_cache_writes_without_a_split_are_five_minute_ones() -> None:
    assert only(line(usage={"cache_creation": None})).usage == Usage(4, 1000, 100, 0, output=7)


def test_a_split_that_adds_up_to_more_than_the_total_is_believed() -> None:
    split = {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 50}
    assert only(line(usage={"cache_creation": split})).usage == Usage(4, 1000, 300, 50, output=7)


@pytest.mark.parametrize(
    ("usage", "tier"),
    [
        ({"service_tier": "standard"}, "standard"),
        ({"service_tier": None}, "standard"),
        ({"service_tier": "default"}, "standard"),
        ({"service_tier": "priority"}, "priority"),
        ({"service_tier": "batch"}, "batch"),
        ({"service_tier": "Turbo"}, "turbo"),
        ({"service_tier": "standard", "speed": "fast"}, "fast"),
        ({"service_tier": "standard", "speed": "standard"}, "standard"),
    ],
)
def test_the_tier_is_the_one_that_served(usage: dict[str, Any], tier: str) -> None:
    assert only(line(usage=usage)).tier == tier


def test_thinking_is_a_part_of_the_output() -> None:
    assert only(line(usage={"output_tokens_details": {"thinking_tokens": 5}})).usage == Usage(
        4, 1000, 100, output=2, reasoning=5
    )


def test_a_message_by_bedrock_is_known_by_its_id() -> None:
    record = only(line(message={"id": "msg_bdrk_1"}))
    assert (record.provider, record.id) == ("aws", "aws:msg_bdrk_1")


@pytest.mark.parametrize(("geo", "region"), [("us", "us"), ("not_available", ""), (None, "")])
def test_where_it_was_processed_is_the_region(geo: str | None, region: str) -> None:
    assert only(line(usage={"inference_geo": geo})).region == region


STEP = {"type": "message", "input_tokens": 4, "output_tokens": 7, "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 100}  # fmt: skip


@pytest.mark.parametrize("steps", [None, [], [STEP], [{**STEP, "input_tokens": 1}], "none", [7]])
def test_steps_that_the_counts_cover_add_nothing(steps: Any) -> None:
    assert only(line(usage={"iterations": steps})).usage == Usage(4, 1000, 100, output=7)


def test_compaction_is_billed_beside_the_message() -> None:
    steps = [{"type": "compaction", "input_tokens": 55_000, "output_tokens": 125}, STEP]
    assert only(line(usage={"iterations": steps})).usage == Usage(55_004, 1000, 100, output=132)


def test_an_advisor_is_a_second_request_as_in_a_raw_response() -> None:
    advisor = {"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 50, "output_tokens": 9}
    value = line(usage={"iterations": [STEP, advisor]}, costUSD=0.5)
    (main, other), problems, _ = read(value)
    assert not problems
    assert (main.id, main.usage, main.reported_nano) == ("anthropic:msg_1", Usage(4, 1000, 100, output=7), 500_000_000)
    assert other == main._replace(
        id="anthropic:msg_1#1", model="claude-opus-5", usage=Usage(50, output=9), reported_nano=None
    )
    raw = LogFile(io.BytesIO(encoded({"timestamp": value["timestamp"], "response": value["message"]})), "raw")
    told = [item for item in ANTHROPIC.read(raw) if isinstance(item, Record)]
    assert [item[1:5] for item in told] == [main[1:5], other[1:5]]


def test_web_searches_are_counted() -> None:
    assert only(line(usage={"server_tool_use": {"web_search_requests": 3}})).usage.web_searches == 3
    assert only(line(usage={"server_tool_use": None})).usage.web_searches == 0


def test_the_tools_own_cost_is_kept_beside_ours() -> None:
    assert only(line(costUSD=0.12)).reported_nano == 120_000_000
    assert only(line()).reported_nano is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"usage": {"input_tokens": -1}}, "a token count is negative"),
        ({"usage": {"cache_read_input_tokens": -5}}, "a token count is negative"),
        (
            {"usage": {"cache_creation": {"ephemeral_1h_input_tokens": -5}, "cache_creation_input_tokens": 0}},
            "a token count is negative",
        ),
        ({"usage": {"output_tokens": 10**13}}, "a token count is implausibly large"),
        ({"usage": {"output_tokens": 10**40}}, "a token count is implausibly large"),
        ({"usage": {"input_tokens": None, "output_tokens": None}}, "a usage without token counts"),
        ({"timestamp": "soon"}, "not a timestamp: 'soon'"),
        ({"timestamp": "1970-01-01T00:00:00Z"}, "timestamp outside 2000-2099: '1970-01-01T00:00:00Z'"),
        ({"timestamp": None}, "no timestamp"),
        ({"message": {"model": None}}, "no model"),
        ({"message": {"usage": None}}, "an assistant's message without its usage"),
        ({"costUSD": -0.5}, "costUSD is negative: '-0.5'"),
        ({"usage": {"cache_creation_input_tokens": -50}}, "a token count is negative"),
        (
            {"usage": {"cache_creation": {"ephemeral_5m_input_tokens": -5}, "cache_creation_input_tokens": 9}},
            "a token count is negative",
        ),
        ({"usage": {"server_tool_use": {"web_search_requests": -1}}}, "a token count is negative"),
        ({"usage": {"output_tokens_details": {"thinking_tokens": -1}}}, "a token count is negative"),
        (
            {"usage": {"output_tokens_details": {"thinking_tokens": 8}}},
            "thinking tokens exceed the output tokens",
        ),
        ({"usage": {"iterations": [{"type": "compaction", "input_tokens": -1}]}}, "input_tokens is negative: '-1'"),
        ({"costUSD": 1e300}, "implausible amount: 1e+300 USD"),
    ],
)
def test_what_makes_no_sense_is_skipped_with_its_reason(change: dict[str, Any], why: str) -> None:
    assert reason(line(**change)) == why


@pytest.mark.parametrize("usage", [{"input_tokens": "4"}, {"output_tokens": 1.5}, {"input_tokens": True}])
def test_a_count_of_another_type_is_named_by_its_place(usage: dict[str, Any]) -> None:
    assert f"message.usage.{next(iter(usage))}" in reason(line(usage=usage))


def test_a_null_id_is_hashed_and_identical_lines_keep_their_number() -> None:
    records, problems, _ = read(line(message={"id": None}), line(message={"id": None}), line(message={"id": "msg_2"}))
    first, second, named = (r.id for r in records)
    assert not problems
    assert first.startswith("~")
    assert second == f"{first}.1"
    assert named == "anthropic:msg_2"
    again, _, _ = read(line(message={"id": None}))
    assert again[0].id == first


def test_spaces_after_colons_change_nothing() -> None:
    tight = json.dumps(line(), separators=(",", ":")).encode() + b"\n"
    spaced = json.dumps(line(), separators=(" , ", " :  ")).encode() + b"\r\n"
    one, other = only(tight), only(spaced)
    assert one == other


GOOD = encoded(line(message={"id": "msg_good"}))


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (encoded(line())[:200] + b"\n", "not JSON: the line is cut short or malformed"),
        (b'{"type":"user","mess\n', "not a JSON object: the line is cut short or malformed"),
        (b"\x00" * 4096 + b"\n", "not a JSON object: the line is cut short or malformed"),
        (b'"massive error"\n', "not a JSON object: the line is cut short or malformed"),
        (b"42\n", "not a JSON object: the line is cut short or malformed"),
        (b'{"usage": 1, "message": [1]}\n', "Expected `object | null`, got `array` - at `$.message`"),
        (b'{"usage": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "not JSON: the line is cut short or malformed"),
    ],
)
def test_a_damaged_line_never_hides_a_good_one(bad: bytes, problem: str) -> None:
    records, problems, _ = read(GOOD, bad, encoded(line(message={"id": "msg_after"})))
    assert [r.id for r in records] == ["anthropic:msg_good", "anthropic:msg_after"]
    assert [p.reason for p in problems] == [problem]


def test_a_line_appended_to_a_cut_one_is_read() -> None:
    """A crash leaves a line without its end, and the next session's first line stands right behind it."""
    cut = encoded(line())
    for length in range(1, len(cut) - 1):
        records, problems, _ = read(cut[:length] + GOOD, encoded(line(message={"id": "msg_after"})))
        assert [r.id for r in records] == ["anthropic:msg_good", "anthropic:msg_after"], cut[:length]
        assert [p.line for p in problems] == [1]


@pytest.mark.parametrize("mark", [b"\x00", b"\x00\x00\x00", b"\xff\xfe", b"\xc3"])
def test_nul_bytes_and_bad_utf8_within_a_text_are_forgiven(mark: bytes) -> None:
    raw = encoded(line()).replace(b'"text": "x"', b'"text": "x' + mark + b'"')
    assert mark in raw
    assert only(raw).id == "anthropic:msg_1"


def test_nul_bytes_before_a_line_are_forgiven() -> None:
    assert only(b"\x00" * 64 + encoded(line())).id == "anthropic:msg_1"


def test_nan_and_infinity_elsewhere_in_a_line_are_forgiven() -> None:
    assert only(line(toolUseResult={"score": float("nan"), "limit": float("inf")})).id == "anthropic:msg_1"


def test_a_time_without_an_offset_is_utc_and_counted() -> None:
    _, _, file = read(line(timestamp="2026-01-09T10:00:00"), line(), line(timestamp="no"))
    assert file.naive_times == 1


def test_epoch_milliseconds_are_a_time() -> None:
    assert only(line(timestamp=1_767_952_800_250)).ts == 1_767_952_800_250_000


def test_content_decides_what_a_file_is() -> None:
    assert detect(LogFile(io.BytesIO(encoded(line())), "notes.csv")) == SOURCE
    assert detect(LogFile(io.BytesIO(encoded({"type": "summary", "leafUuid": "u"})), "x")) == SOURCE


def test_a_cut_first_line_does_not_hide_what_the_file_is() -> None:
    file = LogFile(io.BytesIO(encoded(line())[:150] + b"\n" + GOOD), "x")
    assert detect(file) == SOURCE
    assert len([f for f in SOURCE.read(file) if isinstance(f, Record)]) == 1


def test_a_first_line_longer_than_the_head_does_not_hide_what_the_file_is() -> None:
    pasted = {"type": "user", "sessionId": "s", "message": {"role": "user", "content": "A" * 700_000}}
    file = LogFile(io.BytesIO(encoded(pasted) + GOOD), "x")
    assert detect(file) == SOURCE
    assert [f.id for f in SOURCE.read(file) if isinstance(f, Record)] == ["anthropic:msg_good"]


@pytest.mark.skipif(not DATA.exists(), reason="no shared data beside the checkout")
def test_samples_of_other_tools_in_this_format() -> None:
    """Counts were taken from the files by hand: lines with a usage, and lines that should have one."""
    expected = {
        "ccl-edge_cases.jsonl": (4, [13, 15, 16]),
        "ccl-representative_messages.jsonl": (5, []),
        "ccl-session_b.jsonl": (1, []),
        "ccl-todowrite_examples.jsonl": (6, []),
        "cct-sample_session.jsonl": (0, [3, 5, 8]),
        "ccusage-fixtures_claude_projects_project-alpha_session-alpha_chat.jsonl": (3, []),
        "ccusage-fixtures_claude_projects_project-beta_session-beta_chat.jsonl": (2, []),
        "ccusage-test-transcript.jsonl": (0, [2, 4]),
        "tokscale-conversation.jsonl": (0, [2, 3]),
    }
    for path in sorted(DATA.glob("*.jsonl")):
        file = LogFile.open(path)
        assert detect(file) == SOURCE
        found = list(SOURCE.read(file))
        file.close()
        skipped = [item.line for item in found if isinstance(item, Problem)]
        assert (len(found) - len(skipped), skipped) == expected[path.name], path.name
