"""From measured limits to the outbox: what is told, to whom, and that it is told once."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest

from llmcost.budgets.config import parse_budgets
from llmcost.budgets.model import Budget
from llmcost.core.instants import DAY_US
from llmcost.ledger.sqlite import SqliteLedger
from llmcost.notify.outbox import enqueue, measure
from tests.budgets.rows import USD, ledger, row, us

NOW = us("2026-11-20T16:00:00Z")
HOOK = "{type: slack, webhook: '${HOOK}'}"
TEAM = "{type: email, recipients: [ann@example.com, bob@example.com]}"


def budgets(limits: str, *channels: str, more: str = "") -> tuple[Budget, ...]:
    text = f"budgets: [{{app_id: chat, {limits}, notification_channels: [{', '.join(channels)}]{more}}}]"
    return parse_budgets(text, "b").budgets


def tell(store: SqliteLedger, found: tuple[Budget, ...], now: int = NOW) -> int:
    return measure(store, found, now_us=now, zone=UTC)[1]


def kinds(store: SqliteLedger) -> list[tuple[str, str, str]]:
    bodies = [json.loads(each.alert.body) for each in store.outbox.alerts()]
    return [(body["type"], body["kind"], body["threshold"]) for body in bodies]


DAILY = "daily_limit: 10, alert_thresholds: [0.5, 0.8]"


def test_each_threshold_is_told_once_in_a_window_and_again_in_the_next() -> None:
    found = budgets(DAILY, HOOK)
    with closing(
        ledger(row("2026-11-20T15:00:00Z", "chat", 5 * USD), row("2026-11-21T15:00:00Z", "chat", 9 * USD))
    ) as store:
        assert tell(store, found) == 1
        assert [tell(store, found, NOW + minutes * 60_000_000) for minutes in (0, 5, 10)] == [0, 0, 0]
        assert tell(store, found, NOW + DAY_US) == 2
        assert tell(store, found, NOW + DAY_US) == 0
        assert [threshold for _, _, threshold in kinds(store)] == ["0.5", "0.5", "0.8"]


def test_what_is_said_is_what_was_measured_then() -> None:
    found = budgets(DAILY, HOOK)
    with closing(ledger(row("2026-11-20T15:00:00Z", "chat", 5 * USD))) as store:
        tell(store, found)
        store.add([row("2026-11-20T15:30:00Z", "chat", 2 * USD)], store.begin_batch("more", 0))
        tell(store, found)
        (stored,) = store.outbox.alerts()
    assert json.loads(stored.alert.body)["spent_usd"] == "5"
    assert json.loads(stored.alert.body)["as_of"] == "2026-11-20T16:00:00Z"


def test_every_person_and_channel_has_an_alert_of_their_own() -> None:
    found = budgets(DAILY, HOOK, TEAM, "{type: stdout}", HOOK)
    with closing(ledger(row("2026-11-20T15:00:00Z", "chat", 5 * USD))) as store:
        assert tell(store, found) == 4
        alerts = [each.alert for each in store.outbox.alerts()]
        assert Counter(alert.channel.partition("-")[0] for alert in alerts) == {"slack": 1, "email": 2, "stdout": 1}
        assert len({alert.key for alert in alerts}) == 4
        # Who comes later is told as well; nobody twice.
        later = budgets(DAILY, HOOK, TEAM.replace("bob@", "carol@example.com, bob@"))
        assert tell(store, later) == 1


def test_no_channel_no_alert_but_a_services_own() -> None:
    found = budgets(DAILY)
    with closing(ledger(row("2026-11-20T15:00:00Z", "chat", 5 * USD))) as store:
        check, new = measure(store, found, now_us=NOW, zone=UTC)
        assert new == 0
        with store.transaction():
            assert enqueue(store, check.standings, NOW, also=["service"]) == 1
            assert enqueue(store, check.standings, NOW, also=["service"]) == 0
        assert [each.alert.channel for each in store.outbox.alerts()] == ["service"]


def test_a_waiver_is_silence_until_it_ends() -> None:
    waiver = ", waivers: [{until: 2026-11-20, by: ann, reason: launch}]"
    found = budgets("monthly_limit: 10, alert_thresholds: [0.5]", HOOK, more=waiver)
    with closing(ledger(row("2026-11-20T15:00:00Z", "chat", 11 * USD))) as store:
        assert tell(store, found) == 0
        assert tell(store, found, NOW + DAY_US) == 2
        assert kinds(store) == [("monthly_budget", "threshold", "0.5"), ("monthly_budget", "exceeded", "1")]


def test_a_forecast_is_told_once_a_window() -> None:
    found = budgets("monthly_limit: 100", HOOK)
    rows = [row(f"2026-11-{day:02}T12:00:00Z", "chat", 4 * USD) for day in range(1, 21)]
    with closing(ledger(*rows)) as store:
        assert tell(store, found) == 1
        assert tell(store, found, NOW + 3_600_000_000) == 0
        assert kinds(store) == [("monthly_budget", "forecast", "1")]


def test_a_raised_limit_is_told_anew() -> None:
    with closing(ledger(row("2026-11-20T15:00:00Z", "chat", 9 * USD))) as store:
        assert tell(store, budgets("daily_limit: 10, alert_thresholds: [0.8]", HOOK)) == 1
        assert tell(store, budgets("daily_limit: 11, alert_thresholds: [0.8]", HOOK)) == 1
        assert tell(store, budgets("daily_limit: 10, alert_thresholds: [0.8]", HOOK)) == 0


# A rolling window starts anew all the time: it is told once until it has been below


def test_a_rolling_window_is_told_once_until_it_fell_below() -> None:
    found = budgets("limits: [{window: 7d, amount: 10}], alert_thresholds: [0.5]", HOOK)
    rows = (row("2026-11-20T15:00:00Z", "chat", 6 * USD), row("2026-11-29T12:00:00Z", "chat", 7 * USD))
    with closing(ledger(*rows)) as store:
        told = [tell(store, found, NOW + day * DAY_US) for day in range(12)]
        # 20 to 26 November at $6; 27 and 28 below; from the 29th, 16:00, at $7.
        assert told == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
        assert kinds(store) == [("rolling_7_day_budget", "threshold", "0.5")] * 2
        keys = {each.alert.key for each in store.outbox.alerts()}
        assert len(keys) == 2


def test_each_threshold_of_a_rolling_window_ends_by_itself() -> None:
    found = budgets("limits: [{window: 7d, amount: 10}], alert_thresholds: [0.5, 0.8]", HOOK)
    rows = (
        row("2026-11-14T12:00:00Z", "chat", 3 * USD),
        row("2026-11-20T12:00:00Z", "chat", 6 * USD),
        row("2026-11-23T12:00:00Z", "chat", 3 * USD),
    )
    with closing(ledger(*rows)) as store:
        # $9, $6 (below 80 %), $6, then $9 again.
        assert [tell(store, found, NOW + day * DAY_US) for day in range(4)] == [2, 0, 0, 1]
        assert kinds(store)[-1] == ("rolling_7_day_budget", "threshold", "0.8")


# One step


def test_measuring_and_keeping_are_one_transaction() -> None:
    with closing(ledger(row("2026-11-20T15:00:00Z", "chat", 5 * USD))) as store:
        statements: list[str] = []
        store._db.set_trace_callback(statements.append)
        assert tell(store, budgets(DAILY, HOOK)) == 1
        store._db.set_trace_callback(None)
    control = [text for text in statements if text.startswith(("BEGIN", "COMMIT", "ROLLBACK"))]
    assert control == ["BEGIN IMMEDIATE", "COMMIT"]
    assert (statements[0], statements[-1]) == ("BEGIN IMMEDIATE", "COMMIT")
    assert any("INSERT INTO alert" in text for text in statements)


def test_what_breaks_off_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(ledger(row("2026-11-20T15:00:00Z", "chat", 5 * USD))) as store:

        def broken(*_args: object, **_named: object) -> int:
            raise RuntimeError("power cut")

        with monkeypatch.context() as patch:
            patch.setattr("llmcost.notify.outbox._alert", broken)
            with pytest.raises(RuntimeError, match="power cut"):
                tell(store, budgets(DAILY, HOOK))
        assert store.outbox.alerts() == []
        assert tell(store, budgets(DAILY, HOOK)) == 1


def test_the_key_is_the_ledgers_own_and_tells_nothing() -> None:
    one, other = (ledger(row("2026-11-20T15:00:00Z", "chat", 5 * USD), path=Path(f"{name}.db")) for name in "ab")
    with closing(one), closing(other):
        for store in (one, other):
            tell(store, budgets(DAILY, HOOK))
        first, second = (store.outbox.alerts()[0].alert for store in (one, other))
    assert first.key != second.key
    assert first.subject != second.subject
    assert first.body == second.body
    assert len(first.key) == 32
