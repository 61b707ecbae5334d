"""From the outbox to the channels: retries, leases, time, and channels that fail beside others that do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread, get_ident
from threading import enumerate as enumerate_threads
from time import monotonic
from typing import Any

import pytest

from llmcost.budgets.model import Channel
from llmcost.core.errors import LedgerError
from llmcost.core.instants import DAY_US, SECOND_US
from llmcost.ledger.alerts import Alert
from llmcost.ledger.connect import MEMORY
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.notify import outlet
from llmcost.notify.deliver import MAX_ATTEMPTS, Outcome, deliver, pause_us
from llmcost.notify.outlet import Message, Outlet, UndeliveredError
from tests.notify.samples import ALERT, NOW, to
from tests.notify.servers import CUT, HANG, OK, http, refused, status

MINUTE = 60 * SECOND_US


@pytest.fixture
def store() -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(MEMORY, write=True)) as made:
        yield made


def put(store: SqliteLedger, *names: str, now: int = NOW) -> None:
    """Alerts, `channel/name` each."""
    store.outbox.enqueue([Alert(n, n, n.partition("/")[0], json.dumps(ALERT)) for n in names], now)


def state(store: SqliteLedger) -> dict[str, str]:
    return {each.alert.key: each.state for each in store.outbox.alerts()}


def said(outcomes: list[Outcome]) -> list[tuple[str, str, str]]:
    return [(outcome.stored.alert.key, outcome.state, outcome.error) for outcome in outcomes]


def ended(before: set[Thread]) -> None:
    """Wait for the threads that were not there before."""
    for thread in set(enumerate_threads()) - before:
        thread.join(10)
        assert not thread.is_alive()


class Recorder:
    """An outlet that records, and fails as often as it is told."""

    def __init__(self, key: str, *failures: Exception, inline: bool = False, secrets: tuple[str, ...] = ()) -> None:
        self.got: list[str] = []
        self.thread = 0
        self._failures = list(failures)
        self.outlet = Outlet(key, f"shown {key}", self._send, secrets, inline)

    def _send(self, message: Message) -> None:
        self.got.append(message.key)
        self.thread = get_ident()
        if self._failures:
            raise self._failures.pop(0)


def down() -> UndeliveredError:
    return UndeliveredError("down")


def test_all_that_is_due_is_sent_in_order_and_once(store: SqliteLedger) -> None:
    one, two = Recorder("a"), Recorder("b")
    put(store, "a/1", "b/1", "a/2", "other/1")
    assert said(deliver(store, [one.outlet, two.outlet], now_us=NOW)) == [
        ("a/1", "sent", ""), ("b/1", "sent", ""), ("a/2", "sent", ""),
    ]  # fmt: skip
    assert (one.got, two.got) == (["a/1", "a/2"], ["b/1"])
    assert deliver(store, [one.outlet, two.outlet], now_us=NOW + DAY_US) == []
    assert state(store) == {"a/1": "sent", "b/1": "sent", "a/2": "sent", "other/1": "due"}


def test_nothing_due_and_no_outlet(store: SqliteLedger) -> None:
    assert deliver(store, [], now_us=NOW) == []
    assert deliver(store, [Recorder("a").outlet], now_us=NOW) == []


def test_nothing_is_sent_within_a_transaction(store: SqliteLedger) -> None:
    inside: list[bool] = []
    out = Outlet("a", "a", lambda _: inside.append(store._db.in_transaction), inline=True)
    put(store, "a/1", "a/2")
    deliver(store, [out], now_us=NOW)
    assert inside == [False, False]


def test_a_failed_channel_blocks_no_other(store: SqliteLedger) -> None:
    bad, good = Recorder("bad", down()), Recorder("good")
    put(store, "bad/1", "good/1", "bad/2", "good/2")
    assert said(deliver(store, [bad.outlet, good.outlet], now_us=NOW)) == [
        ("bad/1", "failed", "down"), ("good/1", "sent", ""), ("bad/2", "waiting", ""), ("good/2", "sent", ""),
    ]  # fmt: skip
    # It rested until the next run; what was not tried is no attempt.
    assert bad.got == ["bad/1"]
    assert [each.attempts for each in store.outbox.alerts()] == [1, 1, 0, 1]
    assert said(deliver(store, [bad.outlet, good.outlet], now_us=NOW + 1)) == [("bad/2", "sent", "")]
    assert said(deliver(store, [bad.outlet], now_us=NOW + 5 * MINUTE)) == [("bad/1", "sent", "")]


def test_an_error_of_any_kind_is_a_failure_without_its_secrets(store: SqliteLedger) -> None:
    bad = Recorder("bad", ValueError("token hush-hush at https://x/hush-hush\x1b"), secrets=("hush-hush",))
    put(store, "bad/1")
    (outcome,) = deliver(store, [bad.outlet], now_us=NOW)
    assert outcome.error == "ValueError: token …redacted at https://x/…redacted\ufffd"
    assert store.outbox.alerts()[0].error == outcome.error


def test_retries_are_ever_further_apart_and_end(store: SqliteLedger) -> None:
    bad = Recorder("bad", *[down()] * 99)
    put(store, "bad/1")
    now, pauses = NOW, []
    for _ in range(MAX_ATTEMPTS - 1):
        (outcome,) = deliver(store, [bad.outlet], now_us=now)
        assert outcome.state == "failed"
        assert outcome.due_us is not None
        assert deliver(store, [bad.outlet], now_us=outcome.due_us - 1) == []
        pauses.append(outcome.due_us - now)
        now = outcome.due_us
    minutes = [2 * 2**n for n in range(10)] + [24 * 60]
    for pause, least in zip(pauses, minutes, strict=True):
        assert least * MINUTE <= pause < least * MINUTE * 5 / 4
    assert 2.4 * DAY_US < sum(pauses) < 3.1 * DAY_US
    (last,) = deliver(store, [bad.outlet], now_us=now)
    assert (last.state, last.due_us) == ("given up", None)
    assert deliver(store, [bad.outlet], now_us=now + 99 * DAY_US) == []
    assert len(bad.got) == MAX_ATTEMPTS
    # Asked for, it is tried again, from the first pause on.
    assert store.outbox.revive(["bad"], now) == 1
    (again,) = deliver(store, [bad.outlet], now_us=now)
    assert again.state == "failed"
    assert again.due_us is not None
    assert again.due_us - now < 3 * MINUTE


def test_the_pauses_of_different_alerts_differ_and_stay_the_same(store: SqliteLedger) -> None:
    put(store, *(f"a/{n}" for n in range(50)))
    claimed = store.outbox.claim(["a"], NOW, NOW)
    assert len({pause_us(each) for each in claimed}) > 25
    assert [pause_us(each) for each in claimed] == [pause_us(each) for each in claimed]


@pytest.mark.parametrize(("asked", "pause"), [(3600 * SECOND_US, 3600 * SECOND_US), (99 * DAY_US, DAY_US)])
def test_a_receiver_may_ask_for_more_time(store: SqliteLedger, asked: int, pause: int) -> None:
    bad = Recorder("bad", UndeliveredError("later", asked))
    put(store, "bad/1")
    (outcome,) = deliver(store, [bad.outlet], now_us=NOW)
    assert outcome.due_us == NOW + pause


def test_inline_outlets_are_called_in_this_thread(store: SqliteLedger) -> None:
    inline, other = Recorder("inline", down(), inline=True), Recorder("other")
    put(store, "inline/1", "other/1", "inline/2")
    assert said(deliver(store, [inline.outlet, other.outlet], now_us=NOW)) == [
        ("inline/1", "failed", "down"), ("other/1", "sent", ""), ("inline/2", "waiting", ""),
    ]  # fmt: skip
    assert inline.thread == get_ident()
    assert other.thread != get_ident()


# Time


def test_a_channel_that_never_answers_is_left_and_the_others_are_not(store: SqliteLedger) -> None:
    over = Event()

    def slow(_: Message) -> None:
        over.wait()

    good = Recorder("good")
    put(store, "slow/1", "slow/2", "good/1")
    started = monotonic()
    outcomes = deliver(store, [Outlet("slow", "slow", slow), good.outlet], now_us=NOW, timeout=0.2)
    assert monotonic() - started < 5
    over.set()
    assert said(outcomes) == [
        ("slow/1", "failed", "no answer within 0.2 seconds"), ("slow/2", "waiting", ""), ("good/1", "sent", ""),
    ]  # fmt: skip
    assert state(store) == {"slow/1": "due", "slow/2": "due", "good/1": "sent"}


def test_after_the_time_is_over_nothing_more_is_sent(store: SqliteLedger) -> None:
    over, got = Event(), Recorder("slow")

    def slow(message: Message) -> None:
        over.wait()
        got.outlet.send(message)

    put(store, "slow/1", "slow/2")
    before = set(enumerate_threads())
    deliver(store, [Outlet("slow", "slow", slow)], now_us=NOW, timeout=0.1)
    over.set()
    ended(before)
    # What was under way still goes out, the next does not.
    assert got.got == ["slow/1"]


def test_nothing_sets_out_while_the_late_are_marked(store: SqliteLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    over, got = Event(), Recorder("slow")
    failed = store.outbox.failed

    def slow(message: Message) -> None:
        over.wait()
        got.outlet.send(message)

    def marked(*given: Any) -> None:
        # What was under way ends just now.
        over.set()
        ended(before)
        failed(*given)

    put(store, "slow/1", "slow/2")
    before = set(enumerate_threads())
    monkeypatch.setattr(store.outbox, "failed", marked)
    deliver(store, [Outlet("slow", "slow", slow)], now_us=NOW, timeout=0.1)
    assert got.got == ["slow/1"]


def test_what_cannot_be_marked_is_followed_by_nothing(store: SqliteLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    full, got = Event(), Recorder("a")

    def broken(*_: object) -> None:
        raise LedgerError("the disk is full", "free some space")

    def send(message: Message) -> None:
        if got.got:
            full.wait()
        got.outlet.send(message)

    put(store, *(f"a/{n}" for n in range(5)))
    before = set(enumerate_threads())
    with monkeypatch.context() as patch:
        patch.setattr(store.outbox, "sent", broken)
        with pytest.raises(LedgerError, match="disk is full"):
            deliver(store, [Outlet("a", "a", send)], now_us=NOW)
    full.set()
    ended(before)
    # What was under way still goes out, the next does not.
    assert got.got == ["a/0", "a/1"]
    # They are due again when the lease is over, the unmarked ones too.
    again = Recorder("a")
    deliver(store, [again.outlet], now_us=NOW + 2 * MINUTE)
    assert len(again.got) == 5


# Two at once


def test_two_runs_at_once_send_once() -> None:
    path = Path("ledger.db")
    outer, inner = Recorder("a"), Recorder("a")
    with closing(SqliteLedger(path, write=True)) as one, closing(SqliteLedger(path, write=True)) as two:
        put(one, "a/1", "a/2")

        def meanwhile(message: Message) -> None:
            outer.outlet.send(message)
            # The other run starts while this one is sending.
            assert deliver(two, [inner.outlet], now_us=NOW) == []

        deliver(one, [Outlet("a", "a", meanwhile, inline=True)], now_us=NOW)
    assert (outer.got, inner.got) == (["a/1", "a/2"], [])


def test_the_lease_of_a_killed_run_ends(store: SqliteLedger) -> None:
    class Killed(BaseException):
        pass

    def die(_: Message) -> None:
        raise Killed

    good = Recorder("a")
    put(store, "a/1")
    with pytest.raises(Killed):
        deliver(store, [Outlet("a", "a", die, inline=True)], now_us=NOW, timeout=60)
    assert deliver(store, [good.outlet], now_us=NOW + 2 * MINUTE - 1) == []
    assert said(deliver(store, [good.outlet], now_us=NOW + 2 * MINUTE)) == [("a/1", "sent", "")]


# Against servers


def hook(url: str, key: str = "webhook") -> Outlet:
    made = outlet(Channel(key, url), to(url, timeout=0.3))
    return made._replace(key=key)


def test_500_twice_then_200_is_one_delivery_with_one_key(store: SqliteLedger) -> None:
    put(store, "webhook/1")
    now = NOW
    with http(status("500 x"), status("500 x"), OK) as server:
        states = []
        for _ in range(4):
            outcomes = deliver(store, [hook(server.url)], now_us=now, timeout=1)
            states += [(outcome.state, outcome.error) for outcome in outcomes]
            now = max([now, *(outcome.due_us or 0 for outcome in outcomes)])
    failed = ("failed", "it answered 500 Internal Server Error")
    assert states == [failed, failed, ("sent", "")]
    assert {request.headers["idempotency-key"] for request in server.requests} == {"webhook/1"}
    assert len({request.body for request in server.requests}) == 1
    assert len(server.requests) == 3


def test_bad_servers_beside_a_good_one(store: SqliteLedger) -> None:
    names = ("hang", "cut", "refuse", "late", "garbage", "good")
    with (
        http(HANG) as hang, http(CUT) as cut, http(status("429 x", "Retry-After: 900")) as late,
        http(lambda connection: connection.write(b"\0\xff\n")) as garbage, http(OK) as good,
    ):  # fmt: skip
        urls = (hang.url, cut.url, f"http://127.0.0.1:{refused()}/", late.url, garbage.url, good.url)
        outlets = [hook(url)._replace(key=name) for name, url in zip(names, urls, strict=True)]
        put(store, *(f"{name}/1" for name in names))
        outcomes = deliver(store, outlets, now_us=NOW, timeout=2)
    assert said(outcomes) == [
        ("hang/1", "failed", "no answer in time"),
        ("cut/1", "failed", "the connection was cut"),
        ("refuse/1", "failed", "Connection refused"),
        ("late/1", "failed", "it answered 429 Too Many Requests"),
        ("garbage/1", "failed", "it does not speak HTTP, or its address is malformed"),
        ("good/1", "sent", ""),
    ]
    assert outcomes[3].due_us == NOW + 900 * SECOND_US
    assert len(good.requests) == 1
