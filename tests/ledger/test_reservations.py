"""Reservations: no number of processes overshoots, and nothing is set aside for ever."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from llmcost.core.errors import LedgerError
from llmcost.ledger.reservations import Abandoned, Claim, Refused, Reservation, Reservations, counters

DAY = Claim("day", 100, 50, 10)
MONTH = Claim("month", 1, 1000, 10)
FILE = Path("ledger.db.reservations")


def nothing(_: Claim) -> int:
    return 0


@pytest.fixture
def store() -> Iterator[Reservations]:
    with closing(Reservations(FILE, now_us=0)) as made:
        yield made


def taken(store: Reservations, *claims: Claim, spent: Callable[[Claim], int] = nothing, now: int = 0) -> Reservation:
    found = store.reserve(claims, now_us=now, spent=spent)
    assert isinstance(found, Reservation)
    return found


def test_what_is_reserved_is_given_back_or_spent(store: Reservations) -> None:
    first, second = taken(store, DAY, MONTH), taken(store, DAY, MONTH)
    assert store.standing("day") == (0, 20)
    assert store.release(first)
    assert store.standing("day") == (0, 10)
    assert store.settle(second, (7, 7), epoch=store.epoch(), spent=nothing)
    assert store.standing("day") == store.standing("month") == (7, 0)


def test_a_limit_may_be_used_up_but_not_passed(store: Reservations) -> None:
    for _ in range(5):
        taken(store, DAY)
    # A counter that is current is believed: the ledger may hold a row that is about to be settled.
    assert store.reserve([DAY], now_us=0, spent=lambda _: 1 // 0) == Refused(DAY, 0, 50)


def test_what_the_ledger_knows_counts(store: Reservations) -> None:
    found = store.reserve([DAY], now_us=0, spent=lambda _: 41)
    assert found == Refused(DAY, 41, 0)
    taken(store, DAY._replace(amount=9), spent=lambda _: 41)


def test_all_limits_or_none(store: Reservations) -> None:
    full = MONTH._replace(limit=9)
    assert store.reserve([DAY, full], now_us=0, spent=nothing) == Refused(full, 0, 0)
    assert store.standing("day") == (0, 0)


def test_a_limit_of_zero_lets_nothing_pass_but_what_is_free(store: Reservations) -> None:
    zero = Claim("zero", 1, 0, 1)
    assert store.reserve([zero], now_us=0, spent=nothing) == Refused(zero, 0, 0)
    taken(store, zero._replace(amount=0))


def test_a_new_window_begins_with_what_the_ledger_says_and_what_is_under_way(store: Reservations) -> None:
    old = taken(store, DAY, spent=lambda _: 30)
    tomorrow = DAY._replace(start=200)
    assert isinstance(store.reserve([tomorrow], now_us=0, spent=lambda _: 5), Reservation)
    assert store.standing("day") == (5, 20)
    # A request of yesterday is yesterday's spend.
    assert store.settle(old, (10,), epoch=store.epoch(), spent=lambda _: 5)
    assert store.standing("day") == (5, 10)


def test_one_that_is_late_counts_in_the_window_that_has_begun(store: Reservations) -> None:
    taken(store, DAY._replace(start=200), spent=lambda _: 35)
    assert store.reserve([DAY], now_us=0, spent=nothing) == Refused(DAY, 35, 10)


def test_one_whose_clock_is_behind_must_fit_into_its_own_window_too(store: Reservations) -> None:
    """Yesterday has 15 of 50 left and today 40: the row of a request made yesterday counts yesterday."""
    sums = {100: 35, 200: 10}

    def spent(claim: Claim) -> int:
        return sums[claim.start]

    taken(store, DAY._replace(start=200), spent=spent)
    late = DAY._replace(amount=5)
    held = taken(store, late, spent=spent)
    assert store.reserve([late], now_us=0, spent=spent) == Refused(late, 35, 15)
    sums[100] = 40
    assert store.settle(held, (5,), epoch=store.epoch(), spent=spent)
    assert store.standing("day") == (10, 10)


def test_a_window_that_moved_on_meanwhile_is_read_anew(store: Reservations) -> None:
    """A rolling window's start moves while a request is under way, whose row it still holds."""
    rows = [0]
    held = taken(store, DAY, MONTH)
    taken(store, DAY._replace(start=110), spent=lambda _: rows[0])
    rows[0] = 7
    assert store.settle(held, (7, 7), epoch=store.epoch(), spent=lambda claim: rows[0] if claim.start == 110 else -1)
    assert store.standing("day") == (7, 10)
    assert store.standing("month") == (7, 0)


