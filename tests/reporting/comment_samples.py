"""Documents as `diff --json` and `budget check --json` write them, shortened to what a comment reads."""

from __future__ import annotations

import json
from typing import Any


def prompt(path: str = "prompts/a.txt", **more: Any) -> dict[str, Any]:
    return {
        "path": path, "change": "changed", "moved_from": None, "model_before": "gpt-4o", "model_after": "gpt-4o",
        "input_tokens_before": 100, "input_tokens_after": 200, "exact": True,
        "call_usd_before": "0.0003", "call_usd_after": "0.0005",
        "calls_per_month_before": 1000, "calls_per_month": 1000, "calls_source": "declared",
        "increase_usd": "0.2", "increase_usd_low": "0.2", "increase_usd_high": "0.2", "unknown": [], "notes": [],
        **more,
    }  # fmt: skip


def change(*files: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "schema_version": 1, "as_of": "2026-11-20T00:00:00Z", "base": "0522f73fe", "head": "9d1c3a001",
        "files": list(files), "model_swaps": [], "max_tokens_changes": [], "cache_prefix": [],
        "total": {"increase_usd": "0.2", "increase_usd_low": "0.2", "increase_usd_high": "0.2"},
        "unread": [], "verdict": "ok", "over": [], "problems": [], **more,
    }  # fmt: skip


def standing(name: str = "chatbot", **more: Any) -> dict[str, Any]:
    return {
        "name": name, "owner": None, "window": "month", "start": "2026-11-01T00:00:00+01:00", "measure": "usd",
        "limit_usd": "100", "spent_usd": "40", "forecast_usd": "60.5", "state": "ok", "unpriced_requests": 0,
        "exhausted_on": None, "waiver": None, "currency": {"code": "USD", "usd": "1", "date": ""}, **more,
    }  # fmt: skip


def budgets(*standings: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "schema_version": 1, "newest_request": "2026-11-20T08:00:00Z", "verdict": "ok", "problems": [],
        "budgets": list(standings), **more,
    }  # fmt: skip


def written(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
