"""From the outbox to the channels. Each channel has a thread of its own: none waits for another.

Nothing is sent within a transaction. An alert is claimed for a time, sent, and marked at once when its receiver has
answered: one that is killed between its answer and our mark is sent again, with the same key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import chain
from queue import Empty, Queue
from threading import Event, Thread
from time import monotonic
from typing import Literal, NamedTuple

from llmcost.core.instants import DAY_US, SECOND_US
from llmcost.ledger.alerts import StoredAlert
from llmcost.ledger.protocol import Ledger
from llmcost.notify.outlet import Message, Outlet, UndeliveredError, scrubbed

#: Over about three days: 2, 4, 8 … minutes apart, at most a day.
MAX_ATTEMPTS = 12
_FIRST_US = 120 * SECOND_US
#: How much longer than a run its claims last.
_LEASE_MARGIN_US = 60 * SECOND_US


class Outcome(NamedTuple):
    """What became of one alert in this run."""

    stored: StoredAlert
    outlet: Outlet
    state: Literal["sent", "failed", "given up", "waiting"]
    """`waiting`: not tried, because its channel failed before or the time was over."""
    error: str = ""
    due_us: int | None = None
    """When it is tried again."""

    @property
    def message(self) -> Message:
        return message_of(self.stored)


def message_of(stored: StoredAlert) -> Message:
    return Message(stored.alert.key, json.loads(stored.alert.body))


def deliver(ledger: Ledger, outlets: Sequence[Outlet], *, now_us: int, timeout: float = 60.0) -> list[Outcome]:
    """Send all that is due to `outlets`, oldest first: inline ones, then the others in at most `timeout` seconds."""
    by_key = {outlet.key: outlet for outlet in outlets}
    waiting: dict[str, list[StoredAlert]] = {}
    until_us = now_us + int(timeout * SECOND_US) + _LEASE_MARGIN_US
    for stored in ledger.outbox.claim(list(by_key), now_us, until_us):
        waiting.setdefault(stored.alert.channel, []).append(stored)
    inline = [key for key in waiting if by_key[key].inline]
    own = {key: list(rows) for key, rows in waiting.items() if not by_key[key].inline}
    outcomes: list[Outcome] = []
    stop = Event()
    results = chain(
        *(_attempts(by_key[key], list(waiting[key])) for key in inline), _threads(own, by_key, timeout, stop)
    )
    try:
        for result in results:
            key = result.stored.alert.channel
            waiting[key].remove(result.stored)
            outcomes.append(_mark(ledger, by_key[key], result, now_us))
    finally:
        # Also when the ledger fails us: what cannot be marked must not be sent.
        stop.set()
    for key, rest in waiting.items():
        for stored in rest:
            ledger.outbox.unclaim(stored, now_us)
            outcomes.append(Outcome(stored, by_key[key], "waiting", due_us=now_us))
    return sorted(outcomes, key=lambda outcome: outcome.stored.number)


def _threads(
    rows: dict[str, list[StoredAlert]], outlets: dict[str, Outlet], timeout: float, stop: Event
) -> Iterator[_Result]:
    """What becomes of each outlet's rows, as soon as it is known. What is still under way at the end has failed."""
    end = monotonic() + timeout
    results: Queue[_Result] = Queue()
    left = {key: list(alerts) for key, alerts in rows.items()}
    for key, alerts in rows.items():
        # A daemon, so that a receiver who never ends does not keep the process.
        Thread(target=_work, args=(outlets[key], alerts, results, stop), daemon=True).start()
    while left:
        try:
            result = results.get(timeout=max(0.0, end - monotonic()))
        except Empty:
            break
        key = result.stored.alert.channel
        left[key].remove(result.stored)
        if result.error or not left[key]:
            del left[key]
        yield result
    stop.set()
    for alerts in left.values():
        yield _Result(alerts[0], f"no answer within {timeout:g} seconds", 0)


class _Result(NamedTuple):
    stored: StoredAlert
    error: str
    """Empty: the receiver has it."""
    after_us: int


def _work(outlet: Outlet, rows: Sequence[StoredAlert], results: Queue[_Result], stop: Event) -> None:
    for result in _attempts(outlet, rows):
        results.put(result)
        if stop.is_set():
            return


def _attempts(outlet: Outlet, rows: Sequence[StoredAlert]) -> Iterator[_Result]:
    """Send one after the other, up to the first that fails: the channel then rests until the next run."""
    for stored in rows:
        try:
            outlet.send(message_of(stored))
        except UndeliveredError as error:
            yield _Result(stored, scrubbed(str(error), outlet.secrets) or "failed", error.after_us)
            return
        except Exception as error:
            yield _Result(stored, scrubbed(f"{type(error).__name__}: {error}", outlet.secrets), 0)
            return
        yield _Result(stored, "", 0)


def _mark(ledger: Ledger, outlet: Outlet, result: _Result, now_us: int) -> Outcome:
    stored = result.stored
    if not result.error:
        ledger.outbox.sent(stored, now_us)
        return Outcome(stored, outlet, "sent")
    due_us = None if stored.attempts >= MAX_ATTEMPTS else now_us + pause_us(stored, result.after_us)
    ledger.outbox.failed(stored, due_us, result.error)
    return Outcome(stored, outlet, "given up" if due_us is None else "failed", result.error, due_us)


def pause_us(stored: StoredAlert, after_us: int = 0) -> int:
    """Until the next attempt: doubled every time, up to a quarter more so that not all come at once."""
    pause = min(_FIRST_US << (stored.attempts - 1), DAY_US)
    spread = sha256(f"{stored.alert.key} {stored.attempts}".encode()).digest()[0]
    return max(pause + pause * spread // 1024, min(after_us, DAY_US))
