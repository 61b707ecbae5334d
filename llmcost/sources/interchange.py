"""The interchange record as JSON Lines or CSV, and anyone's own log in a similar shape.

`input_tokens` is all input and `output_tokens` all output; cached, cache-write, audio and reasoning counts are
parts of them. Anthropic's own words (`cache_read_input_tokens`, `cache_creation_input_tokens`) mean what
they mean there: input excludes them. Columns nobody knows become tags. See docs/sources.md.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from llmcost.core.instants import parse_timestamp
from llmcost.core.money import decimal_of, nano_from_usd
from llmcost.core.providers import canonical_provider
from llmcost.core.record import TIERS, KeptPrice, Problem, Record
from llmcost.core.usage import usage_from_totals
from llmcost.sources.reader import LogFile, Source

_TEXT = (
    "request_id", "provider", "model", "app", "environment", "user", "team", "operation", "session", "project",
    "status", "tier", "region", "error", "branch", "machine", "prompt_id", "source", "prompt_text",
    "prompt_digest", "prefix_digest", "language",
)  # fmt: skip
_COUNTS = {
    "input_tokens": "input_total", "cached_input_tokens": "cached", "cache_write_tokens": "write_5m",
    "cache_write_1h_tokens": "write_1h", "input_audio_tokens": "input_audio", "cached_audio_tokens": "cached_audio",
    "image_tokens": "input_image", "output_tokens": "output_total", "reasoning_tokens": "reasoning",
    "output_audio_tokens": "output_audio", "output_image_tokens": "output_image", "web_searches": "web_searches",
}  # fmt: skip
_OTHERS = (
    "timestamp", "latency_ms", "time_to_first_token_ms", "cache_hit", "unmetered", "reported_cost_usd", "tags",
    "prompt_chars", "sidechain", "partial",
)  # fmt: skip
_EXPORTED = ("cost_usd", "cost_nano_usd", "priced_as", "identity")
_EXCLUSIVE = ("cache_read_input_tokens", "cache_creation_input_tokens")
FIELDS: tuple[str, ...] = (*_OTHERS, *_TEXT, *_COUNTS, *_EXPORTED, *_EXCLUSIVE)

#: field -> what others call it.
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "timestamp": (
        "ts", "time", "datetime", "date", "created", "created_at", "start_time", "starttime", "@timestamp",
    ),
    "request_id": ("id", "response_id", "gen_ai.response.id"),
    "model": ("model_name", "model_id", "gen_ai.response.model", "response_model"),
    "provider": ("vendor", "gen_ai.provider.name", "gen_ai.system", "custom_llm_provider"),
    "app": ("app_id", "application", "app_name", "service", "service_name"),
    "environment": ("env",),
    "user": ("user_id", "end_user", "username"),
    "team": ("team_id",),
    "session": ("session_id", "sessionid", "conversation_id", "gen_ai.conversation.id"),
    "project": ("project_id", "project_name"),
    "operation": ("gen_ai.operation.name", "call_type"),
    "input_tokens": (
        "prompt_tokens", "tokens_in", "input_token_count", "total_input_tokens", "gen_ai.usage.input_tokens",
    ),
    "output_tokens": (
        "completion_tokens", "tokens_out", "output_token_count", "total_output_tokens", "gen_ai.usage.output_tokens",
    ),
    "cached_input_tokens": ("cached_tokens", "input_cached_tokens", "cache_read_tokens"),
    "cache_write_tokens": ("cache_creation_tokens", "cache_write_5m_tokens"),
    "reasoning_tokens": ("thinking_tokens", "output_reasoning_tokens"),
    "latency_ms": ("duration_ms", "response_time_ms", "elapsed_ms"),
    "time_to_first_token_ms": ("ttft_ms", "first_token_ms"),
    "cost_usd": ("cost", "spend", "total_cost", "price_usd"),
    "tier": ("service_tier",),
    "prompt_text": ("prompt", "input_text"),
    "web_searches": ("web_search_requests",),
    "branch": ("git_branch",),
    "machine": ("host", "hostname"),
    "error": ("error_message",),
}  # fmt: skip
_KNOWN = {name: field for field, names in _SYNONYMS.items() for name in (field, *names)} | {f: f for f in FIELDS}
_STATUS_OK = {"", "ok", "success", "succeeded", "200", "true", "completed"}
_TIER_NAMES = {
    **{name: name for name in TIERS},
    "": "standard",
    "default": "standard",
    "auto": "standard",
    "on_demand": "standard",
}
_TRUE = {"true", "1", "yes", "hit", "t", "y"}
_FALSE = {"false", "0", "no", "miss", "f", "n"}
MAX_TAGS = 64


class _Plan(NamedTuple):
    """How the columns of a line map to fields; two columns for one field: the field's own name wins."""

    fields: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]


