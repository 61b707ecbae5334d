from __future__ import annotations

import contextlib
import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.breakeven.fit import fit
from llmcost.core.errors import DataError, LlmcostError, UsageError

#: As `vllm bench serve --save-result` writes it, without latencies. 1,300 s: 8 M in at 10,000/s, 1 M out at 2,000/s.
LONG: dict[str, Any] = {
    "date": "20261120-101500", "endpoint_type": "openai", "backend": "openai", "label": None,
    "model_id": "meta-llama/Llama-3.1-70B-Instruct", "tokenizer_id": "meta-llama/Llama-3.1-70B-Instruct",
    "num_prompts": 1000, "request_rate": "inf", "burstiness": 1.0, "max_concurrency": 64, "duration": 1300.0,
    "completed": 1000, "failed": 0, "total_input_tokens": 8_000_000, "total_output_tokens": 1_000_000,
    "request_throughput": 0.77, "output_throughput": 769.2, "total_token_throughput": 6923.1,
}  # fmt: skip
SHORT = LONG | {"duration": 600.0, "total_input_tokens": 1_000_000, "total_output_tokens": 1_000_000}


def dumped(*results: dict[str, Any]) -> list[tuple[str, str]]:
    return [(f"run{number}.json", json.dumps(result)) for number, result in enumerate(results)]


def test_two_files() -> None:
    found = fit(dumped(LONG, SHORT))
    assert (found.rates.input_tps, found.rates.output_tps) == (Fraction(10_000), Fraction(2000))
    assert found.rates.worst == 0
    assert found.model == "meta-llama/Llama-3.1-70B-Instruct"


@pytest.mark.parametrize(
    "text",
    [json.dumps([LONG, SHORT]), f"{json.dumps(LONG)}\n{json.dumps(SHORT)}\n", json.dumps(LONG) + json.dumps([SHORT])],
    ids=["list", "appended", "mixed"],
)
def test_several_results_in_a_file(text: str) -> None:
    assert fit([("all.json", text)]).rates.input_tps == 10_000


def test_the_older_script_writes_neither_failed_nor_concurrency() -> None:
    older = [{key: result[key] for key in result if key not in {"failed", "max_concurrency", "completed"}}
             for result in (LONG, SHORT)]  # fmt: skip
    assert fit(dumped(*older)).rates.output_tps == 2000


def test_one_request_in_twenty_may_fail() -> None:
    assert fit(dumped(LONG | {"completed": 950}, SHORT)).rates.output_tps == 2000
    with pytest.raises(UsageError):
        fit(dumped(LONG | {"completed": 949}, SHORT))


def test_one_mix() -> None:
    found = fit(dumped(SHORT))
    assert (found.rates.input_tps, found.rates.output_tps) == (None, None)
    assert found.rates.combined_tps == Fraction(3333333333, 10**6)


def test_runs_below_full_load_do_not_count() -> None:
    idle = LONG | {"duration": 13_000, "request_rate": 0.08, "max_concurrency": None}
    assert fit(dumped(idle, LONG, SHORT)).rates.left_out == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "hold no results"),
        ("[]", "hold no results"),
        ("{", "run.json:1: not JSON"),
        ('{"duration": 1}\n\nnonsense', "run.json, result 1 has no total_input_tokens, total_output_tokens"),
        ("[1]", "not a benchmark result but 1.0"),
        ("[null]", "not a benchmark result but null"),
        ('"\\u001b[31mred"', "not a benchmark result but '\N{REPLACEMENT CHARACTER}[31mred'"),
        ("[" * 100_000, "nested too deeply"),
        ('{"elapsed_time": 3.2, "num_requests": 10, "tokens_per_second": 5}', "has no total_input_tokens"),
        (json.dumps(LONG | {"duration": 0}), "duration is 0.0, not a number above zero"),
        (json.dumps(LONG | {"duration": -5}), "duration is -5.0"),
        (json.dumps(LONG | {"duration": None}), "duration is null"),
        (json.dumps(LONG | {"duration": float("nan")}), "duration is null or out of range"),
        (json.dumps(LONG | {"duration": True}), "duration is true or false"),
        (json.dumps(LONG | {"total_input_tokens": "8000"}), "total_input_tokens is '8000'"),
        (json.dumps(LONG | {"total_output_tokens": [1]}), "total_output_tokens is a list"),
        (json.dumps(LONG | {"completed": 0}), "completed is 0.0"),
        (json.dumps(LONG | {"completed": 900}), "only 900 of 1000 requests were answered"),
        (json.dumps(LONG).replace("1300.0", "1e999999999"), "duration is null or out of range"),
        (json.dumps(LONG).replace("1300.0", "9" * 5000), "duration is null or out of range"),
    ],
)
def test_what_is_no_benchmark(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        fit([("run.json", text)])
    assert says in caught.value.message
    assert "vllm bench serve" in caught.value.hint or "measure again" in caught.value.hint


def test_runs_of_two_models() -> None:
    with pytest.raises(UsageError, match=r"'a' \(run0.json, result 1\) and 'b' \(run1.json, result 1\)"):
        fit(dumped(LONG | {"model_id": "a"}, SHORT | {"model_id": "b"}))


def test_more_results_than_a_benchmark_has() -> None:
    with pytest.raises(UsageError, match="more than 200 results"):
        fit([("run.json", json.dumps([LONG] * 201))])


def test_runs_that_contradict_each_other() -> None:
    with pytest.raises(DataError, match="contradict each other"):
        fit(dumped(LONG | {"duration": 100.0}, SHORT))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*LONG, "x"]), inner, max_size=6),
)


@given(json_values.map(json.dumps) | st.text())
def test_anything_is_fitted_or_refused(text: str) -> None:
    with contextlib.suppress(LlmcostError):
        assert fit([("any.json", text)]).rates.combined_tps > 0
