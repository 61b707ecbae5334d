"""What a run of `budget notify` says of itself."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from llmcost.reporting.alerts import Run, Told, Unusable, as_json, as_text, failures, remarks

NOW = 1_795_190_400_000_000  # 2026-11-20T16:00:00Z
ALERT = {"message": "chat has used 80% of its daily limit.", "budget": "chat"}


def told(state: str, **more: Any) -> Told:
    made = Told("k", "slack: ${HOOK}", state, 1, "", None, ALERT)
    return made._replace(**more)


def run(*rows: Told, unusable: tuple[Unusable, ...] = (), new: int = 1, dry_run: bool = False) -> Run:
    return Run(NOW, UTC, "budgets.yaml", dry_run, new, rows, unusable)


def test_json() -> None:
    failed = told("failed", error="it answered 500", due_us=NOW + 120_000_000, attempts=3)
    lacking = Unusable("slack-1", "slack: ${OTHER}", "${OTHER} is not set", "set OTHER")
    assert json.loads(as_json(run(told("sent"), failed, told("given up", error="no"), unusable=(lacking,)))) == {
        "schema_version": 1,
        "as_of": "2026-11-20T16:00:00Z",
        "tz": "UTC",
        "file": "budgets.yaml",
        "dry_run": False,
        "new": 1,
        "alerts": [
            {"id": "k", "channel": "slack: ${HOOK}", "state": "sent", "attempts": 1, "next_attempt": None,
             "error": None, "alert": ALERT},
            {"id": "k", "channel": "slack: ${HOOK}", "state": "failed", "attempts": 3,
             "next_attempt": "2026-11-20T16:02:00Z", "error": "it answered 500", "alert": ALERT},
            {"id": "k", "channel": "slack: ${HOOK}", "state": "given_up", "attempts": 1, "next_attempt": None,
             "error": "no", "alert": ALERT},
        ],
        "unusable_channels": [{"channel": "slack: ${OTHER}", "error": "${OTHER} is not set"}],
    }  # fmt: skip


def test_failures_say_what_where_and_what_next() -> None:
    found = failures(
        run(
            told("sent"),
            told("waiting"),
            told("failed", error="it answered 500", due_us=NOW + 120_000_000),
            told("given up", error="no such host"),
            unusable=(Unusable("slack-1", "slack: ${OTHER}", "${OTHER} is not set", "set OTHER"),),
        )
    )
    assert found == [
        "slack: ${OTHER} is not set; set OTHER",
        "slack: ${HOOK}: it answered 500; tried again from 2026-11-20T16:02:00Z: chat has used 80% of its daily limit.",
        "slack: ${HOOK}: given up, try again with --retry: no such host: chat has used 80% of its daily limit.",
    ]


def test_remarks() -> None:
    assert remarks(run(new=0)) == ["0 new alerts; nothing due"]
    assert remarks(run(told("sent"), told("sent"), told("failed"), told("waiting"), new=4)) == [
        "sent to slack: ${HOOK}: chat has used 80% of its daily limit.",
        "sent to slack: ${HOOK}: chat has used 80% of its daily limit.",
        "4 new alerts; 2 sent, 1 failed, 1 waiting",
    ]
    assert remarks(run(told("sent", channel="stdout"))) == ["1 new alert; 1 sent"]  # it was its own line on stdout
    assert remarks(run(told("due"), dry_run=True)) == ["1 alert would be sent (1 new); nothing was kept or sent"]


def test_the_table_of_a_dry_run() -> None:
    text = as_text(run(told("due"), dry_run=True))
    assert "channel" in text
    assert "chat has used 80% of its daily limit." in text
