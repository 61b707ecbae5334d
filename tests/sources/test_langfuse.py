"""Langfuse's observations, in each of the shapes they are given out in."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.sources.langfuse import SOURCE
from llmcost.sources.reader import LogFile
from tests.sources.reading import encoded

SAMPLE = Path(__file__).resolve().parents[2].parent / "shared/data/samples/langfuse/generation_create.json"
SAID = "the words of a prompt"


def v1(**changes: Any) -> dict[str, Any]:
    return {
        "id": "obs1", "traceId": "trace1", "projectId": "proj1", "type": "GENERATION", "environment": "production",
        "name": "answer", "startTime": "2026-10-04T10:00:00.000Z", "endTime": "2026-10-04T10:00:02.500Z",
        "completionStartTime": "2026-10-04T10:00:00.400Z", "model": "gpt-4o-mini",
        "modelParameters": {"temperature": 1},
        "input": [{"role": "user", "content": SAID}], "output": SAID, "metadata": {"note": SAID}, "level": "DEFAULT",
        "statusMessage": None, "promptName": "greeting",
        "usageDetails": {"input": 800, "input_cached_tokens": 200, "output": 460, "output_reasoning_tokens": 40,
                         "total": 1500},
        "costDetails": {"input": 0.0002, "output": 0.00025, "total": 0.00045},
        "usage": {"unit": "TOKENS", "input": 1000, "output": 500, "total": 1500}, "unit": "TOKENS",
        "promptTokens": 1000, "completionTokens": 500, "totalTokens": 1500, "calculatedTotalCost": 0.00045,
        "latency": 2.5, "timeToFirstToken": 0.4, **changes,
    }  # fmt: skip


def v2(**changes: Any) -> dict[str, Any]:
    made = v1(totalCost=0.00045, providedModelName="gpt-4o-mini", userId="u1", sessionId="s1", tags=["etl"])
    for name in ("model", "usage", "unit", "promptTokens", "completionTokens", "totalTokens", "calculatedTotalCost"):
        del made[name]
    return made | changes


RECORD = Record(
    1_791_108_000_000_000, "langfuse:obs1", "openai", "gpt-4o-mini",
    Usage(input=800, cached=200, output=460, reasoning=40), environment="production", operation="chat", project="proj1",
    source="langfuse", latency_us=2_500_000, ttft_us=400_000, reported_nano=450_000, prompt_id="greeting",
)  # fmt: skip
WITH_TRACE = RECORD._replace(user="u1", session="s1", tags=(("etl", "true"),))


def read(*values: Any) -> tuple[list[Any], list[tuple[int, str]], int]:
    file = LogFile(io.BytesIO(encoded(*values)), "log")
    assert SOURCE.sniff(file)
    found: list[Any] = list(SOURCE.read(file))
    records = [item for item in found if isinstance(item, Record)]
    return records, [(item.line, item.reason) for item in found if not isinstance(item, Record)], file.ignored


def only(value: Any) -> Record:
    (record,), problems, _ = read(value)
    assert not problems
    return record  # type: ignore[no-any-return]


def used(details: dict[str, Any] | None, **changes: Any) -> Usage:
    return only(v1(usageDetails=details, **changes)).usage


def reason(**changes: Any) -> str:
    records, ((_, why),), _ = read(v1(**changes))
    assert not records
    return why


def test_version_one() -> None:
    assert read(v1()) == ([RECORD], [], 0)


def test_version_two_knows_user_session_and_tags() -> None:
    assert read(v2()) == ([WITH_TRACE], [], 0)


def test_pages_arrays_and_indented_documents_are_the_same() -> None:
    page = {"data": [v1(), v2(id="obs2")], "meta": {"page": 1}}
    expected = [RECORD, WITH_TRACE._replace(id="langfuse:obs2")]
    for content in (encoded(page), json.dumps(page, indent=2).encode(), json.dumps(page["data"]).encode()):
        assert read(content) == (expected, [], 0)


def test_a_trace_lends_its_observations_what_they_lack() -> None:
    observations = [v1(environment=None), v1(type="SPAN")]
    trace = {"id": "trace1", "timestamp": "2026-10-04T10:00:00Z", "userId": "u1", "sessionId": "s1", "tags": ["etl"],
             "environment": "staging", "input": SAID, "observations": observations}  # fmt: skip
    assert read(trace) == ([WITH_TRACE._replace(environment="staging")], [], 1)


def test_a_list_of_traces_has_no_requests() -> None:
    trace = {"id": "t", "timestamp": "2026-10-04T10:00:00Z", "sessionId": None, "observations": ["obs1"]}
    assert read({"data": [trace, v1()]}) == ([RECORD], [], 1)


def test_snake_case_names_and_a_naive_time() -> None:
    row = {"id": "obs1", "trace_id": "trace1", "project_id": "proj1", "type": "GENERATION", "environment": "production",
           "start_time": "2026-10-04 10:00:00.000000", "end_time": "2026-10-04 10:00:02.500000",
           "completion_start_time": "2026-10-04 10:00:00.400000", "provided_model_name": "gpt-4o-mini",
           "usage_details": v1()["usageDetails"], "cost_details": {"total": 0.00045},
           "prompt_name": "greeting"}  # fmt: skip
    assert only(row) == RECORD


def event(kind: str, **body: Any) -> dict[str, Any]:
    return {"id": "e1", "type": kind, "timestamp": "2026-10-04T10:00:03Z", "body": body}


def test_ingestion_events_of_litellm() -> None:
    body: dict[str, Any] = {
        "id": "time-10-00-00-000000_chatcmpl-1", "traceId": "trace1", "startTime": "2026-10-04T12:00:00+02:00",
        "endTime": "2026-10-04T12:00:02.5+02:00", "completionStartTime": "2026-10-04T12:00:02.5+02:00",
        "model": "gpt-4o-mini", "metadata": {"tags": ["etl"], "cache_hit": False}, "level": "DEFAULT",
        "usage": {"input": 10, "output": 20, "unit": "TOKENS", "totalCost": 5.4999999999999995e-05},
        "usageDetails": {"input": 10, "output": 20, "cache_read_input_tokens": 0},
    }  # fmt: skip
    expected = Record(
        1_791_108_000_000_000, "openai:chatcmpl-1", "openai", "gpt-4o-mini", Usage(input=10, output=20),
        operation="chat", source="langfuse", cache_hit=False, latency_us=2_500_000, reported_nano=55_000,
        tags=(("etl", "true"),),
    )  # fmt: skip
    assert read(event("trace-create", id="trace1"), event("generation-create", **body)) == ([expected], [], 1)
    assert read({"batch": [event("generation-create", **body)], "metadata": {}})[0] == [expected]
    body["metadata"]["cache_hit"] = True
    hit = expected._replace(id="langfuse:time-10-00-00-000000_chatcmpl-1", cache_hit=True)
    assert read(event("generation-create", **body))[0] == [hit]


def test_the_attributes_of_opentelemetry_name_provider_and_response() -> None:
    attributes = {"gen_ai.system": "az.ai.openai", "gen_ai.response.id": "chatcmpl-9", "gen_ai.prompt": SAID}
    record = only(v1(metadata={"attributes": attributes}))
    assert (record.provider, record.id) == ("azure", "azure:chatcmpl-9")
    assert only(v1(metadata=json.dumps({"attributes": attributes}))) == record


@pytest.mark.parametrize("kind", ["SPAN", "EVENT", "AGENT", "TOOL", "CHAIN"])
def test_steps_are_no_requests_even_with_a_usage(kind: str) -> None:
    assert read(v1(type=kind)) == ([], [], 1)


@pytest.mark.parametrize("kind", ["RETRIEVER", "EVALUATOR", "GUARDRAIL"])
def test_steps_that_may_be_requests(kind: str) -> None:
    assert read(v1(type=kind)) == ([RECORD], [], 0)
    assert read(v1(type=kind, model=None), v2(type=kind, usageDetails={})) == ([], [], 2)


def test_embeddings() -> None:
    record = only(v1(type="EMBEDDING", model="text-embedding-3-small", usageDetails={"total": 12}))
    assert (record.operation, record.usage) == ("embeddings", Usage(input=12))


@pytest.mark.parametrize(
    ("details", "usage"),
    [
        ({"input": 3, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 7, "output": 2, "total": 17},
         Usage(input=3, cached=5, write_5m=7, output=2)),
        ({"input": 3, "input_cache_creation": 1, "input_cache_creation_5m": 2, "input_cache_creation_1h": 4,
          "output": 2},
         Usage(input=3, write_5m=3, write_1h=4, output=2)),
        ({"input": 3, "input_cache_read": 5, "input_audio_tokens": 2, "input_cached_audio_tokens": 1, "input_image": 6},
         Usage(input=3, cached=5, input_audio=2, cached_audio=1, input_image=6)),
        ({"output": 9, "output_audio": 4, "output_accepted_prediction_tokens": 3,
          "output_rejected_prediction_tokens": 1,
          "output_reasoning": 8, "total": 25}, Usage(output=13, output_audio=4, reasoning=8)),
        ({"input": 3, "output": 2, "total": 5, "input_new_kind": 0, "input_cached_tokens": None}, Usage(3, output=2)),
        ({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}, Usage(input=3, output=2)),
        ({"input": 0, "output": 0, "total": 0}, Usage()),
    ],
)  # fmt: skip
def test_keys_are_disjoint(details: dict[str, Any], usage: Usage) -> None:
    assert used(details) == usage


@pytest.mark.parametrize(
    ("details", "usage"),
    [
        # LiteLLM takes reads off the input, but not writes.
        ({"input": 700, "cache_read_input_tokens": 300, "cache_creation_input_tokens": 100, "output": 50,
          "total": 1050},
         Usage(input=600, cached=300, write_5m=100, output=50)),
        ({"input": 1000, "cache_read_input_tokens": 300, "output": 50, "total": 1050},
         Usage(input=700, cached=300, output=50)),
        ({"input": 1000, "cache_read_input_tokens": 300, "cache_creation_input_tokens": 100, "output": 50,
          "total": 1050},
         Usage(input=600, cached=300, write_5m=100, output=50)),
        ({"input": 10, "output": 50, "reasoning_tokens": 20, "total": 60}, Usage(input=10, output=30, reasoning=20)),
        # Anthropic's words: more was read than the input, so the total left it out.
        ({"input": 7, "cache_read_input_tokens": 900, "output": 50, "total": 57},
         Usage(input=7, cached=900, output=50)),
    ],
)  # fmt: skip
def test_a_total_shows_what_was_counted_twice(details: dict[str, Any], usage: Usage) -> None:
    assert used(details) == usage


def test_older_exports_without_usage_details() -> None:
    assert used(None) == Usage(input=1000, output=500)
    assert used(None, usage=None) == Usage(input=1000, output=500)


NO_USAGE = {"usageDetails": {}, "usage": {"unit": "TOKENS", "input": 0, "output": 0, "total": 0},
            "promptTokens": 0, "completionTokens": 0}  # fmt: skip


def test_unknown_is_never_zero() -> None:
    assert reason(**NO_USAGE) == "no token counts"
    unknown = only(v1(costDetails={}, calculatedTotalCost=0))
    assert unknown.reported_nano is None


def test_fields_left_out_of_an_export_are_named() -> None:
    core = {name: v2()[name] for name in ("id", "traceId", "startTime", "endTime", "type")}
    assert read(core, core | {"providedModelName": "gpt-4o"})[1] == [
        (1, "no model: export the fields model and usage"), (2, "no token counts: export the field usage"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "nano"),
    [
        ({"costDetails": {"input": 0.1, "output": 0.2}}, 300_000_000),
        ({"costDetails": {"input": 0.1, "total": 0.2}}, 200_000_000),
        ({"costDetails": {"total": 0}}, 0),
        ({"costDetails": None}, 450_000),
        ({"costDetails": {"total": "0.000000001"}}, 1),
    ],
)
def test_the_cost_langfuse_reckoned(changes: dict[str, Any], nano: int) -> None:
    assert only(v1(**changes)).reported_nano == nano


def test_a_failure_needs_no_counts() -> None:
    record = only(
        v1(**NO_USAGE, level="ERROR", statusMessage="429 slow down", costDetails={}, calculatedTotalCost=None)
    )
    assert (record.status, record.error, record.usage, record.reported_nano) == (
        "error",
        "429 slow down",
        Usage(),
        None,
    )


def test_small_facts() -> None:
    assert only(v1(environment="default")).environment == ""
    assert only(v1(modelParameters={"service_tier": "flex"})).tier == "flex"
    assert only(v1(modelParameters='{"service_tier": "auto"}')).tier == "standard"
    odd = only(
        v1(endTime="later", completionStartTime=7, modelParameters=[1], metadata=[1], tags="x", statusMessage=[])
    )
    assert (odd.latency_us, odd.ttft_us, odd.tags) == (None, None, ())


def test_what_was_said_is_not_kept() -> None:
    assert SAID not in repr(read(v1(), v2(), v1(level="ERROR")))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"model": None}, "no model"),
        ({"startTime": None}, "no timestamp"),
        ({"startTime": "soon"}, "not a timestamp: 'soon'"),
        ({"usageDetails": {"input": -1}}, "input is negative: '-1'"),
        ({"usageDetails": {"input": True}}, "input is not a count: 'True'"),
        ({"usageDetails": {"input": 1.5}}, "input is not a count: '1.5'"),
        ({"usageDetails": {"input": 10**40}}, "a token count is implausibly large"),
        ({"usageDetails": [1]}, "usageDetails is not an object: '[1]'"),
        ({"usageDetails": {"input": 1, "unclassified": 5}}, "usage of an unknown type: 'unclassified'"),
        ({"usageDetails": {"total": 5}}, "only a total of tokens, not what was input and what output"),
        ({"usageDetails": {"input": 1, "output": 1, "total": 5}}, "the total of tokens, '5', exceeds its parts: 2"),
        ({"usageDetails": None, "usage": {"input": 9, "unit": "CHARACTERS"}}, "usage is not in tokens: 'CHARACTERS'"),
        ({"costDetails": {"total": -1}}, "costDetails.total is negative: '-1'"),
        ({"costDetails": {"input": -1, "output": 2}}, "costDetails has a negative cost"),
        ({"costDetails": {"total": 1e300}}, "implausible amount: 1e+300 USD"),
    ],
)
def test_what_makes_no_sense_is_skipped_with_its_reason(changes: dict[str, Any], why: str) -> None:
    assert reason(**changes) == why


def test_a_bad_observation_costs_itself_only() -> None:
    page = {"data": [v1(), 7, v1(usageDetails="x"), {"id": 1}, v1(type="NEW"), v1(id="obs2")]}
    assert read(page) == (
        [RECORD, RECORD._replace(id="langfuse:obs2")],
        [(1, "not a JSON object"), (1, "usageDetails is not an object: 'x'"), (1, "not an observation: no type"),
         (1, "not an observation: type 'NEW'")], 0,
    )  # fmt: skip


def test_damaged_lines_and_what_was_glued_to_one() -> None:
    good = encoded(v1())
    bad = "not JSON: the line is cut short or malformed"
    records, problems, _ = read(good, good[:90] + b"\n", b"\x00\x00\n", good[:60] + encoded(v2()))
    assert (records, problems) == ([RECORD, WITH_TRACE], [(2, bad), (3, bad), (4, bad)])


def test_every_cut_is_told_without_a_traceback() -> None:
    good = encoded({"data": [v1()], "meta": {}})
    for length in range(len(good) - 2):
        file = LogFile(io.BytesIO(good[:length]), "log")
        SOURCE.sniff(file)
        assert not [item for item in SOURCE.read(file) if isinstance(item, Record)]


@pytest.mark.parametrize("value", [None, True, -1, 10**40, "x\x00", [], [[]], {}, {"a": 1}])
def test_any_value_in_any_place(value: Any) -> None:
    whole = event("observation-create", **v1())
    for made in (v1(), v2(), whole, {"data": [v1()]}, {"id": "t", "observations": [v1()]}):
        for name in made:
            content = encoded(made | {name: value})
            file = LogFile(io.BytesIO(content), "log")
            SOURCE.sniff(file)
            assert len(list(SOURCE.read(file))) + file.ignored <= 1


def test_an_observation_without_an_id_is_hashed_and_read_alike_again() -> None:
    def ids() -> list[str]:
        return [item.id for item in SOURCE.read(LogFile(io.BytesIO(content), "log")) if isinstance(item, Record)]

    content = encoded(v1(id=None), v1(id=None), v1())
    first, second, third = ids()
    assert (first[0], second, third) == ("~", f"{first}.1", "langfuse:obs1")
    assert ids() == [first, second, third]


@pytest.mark.parametrize(
    "other",
    [
        {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "a", "spanId": "b", "name": "chat"}]}]}]},
        {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 1}},
        {"type": "assistant", "sessionId": "s", "timestamp": "2026-10-04T10:00:00Z", "message": {"traceId": "x"}},
        {
            "timestamp": "2026-10-04T10:00:00Z",
            "model": "gpt-4o",
            "input_tokens": 1,
            "trace_id": "t",
            "type": "GENERATION",
        },
        {"type": "observation-create", "timestamp": 1, "body": [1]},
    ],
)
def test_other_logs_are_not_claimed(other: dict[str, Any]) -> None:
    assert not SOURCE.sniff(LogFile(io.BytesIO(encoded(other)), "log"))


@pytest.mark.skipif(not SAMPLE.exists(), reason="no shared data beside the checkout")
def test_the_sample() -> None:
    """Its counts were read off the file by hand."""
    file = LogFile.open(SAMPLE)
    assert SOURCE.sniff(file)
    (record,) = SOURCE.read(file)
    assert isinstance(record, Record)
    assert (record.id, record.usage) == ("openai:chatcmpl-f06338f0-8c49-45d8-be35-2854a89723c1", Usage(10, output=20))
    assert (record.ts, record.reported_nano) == (1_737_559_888_960_749, 55_000)
    file.close()


@pytest.mark.parametrize("searches", [0, 3])
def test_a_search_is_no_token_of_the_total(searches: int) -> None:
    details = {
        "input": 150,
        "cache_read_input_tokens": 100,
        "output": 20,
        "total": 170,
        "web_search_requests": searches,
    }
    file = LogFile(io.BytesIO(encoded(v1(model="claude-sonnet-4-5", usageDetails=details))), "log")
    (record,) = SOURCE.read(file)
    assert isinstance(record, Record)
    assert (record.usage.input, record.usage.cached, record.usage.output) == (50, 100, 20)
