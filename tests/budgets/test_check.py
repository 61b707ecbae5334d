from contextlib import closing
from datetime import UTC
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.budgets.check import Check, Standing, Verdict, check, judge
from llmcost.budgets.config import parse_budgets
from llmcost.core.errors import ExitCode
from llmcost.core.instants import DAY_US
from llmcost.ledger.protocol import PricedRecord
from tests.budgets.rows import USD, ledger, row, us

NOW = us("2026-11-21T00:00:00Z") - 1  # two thirds of November
BOTH = "{app_id: a, daily_limit: 10, monthly_limit: 100, alert_thresholds: [0.5, 0.8]}"


def measured(budget: str, *rows: PricedRecord, now: int = NOW, zone: str = "UTC") -> Check:
    budgets = parse_budgets(f"budgets: [{budget}]", "b").budgets
    with closing(ledger(*rows)) as store:
        return check(store, budgets, now=now, zone=UTC if zone == "UTC" else ZoneInfo(zone))


def month(*rows: PricedRecord, limit: str = "100", thresholds: str = "[0.5, 0.8]") -> Standing:
    found = measured(f"{{app_id: a, monthly_limit: {limit}, alert_thresholds: {thresholds}}}", *rows)
    return found.standings[0]


def test_spend_of_the_day_and_of_the_month_of_one_app() -> None:
    found = measured(
        BOTH,
        row("2026-10-31T23:59:59.999999Z", "a", 1000 * USD),
        row("2026-11-01T00:00:00Z", "a", 20 * USD),
        row("2026-11-19T23:59:59.999999Z", "a", 3 * USD),
        row("2026-11-20T00:00:00Z", "a", 4 * USD),
        row("2026-11-20T23:59:59.999999Z", "a", 1),
        row("2026-11-21T00:00:00Z", "a", 1000 * USD),
        row("2026-11-20T12:00:00Z", "b", 1000 * USD),
        row("2026-11-20T12:00:00Z", "", 1000 * USD),
    )
    day, whole = found.standings
    assert (day.spent, day.requests) == (4 * USD + 1, 2)
    assert (whole.spent, whole.requests) == (27 * USD + 1, 4)
    assert found.newest == us("2026-11-20T23:59:59.999999Z")
    assert found.age == 0


def test_the_day_is_the_zones() -> None:
    rows = (row("2026-11-20T22:59:59Z", "a", USD), row("2026-11-20T23:00:00Z", "a", 2 * USD))
    berlin = measured(BOTH, *rows, now=us("2026-11-20T23:30:00Z"), zone="Europe/Berlin")
    assert [s.spent for s in berlin.standings] == [2 * USD, 3 * USD]
    assert berlin.standings[0].period.label == "2026-11-21"


@pytest.mark.parametrize(
    ("spent", "state", "reached"),
    [
        (33 * USD, "ok", None),  # 33 x 1.5 = 49.5
        (50 * USD - 1, "ok", None),
        (50 * USD, "warn", Fraction(1, 2)),
        (66 * USD, "warn", Fraction(1, 2)),  # heads for 99
        (67 * USD, "forecast", Fraction(1, 2)),  # heads for 100.5
        (80 * USD, "forecast", Fraction(4, 5)),
        (100 * USD, "forecast", Fraction(4, 5)),  # the limit itself may be spent
        (100 * USD + 1, "breach", Fraction(4, 5)),
    ],
)
def test_states(spent: int, state: str, reached: Fraction | None) -> None:
    standing = month(row("2026-11-03T00:00:00Z", "a", spent))
    assert (standing.state, standing.reached) == (state, reached)


def test_a_limit_of_zero_allows_nothing() -> None:
    free = month(row("2026-11-03T00:00:00Z", "a", 0), limit="0")
    assert (free.state, free.reached, free.heading_over) == ("ok", None, False)
    assert month(row("2026-11-03T00:00:00Z", "a", 1), limit="0").state == "breach"


def test_a_threshold_above_the_limit() -> None:
    standing = month(row("2026-11-03T00:00:00Z", "a", 120 * USD), thresholds="[120%]")
    assert standing.reached == Fraction(6, 5)


def test_unpriced_requests_are_counted_beside_the_spend() -> None:
    found = measured(
        BOTH,
        row("2026-11-19T00:00:00Z", "a", None),
        row("2026-11-20T00:00:00Z", "a", None),
        row("2026-11-20T00:00:00Z", "a", USD),
        row("2026-11-20T00:00:00Z", "b", None),
    )
    assert [(s.spent, s.requests, s.unpriced) for s in found.standings] == [(USD, 2, 1), (USD, 3, 2)]
    assert [s.limit.window for s in found.unpriced()] == ["month"]


def test_of_windows_with_the_same_unpriced_requests_the_longer_is_named() -> None:
    found = measured(BOTH, row("2026-11-20T00:00:00Z", "a", None))
    assert [s.limit.window for s in found.unpriced()] == ["month"]