def test_settling_after_another_has_read_the_ledger_counts_the_row_once(store: Reservations) -> None:
    held = taken(store, DAY)
    epoch = store.epoch()
    # The row is written here; then another process reads the ledger, the row in it.
    store.refresh([DAY], lambda _: 7)
    assert store.settle(held, (7,), epoch=epoch, spent=lambda _: 7)
    assert store.standing("day") == (7, 0)


def test_settling_or_releasing_twice_has_no_second_effect(store: Reservations) -> None:
    held, other = taken(store, DAY), taken(store, DAY)
    assert store.release(held)
    assert not store.release(held)
    assert not store.settle(held, (4,), epoch=store.epoch(), spent=lambda _: 4)
    assert store.standing("day") == (4, 10)
    assert store.release(other)


def test_the_reservations_of_a_silent_process_are_given_back(store: Reservations) -> None:
    with closing(Reservations(FILE, now_us=1000)) as mine:
        gone, live = taken(store, DAY), taken(mine, DAY)
        assert mine.expire(1000) == []
        assert mine.standing("day") == (0, 10)
        assert not store.release(gone)
        assert mine.release(live)
        # It lives after all, and begins anew.
        store.beat(2000)
        again = taken(store, DAY)
        assert mine.expire(2000) == []
        assert store.standing("day") == (0, 10)
        assert mine.expire(2001) == []
        assert not store.release(again)
        assert store.standing("day") == (0, 0)


def test_a_beat_keeps_them(store: Reservations) -> None:
    taken(store, DAY)
    store.beat(1000)
    assert store.expire(1000) == []
    assert store.standing("day") == (0, 10)


def test_a_request_that_was_sent_stays_reserved_until_it_is_charged(store: Reservations) -> None:
    held = taken(store, DAY)
    assert store.sent(held, "what it was")
    with closing(Reservations(FILE, now_us=1000)) as mine:
        found = mine.expire(1000)
        assert found == [Abandoned(held.number, (DAY,), "what it was")]
        assert mine.expire(1000) == found
        assert mine.standing("day") == (0, 10)
        written: list[int] = []
        assert mine.charge(found[0], lambda: written.append(1))
        assert mine.expire(1000) == []
        assert mine.standing("day") == (10, 0)
        # Whoever comes later finds nothing to do.
        assert not store.charge(found[0], lambda: written.append(2))
        assert not store.sent(held, "late")
        assert not store.settle(held, (4,), epoch=store.epoch(), spent=lambda _: 4)
        assert written == [1]
        assert store.standing("day") == (4, 0)


def test_one_charged_in_the_next_window_is_the_spend_of_its_own(store: Reservations) -> None:
    held = taken(store, DAY)
    taken(store, DAY._replace(start=200), spent=lambda _: 3)
    assert store.charge(Abandoned(held.number, held.claims, ""), lambda: None)
    assert store.standing("day") == (3, 10)


