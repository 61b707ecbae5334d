"""The cost of a change as JSON (keys: docs/diff.md)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from llmcost.core.money import usd_text
from llmcost.reporting.diff import cell, estimated

if TYPE_CHECKING:
    from llmcost.estimate.diff.cached import BrokenPrefix
    from llmcost.estimate.diff.compare import Diff, File, Verdict


def as_json(made: Diff, verdict: Verdict, *, as_of: str) -> str:
    total = made.increase
    document = {
        "schema_version": 1,
        "as_of": as_of,
        "base": made.compared.base,
        "head": made.compared.head,
        "files": [_file(file) for file in made.files],
        "model_swaps": [_swap(file) for file in made.files if file.swapped],
        "max_tokens_changes": [_limits(file) for file in made.files if file.limited],
        "cache_prefix": [_prefix(file.name, file.broken) for file in made.files if file.broken],
        "total": {
            "month_usd_before": usd_text(made.month_before),
            "month_usd_after": usd_text(made.month_after),
            "increase_usd": usd_text(total.point),
            "increase_usd_low": _usd(total.low),
            "increase_usd_high": _usd(total.high),
            "files": len(made.files),
            "unknown": len(made.unknown),
        },
        "unread": [cell(reason) for reason in made.unread],
        "verdict": verdict.word,
        "over": list(verdict.over),
        "problems": [cell(problem) for problem in verdict.problems],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _usd(nano: int | None) -> str | None:
    return None if nano is None else usd_text(nano)


def _file(file: File) -> dict[str, Any]:
    sides = {"before": file.before, "after": file.after}
    increase = file.increase
    return {
        "path": cell(file.name),
        "change": file.change,
        "moved_from": cell(file.moved_from) or None,
        **{f"model_{name}": side.model or None if side else None for name, side in sides.items()},
        **{f"input_tokens_{name}": side.input_tokens if side else None for name, side in sides.items()},
        **{f"cached_tokens_{name}": side.cached_tokens if side else None for name, side in sides.items()},
        "exact": not estimated(file),
        **{
            f"counted_with_{name}": side.counted.method if side and side.counted else None
            for name, side in sides.items()
        },
        **{f"output_tokens_{name}": side.output_tokens if side else None for name, side in sides.items()},
        "output_source": file.output_source or None,
        **{f"call_usd_{name}": _usd(side.call.point) if side and side.call else None for name, side in sides.items()},
        "call_usd_low": _usd(file.after.call.low) if file.after and file.after.call else None,
        "call_usd_high": _usd(file.after.call.high) if file.after and file.after.call else None,
        "calls_per_month_before": file.calls_before,
        "calls_per_month": file.calls_after,
        "calls_source": file.calls_source or None,
        "month_usd_before": _usd(file.month_before),
        "month_usd_after": _usd(file.month_after),
        "increase_usd": _usd(increase.point) if increase else None,
        "increase_usd_low": _usd(increase.low) if increase else None,
        "increase_usd_high": _usd(increase.high) if increase else None,
        "unknown": list(file.lacks),
        "notes": [cell(note) for note in file.notes],
    }


def _swap(file: File) -> dict[str, Any]:
    sides = {"before": file.before, "after": file.after}
    return {
        "path": cell(file.name),
        **{name: side.model if side else None for name, side in sides.items()},
        **{f"call_usd_{name}": _usd(side.call.point) if side and side.call else None for name, side in sides.items()},
    }


def _limits(file: File) -> dict[str, Any]:
    sides = {"before": file.before, "after": file.after}
    return {
        "path": cell(file.name),
        **{name: side.limit if side else None for name, side in sides.items()},
        **{f"call_usd_at_most_{name}": _usd(side.at_most) if side else None for name, side in sides.items()},
    }


def _prefix(name: str, lost: BrokenPrefix) -> dict[str, Any]:
    return {
        "path": cell(name),
        "line": lost.line or None,
        "placeholder": cell(lost.placeholder) or None,
        "cacheable_tokens_before": lost.before,
        "cacheable_tokens_after": lost.after,
        "minimum_tokens": lost.minimum,
        "lost_tokens": lost.lost_tokens,
        "lost_usd_per_call": usd_text(lost.call_nano),
        "lost_usd_per_month": _usd(lost.month_nano),
        "basis": lost.basis,
    }
