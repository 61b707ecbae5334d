"""GitHub Copilot CLI's OpenTelemetry file, written to COPILOT_OTEL_FILE_EXPORTER_PATH: `~/.copilot/otel/*.jsonl`.

A line is a span (`type` `span`, `startTime` as seconds and nanoseconds, plain `attributes`) or a metric. A `chat` span
is a request. `invoke_agent` repeats the sum of the chat spans below it and is none, unless its trace has no chat span:
then calls are missing, and it is skipped with that reason. Metrics and log records repeat the spans.

Input includes cached and cache-written tokens, output includes reasoning: in two lines that users published, `nano_aiu`
is to the digit what those counts cost at GitHub's prices, at 0.01 USD a unit. So it is the reported cost; the attribute
`github.copilot.cost` is none: it counts premium requests. Served by `github` is `github-copilot`; another provider's
name is a key of one's own. Known by `gen_ai.response.id`, else by trace and span.

Unverified: no file of one's own was at hand; shape as GitHub's documentation and ccusage have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmcost.core.money import decimal_of
from llmcost.core.record import Problem, Record
from llmcost.sources import otel
from llmcost.sources.each import requests
from llmcost.sources.parsed import Body, amount, microseconds, section, shown, text, whole
from llmcost.sources.reader import LogFile, Source

_OURS = ("gen_ai.", "github.copilot.")
_FIRST = ("gen_ai.response.time_to_first_chunk", "github.copilot.time_to_first_chunk")
#: Some versions give nano-units under a name without `nano`; no request costs as many whole units.
_NANO_AT_LEAST = 1_000_000
#: Traces remembered, so that an agent's total at their end is known to repeat calls.
_TRACES = 64


def sniff(file: LogFile) -> bool:
    return any(_is_span(value) and any(name.startswith(_OURS) for name in value["attributes"]) for value in file.sample)


def read(file: LogFile) -> Iterator[Record | Problem]:
    return requests(file, _line)


def _is_span(value: Body) -> bool:
    return value.get("type") == "span" and isinstance(value.get("attributes"), dict) and "traceId" in value


def _line(file: LogFile, raw: bytes, value: Body) -> Iterator[Record | str]:
    del raw
    if not _is_span(value):
        return
    told = {**_resource(value), **value["attributes"]}
    named = text(told.get("gen_ai.provider.name")).lower()
    if named in {"", "github"}:
        told["gen_ai.provider.name"] = "github-copilot"
    traces: list[str] = file.state.setdefault("traces", [])
    trace = text(value.get("traceId"))
    if text(told.get("gen_ai.operation.name")) == "invoke_agent":
        if trace not in traces and told.get("gen_ai.usage.input_tokens"):
            yield "an agent's total, and none of its calls is in the file"
        return
    span = {**value, "startTime": _nanoseconds(value.get("startTime")), "endTime": _nanoseconds(value.get("endTime"))}
    record = otel.request(file, span, told, "copilot-cli")
    if record is None:
        return
    if trace not in traces:
        file.state["traces"] = [*traces, trace][-_TRACES:]
    first = next((told[name] for name in _FIRST if told.get(name) is not None), None)
    yield record._replace(reported_nano=_charged(told), ttft_us=_from_seconds(first))


def _resource(value: Body) -> dict[str, Any]:
    """The resource's attributes; the CLI's own name is no app."""
    about = otel.attributes(section(value, "resource"))
    own = text(about.get("service.name")) in {"github-copilot", "copilot-chat"}
    return {name: given for name, given in about.items() if not (own and name == "service.name")}


def _nanoseconds(when: Any) -> Any:
    """`[seconds, nanoseconds]` as one number; anything else as it is."""
    if isinstance(when, list) and len(when) == 2:
        return whole(when[0], "seconds") * 10**9 + whole(when[1], "nanoseconds")
    return when


def _charged(told: dict[str, Any]) -> int | None:
    """GitHub's charge; None where it is not told.

    Raises:
        ValueError: it is no amount.
    """
    units = told.get("github.copilot.nano_aiu")
    if units is None:
        units = told.get("github.copilot.aiu")
        if not isinstance(units, int | float) or units < _NANO_AT_LEAST:
            return None
    if isinstance(units, bool) or not isinstance(units, int | float | str):
        raise ValueError(f"nano_aiu is not an amount: {shown(units)}")
    # A unit is 0.01 USD.
    return amount(str(decimal_of(units).scaleb(-11)), "nano_aiu")


def _from_seconds(seconds: Any) -> int | None:
    return microseconds(seconds * 1000) if isinstance(seconds, int | float) and 0 <= seconds < 10**6 else None


SOURCE = Source("copilot-cli", sniff, read, default_app="copilot-cli", resumes=True)
