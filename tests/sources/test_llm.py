"""llm's logs.db, of both generations."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources.llm import SOURCE, _parsed
from tests.sources.reading import read_path

DETAILS = '{"prompt_tokens_details": {"cached_tokens": 20}, "completion_tokens_details": {"reasoning_tokens": 8}}'
WHEN = "2026-10-04T10:00:00.250000+00:00"
RECORD = Record(
    1_791_108_000_250_000, "llm:01a", "openai", "gpt-4o-mini", Usage(input=101, cached=20, output=23, reasoning=8),
    session="t1", operation="chat", source="llm", latency_us=173_000,
)  # fmt: skip


def database(path: Path, turns: list[tuple[Any, ...]], responses: list[tuple[Any, ...]]) -> Path:
    db = sqlite3.connect(path, isolation_level=None)
    columns = "model TEXT, input_tokens, output_tokens, token_details TEXT, duration_ms, datetime_utc TEXT"
    db.execute(f"CREATE TABLE turns (id TEXT PRIMARY KEY, thread_id TEXT, resolved_model TEXT, {columns})")
    db.execute(f"CREATE TABLE responses (id TEXT PRIMARY KEY, conversation_id TEXT, prompt TEXT, {columns})")
    db.execute("BEGIN")
    db.executemany(f"INSERT INTO turns VALUES ({', '.join('?' * 9)})", turns)
    db.executemany(f"INSERT INTO responses VALUES ({', '.join('?' * 9)})", responses)
    db.execute("COMMIT")
    db.close()
    return path


def test_turns_and_responses_are_both_read_and_an_id_once(isolated: Path) -> None:
    turns = [("01a", "t1", None, "gpt-4o-mini", 121, 31, DETAILS, 173, WHEN)]
    responses = [("01a", "t1", "x", "gpt-4o-mini", 1, 1, None, 1, WHEN),
                 ("01b", "t1", "x", "gpt-4o-mini", 10, 2, None, None, "2026-10-04T10:00:00")]  # fmt: skip
    records, problems, ignored = read_path(SOURCE, database(isolated / "logs.db", turns, responses))
    assert (problems, ignored) == ([], 1)
    assert records == [
        RECORD, RECORD._replace(ts=1_791_108_000_000_000, id="llm:01b", usage=Usage(input=10, output=2),
                                latency_us=None),
    ]  # fmt: skip


def test_the_model_that_answered(isolated: Path) -> None:
    turns = [("01a", "t1", "gpt-4o-mini", "mini", 121, 31, DETAILS, 173, WHEN)]
    assert read_path(SOURCE, database(isolated / "logs.db", turns, []))[0] == [RECORD]


def test_a_call_without_counts_is_unmetered_not_free(isolated: Path) -> None:
    turns = [("01a", "t", None, "m", None, None, None, 1, WHEN), ("01b", "t", None, "m", "x", 1, None, 1, WHEN),
             ("01c", "t", None, "m", 1, 1, None, 1, None), ("01d", "t", None, "", 1, 1, "[", 1, WHEN)]  # fmt: skip
    records, problems, _ = read_path(SOURCE, database(isolated / "logs.db", turns, []))
    assert records == []
    assert problems == [
        (1, "unmetered: no token counts"), (2, "input_tokens is not a count: 'x'"), (3, "no timestamp"),
        (4, "no model"),
    ]  # fmt: skip


def told(isolated: Path, model: str, given: int, made: int, details: Any) -> tuple[list[Record], list[str]]:
    text = details if isinstance(details, str) else json.dumps(details)
    turns = [("01a", "t1", None, model, given, made, text, 173, WHEN)]
    records, problems, _ = read_path(SOURCE, database(isolated / "logs.db", turns, []))
    return records, [reason for _, reason in problems]


CLAUDE = "anthropic/claude-sonnet-4-5"
GEMINI = "gemini-2.5-flash"
ANTHROPIC = {
    "cache_creation_input_tokens": 700, "cache_read_input_tokens": 5_000, "inference_geo": "us",
    "service_tier": "priority", "cache_creation": {"ephemeral_5m_input_tokens": 600, "ephemeral_1h_input_tokens": 100},
    "server_tool_use": {"web_search_requests": 2}, "output_tokens_details": {"thinking_tokens": 4},
}  # fmt: skip


GEMINI_DETAILS = {
    "candidatesTokenCount": 57, "thoughtsTokenCount": 30, "toolUsePromptTokenCount": 9_603,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 110}],
}  # fmt: skip


def modal(**counts: int) -> list[dict[str, Any]]:
    return [{"modality": name, "tokenCount": count} for name, count in counts.items()]


def test_anthropic_s_input_leaves_out_what_its_cache_read_and_wrote(isolated: Path) -> None:
    assert told(isolated, CLAUDE, 12, 9, ANTHROPIC) == ([
        RECORD._replace(
            provider="anthropic", model="claude-sonnet-4-5", tier="priority", region="us",
            usage=Usage(input=12, cached=5_000, write_5m=600, write_1h=100, output=5, reasoning=4, web_searches=2),
        ),
    ], [])  # fmt: skip


def test_anthropic_s_cache_without_its_split_lives_five_minutes(isolated: Path) -> None:
    records, _ = told(isolated, CLAUDE, 12, 9, {"cache_creation_input_tokens": 700, "cache_creation": None})
    assert records[0].usage == Usage(input=12, write_5m=700, output=9)


def test_another_model_s_work_within_an_answer_is_a_row_of_its_own(isolated: Path) -> None:
    step = {"type": "advisor_message", "model": "claude-opus-4-5", "input_tokens": 3, "output_tokens": 4}
    own = {"type": "message", "input_tokens": 12, "output_tokens": 9}
    records, problems = told(isolated, CLAUDE, 12, 9, {"cache_read_input_tokens": 0, "iterations": [own, step]})
    assert problems == []
    assert [(record.id, record.model, record.usage) for record in records] == [
        ("llm:01a", "claude-sonnet-4-5", Usage(input=12, output=9)),
        ("llm:01a#1", "claude-opus-4-5", Usage(input=3, output=4)),
    ]


@pytest.mark.parametrize(
    ("given", "made", "details", "usage"),
    [
        # As llm-gemini writes it now: thoughts and tool tokens are within the totals.
        (9_613, 87, {"candidatesTokenCount": 57, "thoughtsTokenCount": 30, "toolUsePromptTokenCount": 9_603,
                     "promptTokensDetails": modal(TEXT=10)},
         Usage(input=9_613, output=57, reasoning=30)),
        (100, 30, {"thoughtsTokenCount": 30}, Usage(input=100, reasoning=30)),
        # As it did up to 0.19 and 0.24: beside them.
        (100, 50, {"thoughtsTokenCount": 30}, Usage(input=100, output=50, reasoning=30)),
        (10, 57, {"candidatesTokenCount": 57, "toolUsePromptTokenCount": 7,
                  "promptTokensDetails": modal(TEXT=10)}, Usage(input=17, output=57)),
        (4, 5, {"candidatesTokenCount": 5, "toolUsePromptTokenCount": 7}, Usage(input=11, output=5)),
        (1_000, 5, {"candidatesTokenCount": 5, "cachedContentTokenCount": 400,
                    "promptTokensDetails": modal(TEXT=700, AUDIO=250, IMAGE=50), "trafficType": "ON_DEMAND",
                    "cacheTokensDetails": modal(AUDIO=100, TEXT=300), "candidatesTokensDetails": modal(TEXT=5)},
         Usage(input=400, cached=300, cached_audio=100, input_audio=150, input_image=50, output=5)),
    ],
)  # fmt: skip
def test_gemini_s_counts(isolated: Path, given: int, made: int, details: Any, usage: Usage) -> None:
    records, problems = told(isolated, GEMINI, given, made, details)
    assert problems == []
    assert (records[0].provider, records[0].model, records[0].usage) == ("google", GEMINI, usage)


def test_openai_s_counts_of_both_apis(isolated: Path) -> None:
    audio = {"prompt_tokens_details": {"cached_tokens": 20, "audio_tokens": 11},
             "completion_tokens_details": {"audio_tokens": 5, "accepted_prediction_tokens": 3}}  # fmt: skip
    assert told(isolated, "gpt-4o", 121, 31, audio)[0][0].usage == Usage(
        input=90, cached=20, input_audio=11, output=26, output_audio=5
    )
    responses = {"input_tokens_details": {"cached_tokens": 20}, "output_tokens_details": {"reasoning_tokens": 8}}
    (isolated / "logs.db").unlink()
    assert told(isolated, "gpt-5", 121, 31, responses)[0][0].usage == Usage(
        input=101, cached=20, output=23, reasoning=8
    )


@pytest.mark.parametrize(("model", "output"), [("grok-4", 31), ("xai/grok-4", 31), ("openrouter/x-ai/grok-4", 23)])
def test_xai_counts_reasoning_beside_the_completion(isolated: Path, model: str, output: int) -> None:
    details = {"completion_tokens_details": {"reasoning_tokens": 8}}
    assert told(isolated, model, 121, 31, details)[0][0].usage == Usage(input=121, output=output, reasoning=8)


TOKENS = st.integers(0, 10**6)


@drawn(TOKENS, TOKENS, st.integers(1, 10**6), TOKENS, TOKENS)
def test_no_token_of_gemini_is_lost_or_doubled(
    prompt: int, cached: int, answer: int, thoughts: int, tools: int
) -> None:
    cached = min(cached, prompt)
    told = {"cachedContentTokenCount": cached, "candidatesTokenCount": answer, "thoughtsTokenCount": thoughts,
            "toolUsePromptTokenCount": tools, "promptTokensDetails": modal(TEXT=prompt)}  # fmt: skip
    expected = Usage(prompt + tools - cached, cached, output=answer, reasoning=thoughts)
    assert _parsed("google", GEMINI, prompt + tools, answer + thoughts, told).usage == expected
    if thoughts:
        assert _parsed("google", GEMINI, prompt, answer, told).usage == expected


def test_what_openrouter_charged(isolated: Path) -> None:
    details = {"prompt_tokens_details": {"cached_tokens": 20}, "cost": 0.0123,
               "cost_details": {"upstream_inference_cost": 0.5, "upstream_inference_prompt_cost": 0.4}}  # fmt: skip
    records, _ = told(isolated, "openrouter/anthropic/claude-sonnet-4.5", 121, 31, details)
    assert records == [
        RECORD._replace(provider="openrouter", model="anthropic/claude-sonnet-4.5", reported_nano=12_300_000,
                        usage=Usage(input=101, cached=20, output=31)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"citation_tokens": 5}, "token_details has 'citation_tokens', which is not read: '5'"),
        ({"server_tool_use": {"code_runs": 1}}, "token_details has 'code_runs', which is not read: '1'"),
        ({"promptTokensDetails": [{"tokenCount": 1, "pixels": 2}]},
         "token_details has 'pixels', which is not read: '2'"),
        ({"thoughtsTokenCount": 4, "prompt_tokens_details": {"cached_tokens": 6}},
         "token_details has 'cached_tokens', which is not read: '6'"),
        ({"cache_read_input_tokens": 4, "input_tokens_details": {"cached_tokens": 4}},
         "token_details has 'cache_read_input_tokens', which is not read: '4'"),
        ({"prompt_tokens_details": {"thoughtsTokenCount": 4}},
         "token_details has 'thoughtsTokenCount', which is not read: '4'"),
        ("[1]", "token_details is not an object: '[1]'"), ("{cut", "token_details is not an object: '{cut'"),
        ({"cache_read_input_tokens": -1}, "cache_read_input_tokens is negative: '-1'"),
        ({"prompt_tokens_details": {"cached_tokens": 200}},
         "cached, cache-write, audio and image tokens exceed the input tokens"),
        ({"candidatesTokenCount": 5, "thoughtsTokenCount": 2},
         "output_tokens 31 is neither candidatesTokenCount nor that and the thoughts"),
    ],
)  # fmt: skip
def test_a_number_nobody_reads_is_not_dropped_in_silence(isolated: Path, details: Any, reason: str) -> None:
    assert told(isolated, "some-model", 121, 31, details) == ([], [reason])


def test_what_is_no_money_costs_no_request(isolated: Path) -> None:
    details = {"queue_time": 0.02, "total_time": 1.5, "citation_tokens": 0, "is_byok": True, "total_tokens": 152}
    records, problems = told(isolated, "gpt-4o-mini", 121, 31, details)
    assert (records[0].usage, problems) == (Usage(input=121, output=31), [])
