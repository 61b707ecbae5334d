"""An alert as the channels get it."""

from __future__ import annotations

from typing import Any

from llmcost.notify.outlet import Destination, Message

NOW = 1_795_190_400_000_000  # 2026-11-20T16:00:00Z
KEY = "00112233445566778899aabbccddeeff"
ALERT: dict[str, Any] = {
    "type": "daily_budget", "threshold": "0.8", "current": "0.812", "kind": "threshold", "budget": "chat",
    "message": "chat has used 81.2% of its daily limit.", "scope": {"app": ["chat"]}, "owner": "ann@example.com",
    "window": "day", "start": "2026-11-20T00:00:00Z", "end": "2026-11-21T00:00:00Z", "as_of": "2026-11-20T16:00:00Z",
    "measure": "usd", "hard": True, "limit_usd": "500", "spent_usd": "406", "forecast_usd": None,
    "unpriced_requests": 0, "currency": None,
}  # fmt: skip


def message(**fields: Any) -> Message:
    return Message(KEY, {**ALERT, **fields})


def to(address: str, **fields: Any) -> Destination:
    made: dict[str, Any] = {"allow_private": True, "timeout": 5.0, "now_us": NOW, **fields}
    return Destination(address, **made)
