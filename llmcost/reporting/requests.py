"""Single requests: as a table, as JSON, and as the interchange record that `export` writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import Any

from llmcost.core.instants import from_us, rfc3339
from llmcost.core.money import usd_text
from llmcost.core.text import printable, shorten
from llmcost.core.usage import COST_PARTS
from llmcost.ledger.protocol import StoredRequest
from llmcost.reporting.cells import csv_line, markdown_table
from llmcost.reporting.console import fitting, render, table
from llmcost.reporting.numbers import count, usd

HEADER = ("time", "app", "model", "cost", "input", "cached", "output", "latency", "status", "id")
NUMERIC = (3, 4, 5, 6, 7)
#: Columns of an export, in order: the interchange record (docs/sources.md), then what only we know.
COLUMNS = (
    "timestamp", "request_id", "provider", "model", "app", "environment", "team", "user", "operation", "session",
    "project", "branch", "machine", "region", "status", "error", "tier", "input_tokens", "cached_input_tokens",
    "cache_write_tokens", "cache_write_1h_tokens", "input_audio_tokens", "cached_audio_tokens", "image_tokens",
    "output_tokens", "reasoning_tokens", "output_audio_tokens", "output_image_tokens", "web_searches", "latency_ms",
    "time_to_first_token_ms", "cache_hit", "unmetered", "sidechain", "partial", "reported_cost_usd", "tags",
    "prompt_id", "prompt_digest", "prefix_digest", "language", "prompt_chars", "source", "identity", "cost_usd",
    "cost_nano_usd", "cost_parts_nano", "priced_as",
)  # fmt: skip


def as_record(stored: StoredRequest, zone: tzinfo) -> dict[str, Any]:
    """The interchange record of one row; what is not recorded is left out. Token counts that are 0 too, but for
    input and output."""
    priced = stored.priced
    r, u = priced.record, priced.record.usage
    basis = priced.basis
    values: dict[str, Any] = {
        "timestamp": rfc3339(r.ts, zone),
        "request_id": r.id.partition(":")[2] if not r.id.startswith("~") else "",
        "provider": r.provider, "model": r.model, "app": r.app, "environment": r.environment, "team": r.team,
        "user": r.user, "operation": r.operation, "session": r.session, "project": r.project, "branch": r.branch,
        "machine": r.machine, "region": r.region, "status": r.status, "error": r.error, "tier": r.tier,
        "cached_input_tokens": u.cached_total or "", "cache_write_tokens": u.write_5m or "",
        "cache_write_1h_tokens": u.write_1h or "", "input_audio_tokens": u.input_audio or "",
        "cached_audio_tokens": u.cached_audio or "", "image_tokens": u.input_image or "",
        "reasoning_tokens": u.reasoning or "", "output_audio_tokens": u.output_audio or "",
        "output_image_tokens": u.output_image or "", "web_searches": u.web_searches or "",
        "latency_ms": _ms(r.latency_us), "time_to_first_token_ms": _ms(r.ttft_us), "cache_hit": r.cache_hit,
        "unmetered": r.unmetered or None, "sidechain": r.sidechain or None, "partial": r.partial or None,
        "reported_cost_usd": None if r.reported_nano is None else usd_text(r.reported_nano),
        "tags": dict(r.tags) or None, "prompt_id": r.prompt_id, "prompt_digest": r.prompt_digest,
        "prefix_digest": r.prefix_digest, "language": r.language, "prompt_chars": r.prompt_chars,
        "source": r.source, "identity": r.id,
    }  # fmt: skip
    record = {key: value for key, value in values.items() if value not in (None, "")}
    record["input_tokens"], record["output_tokens"] = u.input_total, u.output_total
    record["cost_usd"] = None if priced.cost is None else usd_text(priced.cost)
    record["cost_nano_usd"] = priced.cost
    parts = {name: nano for name, nano in zip(COST_PARTS, priced.parts, strict=False) if nano}
    if parts.keys() - {"fees"}:
        record["cost_parts_nano"] = parts
    record["priced_as"] = f"{basis.card_id} {basis.match}{' assumed' if basis.assumed else ''}".strip()
    return {key: record[key] for key in COLUMNS if key in record}


def jsonl(rows: Iterable[StoredRequest], zone: tzinfo) -> Iterator[str]:
    """One interchange record per line."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for row in rows:
        yield encode(as_record(row, zone)) + "\n"


def json_document(rows: Iterable[StoredRequest], zone: tzinfo) -> Iterator[str]:
    """The interchange records as one JSON document, piece by piece."""
    yield '{"schema_version": 1, "requests": ['
    for number, line in enumerate(jsonl(rows, zone)):
        yield (",\n" if number else "\n") + line.rstrip("\n")
    yield "\n]}\n"


def csv_lines(rows: Iterable[StoredRequest], zone: tzinfo) -> Iterator[str]:
    """The header, then one interchange record per line."""
    yield csv_line(COLUMNS)
    for row in rows:
        record = as_record(row, zone)
        for name in ("tags", "cost_parts_nano"):
            if name in record:
                record[name] = json.dumps(record[name], ensure_ascii=False)
        yield csv_line([_cell(record.get(key)) for key in COLUMNS])


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def as_json(rows: Sequence[StoredRequest], zone: tzinfo) -> str:
    records = [as_record(row, zone) for row in rows]
    return json.dumps({"schema_version": 1, "requests": records}, ensure_ascii=False, indent=2)


def as_table(
    rows: Sequence[StoredRequest], zone: tzinfo, *, order: str = "cost", width: int | None, color: bool
) -> str:
    """In a terminal too narrow for all columns, those that matter least for the order are left out."""
    cells = [_row(row, zone) for row in rows]
    if width is not None and fitting(HEADER, cells, expendable=("id",), width=width)[0] != HEADER:
        cells = [(*row[:-1], shorten(row[-1], 24)) for row in cells]
    expendable = [name for name in ("id", "cached", "latency", "status", "input") if name != order]
    header, cells = fitting(HEADER, cells, expendable=expendable, width=width)
    numeric = {HEADER[index] for index in NUMERIC}
    right = [index for index, name in enumerate(header) if name in numeric]
    return render([table(header, cells, right=right, tight=True)], width=width, color=color)


def as_markdown(rows: Sequence[StoredRequest], zone: tzinfo) -> str:
    return markdown_table(HEADER, [_row(row, zone) for row in rows], right=NUMERIC)


def _row(stored: StoredRequest, zone: tzinfo) -> tuple[str, ...]:
    priced = stored.priced
    r, u = priced.record, priced.record.usage
    latency = "" if r.latency_us is None else f"{r.latency_us // 1000:,} ms"
    return (
        from_us(r.ts, zone).strftime("%Y-%m-%d %H:%M:%S"), printable(r.app), printable(r.model), usd(priced.cost),
        count(u.input_total), count(u.cached_total), count(u.output_total), latency, printable(r.status),
        printable(r.id),
    )  # fmt: skip


def _ms(us: int | None) -> float | int | None:
    """Microseconds as milliseconds, whole where they are."""
    if us is None:
        return None
    return us // 1000 if us % 1000 == 0 else us / 1000
