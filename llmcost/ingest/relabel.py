"""Attributing again what is already in the ledger, by today's rules."""

from __future__ import annotations

from llmcost.core.instants import DAY_US
from llmcost.ingest.attribution import GIVEN, Rules, default_app
from llmcost.ledger.protocol import Ledger, Names


def relabel(ledger: Ledger, rules: Rules, start: int, end: int) -> int:
    """Give the rows of [start, end) the names an ingest under these rules would give; how many changed.

    A name stands where its log gave it itself: one that is empty, the source's own default, or given by a rule
    of now or earlier, is given anew. Works day by day, so that other writers get their turn; what is done stays done.
    """
    bounds = ledger.bounds()
    if bounds is None:
        return 0
    ledger.ruled.add(rules.given)
    ours = ledger.ruled.names()

    def renamed(names: Names) -> Names:
        default = default_app(names.source)
        free = {field: getattr(names, field) in ours.get(field, set()) for field in GIVEN}
        free["app"] |= names.app == default
        filled = rules.fill(names._replace(**{field: "" for field in GIVEN if free[field]}))
        return filled if filled.app else filled._replace(app=default)

    changed = 0
    start, end = max(start, bounds[0]), min(end, bounds[1] + 1)
    while start < end:
        stop = min(end, (start // DAY_US + 1) * DAY_US)
        changed += ledger.relabel(start, stop, renamed)
        start = stop
    return changed
