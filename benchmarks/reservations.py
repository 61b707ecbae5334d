"""Reserving and settling under two limits, beside a bare SQLite transaction of one row."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import cpu_seconds, show
from llmcost.ledger.reservations import Claim, Reservation, Reservations

PAIRS = 10_000
CLAIMS = (Claim("day", 1, 10**15, 100), Claim("month", 1, 10**15, 100))


def run() -> None:
    with TemporaryDirectory() as name:
        store = Reservations(Path(name, "reservations.db"), now_us=0)

        def pairs() -> None:
            for at in range(PAIRS):
                held = store.reserve(CLAIMS, now_us=at, spent=lambda _: 0)
                if not isinstance(held, Reservation):
                    raise SystemExit(f"refused: {held}")
                store.settle(held, (90, 90), epoch=store.epoch(), spent=lambda _: 0)

        bare = sqlite3.connect(Path(name, "bare.db"), isolation_level=None)
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = NORMAL")
        bare.execute("CREATE TABLE counter (key TEXT PRIMARY KEY, n INTEGER)")
        bare.execute("INSERT INTO counter VALUES ('day', 0)")

        def updates() -> None:
            for _ in range(2 * PAIRS):
                bare.execute("UPDATE counter SET n = n + 1 WHERE key = 'day'")

        seconds = cpu_seconds({"reserve + settle, two limits": pairs, "two bare UPDATEs": updates})
        store.close()
        bare.close()
    show(
        "Reservations: pairs per CPU second",
        {label: f"{PAIRS / spent:>12,.0f}" for label, spent in seconds.items()},
    )
