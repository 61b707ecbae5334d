"""What an ingest did, as text and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from llmcost.core.money import usd_text
from llmcost.core.text import printable, redact
from llmcost.reporting.numbers import count, counted, usd

if TYPE_CHECKING:
    from llmcost.ingest.pipeline import Ingested

SHOWN_PROBLEMS = 10
SHOWN_REASONS = 5


def as_json(result: Ingested, *, dry_run: bool = False) -> str:
    added = result.added
    return json.dumps(
        {
            "schema_version": 1,
            "batch": result.batch,
            "dry_run": dry_run,
            "files": result.files,
            "unchanged": result.unchanged,
            "read": result.read,
            "new": added.new,
            "updated": added.updated,
            "duplicate": added.duplicate,
            "skipped": result.skipped,
            "ignored": result.ignored,
            "clashes": added.clashes,
            "compacted": added.compacted,
            "billed": result.billed._asdict(),
            "unpriced": sum(result.unpriced.values()),
            "cost_usd": usd_text(added.cost),
            "sources": [{"source": s.source, "files": s.files, "requests": s.requests} for s in result.sources],
            "unpriced_reasons": {printable(redact(r)): n for r, n in result.unpriced.most_common(100)},
            "problems": [
                {"file": printable(p.file), "line": p.line, "reason": printable(redact(p.reason))}
                for p in result.problems
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def as_text(result: Ingested, *, dry_run: bool = False) -> str:
    added = result.added
    sources = ", ".join(f"{s.source} {count(s.requests)}" for s in result.sources)
    update = f"{' and update' if dry_run else ' and updated'} {count(added.updated)}" if added.updated else ""
    text = (
        f"{'would add' if dry_run else 'added'} {counted(added.new, 'request')}{update}, worth {usd(added.cost)}"
        f" (read {count(result.read)}, {count(added.duplicate)} of them repeats"
        f"; {counted(result.files, 'file')}{': ' + sources if sources else ''}"
        f"{f'; {count(result.unchanged)} already read' if result.unchanged else ''})"
    )
    if any(result.billed):
        lines, replaced, unchanged, _ = map(count, result.billed)
        verb = "would take" if dry_run else "took"
        text += (
            f"\n{verb} {lines} billed lines, in place of {replaced}; {unchanged} unchanged"
            " (`llmcost report --basis billed`)"
        )
    if not dry_run and added.new + added.updated + result.billed.lines:
        text += f"\nbatch {result.batch}: `llmcost ledger undo {result.batch}` takes it back"
    return text


def remarks(result: Ingested) -> list[str]:
    """What the person should know beside the totals, one line each."""
    lines = []
    if not result.files + result.unchanged:
        lines.append("no file to read there")
    if result.skipped:
        lines.append(f"skipped {count(result.skipped)}:")
        for problem in result.problems[:SHOWN_PROBLEMS]:
            place = f"{problem.file}:{problem.line}" if problem.line else problem.file
            lines.append(f"  {printable(place)}: {printable(redact(problem.reason))}")
        if result.skipped > SHOWN_PROBLEMS:
            lines.append(f"  … and {count(result.skipped - SHOWN_PROBLEMS)} more; --json lists up to 1,000")
        if not result.read + result.ignored + sum(result.billed):
            lines.append(
                "no requests found: `--source` names a log's format, `--map` its columns; docs/sources.md has both"
            )
    reasons = result.unpriced.most_common()
    for reason, number in reasons[:SHOWN_REASONS]:
        why = printable(redact(reason))
        lines.append(f"unpriced: {counted(number, 'request')}: {why}; `llmcost prices add` gives it a price")
    if len(reasons) > SHOWN_REASONS:
        rest = sum(number for _, number in reasons[SHOWN_REASONS:])
        lines.append(f"unpriced: {counted(rest, 'more request')} for other reasons; --json lists them")
    if added := result.added.clashes:
        lines.append(
            f"{counted(added, 'line')} had the id of a request of another app or model and did not count beside it:"
            " if they are requests of their own, their ids are no ids: `--map request_id=prompt_id`"
        )
    if gone := result.added.compacted:
        lines.append(f"left out {counted(gone, 'request')} of a time whose rows were compacted (`llmcost ledger info`)")
    if held := result.billed.left_out:
        lines.append(
            f"left out {counted(held, 'billed line')}: others of their bucket or period could not be read, and what was"
            " read whole before stands"
        )
    if result.assumed:
        lines.append(f"at stand-in rates, for want of rates of their own: {counted(result.assumed, 'request')}")
    if result.naive_times:
        lines.append(f"times without an offset were taken as UTC: {count(result.naive_times)}")
    return lines
