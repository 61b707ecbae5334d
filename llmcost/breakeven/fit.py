"""A person's own benchmark: JSON of vLLM's `benchmark_serving.py` or `vllm bench serve` to tokens per second."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from llmcost.breakeven.throughput import Fitted, Run, fit_runs
from llmcost.core.errors import DataError, UsageError
from llmcost.core.text import clean_field

_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,25})?(?:[eE][+-]?[0-9]{1,2})?")
_MOST_RUNS = 200
_MOST_FAILED = Fraction(1, 20)
_NEEDED = ("total_input_tokens", "total_output_tokens", "duration")
_HOW = "write one with `vllm bench serve --save-result` or `benchmark_serving.py --save-result`"


class Fit(NamedTuple):
    rates: Fitted
    model: str
    """As the benchmark names it; empty where it does not."""


def fit(texts: Sequence[tuple[str, str]]) -> Fit:
    """theta_in and theta_out of a replica from benchmark files, given as (name, text).

    A file holds one result, a list of results, or results one after another as `--append-result` writes them; each
    has `total_input_tokens`, `total_output_tokens` and `duration` (seconds), and `completed` and `num_prompts` if it
    counts requests. SGLang's `bench_serving --output-file` writes the same fields.
    Source: vllm/benchmarks/serve.py, which divides the same totals by the same duration.

    Raises:
        UsageError: a file is not such a result, its requests failed, or the runs are of different models.
        DataError: the runs contradict each other.
    """
    runs: list[Run] = []
    models: dict[str, str] = {}
    for name, text in texts:
        for number, result in enumerate(_results(name, text), 1):
            place = f"{name}, result {number}"
            if len(runs) == _MOST_RUNS:
                raise UsageError(f"{name} has more than {_MOST_RUNS} results", "give the runs at full load only")
            runs.append(_run(place, result))
            model = result.get("model_id")
            if isinstance(model, str):
                models.setdefault(clean_field(model), place)
    if len(models) > 1:
        (one, first), (other, second) = list(models.items())[:2]
        raise UsageError(
            f"runs of different models: {one!r} ({first}) and {other!r} ({second})", "fit one model at a time"
        )
    if not runs:
        raise UsageError("the benchmark files hold no results", _HOW)
    try:
        return Fit(fit_runs(runs), next(iter(models), ""))
    except ValueError:
        raise DataError(
            "the runs contradict each other: by the best fit, reading or writing would take no time",
            "run each mix at full load (no request rate, enough concurrent requests) and let the mixes differ more",
        ) from None


def _results(name: str, text: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=lambda _: None)
    position, end = 0, len(text)
    while position < end:
        if text[position] in " \t\r\n\ufeff":
            position += 1
            continue
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise UsageError(f"{name}:{error.lineno}: not JSON: {error.msg}", _HOW) from None
        except RecursionError:
            raise UsageError(f"{name}: nested too deeply", _HOW) from None
        for result in value if isinstance(value, list) else [value]:
            if not isinstance(result, dict):
                raise UsageError(f"{name}: not a benchmark result but {_shown(result)}", _HOW)
            yield result


def _run(place: str, result: dict[str, Any]) -> Run:
    if missing := [key for key in _NEEDED if key not in result]:
        raise UsageError(f"{place} has no {', '.join(missing)}", _HOW)
    given, written, seconds = (_positive(place, result, key) for key in _NEEDED)
    asked = _positive(place, result, "num_prompts") if "num_prompts" in result else None
    requests = _positive(place, result, "completed") if "completed" in result else asked or Fraction(1)
    if asked is not None and requests < asked * (1 - _MOST_FAILED):
        raise UsageError(
            f"{place}: only {float(requests):g} of {float(asked):g} requests were answered",
            "measure again without failing requests",
        )
    return Run(given / requests, written / requests, given / seconds, written / seconds)


def _positive(place: str, result: dict[str, Any], key: str) -> Fraction:
    value = result[key]
    if not isinstance(value, Fraction) or value <= 0:
        raise UsageError(f"{place}: {key} is {_shown(value)}, not a number above zero", _HOW)
    return value


def _number(digits: str) -> Fraction | None:
    """Exactly as written; None for what no benchmark writes and only costs time to compute."""
    return Fraction(digits) if _NUMBER.fullmatch(digits) else None


def _shown(value: object) -> str:
    if isinstance(value, Fraction):
        return str(float(value))
    return {dict: "an object", list: "a list", bool: "true or false", type(None): "null or out of range"}.get(
        type(value), repr(clean_field(str(value))[:40])
    )
