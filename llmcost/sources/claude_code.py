"""Claude Code's session logs: `~/.claude/projects/**/*.jsonl`.

One API response is written as several lines that repeat its usage, the last the fullest, and resumed or
forked sessions and subagents repeat old lines in other files: `message.id` alone is the request's identity
(`requestId` never tells two responses apart; a sidechain replay carries another one). `<synthetic>` messages
are made by the tool and were never requested. Usage, tier and provider follow the rules of `llmcost.sources.anthropic`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from llmcost.core.instants import parse_timestamp
from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage
from llmcost.sources.anthropic import billed, disjoint, has_steps, provider_of, region_of, served_tier
from llmcost.sources.parsed import amount, text
from llmcost.sources.reader import LogFile, Source, decode_json, glued
from llmcost.sources.wrapper import others_of

_TYPES = {"user", "assistant", "summary", "system", "progress", "file-history-snapshot", "queue-operation"}


class _CacheCreation(msgspec.Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _ServerTools(msgspec.Struct):
    web_search_requests: int | None = None


class _OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    server_tool_use: _ServerTools | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None
    output_tokens_details: _OutputDetails | None = None
    iterations: Any = None


class _Message(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None


class _Inner(msgspec.Struct):
    message: _Message | None = None
    timestamp: str | None = None


class _Data(msgspec.Struct):
    message: _Inner | None = None


class _Line(msgspec.Struct):
    message: _Message | None = None
    timestamp: str | int | float | None = None
    type: str | None = None
    sessionId: str | None = None  # noqa: N815
    isSidechain: bool | None = None  # noqa: N815
    cwd: str | None = None
    gitBranch: str | None = None  # noqa: N815
    costUSD: float | None = None  # noqa: N815


class _ProgressLine(_Line):
    data: _Data | None = None


_decode = msgspec.json.Decoder(_Line).decode
_decode_progress = msgspec.json.Decoder(_ProgressLine).decode


def sniff(file: LogFile) -> bool:
    for value in file.sample:
        kind = value.get("type")
        if isinstance(value.get("message"), dict) and ("sessionId" in value or kind in ("user", "assistant")):
            return True
        if kind in _TYPES and (
            "leafUuid" in value or "parentUuid" in value or "messageId" in value or "sessionId" in value
        ):
            return True
    return False


def read(file: LogFile) -> Iterator[Record | Problem]:
    for item in file.lines():
        if isinstance(item, Problem):
            yield item
            continue
        number, raw = item
        if b'"usage"' not in raw and b'"assistant"' not in raw:
            if raw.startswith(b"{") and raw.endswith(b"}"):
                file.ignored += 1
            else:
                yield file.problem(number, "not a JSON object: the line is cut short or malformed")
            continue
        yield from _read_line(file, number, raw)


def _read_line(file: LogFile, number: int, raw: bytes) -> Iterator[Record | Problem]:
    try:
        line = _decoded(raw)
        records = _records(file, raw, line) if line is not None else []
    except ValueError as error:
        yield file.problem(number, str(error))
        return
    if line is None:
        tail = glued(raw)
        head = b"" if tail is None else raw[: -len(tail)].rstrip()
        if head and isinstance(decode_json(head), dict):
            # Two writers at once: both lines are whole.
            yield from _read_line(file, number, head)
        else:
            yield file.problem(number, "not JSON: the line is cut short or malformed")
        if tail is not None and b'"message"' in tail and b'"timestamp"' in tail:
            yield from _read_line(file, number, tail)
    elif not records:
        file.ignored += 1
    else:
        yield from records


def _decoded(raw: bytes) -> _Line | None:
    """The line; None when it is no JSON at all.

    Raises:
        ValueError: JSON of another shape, saying where.
    """
    try:
        return _decode(raw) if b'"progress"' not in raw else _decode_progress(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = decode_json(raw)
    if value is None:
        return None
    try:
        return msgspec.convert(value, _ProgressLine)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


def _records(file: LogFile, raw: bytes, line: _Line) -> list[Record]:
    """The request a line tells of, and one more for each other model that worked within it; empty: none."""
    message, when, sidechain = line.message, line.timestamp, bool(line.isSidechain)
    if isinstance(line, _ProgressLine) and message is None and line.data is not None and line.data.message is not None:
        # A subagent's message, repeated in its parent's log.
        message, sidechain = line.data.message.message, True
        when = line.data.message.timestamp or when
    if message is None or message.model == "<synthetic>":
        return []
    usage = message.usage
    if usage is None:
        if line.type == "assistant":
            raise ValueError("an assistant's message without its usage")
        return []
    if usage.input_tokens is None and usage.output_tokens is None:
        raise ValueError("a usage without token counts")
    if when is None:
        raise ValueError("no timestamp")
    if not message.model:
        raise ValueError("no model")
    ts, aware = parse_timestamp(when)
    others: tuple[tuple[str, Usage], ...] = ()
    if has_steps(usage.iterations):
        used, others = billed(msgspec.to_builtins(usage), text(message.model))
    else:
        used = _usage(usage)
    response_id = message.id or ""
    provider = provider_of(response_id)
    record = Record(
        ts,
        file.identity(provider, response_id, raw),
        provider,
        message.model,
        used,
        served_tier(usage.speed, usage.service_tier) or "standard",
        session=line.sessionId or "",
        project=_project(line.cwd or ""),
        branch=line.gitBranch or "",
        region=region_of(usage.inference_geo) if usage.inference_geo else "",
        operation="chat",
        source="claude-code",
        sidechain=sidechain,
        reported_nano=None if line.costUSD is None else amount(line.costUSD, "costUSD"),
    )
    file.naive_times += not aware
    return [record, *others_of(file, raw, record, response_id, others)] if others else [record]


def _usage(usage: _Usage) -> Usage:
    split, tools, details = usage.cache_creation, usage.server_tool_use, usage.output_tokens_details
    return disjoint(
        usage.input_tokens or 0,
        usage.cache_read_input_tokens or 0,
        usage.cache_creation_input_tokens or 0,
        split.ephemeral_5m_input_tokens or 0 if split is not None else 0,
        split.ephemeral_1h_input_tokens or 0 if split is not None else 0,
        usage.output_tokens or 0,
        details.thinking_tokens or 0 if details is not None else 0,
        tools.web_search_requests or 0 if tools is not None else 0,
    )


@lru_cache(4096)
def _project(cwd: str) -> str:
    """The working directory without a trailing separator."""
    return cwd.rstrip("/\\") or cwd


SOURCE = Source("claude-code", sniff, read, default_app="claude-code", resumes=True, version=2)
