from contextlib import closing
from datetime import UTC, date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.analysis.forecast import exhausted
from llmcost.budgets.check import Check, Standing, Verdict, check, judge
from llmcost.budgets.config import parse_budgets
from llmcost.budgets.model import Budget, Limit
from llmcost.core.errors import ExitCode
from llmcost.core.instants import DAY_US, Period
from llmcost.ledger.protocol import PricedRecord
from tests.budgets.rows import USD, ledger, row, us

NOW = us("2026-11-21T00:00:00Z") - 1  # ten days before the end of November
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
        # the run rate of ten days, the eleventh to the twentieth, for ten more: twice what is spent
        (33 * USD, "ok", None),
        (50 * USD - 1, "ok", None),
        (50 * USD, "warn", Fraction(1, 2)),  # heads for 100
        (50 * USD + 1, "forecast", Fraction(1, 2)),
        (80 * USD, "forecast", Fraction(4, 5)),
        (100 * USD, "forecast", Fraction(4, 5)),  # the limit itself may be spent
        (100 * USD + 1, "breach", Fraction(4, 5)),
    ],
)
def test_states(spent: int, state: str, reached: Fraction | None) -> None:
    standing = month(row("2026-11-11T00:00:00Z", "a", spent))
    assert (standing.state, standing.reached) == (state, reached)


@pytest.mark.parametrize(
    ("limit", "spent", "state"),
    [
        ("{window: month, amount: 100, soft: true}", 100, "warn"),
        ("{window: month, amount: 100, soft: true}", 101, "soft"),
        ("{window: month, amount: 100}", 101, "breach"),
    ],
)
def test_over_a_soft_limit_is_a_warning(limit: str, spent: int, state: str) -> None:
    found = measured(
        f"{{app_id: a, limits: [{limit}], alert_thresholds: [1]}}", row("2026-11-11T00:00:00Z", "a", spent * USD)
    )
    assert found.standings[0].state == state
    assert judge(found).code == (ExitCode.BREACH if state == "breach" else ExitCode.OK)
    assert judge(found, fail_on={"warn"}).code == (ExitCode.BREACH if state == "breach" else ExitCode.WARNING)
    assert judge(found, fail_on={"forecast"}).code == (ExitCode.BREACH if state == "breach" else ExitCode.OK)


@pytest.mark.parametrize(
    ("until", "zone", "state", "code"),
    [
        ("2026-11-20", "UTC", "waived", ExitCode.OK),
        ("2026-11-19", "UTC", "breach", ExitCode.BREACH),
        ("2026-11-20", "Asia/Kathmandu", "breach", ExitCode.BREACH),  # where it is the 21st already
        ("2026-11-21", "Asia/Kathmandu", "waived", ExitCode.OK),
        ("2026-11-20", "America/New_York", "waived", ExitCode.OK),
    ],
)
def test_a_waiver_holds_up_to_the_end_of_its_day_and_no_longer(
    until: str, zone: str, state: str, code: ExitCode
) -> None:
    waiver = f"{{until: {until}, by: ana, reason: sale}}"
    found = measured(
        f"{{app_id: a, monthly_limit: 100, alert_thresholds: [0.5], waivers: [{waiver}], timezone: {zone}}}",
        row("2026-11-11T00:00:00Z", "a", 101 * USD),
    )
    standing = found.standings[0]
    assert standing.state == state
    assert (standing.lapsed is None) == (state == "waived")
    assert judge(found, fail_on={"forecast", "warn"}).code == code


def test_the_last_of_several_waivers_counts() -> None:
    waivers = ", ".join(
        f"{{until: 2026-11-{day}, by: {by}, reason: sale}}" for day, by in (("01", "bob"), ("30", "ana"), ("02", "eve"))
    )
    found = measured(
        f"{{app_id: a, monthly_limit: 100, waivers: [{waivers}]}}", row("2026-11-11T00:00:00Z", "a", 101 * USD)
    )
    assert found.standings[0].waiver is not None
    assert (found.standings[0].waiver.by, found.standings[0].state) == ("ana", "waived")


def test_limits_of_tokens_and_requests() -> None:
    limits = "{window: day, tokens: 20, requests: 1}, {window: 7d, tokens: 29}, {window: quarter, requests: 4}"
    found = measured(
        f"{{app_id: a, limits: [{limits}]}}",
        row("2026-10-01T00:00:00Z", "a", USD),
        row("2026-11-13T00:00:00Z", "a", USD),
        row("2026-11-14T00:00:00Z", "a", USD),
        row("2026-11-20T00:00:00Z", "a", USD),
        row("2026-11-20T01:00:00Z", "a", None),
    )
    assert [(s.limit.window.name, s.limit.measure, s.spent, s.state) for s in found.standings] == [
        ("day", "tokens", 20, "ok"),
        ("day", "requests", 2, "breach"),
        ("quarter", "requests", 5, "breach"),
        ("rolling 7d", "tokens", 30, "breach"),
    ]
    # A request without a price is counted all the same, so nothing is missing from these.
    assert [s.lacking for s in found.standings] == [0, 0, 0, 0]
    assert list(found.unpriced()) == []
    assert judge(found, strict=True).problems == ()