class _Columns:
    """Plans by the columns of a line: a log's lines mostly share one."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapping = mapping
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def plan(self, columns: tuple[str, ...]) -> _Plan:
        plan = self._plans.get(columns)
        if plan is None:
            if len(self._plans) > 10_000:
                self._plans.clear()
            plan = self._plans[columns] = self._make(columns)
        return plan

    def _make(self, columns: tuple[str, ...]) -> _Plan:
        fields: dict[str, str] = {}
        tags: list[str] = []
        for column in columns:
            name = self.field(column)
            if name is None:
                tags.append(column)
            elif name not in fields or column == name or column in self._mapping:
                fields[name] = column
        return _Plan(tuple(fields.items()), tuple(tags[:MAX_TAGS]))

    def field(self, column: str) -> str | None:
        return self._mapping.get(column) or _KNOWN.get(column.strip().lower())


def _looks_like_requests(columns: set[str | None]) -> bool:
    return "timestamp" in columns and bool(
        columns & {"input_tokens", "output_tokens", "cost_usd", "reported_cost_usd"} or {"model", "status"} <= columns
    )


def sniff_jsonl(file: LogFile) -> bool:
    columns = _Columns(file.options.mapping)
    return any(_looks_like_requests({columns.field(name) for name in value}) for value in file.sample[:20])


def sniff_csv(file: LogFile) -> bool:
    first = file.head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
    if first.startswith((b"{", b"[")) or b"\x00" in first:
        return False
    columns = _Columns(file.options.mapping)
    header = next(csv.reader([first.decode("utf-8", "replace")], delimiter=_delimiter(first)), [])
    return _looks_like_requests({columns.field(name) for name in header})


def _delimiter(header: bytes) -> str:
    return max(",;\t|", key=lambda mark: header.count(mark.encode()))


def read_jsonl(file: LogFile) -> Iterator[Record | Problem]:
    columns = _Columns(file.options.mapping)
    for item in file.values():
        if isinstance(item, Problem):
            yield item
        elif not isinstance(item.value, dict):
            yield file.problem(item.line, "not a JSON object")
        else:
            try:
                yield _record(file, item.raw, item.value, columns.plan(tuple(item.value)))
            except ValueError as error:
                yield file.problem(item.line, str(error))


def read_csv(file: LogFile) -> Iterator[Record | Problem]:
    csv.field_size_limit(1 << 20)
    text = io.TextIOWrapper(file.text(), "utf-8-sig", errors="replace", newline="")
    reader = csv.reader((line.replace("\x00", "") for line in text), delimiter=_delimiter(file.head.split(b"\n", 1)[0]))
    try:
        header = next(reader)
    except (StopIteration, csv.Error) as error:
        yield file.problem(1, f"no CSV header: {error}")
        return
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        yield file.problem(1, f"the column {twice!r} occurs twice")
        return
    plan = _Columns(file.options.mapping).plan(tuple(header))
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield file.problem(line, f"not CSV: {error}")
            continue
        if not row:
            continue
        if len(row) != len(header):
            yield file.problem(line, f"{len(row)} columns where the header has {len(header)}")
            continue
        value = {name: cell for name, cell in zip(header, row, strict=True) if cell != ""}
        try:
            yield _record(file, json.dumps(row).encode(), value, plan)
        except ValueError as error:
            yield file.problem(line, str(error))


def _record(file: LogFile, raw: bytes, value: dict[str, Any], plan: _Plan) -> Record:
    get = value.get
    found = {name: got for name, column in plan.fields if (got := get(column)) is not None}
    get = found.get
    if "timestamp" not in found:
        raise ValueError("no timestamp")
    ts, aware = parse_timestamp(found["timestamp"])
    file.naive_times += not aware
    model = _text(get("model"))
    status = _text(get("status"))
    status = "ok" if status.lower() in _STATUS_OK else status
    if not model and status == "ok":
        raise ValueError("no model")
    counts = {parameter: _count(found[name], name) for name, parameter in _COUNTS.items() if name in found}
    if "input_total" not in counts and "output_total" not in counts and status == "ok" and not _has_cost(found):
        raise ValueError("no token counts and no cost")
    _add_exclusive(found, counts)
    provider = _text(get("provider"))
    if provider:
        provider = canonical_provider(provider)
    identity = _text(get("identity")) if "priced_as" in found else ""
    return Record(
        ts,
        identity or file.identity(provider, _text(get("request_id")), raw),
        provider, model, usage_from_totals(**counts), _tier(_text(get("tier"))),
        _text(get("app")), _text(get("environment")), _text(get("team")), _text(get("operation")),
        _text(get("user")), _text(get("project")), _text(get("session")), _text(get("branch")),
        _text(get("machine")), _text(get("region")), status, _text(get("error")),
        _text(get("source")) if "priced_as" in found else "",
        _flag(get("sidechain"), "sidechain") or False,
        _flag(get("partial"), "partial") or False,
        _flag(get("cache_hit"), "cache_hit"),
        _flag(get("unmetered"), "unmetered") or False,
        _microseconds(get("latency_ms"), "latency_ms"),
        _microseconds(get("time_to_first_token_ms"), "time_to_first_token_ms"),
        _reported(found),
        _tags(found.get("tags"), value, plan.tags),
        _text(get("prompt_id")), _text(get("prompt_digest")), _text(get("prefix_digest")), _text(get("language")),
        _count(found["prompt_chars"], "prompt_chars") if "prompt_chars" in found else None,
        _text(get("prompt_text")),
        _kept(found),
    )  # fmt: skip


def _has_cost(found: Mapping[str, Any]) -> bool:
    return "cost_usd" in found or "reported_cost_usd" in found


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return json.dumps(value, ensure_ascii=False)


def _count(value: Any, name: str) -> int:
    """A whole number >= 0; text and integral floats are accepted, as CSV and JavaScript write them."""
    if type(value) is int:
        return value
    if isinstance(value, bool):
        raise ValueError(f"{name} is not a count: {value!r}")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        try:
            return int(value.strip().replace(",", "").removesuffix(".0"))
        except ValueError:
            pass
    raise ValueError(f"{name} is not a count: {str(value)[:40]!r}")


def _add_exclusive(found: Mapping[str, Any], counts: dict[str, int]) -> None:
    for name, parameter in (("cache_read_input_tokens", "cached"), ("cache_creation_input_tokens", "write_5m")):
        if name in found and parameter not in counts:
            count = counts[parameter] = _count(found[name], name)
            counts["input_total"] = counts.get("input_total", 0) + count


def _tier(name: str) -> str:
    tier = _TIER_NAMES.get(name.lower())
    if tier is None:
        raise ValueError(f"unknown tier {name[:40]!r}")
    return tier


def _flag(value: Any, name: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text in {"", "none", "null"}:
        return None
    raise ValueError(f"{name} is neither true nor false: {text[:40]!r}")


def _microseconds(value: Any, name: str) -> int | None:
    """Milliseconds to microseconds."""
    if value is None:
        return None
    try:
        number = decimal_of(value)
    except ValueError:
        raise ValueError(f"{name} is not a number: {str(value)[:40]!r}") from None
    if not 0 <= number < 10**10:
        raise ValueError(f"{name} is out of range: {str(value)[:40]!r}")
    return int(number * 1000)


def _reported(found: Mapping[str, Any]) -> int | None:
    value = found.get("reported_cost_usd")
    if value is None and "priced_as" not in found:
        value = found.get("cost_usd")
    if value is None:
        return None
    if isinstance(value, str):
        value = value.strip().removeprefix("$").replace(",", "")
    return nano_from_usd(value)


def _kept(found: Mapping[str, Any]) -> KeptPrice | None:
    """The price an export of ours carries: `priced_as` is "CARD_ID MATCH"."""
    if "priced_as" not in found:
        return None
    card, _, match = _text(found["priced_as"]).partition(" ")
    nano = found.get("cost_nano_usd")
    return KeptPrice(None if nano is None else int(_text(nano)), card, match)


def _tags(given: Any, value: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    if given is None and not columns:
        return ()
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            given = {"tags": given}
    tags = {column: _text(value[column]) for column in columns if value.get(column) is not None}
    if isinstance(given, dict):
        tags.update({str(key): _text(item) for key, item in list(given.items())[:MAX_TAGS]})
    elif isinstance(given, list):
        tags.update({_text(item): "true" for item in given[:MAX_TAGS]})
    return tuple(sorted(tags.items()))


JSONL = Source("jsonl", sniff_jsonl, read_jsonl)
CSV = Source("csv", sniff_csv, read_csv)
