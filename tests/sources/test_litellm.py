"""LiteLLM's SpendLogs, whose objects are text within text."""

import csv
import io
import json
from typing import Any

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources.litellm import SOURCE
from tests.sources.reading import read

KEY_HASH = "e4670a541c21be43cb34f5fd2e44c777"


def row(usage: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    about = {"usage_object": usage, "additional_usage_values": {"prompt_tokens_details": None},
             "user_api_key": KEY_HASH, "user_api_key_team_alias": "web"}  # fmt: skip
    return {
        "request_id": "chatcmpl-1", "call_type": "acompletion", "api_key": KEY_HASH, "cache_hit": "False",
        "startTime": "2026-10-04 10:00:00+00:00", "endTime": "2026-10-04 10:00:02.500000+00:00",
        "completionStartTime": "2026-10-04 10:00:00.400000+00:00", "model": "gpt-4o-mini", "user": "u1",
        "team_id": "team-1", "metadata": json.dumps(about), "spend": 0.00045, "prompt_tokens": 1000,
        "completion_tokens": 500, "request_tags": '["etl", "nightly"]', "end_user": "", "custom_llm_provider": "openai",
        "messages": "{}", "session_id": "s1", "status": "success", **changes,
    }  # fmt: skip


DETAILS = {"prompt_tokens_details": {"cached_tokens": 200}, "completion_tokens_details": {"reasoning_tokens": 40}}
RECORD = Record(
    1_791_108_000_000_000, "openai:chatcmpl-1", "openai", "gpt-4o-mini",
    Usage(input=800, cached=200, output=460, reasoning=40), team="web", operation="chat", user="u1", session="s1",
    source="litellm", cache_hit=False, latency_us=2_500_000, ttft_us=400_000, reported_nano=450_000,
    tags=(("etl", "true"), ("nightly", "true")),
)  # fmt: skip


def test_json_lines() -> None:
    assert read(SOURCE, row(DETAILS)) == ([RECORD], [], 0)


def test_a_page() -> None:
    page = {"data": [row(DETAILS), row(model=""), 7], "total": 3, "page": 1}
    assert read(SOURCE, page) == ([RECORD], [(1, "no model"), (1, "not a JSON object: '7'")], 0)


def test_csv() -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(row()))
    writer.writeheader()
    writer.writerow(row(DETAILS))
    assert read(SOURCE, out.getvalue().encode()) == ([RECORD], [], 0)


def test_objects_that_are_objects() -> None:
    made = row(DETAILS)
    made["metadata"], made["request_tags"] = json.loads(made["metadata"]), json.loads(made["request_tags"])
    assert read(SOURCE, made)[0] == [RECORD]


def test_parts_that_exceed_the_prompt_stood_beside_it() -> None:
    usage = {"cache_read_input_tokens": 5000, "cache_creation_input_tokens": 100}
    assert read(SOURCE, row(usage))[0][0].usage == Usage(input=1000, cached=5000, write_5m=100, output=500)
    within = {"cache_read_input_tokens": 300, "cache_creation_input_tokens": 100}
    assert read(SOURCE, row(within))[0][0].usage == Usage(input=600, cached=300, write_5m=100, output=500)


def test_a_cache_hit_is_a_word() -> None:
    hits = [read(SOURCE, row(cache_hit=word))[0][0].cache_hit for word in ("True", "False", "None", "")]
    assert hits == [True, False, None, None]


def test_no_key_is_kept() -> None:
    assert KEY_HASH not in repr(read(SOURCE, row()))


def test_a_failure() -> None:
    about = {"error_information": {"error_code": "429", "type": "RateLimit"}}
    records, _, _ = read(SOURCE, row(status="failure", prompt_tokens=0, completion_tokens=0, spend=0, model="",
                                     metadata=json.dumps(about)))  # fmt: skip
    assert (records[0].status, records[0].usage) == ("error", Usage())


def test_what_makes_no_sense_is_skipped() -> None:
    _, problems, _ = read(
        SOURCE, row(startTime=None), row(model=""), row(spend=-1), row(prompt_tokens="many"),
        row(prompt_tokens=None, completion_tokens=None), row(metadata="{cut", endTime="later"),
    )  # fmt: skip
    assert [reason for _, reason in problems] == [
        "no timestamp", "no model", "spend is negative: '-1'", "prompt_tokens is not a count: 'many'",
        "no token counts",
    ]  # fmt: skip
