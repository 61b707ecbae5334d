"""The log of Simon Willison's `llm`: `logs.db`, a SQLite database.

Up to version 0.35 every call is a row of `responses`; 0.36 writes `turns` and leaves `responses` empty. Both are read,
a row by its id once. `input_tokens` includes cached input, which `token_details` (JSON in the provider's words) tells.
A call whose provider told no tokens is not metered: it is skipped and said to be. Prompts and answers are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmcost.core.record import Problem, Record
from llmcost.core.usage import usage_from_totals
from llmcost.sources.each import moment, told
from llmcost.sources.foreign_db import opened, rows, tables
from llmcost.sources.parsed import Body, count, family_provider, section, text, whole
from llmcost.sources.reader import LogFile, Source, decode_json

_COLUMNS = ("id", "model", "resolved_model", "input_tokens", "output_tokens", "token_details", "duration_ms",
            "datetime_utc")  # fmt: skip
_SESSION = {"turns": "thread_id", "responses": "conversation_id"}


def sniff(file: LogFile) -> bool:
    found = tables(file)
    return any({f"{table}.input_tokens", f"{table}.datetime_utc"} <= found for table in _SESSION)


def read(file: LogFile) -> Iterator[Record | Problem]:
    found = tables(file)
    seen: set[str] = set()
    with opened(file) as db:
        for table, session in _SESSION.items():
            if f"{table}.input_tokens" not in found:
                continue
            # Older versions lack some of these.
            names = [name if f"{table}.{name}" in found else f"NULL AS {name}" for name in (*_COLUMNS, session)]
            for number, row in enumerate(rows(db, table, names), 1):
                value = dict(zip((*_COLUMNS, "session"), row, strict=True))
                identity = text(value["id"])
                if identity and identity in seen:
                    file.ignored += 1
                    continue
                seen.add(identity)
                yield from told(file, number, lambda value=value: _row(file, value))  # type: ignore[misc]


def _row(file: LogFile, value: dict[str, Any]) -> Iterator[Record | str]:
    model = text(value["resolved_model"]) or text(value["model"])
    if not model:
        raise ValueError("no model")
    if value["input_tokens"] is None and value["output_tokens"] is None:
        raise ValueError("unmetered: no token counts")
    details = _details(value["token_details"])
    used = usage_from_totals(
        input_total=whole(value["input_tokens"] or 0, "input_tokens"),
        output_total=whole(value["output_tokens"] or 0, "output_tokens"),
        cached=count(section(details, "prompt_tokens_details", "input_tokens_details"), "cached_tokens"),
        reasoning=count(section(details, "completion_tokens_details", "output_tokens_details"), "reasoning_tokens"),
    )
    milliseconds = value["duration_ms"]
    provider = family_provider(model)
    yield Record(
        moment(file, value["datetime_utc"]), file.identity("llm", text(value["id"]), repr(value).encode()), provider,
        model, used, session=text(value["session"]), operation="chat", source="llm",
        latency_us=milliseconds * 1000 if type(milliseconds) is int and 0 <= milliseconds < 10**10 else None,
    )  # fmt: skip


def _details(raw: object) -> Body:
    found = decode_json(raw.encode()) if isinstance(raw, str) and raw else None
    return found if isinstance(found, dict) else {}


SOURCE = Source("llm", sniff, read, default_app="llm")
