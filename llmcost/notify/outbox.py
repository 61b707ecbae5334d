"""From a measurement to the outbox."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from hashlib import blake2b

from llmcost.budgets.alerts import Crossing, crossings, possible
from llmcost.budgets.check import Check, Standing, check
from llmcost.budgets.model import Budget
from llmcost.ledger.alerts import Alert
from llmcost.ledger.protocol import Ledger
from llmcost.notify import singly


def measure(ledger: Ledger, budgets: Sequence[Budget], *, now_us: int, zone: tzinfo) -> tuple[Check, int]:
    """Measure every limit and keep what is to be told, in one step; the number of new alerts."""
    with ledger.transaction():
        found = check(ledger, budgets, now=now_us, zone=zone)
        return found, enqueue(ledger, found.standings, now_us)


def enqueue(ledger: Ledger, standings: Iterable[Standing], now_us: int, also: Sequence[str] = ()) -> int:
    """Put all that is true of `standings` into the outbox, to be called in the transaction that measured them.

    What a waiver covers is not told. `also`: keys of outlets beside the budgets' own channels.
    Returns the number of new alerts.
    """
    secret = ledger.digest_key()
    due: list[Alert] = []
    ended: list[str] = []
    for standing in standings:
        if standing.waived:
            continue
        true = crossings(standing)
        rolling = standing.limit.window.unit == "rolling"
        channels = dict.fromkeys([*(one.key for channel in standing.budget.channels for one in singly(channel)), *also])
        for channel in channels:
            due += [_alert(secret, crossing, channel, now_us, standing=rolling) for crossing in true]
            if rolling:
                ended += [_subject(secret, c, channel) for c in possible(standing) if c not in true]
    ledger.outbox.end(ended)
    return ledger.outbox.enqueue(due, now_us)


def _subject(secret: bytes, crossing: Crossing, channel: str) -> str:
    text = json.dumps([crossing.identity, channel])
    return blake2b(text.encode(), key=secret, digest_size=16).hexdigest()


def _alert(secret: bytes, crossing: Crossing, channel: str, now_us: int, *, standing: bool) -> Alert:
    subject = _subject(secret, crossing, channel)
    key = blake2b(f"{subject} {crossing.standing.period.start}".encode(), key=secret, digest_size=16).hexdigest()
    body = json.dumps(crossing.alert(now_us), ensure_ascii=False)
    return Alert(key, subject, channel, body, standing)
