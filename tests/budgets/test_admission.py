"""Which limits a request falls under, and what room they have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from llmcost.budgets.admission import Admission, Denied, applies, cap
from llmcost.budgets.model import Budget, Limit, Waiver, Window
from llmcost.core.instants import SECOND_US
from llmcost.ledger.protocol import Added
from llmcost.ledger.reservations import Abandoned, Reservation, Reservations
from llmcost.ledger.sqlite import SqliteLedger
from tests.budgets.rows import USD, row, us

NOW = us("2026-11-20T10:00:00Z")
DAY, MONTH = Window("day"), Window("month")
SHOP = (("app", "shop"),)


def budget(
    *limits: Limit,
    scope: tuple[tuple[str, str], ...] = SHOP,
    name: str = "shop",
    waivers: tuple[Waiver, ...] = (),
    timezone: str = "",
) -> Budget:
    return Budget(name, scope, limits, waivers=waivers, timezone=timezone)


@pytest.fixture
def ledger() -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(Path("ledger.db"), write=True)) as made:
        yield made


@pytest.fixture
def admission(ledger: SqliteLedger) -> Iterator[Admission]:
    with closing(Reservations(Path("ledger.db.reservations"), now_us=NOW)) as store:
        yield Admission(ledger, store, UTC)


def ask(
    admission: Admission, *budgets: Budget, usd: int = 1, app: str = "shop", now: int = NOW
) -> Reservation | Denied:
    return admission.reserve(budgets, {"app": app}, {"usd": usd * USD, "tokens": 100}, now=now)


@pytest.mark.parametrize(
    ("scope", "request_", "expected"),
    [
        ((), {}, True),
        (SHOP, {"app": "shop"}, True),
        (SHOP, {"app": "other"}, False),
        (SHOP, {}, False),
        ((("app", ""),), {}, True),
        ((("app", "a"), ("app", "b")), {"app": "b"}, True),
        ((("app", "a"), ("team", "t")), {"app": "a", "team": "u"}, False),
    ],
)
def test_scope(scope: tuple[tuple[str, str], ...], request_: dict[str, str], expected: bool) -> None:
    assert applies(budget(scope=scope), request_) is expected


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (Limit(DAY, "usd", 1000), 1000),
        (Limit(DAY, "usd", 1000, hard=False), None),
        (Limit(DAY, "usd", 1000, throttle_at=Fraction(95, 100)), 950),
        (Limit(DAY, "usd", 999, hard=False, throttle_at=Fraction(1, 2)), 499),
        (Limit(DAY, "usd", 0), 0),
    ],
)
def test_cap(limit: Limit, expected: int | None) -> None:
    assert cap(limit) == expected


def test_the_first_limit_without_room_denies(admission: Admission) -> None:
    both = budget(Limit(DAY, "usd", 2 * USD), Limit(MONTH, "usd", 100 * USD))
    assert isinstance(ask(admission, both), Reservation)
    assert isinstance(ask(admission, both), Reservation)
    denied = ask(admission, both)
    assert isinstance(denied, Denied)
    assert (denied.limit, denied.spent, denied.reserved, denied.asked, denied.remaining) == (
        both.limits[0], 0, 2 * USD, USD, 0,
    )  # fmt: skip
    assert denied.period.label == "2026-11-20"


def test_tokens_and_requests_are_limits_too(admission: Admission) -> None:
    two = budget(Limit(DAY, "requests", 2), Limit(DAY, "tokens", 10**6))
    tokens = budget(Limit(DAY, "tokens", 150), scope=(("app", "small"),), name="small")
    assert isinstance(ask(admission, two, tokens, app="small"), Reservation)
    assert isinstance(ask(admission, two, tokens, app="small"), Denied)
    assert isinstance(ask(admission, two, tokens), Reservation)
    assert isinstance(ask(admission, two, tokens), Reservation)
    assert isinstance(ask(admission, two, tokens), Denied)


def test_what_nobody_limits_passes(admission: Admission) -> None:
    assert isinstance(ask(admission, app="other", usd=10**6), Reservation)


def test_a_waiver_lifts_the_limit_until_its_last_local_day(admission: Admission) -> None:
    until = Waiver(date(2026, 11, 20), "ann", "launch", 1)
    waived = budget(Limit(DAY, "usd", 0), waivers=(until,), timezone="Asia/Shanghai")
    assert isinstance(ask(admission, waived), Reservation)
    assert isinstance(ask(admission, waived, now=us("2026-11-20T16:00:00Z")), Denied)


def test_rows_that_came_by_other_ways_count_within_a_second(admission: Admission, ledger: SqliteLedger) -> None:
    one = budget(Limit(DAY, "usd", 2 * USD))
    assert isinstance(ask(admission, one), Reservation)
    ledger.add([row("2026-11-20T09:00:00Z", "shop", USD)], ledger.begin_batch("ingest", 0))
    assert isinstance(ask(admission, one, now=NOW + SECOND_US - 1), Reservation)
    denied = ask(admission, one, now=NOW + SECOND_US)
    assert isinstance(denied, Denied)
    assert (denied.spent, denied.reserved) == (USD, 2 * USD)


def test_settled_amounts_are_the_ledgers(admission: Admission, ledger: SqliteLedger) -> None:
    one = budget(Limit(DAY, "usd", 2 * USD))
    held = ask(admission, one)
    assert isinstance(held, Reservation)
    number = ledger.begin_batch("live", 0)
    settled = row("2026-11-20T10:00:00Z", "shop", USD // 4)
    assert admission.settle(held, settled, batch=number, charged=settled.record)
    denied = ask(admission, one, usd=2)
    assert isinstance(denied, Denied)
    assert (denied.spent, denied.reserved, denied.remaining) == (USD // 4, 0, 2 * USD - USD // 4)


def test_the_day_is_the_budgets_own(admission: Admission) -> None:
    one = budget(Limit(DAY, "usd", USD), timezone="America/New_York")
    assert isinstance(ask(admission, one, now=us("2026-11-20T04:59:59Z")), Reservation)
    denied = ask(admission, one, usd=2, now=us("2026-11-20T05:00:00Z"))
    assert isinstance(denied, Denied)
    assert denied.period.label == "2026-11-20"
    assert denied.period.zone == ZoneInfo("America/New_York")


def test_a_rolling_window_counts_what_is_settled_after_it_was_asked_for(
    admission: Admission, ledger: SqliteLedger
) -> None:
    one = budget(Limit(Window("rolling", 7), "usd", 2 * USD))
    held = ask(admission, one)
    assert isinstance(held, Reservation)
    number = ledger.begin_batch("live", 0)
    ledger.add([row("2026-11-20T10:00:30Z", "shop", USD)], number)
    settled = row("2026-11-20T10:00:40Z", "shop", USD // 2)
    assert admission.settle(held, settled, batch=number, charged=settled.record)
    denied = ask(admission, one, now=NOW + 60 * SECOND_US)
    assert isinstance(denied, Denied)
    assert denied.spent == USD + USD // 2


def test_a_soft_and_a_hard_limit_of_one_window_are_one_counter(admission: Admission) -> None:
    soft = Limit(DAY, "usd", USD, hard=False, throttle_at=Fraction(1))
    both = budget(soft, Limit(DAY, "usd", 3 * USD))
    assert isinstance(ask(admission, both), Reservation)
    denied = ask(admission, both)
    assert isinstance(denied, Denied)
    assert (denied.cap, denied.reserved) == (USD, USD)


def test_an_abandoned_request_is_charged_once(admission: Admission, ledger: SqliteLedger) -> None:
    one = budget(Limit(DAY, "usd", 2 * USD))
    with closing(Reservations(Path("ledger.db.reservations"), now_us=NOW - 1)) as dead:
        other = Admission(ledger, dead, UTC)
        held = ask(other, one)
        assert isinstance(held, Reservation)
        other.sent(held, "told")
        assert isinstance(ask(admission, one), Reservation)
        (found,) = admission.expire(NOW)
        assert (found.number, found.request) == (held.number, "told")
        for _ in range(2):
            admission.charge(found, row("2026-11-20T10:00:00Z", "shop", USD), batch=ledger.begin_batch("live", 0))
        denied = ask(admission, one)
        assert isinstance(denied, Denied)
        assert (denied.spent, denied.reserved) == (USD, USD)
        assert isinstance(found, Abandoned)


def test_one_settled_in_the_next_window_leaves_that_ones_sum(admission: Admission, ledger: SqliteLedger) -> None:
    one = budget(Limit(DAY, "usd", 4 * USD))
    held = ask(admission, one)
    assert isinstance(held, Reservation)
    tomorrow = us("2026-11-21T10:00:00Z")
    number = ledger.begin_batch("live", 0)
    ledger.add([row("2026-11-21T09:00:00Z", "shop", 2 * USD)], number)
    with closing(Reservations(Path("ledger.db.reservations"), now_us=NOW)) as store:
        other = Admission(ledger, store, UTC)
        assert isinstance(ask(other, one, now=tomorrow), Reservation)
        settled = row("2026-11-20T10:00:00Z", "shop", USD)
        assert admission.settle(held, settled, batch=number, charged=settled.record)
        denied = ask(other, one, usd=2, now=tomorrow)
        assert isinstance(denied, Denied)
        assert (denied.spent, denied.reserved) == (2 * USD, USD)


def test_a_row_that_somebody_reads_before_it_is_settled_counts_once(
    admission: Admission, ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = budget(Limit(DAY, "usd", 2 * USD))
    held = ask(admission, one)
    assert isinstance(held, Reservation)
    with closing(Reservations(Path("ledger.db.reservations"), now_us=NOW)) as store:
        add = ledger.add

        def added(*given: Any) -> Added:
            done = add(*given)
            store.refresh(held.claims, lambda _: USD)
            return done

        monkeypatch.setattr(ledger, "add", added)
        settled = row("2026-11-20T10:00:00Z", "shop", USD)
        assert admission.settle(held, settled, batch=ledger.begin_batch("live", 0), charged=settled.record)
        assert store.standing(held.claims[0].key) == (USD, 0)


def test_tokens_and_requests_are_counted_as_used(admission: Admission, ledger: SqliteLedger) -> None:
    one = budget(Limit(DAY, "requests", 2), Limit(DAY, "tokens", 150))
    held = ask(admission, one)
    assert isinstance(held, Reservation)
    settled = row("2026-11-20T10:00:00Z", "shop", USD)
    assert admission.settle(held, settled, batch=ledger.begin_batch("live", 0), charged=settled.record)
    assert isinstance(ask(admission, one), Reservation)
    denied = ask(admission, one)
    assert isinstance(denied, Denied)
    assert (denied.limit.measure, denied.spent, denied.reserved) == ("requests", 1, 1)
    denied = ask(admission, budget(one.limits[1]))
    assert isinstance(denied, Denied)
    assert (denied.limit.measure, denied.spent, denied.reserved) == ("tokens", 10, 100)
