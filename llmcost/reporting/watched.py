"""What one round of `ingest --watch` brought, on one line."""

from __future__ import annotations

import json
from datetime import tzinfo
from typing import TYPE_CHECKING

from llmcost.core.instants import from_us, rfc3339
from llmcost.reporting import ingested
from llmcost.reporting.numbers import count, counted, usd

if TYPE_CHECKING:
    from llmcost.ingest.pipeline import Ingested


def as_line(result: Ingested, at_us: int, zone: tzinfo) -> str:
    """`10:15:02  added 3 requests, worth $0.0123 (claude-code 3; batch 7)`."""
    added = result.added
    done = [f"added {counted(added.new, 'request')}"] if added.new else []
    done += [f"updated {count(added.updated)}"] if added.updated else []
    sources = ", ".join(f"{each.source} {count(each.requests)}" for each in result.sources if each.requests)
    unpriced = f", {count(added.unpriced)} unpriced" if added.unpriced else ""
    return (
        f"{from_us(at_us, zone):%H:%M:%S}  {', '.join(done)}, worth {usd(added.cost)}{unpriced}"
        f" ({sources}; batch {result.batch})"
    )


def as_json(result: Ingested, at_us: int, zone: tzinfo) -> str:
    """The document of an ingest, with its time, on one line."""
    return json.dumps({"at": rfc3339(at_us, zone), **json.loads(ingested.as_json(result))}, ensure_ascii=False)
