"""Ingest, whole road, rows per CPU second: beside sqlite_utils' insert_all of the same records and bare json.loads."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import cpu_seconds, show

ROWS = 200_000
_START = datetime(2026, 10, 1, tzinfo=UTC)


def lines(count: int) -> list[dict[str, Any]]:
    """Interchange records as a gateway writes them, in time order."""
    random.seed(7)
    models = (("openai", "gpt-4o-mini"), ("anthropic", "claude-haiku-4-5"), ("google", "gemini-2.5-flash"))
    made = []
    for number in range(count):
        provider, model = random.choice(models)
        made.append({
            "timestamp": (_START + timedelta(seconds=number * 10)).isoformat(), "request_id": f"req_{number:012d}",
            "provider": provider, "model": model, "app": random.choice(("chat", "search", "客服助手")),
            "environment": "production", "user": f"u{random.randrange(500)}",
            "input_tokens": random.randrange(50, 9000),
            "cached_input_tokens": random.choice((0, 0, 40)), "output_tokens": random.randrange(1, 900),
            "latency_ms": random.randrange(200, 9000), "time_to_first_token_ms": random.randrange(50, 190),
            "cache_hit": False, "status": "ok",
        })  # fmt: skip
    return made


def sessions(count: int) -> list[dict[str, Any]]:
    """Lines of Claude Code's session logs: a person's message, then the response in two lines, in time order."""
    random.seed(7)
    made: list[dict[str, Any]] = []
    for number in range(count // 3):
        moment = (_START + timedelta(seconds=number * 30)).isoformat().replace("+00:00", "Z")
        shared = {"sessionId": f"s{number // 50}", "cwd": "/home/dev/shop", "gitBranch": "main", "timestamp": moment}
        made.append({**shared, "type": "user", "message": {"role": "user", "content": "please look at this " * 20}})
        usage = {
            "input_tokens": 4, "cache_creation_input_tokens": random.randrange(4000), "output_tokens": 1,
            "cache_read_input_tokens": random.randrange(90_000), "service_tier": "standard",
        }  # fmt: skip
        for output in (1, random.randrange(2, 2_000)):
            message = {
                "id": f"msg_{number:020d}", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
                "content": [{"type": "text", "text": "done " * 40}], "usage": {**usage, "output_tokens": output},
            }  # fmt: skip
            made.append({**shared, "type": "assistant", "message": message})
    return made


def run() -> None:
    _measure("interchange JSON Lines", lines(ROWS))
    _measure("Claude Code sessions", sessions(ROWS))


def _measure(title: str, made: list[dict[str, Any]]) -> None:
    from sqlite_utils import Database

    from llmcost.ingest.pipeline import Ingest
    from llmcost.ledger.sqlite import SqliteLedger
    from llmcost.pricing.store import load_book

    with TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "log.jsonl"
        log.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in made), "utf-8")
        book = load_book([], cache_dir=folder)
        turn = iter(range(1_000))

        def ours() -> None:
            ledger = SqliteLedger(folder / f"ledger-{next(turn)}.db", write=True)
            job = Ingest(ledger, book)
            job.paths([log])
            result = job.finish()
            if result.skipped or not result.added.new:
                raise RuntimeError("the benchmark lost rows")
            ledger.close()

        def insert_all() -> None:
            database = Database(folder / f"peer-{next(turn)}.db")
            database["lines"].insert_all(made)
            database.conn.close()

        def loads() -> None:
            with log.open("rb") as stream:
                for line in stream:
                    json.loads(line)

        best = cpu_seconds({"ours": ours, "insert_all": insert_all, "loads": loads}, runs=3)
    rate = {name: len(made) / seconds for name, seconds in best.items()}
    show(
        f"Ingest of {title}: lines per CPU second",
        {
            "llmcost ingest (read, price, merge, roll up)": f"{rate['ours']:>12,.0f}",
            "sqlite_utils insert_all (store only)": f"{rate['insert_all']:>12,.0f}",
            "bare json.loads loop": f"{rate['loads']:>12,.0f}",
            "against insert_all (goal 4x)": f"{rate['ours'] / rate['insert_all']:>12,.2f}x",
            "against json.loads (goal 0.25x)": f"{rate['ours'] / rate['loads']:>12,.2f}x",
        },
    )
