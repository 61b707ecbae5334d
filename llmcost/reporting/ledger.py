"""What is in a ledger, as text and as JSON."""

from __future__ import annotations

import json
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from llmcost.core.instants import from_us, rfc3339
from llmcost.core.text import printable, redact
from llmcost.ledger.protocol import LedgerInfo
from llmcost.reporting.console import render, table
from llmcost.reporting.numbers import count, counted

if TYPE_CHECKING:
    from rich.console import RenderableType


def info_json(info: LedgerInfo, zone: tzinfo) -> str:
    document = {
        "schema_version": 1,
        "location": info.location,
        "version": info.version,
        "requests": info.requests,
        "first_request": None if info.first_us is None else rfc3339(info.first_us, zone),
        "last_request": None if info.last_us is None else rfc3339(info.last_us, zone),
        "unpriced_requests": info.unpriced,
        "raw_since": None if info.raw_since_us is None else rfc3339(info.raw_since_us, UTC),
        "size_bytes": info.size_bytes,
        "batches": [
            {
                "batch": batch.id, "started": rfc3339(batch.started_us, zone), "what": redact(batch.label),
                "rows": batch.rows, "undone": batch.undone,
            }
            for batch in info.batches
        ],
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=2)


def info_text(info: LedgerInfo, zone: tzinfo, *, width: int | None, color: bool) -> str:
    from rich.text import Text

    span = (
        "empty"
        if info.first_us is None or info.last_us is None
        else f"{rfc3339(info.first_us, zone)} to {rfc3339(info.last_us, zone)}"
    )
    lines = [
        f"{info.location} (version {info.version}, {info.size_bytes / 2**20:,.1f} MiB)",
        f"{counted(info.requests, 'request')}, {count(info.unpriced)} unpriced; {span}",
    ]
    if info.raw_since_us is not None:
        lines.append(f"rows before {rfc3339(info.raw_since_us, UTC)} were compacted: their totals are kept")
    rows = [
        (
            str(batch.id),
            from_us(batch.started_us, zone).strftime("%Y-%m-%d %H:%M:%S"),
            count(batch.rows),
            "undone" if batch.undone else "",
            printable(redact(batch.label)),
        )
        for batch in info.batches
    ]
    parts: list[RenderableType] = [Text("\n".join(lines))]
    if rows:
        parts += [Text(""), table(("batch", "started", "rows", "", "what"), rows, right=(0, 2))]
    return render(parts, width=width, color=color)
