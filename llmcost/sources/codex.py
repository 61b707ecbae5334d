"""Codex CLI's session logs: `~/.codex/{sessions,archived_sessions}/**/*.jsonl`.

A line is `{"timestamp", "type", "payload"}`. `session_meta` gives session, folder, branch and provider, `turn_context`
the model of what follows, and `event_msg` with `payload.type` `token_count` the counts: `info.total_token_usage` since
the session began, `info.last_token_usage` of the last request. Input includes cached input, output includes reasoning.

A `token_count` whose total has not moved is the same one written again. A request is what the total grew by; where the
total before is not known (the first line, a total that fell), what `last_token_usage` says. A forked session (told by
`forked_from_id`, a subagent's `source`, or its parent's `session_meta` behind its own) begins with its parent's lines,
written anew, each within a second of the one before: they move the total, no more.
There is no response id: a request is known by its moment and the total it led to, in whatever file it stands.
Shape seen in logs of Codex CLI from 2025 and 2026; the quirks in ccusage's issues 988, 1288 and 1349.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmcost.core.instants import parse_timestamp
from llmcost.core.providers import canonical_provider
from llmcost.core.record import Problem, Record
from llmcost.core.usage import usage_from_totals
from llmcost.sources.parsed import Body, count, section, text
from llmcost.sources.reader import LogFile, Source, decode_json

_KINDS = (b'"token_count"', b'"turn_context"', b'"session_meta"')
_COUNTS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
#: A fork's replay is written at once; no request is answered within it.
_REPLAY_US = 1_000_000


def sniff(file: LogFile) -> bool:
    return any(
        isinstance(value.get("payload"), dict)
        and (
            value.get("type") in {"session_meta", "turn_context"}
            or (value.get("type") == "event_msg" and value["payload"].get("type") == "token_count")
        )
        for value in file.sample
    )


def read(file: LogFile) -> Iterator[Record | Problem]:
    for item in file.lines():
        if isinstance(item, Problem):
            yield item
            continue
        number, raw = item
        if not any(kind in raw for kind in _KINDS):
            if raw.startswith(b"{") and raw.endswith(b"}"):
                file.ignored += 1
            else:
                yield file.problem(number, "not a JSON object: the line is cut short or malformed")
            continue
        value = decode_json(raw)
        if not isinstance(value, dict):
            yield file.problem(number, "not a JSON object: the line is cut short or malformed")
            continue
        try:
            record = _line(file, value)
        except ValueError as error:
            yield file.problem(number, str(error))
            continue
        if record is None:
            file.ignored += 1
        else:
            yield record


def _line(file: LogFile, value: Body) -> Record | None:
    """The request a line tells of; None where it tells of none."""
    kind, payload = value.get("type"), value.get("payload")
    if not isinstance(payload, dict):
        return None
    if kind == "session_meta":
        _session(file, value, payload)
    elif kind == "turn_context":
        for name, field in (("model", "model"), ("cwd", "project")):
            if found := text(payload.get(name)):
                file.state[field] = found
    elif kind == "event_msg" and payload.get("type") == "token_count" and payload.get("info") is not None:
        return _counted(file, value, payload)
    return None


def _session(file: LogFile, value: Body, payload: Body) -> None:
    """The first of a file is its own; those behind it are its parents', repeated."""
    state = file.state
    if "session" in state:
        if "born" not in state and text(payload.get("id")) != state["session"]:
            state["born"] = _moment(file, value)
        return
    state["session"] = text(payload.get("id"))
    state["project"] = text(payload.get("cwd"))
    git = payload.get("git")
    state["branch"] = text(git.get("branch")) if isinstance(git, dict) else ""
    state["provider"] = text(payload.get("model_provider"))
    origin = payload.get("source")
    if payload.get("forked_from_id") or (isinstance(origin, dict) and origin.get("subagent")):
        state["born"] = _moment(file, value)


def _moment(file: LogFile, value: Body) -> int:
    when = value.get("timestamp")
    if not isinstance(when, str | int | float) or isinstance(when, bool):
        raise ValueError("no timestamp")
    ts, aware = parse_timestamp(when)
    file.naive_times += not aware
    return ts


def _counted(file: LogFile, value: Body, payload: Body) -> Record | None:
    state = file.state
    info = section(payload, "info")
    last = _counts(section(info, "last_token_usage")) if info.get("last_token_usage") is not None else None
    total = _counts(section(info, "total_token_usage")) if info.get("total_token_usage") is not None else None
    if last is None and total is None:
        raise ValueError("a token_count without counts")
    before = state.get("total")
    if total is not None and total == before:
        return None
    used = _used(total, before, last)
    ts = _moment(file, value)
    model = text(info.get("model")) or text(payload.get("model")) or state.get("model", "")
    born = state.get("born")
    if born is not None and abs(ts - born) <= _REPLAY_US:
        state["total"] = total if total is not None else before
        # A long replay takes more than one such stretch.
        state["born"] = ts
        return None
    if not model:
        raise ValueError("no model: no turn_context came before")
    provider = canonical_provider(state.get("provider") or "openai")
    usage = usage_from_totals(input_total=used[0], cached=used[1], output_total=used[2], reasoning=used[3])
    state["total"] = total if total is not None else before
    known = "-".join(map(str, total if total is not None else used))
    return Record(
        ts, f"{provider}:codex-{ts}-{known}", provider, model, usage,
        session=state.get("session", ""), project=state.get("project", ""), branch=state.get("branch", ""),
        operation="chat", source="codex",
    )  # fmt: skip


def _counts(found: Body) -> list[int]:
    return [count(found, name) for name in _COUNTS]


def _used(total: list[int] | None, before: Any, last: list[int] | None) -> list[int]:
    if total is not None and before is not None and all(now >= then for now, then in zip(total, before, strict=True)):
        return [now - then for now, then in zip(total, before, strict=True)]
    return last or total or []


SOURCE = Source("codex", sniff, read, default_app="codex", resumes=True, version=2)