@pytest.mark.parametrize(
    ("scope", "spent"),
    [
        ("all", 1 + 2 + 4 + 8),
        ("{app: a}", 1 + 2 + 4),
        ("{app: [a, b]}", 1 + 2 + 4 + 8),
        ("{env: prod}", 1 + 8),
        ("{env: prod, app: a}", 1),
        ('{env: ""}', 2),
        ("{team: x}", 4),
        ("{user: u}", 2),
        ("{model: two}", 8),
        ("{tag.customer: acme}", 1 + 4),
        ("{prompt: p1}", 4),
    ],
)
def test_a_scope_is_any_dimension(scope: str, spent: int) -> None:
    found = measured(
        f"{{name: n, scope: {scope}, monthly_limit: 100}}",
        row("2026-11-11T00:00:00Z", "a", USD, environment="prod", tags=(("customer", "acme"),)),
        row("2026-11-12T00:00:00Z", "a", 2 * USD, user="u"),
        row("2026-11-13T00:00:00Z", "a", 4 * USD, environment="dev", team="x", prompt_id="p1",
            tags=(("customer", "acme"),)),
        row("2026-11-14T00:00:00Z", "b", 8 * USD, environment="prod", model="two"),
    )  # fmt: skip
    assert found.standings[0].spent == spent * USD


def test_a_budgets_own_zone_beats_the_commands() -> None:
    rows = (row("2026-11-20T18:14:59Z", "a", USD), row("2026-11-20T18:15:00Z", "a", 2 * USD))
    budgets = BOTH, "{name: b, scope: all, daily_limit: 10, timezone: Asia/Kathmandu}"
    day, _, kathmandu = measured(", ".join(budgets), *rows).standings
    assert (day.spent, day.period.label) == (3 * USD, "2026-11-20")
    assert (kathmandu.spent, kathmandu.period.label) == (2 * USD, "2026-11-21")


@pytest.mark.parametrize(
    ("zone", "now", "before", "within"),
    [
        ("Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z"),  # 25 hours
        ("Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z"),  # 23 hours
        ("America/New_York", "2026-11-02T04:59:59Z", "2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z"),
        ("America/New_York", "2026-03-09T03:59:59Z", "2026-03-08T04:59:59Z", "2026-03-08T05:00:00Z"),
        ("Asia/Kathmandu", "2026-10-25T18:14:59Z", "2026-10-24T18:14:59Z", "2026-10-24T18:15:00Z"),
    ],
)
def test_a_day_across_a_change_of_clocks_is_measured_whole(zone: str, now: str, before: str, within: str) -> None:
    rows = (row(before, "a", USD), row(within, "a", 2 * USD), row(now, "a", 4 * USD))
    found = measured("{app_id: a, daily_limit: 10}", *rows, now=us(now), zone=zone)
    assert found.standings[0].spent == 6 * USD


def test_what_is_reserved_is_asked_for_each_limit() -> None:
    asked = []

    def reserved(budget: Budget, limit: Limit, period: Period) -> int:
        asked.append((budget.name, limit.window.name, period.label))
        return limit.amount // 2

    budgets = parse_budgets(f"budgets: [{BOTH}]", "b").budgets
    with closing(ledger(row("2026-11-20T00:00:00Z", "a", USD))) as store:
        found = check(store, budgets, now=NOW, zone=UTC, reserved=reserved)
    assert asked == [("a", "day", "2026-11-20"), ("a", "month", "2026-11")]
    assert [s.reserved for s in found.standings] == [5 * USD, 50 * USD]


def test_a_week_is_forecast_and_a_day_or_rolling_window_is_not() -> None:
    limits = "{window: hour, amount: 9}, {window: day, amount: 9}, {window: week, amount: 9}, {window: 7d, amount: 9}"
    found = measured(f"{{app_id: a, limits: [{limits}]}}", row("2026-11-16T00:00:00Z", "a", 5 * USD))
    forecasts = {s.limit.window.name: s.forecast for s in found.standings}
    assert [name for name, forecast in forecasts.items() if forecast is not None] == ["week"]
    week = forecasts["week"]
    assert week is not None
    # Five dollars in the five days from Monday to Friday, two days to go.
    assert (week.nano, week.method, exhausted(week, 6 * USD, date(2026, 11, 20))) == (
        7 * USD, "run rate", date(2026, 11, 22),
    )  # fmt: skip


def test_tokens_are_forecast_like_money() -> None:
    rows = [row(f"2026-11-{day:02}T00:00:00Z", "a", None) for day in range(11, 21)]
    found = measured("{app_id: a, limits: [{window: month, tokens: 199, requests: 20}]}", *rows)
    tokens, requests = found.standings
    assert tokens.forecast is not None
    assert requests.forecast is not None
    assert (tokens.spent, tokens.forecast.nano, tokens.state) == (100, 200, "forecast")
    assert (requests.spent, requests.forecast.nano, requests.state) == (10, 20, "ok")


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
    assert [s.limit.window.name for s in found.unpriced()] == ["month"]


