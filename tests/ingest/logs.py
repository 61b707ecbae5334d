"""Small logs for the tests of ingest, and the ledger as plain values."""

import json
from pathlib import Path
from typing import Any

from llmcost.ingest.pipeline import Ingest, Ingested
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import PricedRecord, Query
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.pricing.book import PriceBook
from llmcost.pricing.yaml_book import compile_yaml

ALL = Query(0, 2**62)
PRICES = """
version: 1
models:
  - provider: openai
    model: gpt-4o
    input: 2.50
    output: 10
    cached_input: 1.25
  - provider: anthropic
    model: claude-sonnet-4-5
    input: 3
    output: 15
    cached_input: 0.30
    cache_write: 3.75
    cache_write_1h: 6
    tiers:
      batch: {discount: 0.5}
"""
BOOK = PriceBook([compile_yaml(PRICES, "prices.yaml", name="test")])


def flat(**changes: Any) -> dict[str, Any]:
    """An interchange record worth (100 x $2.50 + 20 x $10) / 1M = $0.00045."""
    return {"timestamp": "2026-01-09T10:00:00Z", "request_id": "r1", "model": "gpt-4o", "input_tokens": 100,
            "output_tokens": 20, **changes}  # fmt: skip


def claude(identity: str | None = "msg_1", output: int = 10, **changes: Any) -> dict[str, Any]:
    """A Claude Code line worth (1000 x $3 + output x $15) / 1M."""
    usage = {"input_tokens": 1000, "output_tokens": output}
    message = {"id": identity, "model": "claude-sonnet-4-5", "role": "assistant", "usage": usage}
    return {"type": "assistant", "sessionId": "s", "timestamp": "2026-01-09T10:00:00Z", "message": message, **changes}


def encoded(*values: Any) -> bytes:
    return b"".join(value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n" for value in values)


def write(path: Path, *values: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(*values))
    return path


def memory() -> SqliteLedger:
    return SqliteLedger(MEMORY, write=True)


def ingest(ledger: SqliteLedger, *files: Path, book: PriceBook = BOOK, **settings: Any) -> Ingested:
    job = Ingest(ledger, book, **settings)
    job.paths(files)
    return job.finish()


def rows(ledger: SqliteLedger) -> list[PricedRecord]:
    """Every row, in the order of time and id."""
    return [row.priced for row in ledger.requests(ALL, order="time", limit=None)]
