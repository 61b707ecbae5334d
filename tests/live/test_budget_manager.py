"""The article's BudgetManager: same arguments, same keys, and reservations across processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.budgets.model import Budget, Limit, Waiver, Window
from llmcost.core.errors import UsageError
from llmcost.core.instants import SECOND_US
from llmcost.core.usage import Usage
from llmcost.ledger.protocol import Query
from llmcost.ledger.reservations import Reservations, counters
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.live.budget_config import BudgetConfig
from llmcost.live.budget_manager import BudgetExceededError, BudgetManager, Hold
from llmcost.pricing.book import PriceBook
from llmcost.pricing.yaml_book import compile_yaml
from tests.budgets.rows import USD, ledger, row, us

NOW = us("2026-11-20T10:00:00Z")
STORE = Path("ledger.db")
BOOK = PriceBook(
    [
        compile_yaml(
            "{version: 1, models: [{model: one, provider: acme, input: 1, output: 10}]}", "test.yaml", name="test"
        )
    ]
)


def manager(now: int = NOW, **more: Any) -> BudgetManager:
    made = BudgetManager(STORE, prices=BOOK, clock=lambda: now, **more)
    made.set_budget(BudgetConfig("shop", 10, 100, [0.5, "80%"], ["email"]))
    return made


def spent() -> int:
    with closing(SqliteLedger(STORE, write=False)) as store:
        return int(store.sums(Query(0, 2**62))[0].sums["cost"])


def test_the_seven_keys_of_the_article() -> None:
    ledger(row("2026-11-20T09:00:00Z", "shop", 2 * USD), row("2026-11-19T09:00:00Z", "shop", USD), path=STORE).close()
    with manager() as budgets:
        assert budgets.check_budget("shop") == {
            "app_id": "shop",
            "daily_usage": Decimal(2),
            "daily_limit": Decimal(10),
            "daily_percent": 0.2,
            "monthly_usage": Decimal(3),
            "monthly_limit": Decimal(100),
            "monthly_percent": 0.03,
        }
        assert budgets.check_budget("other") is None


def test_a_limit_of_zero_has_the_percent_zero_and_throttles() -> None:
    with manager() as budgets:
        budgets.set_budget(BudgetConfig("idle", 0, 5))
        status = budgets.check_budget("idle")
        assert status is not None
        assert status["daily_percent"] == 0
        assert budgets.should_throttle("idle")
        with pytest.raises(BudgetExceededError, match=r"\$0 left"):
            budgets.reserve("idle", cost_usd="0.000000001")


@pytest.mark.parametrize(
    ("when", "nano", "expected"),
    [
        ("2026-11-20T09:00:00Z", 10 * USD - 1, False),
        ("2026-11-20T09:00:00Z", 10 * USD, True),
        ("2026-11-19T09:00:00Z", 95 * USD - 1, False),
        ("2026-11-19T09:00:00Z", 95 * USD, True),
    ],
)
def test_throttled_at_the_days_limit_or_95_percent_of_the_months(when: str, nano: int, expected: bool) -> None:
    ledger(row(when, "shop", nano), path=STORE).close()
    with manager() as budgets:
        assert budgets.should_throttle("shop") is expected
        assert budgets.should_throttle("other") is False


def test_a_budget_of_its_own_may_throttle_elsewhere() -> None:
    ledger(row("2026-11-20T09:00:00Z", "shop", 5 * USD), path=STORE).close()
    with manager() as budgets:
        budgets.set_budget(BudgetConfig("shop", 10, 100, throttle_at={"day": "50%"}))
        assert budgets.should_throttle("shop")


@pytest.mark.parametrize(
    ("throttle_at", "message"),
    [({"week": 1}, "names 'week'"), ({"day": 1.5}, "above the limit"), ({"day": 0}, "above zero")],
)
def test_a_throttle_that_means_nothing(throttle_at: Any, message: str) -> None:
    with manager() as budgets, pytest.raises(UsageError, match=message):
        budgets.set_budget(BudgetConfig("shop", 10, 100, throttle_at=throttle_at))


def test_a_waiver_lifts_the_throttle() -> None:
    ledger(row("2026-11-20T09:00:00Z", "shop", 20 * USD), path=STORE).close()
    with manager() as budgets:
        for last, expected in ((19, True), (20, False)):
            waiver = Waiver(date(2026, 11, last), "ann", "launch", 1)
            budgets.set_budget(
                Budget("shop", (("app", "shop"),), (Limit(Window("day"), "usd", USD),), waivers=(waiver,))
            )
            assert budgets.should_throttle("shop") is expected


def test_reserve_then_settle_writes_the_row() -> None:
    with manager() as budgets:
        held = budgets.reserve(
            "shop", model="one", provider="acme", input_tokens=1000, max_output_tokens=100, user="ann"
        )
        assert held.nano == 2_000_000
        assert budgets.settle(held, Usage(input=1000, output=10), request_id="r1") == 1_100_000
        status = budgets.check_budget("shop")
        assert status is not None
        assert status["daily_usage"] == Decimal("0.0011")
    with closing(SqliteLedger(STORE, write=False)) as store:
        (stored,) = store.requests(Query(0, 2**62), order="time", limit=None)
        record = stored.priced.record
        assert (record.id, record.app, record.user, record.usage.output) == ("acme:r1", "shop", "ann", 10)
        assert store.check() == []


def test_a_reported_cost_is_kept_where_the_model_has_no_price() -> None:
    with manager() as budgets:
        held = budgets.reserve("shop", model="mystery", cost_usd="0.5")
        assert budgets.settle(held, Usage(input=10), cost_usd=0.25) == USD // 4


def test_no_price_is_an_error_and_nothing_is_set_aside() -> None:
    with manager() as budgets:
        with pytest.raises(UsageError, match="no price for model 'mystery'"):
            budgets.reserve("shop", model="mystery", input_tokens=10, max_output_tokens=1)
        with pytest.raises(UsageError, match="unknown dimension 'usr'; did you mean 'user'"):
            budgets.reserve("shop", cost_usd=1, usr="ann")


def test_a_refusal_says_what_is_left_and_when_to_come_back() -> None:
    with manager() as budgets:
        budgets.reserve("shop", cost_usd=9)
        with pytest.raises(BudgetExceededError) as caught:
            budgets.reserve("shop", cost_usd="1.5")
        assert caught.value.message == "the budget 'shop' has $1 left, $1.5 asked for in day 2026-11-20"
        assert caught.value.retry_after == 14 * 3600
        held = budgets.reserve("shop", cost_usd=1)
        budgets.release(held)
        budgets.reserve("shop", cost_usd=1)


class Told:
    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.sent: list[tuple[str, str, str, list[str]]] = []

    def send(self, alert: dict[str, Any], *, channels: Sequence[str]) -> None:
        if self.broken:
            raise OSError("down")
        self.sent.append((alert["type"], alert["threshold"], alert["message"], list(channels)))


def test_each_threshold_is_told_once_in_its_window() -> None:
    ledger(row("2026-11-20T09:00:00Z", "shop", 5 * USD), path=STORE).close()
    told = Told()
    with manager(notification_service=told) as budgets:
        budgets.check_budget("shop")
        assert [(kind, threshold, channels) for kind, threshold, _, channels in told.sent] == [
            ("daily_budget", "0.5", ["email"])
        ]
        assert told.sent[0][2].startswith("shop has used 50% of its daily limit")
    with manager(notification_service=told) as budgets:
        budgets.check_budget("shop")
        held = budgets.reserve("shop", cost_usd=4)
        budgets.settle(held, cost_usd=4)
        budgets.check_budget("shop")
        budgets.check_budget("shop")
    assert [(kind, threshold) for kind, threshold, _, _ in told.sent] == [
        ("daily_budget", "0.5"), ("daily_budget", "0.8"),
    ]  # fmt: skip
    with manager(NOW + 24 * 3600 * SECOND_US, notification_service=told) as tomorrow:
        held = tomorrow.reserve("shop", cost_usd=6)
        tomorrow.settle(held, cost_usd=6)
        tomorrow.check_budget("shop")
    assert [(kind, threshold) for kind, threshold, _, _ in told.sent[2:]] == [
        ("daily_budget", "0.5"), ("monthly_budget", "1"),
    ]  # fmt: skip
    assert told.sent[3][2].startswith("shop is heading for")


def test_a_service_that_is_down_is_told_later_and_stops_nobody() -> None:
    ledger(row("2026-11-20T09:00:00Z", "shop", 5 * USD), path=STORE).close()
    told = Told(broken=True)
    with manager(notification_service=told) as budgets:
        assert budgets.check_budget("shop") is not None
    told.broken = False
    with manager(NOW + 3600 * SECOND_US, notification_service=told) as budgets:
        budgets.check_budget("shop")
    assert len(told.sent) == 1


def test_every_limit_that_applies_must_have_room() -> None:
    with manager() as budgets:
        budgets.set_budget(Budget("all", (), (Limit(Window("month"), "requests", 1),)))
        budgets.reserve("other", cost_usd=1)
        with pytest.raises(BudgetExceededError, match="the budget 'all' has 0 requests left, 1 asked for in month"):
            budgets.reserve("shop", cost_usd=1)


def test_threads_have_files_of_their_own() -> None:
    with manager() as budgets:
        budgets.reserve("shop", cost_usd=9)
        refused = []

        def other() -> None:
            try:
                budgets.reserve("shop", cost_usd=2)
            except BudgetExceededError as error:
                refused.append(error)
            budgets.close()

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert len(refused) == 1


def _spend(count: int, results: Any) -> None:
    with manager() as budgets:
        passed = 0
        for _ in range(count):
            try:
                held = budgets.reserve("shop", cost_usd="0.7")
            except BudgetExceededError:
                continue
            budgets.settle(held, cost_usd="0.7")
            passed += 1
    results.put(passed)


def test_processes_spend_what_is_left_and_the_counters_are_the_ledgers() -> None:
    """$3 of the day's $10 are left: four times 0.7 fit, whoever asks."""
    ledger(row("2026-11-20T09:00:00Z", "shop", 7 * USD), path=STORE).close()
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [context.Process(target=_spend, args=(25, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    passed = sum(results.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join()
    assert passed == 4
    assert spent() == 7 * USD + 4 * 700_000_000
    with manager() as budgets, pytest.raises(BudgetExceededError, match=r"\$0\.2 left"):
        budgets.reserve("shop", cost_usd=1)


def _die(sent: bool) -> None:
    budgets = manager()
    held = budgets.reserve("shop", cost_usd=9)
    if sent:
        budgets.sent(held)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("sent", "charged"), [(False, 0), (True, 9 * USD)])
def test_a_killed_process_is_freed_or_charged_after_the_lease(sent: bool, charged: int) -> None:
    worker = multiprocessing.get_context("fork").Process(target=_die, args=(sent,))
    worker.start()
    worker.join()
    with manager(NOW + 59 * SECOND_US, lease_seconds=60) as soon, pytest.raises(BudgetExceededError):
        soon.reserve("shop", cost_usd=9)
    later = NOW + 120 * SECOND_US
    clock = [later - 30 * SECOND_US]
    with BudgetManager(STORE, prices=BOOK, clock=lambda: clock[0], lease_seconds=60) as budgets:
        budgets.set_budget(BudgetConfig("shop", 10, 100))
        budgets.check_budget("shop")
        clock[0] = later
        if sent:
            with pytest.raises(BudgetExceededError):
                budgets.reserve("shop", cost_usd=9)
        else:
            budgets.reserve("shop", cost_usd=9)
    assert spent() == charged
    if sent:
        with closing(SqliteLedger(STORE, write=False)) as store:
            (stored,) = store.requests(Query(0, 2**62), order="time", limit=None)
            assert (stored.priced.basis.assumed, stored.priced.record.status) == (True, "unknown")
            assert store.check() == []


def at(now: int, **more: Any) -> BudgetManager:
    return manager(now, lease_seconds=60, **more)


LATER = NOW + 120 * SECOND_US


@pytest.mark.parametrize("request_id", ["", "r1"])
def test_one_settled_after_it_was_charged_for_dead_counts_once(request_id: str) -> None:
    with at(NOW) as slow, at(LATER) as other:
        held = slow.reserve("shop", model="one", provider="acme", cost_usd=6)
        slow.sent(held)
        other.reserve("shop", cost_usd=1)
        assert spent() == 6 * USD
        slow.settle(held, Usage(input=10), request_id=request_id)
        assert spent() == 10_000
        with pytest.raises(BudgetExceededError, match=r"\$8\.99999 left"):
            other.reserve("shop", cost_usd=9)
        with pytest.raises(UsageError, match="has expired"):
            slow.sent(held)
    with closing(SqliteLedger(STORE, write=False)) as store:
        assert store.check() == []


@pytest.mark.parametrize("request_id", ["", "r1"])
@pytest.mark.parametrize("sent", [True, False])
def test_one_that_dies_between_the_row_and_the_end_of_its_reservation_counts_once(
    request_id: str, sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(NOW) as slow:
        held = slow.reserve("shop", model="one", provider="acme", cost_usd=6)
        if sent:
            slow.sent(held)
        with monkeypatch.context() as broken:
            broken.setattr(Reservations, "settle", lambda *_, **__: 1 // 0)
            with pytest.raises(ZeroDivisionError):
                slow.settle(held, Usage(input=10), request_id=request_id)
    with at(LATER) as other:
        other.reserve("shop", cost_usd="9.9")
    assert spent() == 10_000


def test_whoever_waits_longer_than_a_lease_carries_on() -> None:
    clock = [NOW]
    with at(LATER) as other, BudgetManager(STORE, prices=BOOK, clock=lambda: clock[0], lease_seconds=60) as idle:
        idle.set_budget(BudgetConfig("shop", 10, 100))
        idle.release(idle.reserve("shop", cost_usd=1))
        other.reserve("shop", cost_usd=1)
        clock[0] = LATER + SECOND_US
        idle.release(idle.reserve("shop", cost_usd=1))
        idle.reserve("shop", cost_usd=1)
    # And leaves nothing behind that nobody would find.
    with at(LATER + 600 * SECOND_US) as last:
        last.reserve("shop", cost_usd=10)


def test_settled_by_another_thread_or_a_child() -> None:
    with manager() as budgets:
        first, second = (budgets.reserve("shop", cost_usd=4) for _ in range(2))

        def settle(held: Hold) -> None:
            budgets.settle(held, cost_usd=1)
            budgets.close()

        thread = threading.Thread(target=settle, args=(first,))
        thread.start()
        thread.join()
        child = multiprocessing.get_context("fork").Process(target=settle, args=(second,))
        child.start()
        child.join()
        assert child.exitcode == 0
        assert spent() == 2 * USD
        budgets.reserve("shop", cost_usd=8)


def test_a_killed_child_is_freed_while_its_parent_lives() -> None:
    clock = [NOW]
    with BudgetManager(STORE, prices=BOOK, clock=lambda: clock[0], lease_seconds=60) as budgets:
        budgets.set_budget(BudgetConfig("shop", 10, 100))
        budgets.reserve("shop", cost_usd=1)

        def die() -> None:
            budgets.reserve("shop", cost_usd=8)
            os.kill(os.getpid(), signal.SIGKILL)

        child = multiprocessing.get_context("fork").Process(target=die)
        child.start()
        child.join()
        clock[0] = NOW + 50 * SECOND_US
        with pytest.raises(BudgetExceededError):
            budgets.reserve("shop", cost_usd=2)
        clock[0] = NOW + 100 * SECOND_US
        budgets.reserve("shop", cost_usd=9)


def test_whoever_reserves_is_heard_of_four_times_a_lease() -> None:
    clock = [NOW]
    with BudgetManager(STORE, prices=BOOK, clock=lambda: clock[0], lease_seconds=60) as budgets:
        budgets.set_budget(BudgetConfig("shop", 10, 100))
        budgets.reserve("shop", cost_usd=4)
        clock[0] = NOW + 15 * SECOND_US
        budgets.reserve("shop", cost_usd=4)
        with at(NOW + 75 * SECOND_US) as other, pytest.raises(BudgetExceededError):
            other.reserve("shop", cost_usd=4)
        with at(NOW + 76 * SECOND_US) as other:
            other.reserve("shop", cost_usd=10)


def test_what_has_no_price_or_is_not_known_is_charged_the_most_it_may_cost() -> None:
    with manager() as budgets:
        held = budgets.reserve("shop", model="mystery", cost_usd=6)
        assert budgets.settle(held, Usage(input=10)) == 6 * USD
        held = budgets.reserve("shop", model="one", provider="acme", input_tokens=1000, max_output_tokens=100)
        assert budgets.settle(held) == 2_000_000
    with closing(SqliteLedger(STORE, write=False)) as store:
        rows = [stored.priced for stored in store.requests(Query(0, 2**62), order="cost")]
        assert [(one.cost, one.basis.assumed, one.record.status) for one in rows] == [
            (6 * USD, True, "ok"), (2_000_000, True, "unknown"),
        ]  # fmt: skip


def test_a_tags_budget_holds_live_and_after_a_crash() -> None:
    with manager() as budgets:
        budgets.set_budget(Budget("acme", (("tag.customer", "acme"),), (Limit(Window("day"), "usd", 2 * USD),)))
        held = budgets.reserve("shop", cost_usd=2, tags={"customer": "acme"})
        with pytest.raises(BudgetExceededError, match="the budget 'acme'"):
            budgets.reserve("shop", cost_usd=1, tags={"customer": "acme"})
        budgets.reserve("shop", cost_usd=1, tags={"customer": "other"})
        budgets.sent(held)
    with at(LATER) as later:
        later.reserve("shop", cost_usd=1)
    with closing(SqliteLedger(STORE, write=False)) as store:
        assert store.sums(Query(0, 2**62, where=(("tag.customer", "acme"),)))[0].sums["cost"] == 2 * USD


def test_tokens_that_are_not_known_are_no_zero() -> None:
    with manager() as budgets:
        for given, most in ((None, None), (10, None), (None, 10)):
            with pytest.raises(UsageError, match="is not known"):
                budgets.reserve("shop", model="one", provider="acme", input_tokens=given, max_output_tokens=most)
        with pytest.raises(UsageError, match="cannot be negative"):
            budgets.reserve("shop", model="one", provider="acme", input_tokens=-10, max_output_tokens=1)
        with pytest.raises(UsageError, match="'app' is set otherwise"):
            budgets.reserve("shop", cost_usd=1, app="other")
        budgets.set_budget(Budget("all", (), (Limit(Window("day"), "tokens", 100),)))
        with pytest.raises(UsageError, match="the budget 'all' limits tokens, and how many"):
            budgets.reserve("shop", cost_usd=1)
        budgets.reserve("shop", cost_usd=1, input_tokens=50, max_output_tokens=50)


def test_windows_of_two_time_zones_are_two_counters() -> None:
    """At 10:00 UTC it is the 20th in both, but in Tokyo since nine hours longer."""
    with manager(tz="Asia/Tokyo") as there, manager() as here:
        there.reserve("shop", cost_usd=9)
        here.reserve("shop", cost_usd=9)


@pytest.mark.parametrize("value", ["x", -1, "1/0", float("nan"), float("inf")])
def test_money_that_is_none(value: Any) -> None:
    with manager() as budgets:
        with pytest.raises(UsageError, match=r"^daily_limit "):
            budgets.set_budget(BudgetConfig("a", value, 1))
        with pytest.raises(UsageError, match=r"^monthly_limit "):
            budgets.set_budget(BudgetConfig("a", 1, value))
        with pytest.raises(UsageError, match=r"^cost_usd "):
            budgets.reserve("a", cost_usd=value)


def test_a_budget_of_one_window_is_another_class() -> None:
    none: Any = None
    with manager() as budgets, pytest.raises(UsageError, match="monthly_limit is not an amount") as refused:
        budgets.set_budget(BudgetConfig("a", 1, none))
    assert "llmcost.budgets.model.Budget" in refused.value.hint


def test_a_mistyped_model_is_told_the_nearest() -> None:
    with BudgetManager("ledger.db") as budgets, pytest.raises(UsageError, match="'gpt4o'; did you mean 'gpt-4o'"):
        budgets.reserve("shop", model="gpt4o", input_tokens=1, max_output_tokens=1)


def test_the_reservations_lie_beside_the_ledger() -> None:
    with manager() as budgets:
        budgets.reserve("shop", cost_usd=1)
        found = counters(Path("ledger.db.reservations"))
    assert [(one.spent, one.reserved) for one in found.values()] == [(0, USD), (0, USD)]
    assert counters(Path("absent")) == {}
