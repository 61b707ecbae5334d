"""What a calibration of token counts found, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from llmcost.core.text import clean_field
from llmcost.reporting.console import render, table
from llmcost.reporting.numbers import count, counted

if TYPE_CHECKING:
    from llmcost.ingest.calibrate import Calibration
    from llmcost.tokens.ratios import Band


def as_json(made: Calibration, *, saved_to: str | None, least: int, skipped: Mapping[str, int]) -> str:
    """Ratios are percent of o200k_base's tokens, whole numbers."""
    document = {
        "schema_version": 1,
        "texts": made.texts,
        "matched_requests": made.matched,
        "least_texts": least,
        "ratios": [
            {
                "provider": clean_field(line.provider), "family": clean_field(line.family), "class": line.kind,
                **_percentages(line.learned), "saved": saved_to is not None and line.learned.low is not None,
                "before": _percentages(line.before),
            }
            for line in made.lines
        ],
        "left_out": dict(made.left_out),
        "skipped": dict(skipped),
        "saved_to": saved_to,
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=2)


def _percentages(band: Band) -> dict[str, Any]:
    return {"percent": band.percent, "p5": band.low, "p95": band.high, "n": band.n}


def as_text(made: Calibration, *, least: int, width: int | None, color: bool) -> str:
    if not made.lines:
        return "nothing learned"
    rows = [
        (
            clean_field(line.provider), clean_field(line.family), line.kind, times(line.learned.percent),
            _band(line.learned, f"fewer than {least} texts"), count(line.learned.n), times(line.before.percent),
            _band(line.before, "an assumption"),
        )
        for line in made.lines
    ]  # fmt: skip
    header = ("provider", "family", "class", "x o200k", "p5-p95", "texts", "before", "p5-p95")
    return render([table(header, rows, right=(3, 5, 6))], width=width, color=color)


def times(percent: int) -> str:
    return f"{percent // 100}.{percent % 100:02d}"


def _band(band: Band, without: str) -> str:
    return without if band.low is None or band.high is None else f"{times(band.low)}-{times(band.high)}"


def remarks(made: Calibration, skipped: Mapping[str, int]) -> Iterator[str]:
    """What was matched, and what was not used and why."""
    yield f"{counted(made.texts, 'text')} matched {counted(made.matched, 'request')} of the ledger"
    for why, number in sorted(made.left_out.items()):
        yield f"left out: {counted(number, 'request')} {why}"
    for why, number in sorted(skipped.items()):
        yield f"skipped: {count(number)} {why}"
