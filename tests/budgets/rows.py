"""Ledgers with a few rows of known cost."""

from pathlib import Path
from typing import Any

from llmcost.core.instants import parse_timestamp
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.protocol import UNPRICED, Basis, PricedRecord
from llmcost.ledger.sqlite import SqliteLedger

USD = 10**9


def us(text: str) -> int:
    return parse_timestamp(text)[0]


def row(when: str, app: str, nano: int | None, **more: Any) -> PricedRecord:
    """A request of `app` with 10 tokens that cost `nano` nano-USD, or is unpriced; `more` of its record."""
    record = Record(
        ts=us(when), id=f"acme:{when}-{app}-{nano}", provider="acme", model="one", usage=Usage(input=10), app=app
    )._replace(**more)
    if nano is None:
        return PricedRecord(record, None, (), Basis(UNPRICED))
    return PricedRecord(record, nano, (nano, *(0,) * 12), Basis("card"))


def ledger(*rows: PricedRecord, path: Path = MEMORY) -> SqliteLedger:
    store = SqliteLedger(path, write=True)
    store.add(rows, store.begin_batch("test", 0))
    return store
