"""Between a priced record and the columns of `request`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from llmcost.core.instants import DAY_US
from llmcost.core.record import Record
from llmcost.core.usage import BUCKETS, COST_PARTS, Usage
from llmcost.ledger.protocol import Basis, PricedRecord, StoredRequest
from llmcost.ledger.schema import COLUMNS, FLAG_PARTIAL, FLAG_SIDECHAIN, FLAG_UNMETERED

AT = {name: index for index, name in enumerate(COLUMNS)}
_USAGE = slice(AT[BUCKETS[0]], AT[BUCKETS[0]] + len(BUCKETS))
_PARTS = slice(AT["n_input"], AT["n_input"] + len(COST_PARTS))


def hash64(identity: str) -> int:
    """A signed 64-bit hash of a request id."""
    return int.from_bytes(hashlib.blake2b(identity.encode(), digest_size=8).digest(), "big", signed=True)


def card_hash(body: str) -> str:
    """The id of the price card whose canonical JSON is `body` (pricing/card.py)."""
    return hashlib.blake2b(body.encode(), digest_size=8).hexdigest()


def storable(row: PricedRecord) -> PricedRecord:
    """The row with every lone surrogate, which UTF-8 cannot hold, replaced."""
    record = Record._make(_sound(value) for value in row.record)
    return row._replace(record=record._replace(usage=row.record.usage), basis=Basis._make(map(_sound, row.basis)))


def _sound(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    return tuple(map(_sound, value)) if type(value) is tuple else value


def well_formed(text: str) -> str:
    """`text` with lone surrogates replaced."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def day_of(ts: int) -> int:
    """UTC day number since the epoch."""
    return ts // DAY_US


class Decoder:
    """Columns back to records, with the coded dimensions looked up once."""

    def __init__(self, names: Callable[[str, int], tuple[str, ...]], basis: Callable[[int], Basis]) -> None:
        self._names = names
        self._basis = basis

    def record(self, columns: Sequence[Any]) -> Record:
        provider, model, app, environment, team, operation, tier = self._names("series", columns[AT["series"]])
        user, project = self._names("party", columns[AT["party"]])
        session, branch, machine, region, source = self._names("context", columns[AT["context"]])
        flags = columns[AT["flags"]]
        hit = columns[AT["cache_hit"]]
        tags = columns[AT["tags"]]
        return Record(
            ts=columns[AT["ts"]], id=columns[AT["id"]], provider=provider, model=model,
            usage=Usage(*columns[_USAGE]), tier=tier, app=app, environment=environment, team=team,
            operation=operation, user=user, project=project, session=session, branch=branch,
            machine=machine, region=region, status=columns[AT["status"]], error=columns[AT["error"]] or "",
            source=source, sidechain=bool(flags & FLAG_SIDECHAIN), partial=bool(flags & FLAG_PARTIAL),
            cache_hit=None if hit is None else bool(hit), unmetered=bool(flags & FLAG_UNMETERED),
            latency_us=columns[AT["latency_us"]], ttft_us=columns[AT["ttft_us"]],
            reported_nano=columns[AT["reported"]],
            tags=tuple(sorted(json.loads(tags).items())) if tags else (),
            prompt_id=columns[AT["prompt_id"]] or "", prompt_digest=columns[AT["prompt_digest"]] or "",
            prefix_digest=columns[AT["prefix_digest"]] or "", language=columns[AT["language"]] or "",
            prompt_chars=columns[AT["prompt_chars"]],
        )  # fmt: skip

    def stored(self, columns: Sequence[Any]) -> StoredRequest:
        cost = columns[AT["cost"]]
        parts = () if cost is None else tuple(columns[_PARTS])
        basis = self._basis(columns[AT["card"]])._replace(assumed=bool(columns[AT["assumed"]]))
        priced = PricedRecord(self.record(columns), cost, parts, basis)
        return StoredRequest(priced, columns[AT["batch"]])
