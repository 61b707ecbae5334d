"""The article's BudgetManager: same arguments, same keys, and reservations across processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmcost.budgets.model import Budget, Limit, Window
from llmcost.core.errors import UsageError
from llmcost.core.instants import SECOND_US
from llmcost.core.usage import Usage
from llmcost.ledger.protocol import Query
from llmcost.ledger.reservations import counters
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.live.budget_manager import BudgetConfig, BudgetExceededError, BudgetManager
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
            budgets.reserve("shop", model="mystery", input_tokens=10)
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


@pytest.mark.parametrize("value", ["x", -1, "1/0", float("nan"), float("inf")])
def test_money_that_is_none(value: Any) -> None:
    with manager() as budgets, pytest.raises(UsageError):
        budgets.set_budget(BudgetConfig("a", value, 1))


def test_the_reservations_lie_beside_the_ledger() -> None:
    with manager() as budgets:
        budgets.reserve("shop", cost_usd=1)
        found = counters(Path("ledger.db.reservations"))
    assert [(one.spent, one.reserved) for one in found.values()] == [(0, USD), (0, USD)]
    assert counters(Path("absent")) == {}