def test_of_windows_with_the_same_unpriced_requests_the_longer_is_named() -> None:
    found = measured(BOTH, row("2026-11-20T00:00:00Z", "a", None))
    assert [s.limit.window.name for s in found.unpriced()] == ["month"]


def test_a_scope_seen_before_the_window_is_known() -> None:
    old = row("2025-01-01T00:00:00Z", "a", USD)
    assert [s.known for s in measured(BOTH, old).standings] == [True, True]
    later = row("2026-11-21T00:00:00Z", "a", USD)
    unseen = measured(BOTH, later).standings
    assert [(s.state, s.forecast) for s in unseen] == [("no data", None), ("no data", None)]


NOTHING = row("2026-11-11T00:00:00Z", "a", 0)
UNPRICED = row("2026-11-11T00:00:01Z", "a", None)
# Ten days of November are left: the run rate of ten days doubles what is spent on the eleventh.
HALF, MUCH, ALL = (row("2026-11-11T00:00:02Z", "a", n * USD) for n in (50, 70, 101))
ELSEWHERE = row("2026-11-11T00:00:00Z", "b", 0)


@pytest.mark.parametrize(
    ("rows", "options", "code"),
    [
        ([NOTHING], {}, ExitCode.OK),
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
        ([], {"allow_empty": True}, ExitCode.OK),
        ([], {"allow_empty": True, "strict": True, "max_age": DAY_US}, ExitCode.OK),
        ([ELSEWHERE], {}, ExitCode.DATA),
        ([ELSEWHERE], {"allow_empty": True}, ExitCode.OK),
        ([ELSEWHERE], {"allow_empty": True, "max_age": DAY_US}, ExitCode.DATA),
        ([NOTHING, UNPRICED], {}, ExitCode.OK),
        ([NOTHING, UNPRICED], {"strict": True}, ExitCode.DATA),
        ([NOTHING], {"strict": True}, ExitCode.OK),
        ([MUCH, UNPRICED], {"strict": True, "fail_on": {"warn", "forecast"}}, ExitCode.DATA),
        ([ALL, UNPRICED], {"strict": True}, ExitCode.BREACH),
        ([MUCH], {"max_age": DAY_US, "fail_on": {"forecast"}}, ExitCode.DATA),
        ([ALL], {"max_age": DAY_US}, ExitCode.BREACH),
        ([NOTHING], {"max_age": 10 * DAY_US - 1}, ExitCode.OK),
        ([NOTHING], {"max_age": 10 * DAY_US - 2}, ExitCode.DATA),
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
    assert judge(found) == Verdict(
        ExitCode.BREACH, "breach", found.standings[:1], ("no request of the budget 'ghost' was ever seen",),
        ("breach", "ok", "data"),
    )  # fmt: skip


def test_every_limit_is_marked_with_what_it_alone_would_decide() -> None:
    found = measured(
        "{app_id: a, daily_limit: 1, monthly_limit: 100}, {app_id: b, monthly_limit: 3, alert_thresholds: [0.5]},"
        " {app_id: c, monthly_limit: 3, alert_thresholds: [0.5]}, {app_id: ghost, daily_limit: 1}",
        row("2026-11-20T00:00:00Z", "a", 2 * USD),
        row("2026-11-11T00:00:00Z", "b", 2 * USD),
        row("2026-11-01T00:00:00Z", "c", 2 * USD),
    )
    assert judge(found).marks == ("breach", "ok", "ok", "ok", "data")
    assert judge(found, fail_on={"forecast"}).marks == ("breach", "ok", "forecast", "ok", "data")
    every = judge(found, fail_on={"forecast", "warn"}, allow_empty=True)
    assert every.marks == ("breach", "ok", "forecast", "warn", "ok")
    assert every.standings == found.standings[:1]


def test_problems_are_named() -> None:
    empty = judge(measured(BOTH))
    assert empty.problems == ("the ledger has no request up to 2026-11-20T23:59:59.999999Z",)
    assert empty.ledger == empty.problems[0]
    stale = judge(measured(BOTH, row("2026-11-03T00:00:00Z", "a", None)), max_age=DAY_US, strict=True)
    assert stale.problems == (
        "the newest request is of 2026-11-03T00:00:00Z, older than --max-age allows",
        "a: unpriced requests: 1",
    )
    assert stale.ledger == stale.problems[0]


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


def test_a_waiver_covers_spend_and_not_what_the_data_lacks() -> None:
    waivers = "waivers: [{until: 2026-12-31, by: ana, reason: sale}]"
    found = measured(
        f"{{app_id: a, monthly_limit: 1, {waivers}}}, {{app_id: ghost, daily_limit: 1, {waivers}}}",
        row("2026-11-20T00:00:00Z", "a", 2 * USD),
        row("2026-11-20T00:00:00Z", "a", None),
    )
    assert judge(found, allow_empty=True).marks == ("ok", "ok")
    assert judge(found).marks == ("ok", "data")
    strict = judge(found, strict=True)
    assert (strict.code, strict.marks) == (ExitCode.DATA, ("data", "data"))
