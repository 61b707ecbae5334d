"""opencode's messages: `opencode*.db` (SQLite), and in older versions `storage/message/<session>/<message>.json`.

A message is `{"id", "sessionID", "role", "modelID", "providerID", "time": {"created", "completed"}, "tokens", "cost"}`,
in the database as the column `data` of the table `message`. Its token counts never overlap: input excludes cache reads
and writes, output excludes reasoning. Both places give a message the same id; one that a database of the same folder
holds is not read from its JSON. `cost` is opencode's own reckoning, kept as the reported one where it is not zero (a
subscription's is). Shape as in ccusage's and tokscale's tests.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmcost.core.providers import canonical_provider
from llmcost.core.record import Problem, Record
from llmcost.core.usage import Usage, usage_from_parts
from llmcost.sources.each import moment, requests, told
from llmcost.sources.foreign_db import MAGIC, holds, opened, rows, tables
from llmcost.sources.parsed import Body, amount, count, section, text
from llmcost.sources.reader import LogFile, Source, decode_json

_COLUMNS = ("id", "session_id", "data")


def sniff(file: LogFile) -> bool:
    if file.head.startswith(MAGIC):
        return {f"message.{column}" for column in _COLUMNS} <= tables(file)
    return any({"sessionID", "role", "time", "id"} <= value.keys() for value in file.sample)


def read(file: LogFile) -> Iterator[Record | Problem]:
    if not file.head.startswith(MAGIC):
        yield from requests(file, _json)
        return
    with opened(file) as db:
        for number, (identity, session, data) in enumerate(rows(db, "message", _COLUMNS), 1):
            yield from told(file, number, lambda row=(identity, session, data): _stored(file, *row))  # type: ignore[misc]


def _stored(file: LogFile, identity: object, session: object, data: object) -> Iterator[Record | str]:
    raw = data.encode() if isinstance(data, str) else data if isinstance(data, bytes) else b""
    value = decode_json(raw)
    if not isinstance(value, dict):
        raise ValueError("a message that is not a JSON object")
    yield from _message(file, raw, {"id": identity, "sessionID": session, **value})


def _json(file: LogFile, raw: bytes, value: Body) -> Iterator[Record | str]:
    if not _held(file, text(value.get("id"))):
        yield from _message(file, raw, value)


def _held(file: LogFile, identity: str) -> bool:
    """Whether a database of the folder in which the JSON lies holds the message."""
    # …/storage/message/<session>/<message>.json
    if file.path is None or len(file.path.absolute().parts) < 5:
        return False
    return any(
        holds(path, "message", identity) for path in sorted(file.path.absolute().parents[3].glob("opencode*.db"))
    )


def _message(file: LogFile, raw: bytes, value: Body) -> Iterator[Record | str]:
    if value.get("role", "assistant") != "assistant":
        return
    if value.get("tokens") is None:
        raise ValueError("an assistant's message without its tokens")
    tokens, time = section(value, "tokens"), section(value, "time")
    cache = section(tokens, "cache")
    model = text(value.get("modelID"))
    if not model:
        raise ValueError("no model")
    used = usage_from_parts(
        Usage(
            input=count(tokens, "input"),
            cached=count(cache, "read"),
            write_5m=count(cache, "write"),
            output=count(tokens, "output"),
            reasoning=count(tokens, "reasoning"),
        )
    )
    ts, done = moment(file, time.get("created")), time.get("completed")
    cost = value.get("cost")
    path = section(value, "path")
    finished = done is not None
    yield Record(
        ts, file.identity("opencode", text(value.get("id")), raw),
        canonical_provider(text(value.get("providerID"))), model, used,
        session=text(value.get("sessionID")), project=text(path.get("root")) or text(path.get("cwd")),
        operation="chat", source="opencode", reported_nano=amount(cost, "cost") or None if cost is not None else None,
        latency_us=max(0, moment(file, done) - ts) if finished else None,
    )  # fmt: skip


SOURCE = Source("opencode", sniff, read, default_app="opencode")