def test_a_charge_that_cannot_be_written_is_not_made(store: Reservations) -> None:
    held = taken(store, DAY)
    store.sent(held, "what it was")
    with pytest.raises(ZeroDivisionError):
        store.charge(Abandoned(held.number, held.claims, "what it was"), lambda: 1 // 0)
    assert store.standing("day") == (0, 10)
    assert len(store.expire(1)) == 1


def test_a_file_of_something_else_is_left_alone() -> None:
    with closing(sqlite3.connect(FILE)) as db:
        db.execute("PRAGMA application_id = 7")
    content = FILE.read_bytes()
    with pytest.raises(LedgerError, match="not a file of reservations"):
        Reservations(FILE, now_us=0)
    with pytest.raises(LedgerError, match="not a file of reservations"):
        counters(FILE)
    assert FILE.read_bytes() == content


def test_a_file_whose_maker_was_killed_holds_nothing_yet() -> None:
    FILE.touch()
    assert counters(FILE) == {}
    with closing(Reservations(FILE, now_us=0)) as store:
        taken(store, DAY)
    assert counters(FILE) == {"day": (100, 0, 10)}


def test_a_folder_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(LedgerError, match="cannot open"):
        Reservations(Path("absent/x"), now_us=0)


class Model(RuleBasedStateMachine):
    """One limit of 100 against plain arithmetic; the ledger's rows are `rows`."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Reservations(Path(":memory:"), now_us=0)
        self.open: list[Reservation] = []
        self.rows = 0

    def spent(self, _: Claim) -> int:
        return self.rows

    @rule(amount=st.integers(0, 40))
    def reserve(self, amount: int) -> None:
        found = self.store.reserve([Claim("k", 1, 100, amount)], now_us=0, spent=self.spent)
        room = 100 - self.rows - sum(held.claims[0].amount for held in self.open)
        assert isinstance(found, Reservation) == (amount <= room)
        if isinstance(found, Reservation):
            self.open.append(found)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), refreshed=st.booleans())
    def settle(self, data: Any, refreshed: bool) -> None:
        held = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        used = data.draw(st.integers(0, held.claims[0].amount))
        epoch = self.store.epoch()
        self.rows += used
        if refreshed:
            self.store.refresh(held.claims, self.spent)
        assert self.store.settle(held, (used,), epoch=epoch, spent=self.spent)

    @precondition(lambda self: self.open)
    @rule()
    def release(self) -> None:
        assert self.store.release(self.open.pop())

    @invariant()
    def adds_up(self) -> None:
        if self.store.standing("k") != (0, 0):
            assert self.store.standing("k") == (self.rows, sum(held.claims[0].amount for held in self.open))

    def teardown(self) -> None:
        self.store.close()


TestModel = Model.TestCase


def _attempts(count: int, amount: int, results: Any) -> None:
    with closing(Reservations(FILE, now_us=0)) as store:
        admitted = 0
        for _ in range(count):
            found = store.reserve([Claim("k", 1, 100_000, amount)], now_us=0, spent=lambda _: 99_000)
            admitted += isinstance(found, Reservation)
        results.put(admitted)


@given(amount=st.sampled_from([1, 7, 33, 999, 1001]))
def test_floor_of_what_remains_is_admitted(amount: int) -> None:
    with closing(Reservations(Path(":memory:"), now_us=0)) as store:
        claim = Claim("k", 1, 100_000, amount)
        found = [store.reserve([claim], now_us=0, spent=lambda _: 99_000) for _ in range(1000 // amount + 3)]
        assert sum(isinstance(one, Reservation) for one in found) == 1000 // amount


def test_four_processes_admit_no_more_than_fits() -> None:
    """4 x 1,000 attempts at 7 with 1,000 left: 142 pass."""
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [context.Process(target=_attempts, args=(1000, 7, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    admitted = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert sum(admitted) == 142
    with closing(Reservations(FILE, now_us=0)) as store:
        assert store.standing("k") == (99_000, 142 * 7)


def _hold_and_die(ready: Any) -> None:
    store = Reservations(FILE, now_us=0)
    taken(store, DAY)
    ready.set()
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_leaves_its_reservations_until_the_lease_ends() -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    worker = context.Process(target=_hold_and_die, args=(ready,))
    worker.start()
    worker.join()
    assert ready.is_set()
    with closing(Reservations(FILE, now_us=5000)) as store:
        assert store.expire(0) == []
        assert store.standing("day") == (0, 10)
        assert store.expire(1) == []
        assert store.standing("day") == (0, 0)
