"""What of a limit's standing is told, and in what words."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC
from fractions import Fraction

import pytest

from llmcost.budgets.alerts import Crossing, crossings, possible
from llmcost.budgets.check import Standing, check
from llmcost.budgets.config import parse_budgets
from llmcost.core.money import usd_text
from llmcost.ledger.protocol import PricedRecord
from llmcost.pricing.currency import Currency
from llmcost.reporting.numbers import usd
from tests.budgets.rows import USD, ledger, row, us

NOW = us("2026-11-20T16:00:00Z")
EUR = Currency("EUR", Fraction("1.16"), "2026-11-24", "user")


def standing(budget: str, *rows: PricedRecord, now: int = NOW, rate: Currency = EUR) -> Standing:
    file = parse_budgets(f"budgets: [{budget}]", "b", lambda code: rate if code == rate.code else None)
    with closing(ledger(*rows)) as store:
        (found,) = check(store, file.budgets, now=now, zone=UTC).standings
    return found


def daily(nano: int | None, *, limit: str = "10", more: str = "alert_thresholds: [0.5, 0.8, 1]") -> Standing:
    rows = () if nano is None else (row("2026-11-20T15:00:00Z", "chat", nano),)
    return standing(f"{{app_id: chat, daily_limit: {limit}, {more}}}", *rows)


def told(found: Standing) -> list[tuple[str, str]]:
    return [(crossing.kind, str(crossing.threshold)) for crossing in crossings(found)]


@pytest.mark.parametrize(
    ("nano", "expected"),
    [
        (None, []),
        (5 * USD - 1, []),
        (5 * USD, [("threshold", "1/2")]),
        (8 * USD, [("threshold", "1/2"), ("threshold", "4/5")]),
        # The limit itself may be spent: reached is not exceeded, and exceeded says more than reached.
        (10 * USD, [("threshold", "1/2"), ("threshold", "4/5"), ("threshold", "1")]),
        (10 * USD + 1, [("threshold", "1/2"), ("threshold", "4/5"), ("exceeded", "1")]),
    ],
)
def test_what_is_told_of_a_limit(nano: int | None, expected: list[tuple[str, str]]) -> None:
    assert told(daily(nano)) == expected


def test_exceeding_is_told_without_any_threshold() -> None:
    assert told(daily(11 * USD, more="owner: ann")) == [("exceeded", "1")]


def test_a_threshold_above_the_limit() -> None:
    more = "alert_thresholds: [1.5]"
    assert told(daily(12 * USD, more=more)) == [("exceeded", "1")]
    assert told(daily(15 * USD, more=more)) == [("threshold", "3/2"), ("exceeded", "1")]


def test_a_limit_of_nothing() -> None:
    assert told(daily(None, limit="0")) == []
    found = daily(1, limit="0")
    assert told(found) == [("exceeded", "1")]
    alert = crossings(found)[0].alert(NOW)
    assert alert["current"] is None
    assert alert["message"] == "chat is over its daily limit: $0.000000001 of $0.00, 2026-11-20."


@pytest.mark.parametrize(
    ("nano", "shown"),
    [
        (605_020_000, "$0.6050"), (999_950_000, "$1.0000"), (10_000_000, "$0.0100"), (9_999_999, "$0.010000"),
        (123_456, "$0.000123"), (99_999, "$0.000099999"), (USD, "$1.00"),
    ],
)  # fmt: skip
def test_money_below_one_is_shown_as_by_budget_check(nano: int, shown: str) -> None:
    found = daily(nano, limit=usd_text(nano), more="alert_thresholds: [1]")
    assert f": {shown} of {shown} (threshold 100%)" in crossings(found)[0].alert(NOW)["message"]
    assert usd(nano) == shown


def test_a_waiver_changes_nothing_of_what_is_true() -> None:
    found = daily(11 * USD, more="waivers: [{until: 2026-11-30, by: ann, reason: launch}]")
    assert found.waived
    assert told(found) == [("exceeded", "1")]


def month(per_day: int, *, soft: bool = False) -> Standing:
    rows = [row(f"2026-11-{day:02}T12:00:00Z", "chat", per_day * USD) for day in range(1, 21)]
    limit = f"{{window: month, amount: 100, soft: {str(soft).lower()}}}"
    return standing(f"{{app_id: chat, limits: [{limit}], alert_thresholds: [0.9]}}", *rows)


@pytest.mark.parametrize("soft", [False, True])
def test_heading_over_is_told_until_it_is_over(soft: bool) -> None:
    assert told(month(3, soft=soft)) == []
    heading = month(4, soft=soft)
    assert told(heading) == [("forecast", "1")]
    assert told(month(5, soft=soft)) == [("threshold", "9/10"), ("forecast", "1")]
    assert told(month(6, soft=soft)) == [("threshold", "9/10"), ("exceeded", "1")]
    assert heading.forecast is not None
    (alert,) = [crossing.alert(NOW) for crossing in crossings(heading)]
    kind = "soft monthly" if soft else "monthly"
    assert alert["message"].startswith("chat is heading for $1")
    assert alert["message"].endswith(f" of its {kind} limit of $100.00; $80.00 so far, 2026-11.")
    assert alert["kind"] == "forecast"
    assert alert["hard"] is not soft
    assert Fraction(alert["forecast_usd"]) * USD == heading.forecast.nano > 100 * USD


def test_an_alert_is_the_articles_and_more() -> None:
    crossing = crossings(daily(8_120_000_001, more="alert_thresholds: ['80%'], owner: ann@example.com"))[0]
    assert crossing.alert(NOW) == {
        "type": "daily_budget",
        "threshold": "0.8",
        "current": "0.8120000001",
        "message": "chat has used 81.2% of its daily limit: $8.12 of $10.00 (threshold 80%), 2026-11-20.",
        "kind": "threshold",
        "budget": "chat",
        "scope": {"app": ["chat"]},
        "owner": "ann@example.com",
        "window": "day",
        "start": "2026-11-20T00:00:00Z",
        "end": "2026-11-21T00:00:00Z",
        "as_of": "2026-11-20T16:00:00Z",
        "measure": "usd",
        "hard": True,
        "limit_usd": "10",
        "spent_usd": "8.120000001",
        "forecast_usd": None,
        "unpriced_requests": 0,
        "currency": None,
    }


@pytest.mark.parametrize(
    ("window", "name", "words"),
    [
        ("hour", "hourly_budget", "hourly limit"),
        ("day", "daily_budget", "daily limit"),
        ("week", "weekly_budget", "weekly limit"),
        ("month", "monthly_budget", "monthly limit"),
        ("quarter", "quarterly_budget", "quarterly limit"),
        ("30d", "rolling_30_day_budget", "rolling 30 day limit"),
    ],
)
def test_types(window: str, name: str, words: str) -> None:
    found = standing(
        f"{{app_id: chat, limits: [{{window: {window}, requests: 0}}]}}", row("2026-11-20T15:59:00Z", "chat", 1),
        now=us("2026-11-20T15:59:30Z"),
    )  # fmt: skip
    (crossing,) = crossings(found)
    assert crossing.type == name
    assert crossing.message.startswith(f"chat is over its {words}: 1 of 0 requests, ")


def test_tokens_are_counted_not_priced() -> None:
    found = standing(
        "{name: all, scope: all, limits: [{window: day, tokens: 1500}], alert_thresholds: [0.5]}",
        *(row(f"2026-11-20T15:{n // 60:02}:{n % 60:02}Z", "a", None) for n in range(100 - 1)),
        row("2026-11-20T15:30:00Z", "b", 1),
    )
    (crossing,) = crossings(found)
    alert = crossing.alert(NOW)
    assert alert["message"] == (
        "all has used 66.7% of its daily limit: 1,000 of 1,500 tokens (threshold 50%), 2026-11-20."
    )
    assert alert["current"] == "0.666666666667"
    assert (alert["spent_tokens"], alert["limit_tokens"], alert["forecast_tokens"]) == (1000, 1500, None)
    assert alert["scope"] == {}


def test_unpriced_requests_make_it_at_least() -> None:
    rows = [row("2026-11-20T15:00:00Z", "chat", 8 * USD), row("2026-11-20T15:01:00Z", "chat", None)]
    budget = "{app_id: chat, daily_limit: 10, alert_thresholds: [0.8]}"
    assert crossings(standing(budget, *rows))[0].message == (
        "chat has used at least 80% of its daily limit: $8.00 of $10.00 (threshold 80%), 2026-11-20."
        " 1 request has no price and could not be counted."
    )
    more = (row("2026-11-20T15:02:00Z", "chat", None), row("2026-11-20T15:03:00Z", "chat", 3 * USD))
    over = crossings(standing(budget, *rows, *more))[-1]
    assert over.message == (
        "chat is over its daily limit: at least $11.00 of $10.00, 2026-11-20."
        " 2 requests have no price and could not be counted."
    )
    assert over.alert(NOW)["unpriced_requests"] == 2


def test_another_currency() -> None:
    found = standing(
        "{app_id: chat, daily_limit: 1000, currency: EUR, alert_thresholds: [0.8]}",
        row("2026-11-20T15:00:00Z", "chat", 1044 * USD),
    )
    alert = crossings(found)[0].alert(NOW)
    assert alert["message"] == (
        "chat has used 90% of its daily limit: 900.00 EUR of 1,000.00 EUR (threshold 80%), 2026-11-20."
    )
    assert (alert["spent_usd"], alert["limit_usd"]) == ("1044", "1160")
    assert alert["currency"] == {"code": "EUR", "usd": "1.16", "date": "2026-11-24"}


def test_names_from_a_file_carry_neither_escapes_nor_keys() -> None:
    found = standing(
        '{name: "evil\\e[2J sk-ant-0123456789abcdefXYZ", scope: {app: chat}, owner: "a\\nb", daily_limit: 1}',
        row("2026-11-20T15:00:00Z", "chat", 2 * USD),
    )
    text = str(crossings(found)[0].alert(NOW))
    assert "\x1b" not in text
    assert "0123456789abcdef" not in text
    assert "\\n" not in text


# Identity: the same crossing is known again in every run


def identity(found: Standing, at: int = -1) -> str:
    return list(possible(found))[at].identity


def test_what_changes_between_runs_is_no_part_of_the_identity() -> None:
    assert identity(daily(1)) == identity(daily(11 * USD)) == identity(daily(9, more="owner: bob"))


@pytest.mark.parametrize(
    "other",
    [
        "{app_id: chat, daily_limit: 20}",
        "{app_id: chat, monthly_limit: 10}",
        "{app_id: chat, name: other, daily_limit: 10}",
        "{name: chat, scope: {team: chat}, daily_limit: 10}",
        "{app_id: chat, limits: [{window: day, amount: 10, soft: true}]}",
        "{app_id: chat, limits: [{window: day, requests: 10000000000}]}",
        "{app_id: chat, limits: [{window: 1d, amount: 10}]}",
    ],
)
def test_another_limit_is_another_subject(other: str) -> None:
    assert identity(standing(other)) != identity(daily(None))


def test_all_subjects_of_a_limit_differ() -> None:
    found = [crossing.identity for crossing in possible(daily(None))]
    assert len(set(found)) == len(found) == 5


@pytest.mark.parametrize(("code", "rates"), [("EUR", ("1.16", "1.17234567")), ("VND", ("0.000038", "0.0000379123"))])
def test_a_new_rate_makes_no_new_limit(code: str, rates: tuple[str, str]) -> None:
    budget = f"{{app_id: chat, daily_limit: 12345.67, currency: {code}}}"
    one, other = (identity(standing(budget, rate=Currency(code, Fraction(rate), "2026-11-24"))) for rate in rates)
    assert one == other
    more = identity(standing(budget.replace("67", "68"), rate=Currency(code, Fraction(rates[0]), "2026-11-24")))
    assert more != one


def test_a_crossing_is_a_value() -> None:
    found = daily(5 * USD)
    assert crossings(found) == [Crossing(found, "threshold", Fraction(1, 2))]
