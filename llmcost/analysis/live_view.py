"""What is being spent right now: the last hour by the minute, today, its dearest apps and requests."""

from __future__ import annotations

from datetime import tzinfo
from typing import NamedTuple

from llmcost.analysis.report import dearest
from llmcost.core.instants import SECOND_US, from_us, local_midnight
from llmcost.ledger.measures import Amounts, Group, Sums
from llmcost.ledger.protocol import Ledger, Query, StoredRequest

MINUTE_US = 60 * SECOND_US
_MINUTES, _APPS, _REQUESTS = 60, 8, 5


class Frame(NamedTuple):
    now_us: int
    zone: tzinfo
    minutes: tuple[Amounts, ...]
    """The last hour; the last of them is the minute that is running."""
    today: Sums
    """Since local midnight."""
    apps: tuple[Group, ...]
    """Today's, dearest first."""
    others: int
    """Apps of today that are not among these."""
    requests: tuple[StoredRequest, ...]
    """Of the last hour, dearest first."""
    newest_us: int | None


def frame(ledger: Ledger, now_us: int, zone: tzinfo) -> Frame:
    """One consistent view, up to `now_us` (microseconds UTC) itself."""
    start = (now_us // MINUTE_US - _MINUTES + 1) * MINUTE_US
    cuts = [start + MINUTE_US * at for at in range(_MINUTES)]
    midnight = local_midnight(from_us(now_us, zone).date(), zone)
    with ledger.snapshot():
        minutes = ledger.series(Query(0, 0), [*cuts, now_us + 1], tokens=False).get((), [Amounts()] * _MINUTES)
        apps = dearest(ledger.sums(Query(midnight, now_us + 1, ("app",))))
        requests = ledger.requests(Query(start, now_us + 1), order="cost", limit=_REQUESTS)
        return Frame(
            now_us, zone, tuple(minutes), Sums.total([group.sums for group in apps]), apps[:_APPS],
            max(0, len(apps) - _APPS), tuple(row for row in requests if row.priced.cost is not None),
            ledger.newest_at(now_us),
        )  # fmt: skip
