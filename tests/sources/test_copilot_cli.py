"""GitHub Copilot CLI's OpenTelemetry file."""

from typing import Any

import pytest

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources.copilot_cli import SOURCE
from tests.sources.reading import read

CHAT: dict[str, Any] = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "github", "gen_ai.request.model": "auto",
    "gen_ai.response.model": "claude-sonnet-4.6", "gen_ai.conversation.id": "c1", "gen_ai.response.id": "msg_1",
    "gen_ai.usage.input_tokens": 10_000, "gen_ai.usage.output_tokens": 100, "github.copilot.cost": 1.0,
    "gen_ai.usage.cache_read.input_tokens": 9_000, "gen_ai.usage.cache_creation.input_tokens": 600,
    "gen_ai.usage.reasoning.output_tokens": 40, "github.copilot.nano_aiu": 765_000_000.0,
    "gen_ai.response.time_to_first_chunk": 0.4,
}  # fmt: skip


def span(told: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "type": "span", "traceId": "t1", "spanId": "s1", "parentSpanId": "s0", "name": "chat claude-sonnet-4.6",
        "kind": 2, "startTime": [1_791_108_000, 250_000_000], "endTime": [1_791_108_002, 750_000_000],
        "attributes": told, "status": {"code": 0}, "events": [],
        "resource": {"attributes": {"service.name": "github-copilot"}},
        "instrumentationScope": {"name": "github.copilot"}, **changes,
    }  # fmt: skip


def agent(**changes: Any) -> dict[str, Any]:
    return span({**CHAT, "gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 10_000},
                spanId="s0", name="invoke_agent", **changes)  # fmt: skip


METRIC = {"type": "metric", "name": "gen_ai.client.token.usage", "dataPoints": [{"value": {"sum": 10_000}}]}
RECORD = Record(
    1_791_108_000_250_000, "github-copilot:msg_1", "github-copilot", "claude-sonnet-4.6",
    Usage(input=400, cached=9_000, write_5m=600, output=60, reasoning=40), operation="chat", session="c1",
    source="copilot-cli", latency_us=2_500_000, ttft_us=400_000, reported_nano=7_650_000,
)  # fmt: skip


def test_a_call_is_counted_once_and_its_agent_s_total_not() -> None:
    tool = span({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "view"}, spanId="s2")
    assert read(SOURCE, tool, span(CHAT), METRIC, agent()) == ([RECORD], [], 3)


def test_an_agent_s_total_without_its_calls_is_missed_not_lost() -> None:
    records, problems, _ = read(SOURCE, span(CHAT), agent(traceId="t2"))
    assert records == [RECORD]
    assert problems == [(2, "an agent's total, and none of its calls is in the file")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
        ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens"),
        ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
        ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_output_tokens"),
        ("gen_ai.response.time_to_first_chunk", "github.copilot.time_to_first_chunk"),
        ("github.copilot.nano_aiu", "github.copilot.aiu"),
    ],
)
def test_names_of_other_versions(old: str, new: str) -> None:
    told = {new if name == old else name: given for name, given in CHAT.items()}
    assert read(SOURCE, span(told)) == ([RECORD], [], 0)


def test_premium_requests_and_whole_units_are_no_dollars() -> None:
    told = {name: given for name, given in CHAT.items() if name != "github.copilot.nano_aiu"}
    assert read(SOURCE, span(told))[0][0].reported_nano is None
    assert read(SOURCE, span({**told, "github.copilot.aiu": 0.765}))[0][0].reported_nano is None


def test_a_charge_is_rounded_to_the_nano_dollar() -> None:
    # 0.0695815 USD: what 10, 9,776, 13,013 and 77 tokens cost at 5, 6.25, 0.5 and 25 USD a million.
    told = [6_958_150_000.0, "6958150000", 149, 51.0, 50]
    records, problems, _ = read(SOURCE, *(span({**CHAT, "github.copilot.nano_aiu": units}) for units in told))
    assert problems == []
    assert [record.reported_nano for record in records] == [69_581_500, 69_581_500, 1, 1, 0]


def test_a_key_of_one_s_own() -> None:
    record = read(SOURCE, span({**CHAT, "gen_ai.provider.name": "anthropic"}))[0][0]
    assert (record.provider, record.id) == ("anthropic", "anthropic:msg_1")


def test_without_a_response_id_the_span_is_known_by_its_own() -> None:
    told = {name: given for name, given in CHAT.items() if name != "gen_ai.response.id"}
    assert read(SOURCE, span(told))[0][0].id == "otel:t1/s1"


def test_a_failed_call_and_one_without_usage() -> None:
    silent = {name: given for name, given in CHAT.items() if "usage" not in name}
    records, problems, _ = read(SOURCE, span(silent, status={"code": 2}), span(silent, spanId="s3"))
    assert [(record.status, record.usage) for record in records] == [("error", Usage())]
    assert problems == [(2, "unmetered: the call has no usage; a stream tells it with include_usage")]


def test_what_makes_no_sense_is_skipped() -> None:
    records, problems, ignored = read(
        SOURCE, span({**CHAT, "gen_ai.usage.input_tokens": -1}), span(CHAT, startTime=[1, "x"]),
        span(CHAT, startTime=None), span({**CHAT, "github.copilot.nano_aiu": -5e9}), span(CHAT, attributes=[1]),
        span(CHAT),
    )  # fmt: skip
    assert (records, ignored) == ([RECORD], 1)
    assert [reason for _, reason in problems] == [
        "input_total is negative: '-1'", "nanoseconds is not a count: 'x'", "no timestamp",
        "nano_aiu is negative: '-0.050000000000'",
    ]  # fmt: skip