def test_a_scope_seen_before_the_window_is_known() -> None:
    old = row("2025-01-01T00:00:00Z", "a", USD)
    assert [s.known for s in measured(BOTH, old).standings] == [True, True]
    later = row("2026-11-21T00:00:00Z", "a", USD)
    assert [s.state for s in measured(BOTH, later).standings] == ["no data", "no data"]


NOTHING_TODAY = row("2026-11-03T00:00:00Z", "a", 0)
UNPRICED = row("2026-11-03T00:00:01Z", "a", None)
HALF, MUCH, ALL = (row("2026-11-03T00:00:02Z", "a", n * USD) for n in (60, 70, 101))


@pytest.mark.parametrize(
    ("rows", "options", "code"),
    [
        ([NOTHING_TODAY], {}, ExitCode.OK),
        ([HALF], {}, ExitCode.OK),
        ([HALF], {"fail_on": {"forecast"}}, ExitCode.OK),
        ([HALF], {"fail_on": {"warn"}}, ExitCode.WARNING),
        ([MUCH], {}, ExitCode.OK),
        ([MUCH], {"fail_on": {"forecast"}}, ExitCode.FORECAST),
        ([MUCH], {"fail_on": {"warn"}}, ExitCode.WARNING),
        ([MUCH], {"fail_on": {"warn", "forecast"}}, ExitCode.FORECAST),
        ([ALL], {}, ExitCode.BREACH),
        ([ALL], {"fail_on": {"warn", "forecast"}}, ExitCode.BREACH),
        ([ALL], {"fail_on": set()}, ExitCode.BREACH),
        ([], {}, ExitCode.DATA),
        ([row("2026-11-03T00:00:00Z", "b", 0)], {}, ExitCode.DATA),
        ([NOTHING_TODAY, UNPRICED], {}, ExitCode.OK),
        ([NOTHING_TODAY, UNPRICED], {"strict": True}, ExitCode.DATA),
        ([NOTHING_TODAY], {"strict": True}, ExitCode.OK),
        ([MUCH, UNPRICED], {"strict": True, "fail_on": {"warn", "forecast"}}, ExitCode.DATA),
        ([ALL, UNPRICED], {"strict": True}, ExitCode.BREACH),
        ([MUCH], {"max_age": DAY_US, "fail_on": {"forecast"}}, ExitCode.DATA),
        ([ALL], {"max_age": DAY_US}, ExitCode.BREACH),
        ([NOTHING_TODAY], {"max_age": 18 * DAY_US - 1}, ExitCode.OK),
        ([NOTHING_TODAY], {"max_age": 18 * DAY_US - 2}, ExitCode.DATA),
    ],
)
def test_what_a_gate_says(rows: list[PricedRecord], options: dict[str, object], code: ExitCode) -> None:
    found = measured("{app_id: a, monthly_limit: 100, alert_thresholds: [0.5]}", *rows)
    assert judge(found, **options).code == code  # type: ignore[arg-type]


def test_a_breach_is_told_together_with_what_the_data_lacks() -> None:
    found = measured(
        "{app_id: a, daily_limit: 1, monthly_limit: 100}, {app_id: ghost, daily_limit: 1}",
        row("2026-11-20T00:00:00Z", "a", 2 * USD),
    )
    verdict = judge(found)
    assert verdict == Verdict(
        ExitCode.BREACH, "breach", found.standings[:1], ("no request of app 'ghost' was ever seen",)
    )


def test_problems_are_named() -> None:
    assert judge(measured(BOTH)).problems == ("the ledger has no request up to 2026-11-20T23:59:59.999999Z",)
    stale = measured(BOTH, row("2026-11-03T00:00:00Z", "a", None))
    assert judge(stale, max_age=DAY_US, strict=True).problems == (
        "the newest request is of 2026-11-03T00:00:00Z, older than --max-age allows",
        "a: unpriced requests: 1",
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 40 * 86_400 - 1), st.sampled_from("ab"), st.none() | st.integers(0, 10**12)),
        max_size=12,
    ),
    st.integers(0, 40 * 86_400 - 1),
)
def test_sums_are_those_of_a_plain_loop(items: list[tuple[int, str, int | None]], at: int) -> None:
    origin = us("2026-10-25T00:00:00Z")
    rows = []
    for number, (second, app, nano) in enumerate(items):
        made = row("2026-11-01T00:00:00Z", app, nano)
        record = made.record._replace(ts=origin + second * 10**6, id=f"acme:{number}")
        rows.append(made._replace(record=record))
    now = origin + at * 10**6
    found = measured(BOTH, *rows, now=now)
    for standing in found.standings:
        mine = [r for r in rows if r.record.app == "a" and standing.period.start <= r.record.ts <= now]
        assert standing.spent == sum(r.cost or 0 for r in mine)
        assert standing.requests == len(mine)
        assert standing.unpriced == sum(r.cost is None for r in mine)
