from datetime import UTC
from fractions import Fraction

from llmcost.budgets.check import Check, Standing, judge
from llmcost.budgets.config import parse_budgets
from llmcost.budgets.forecast import Forecast
from llmcost.budgets.model import Budget, Limit
from llmcost.budgets.windows import period_of
from llmcost.reporting import budgets as shown
from tests.budgets.rows import USD, us

NOW = us("2026-11-24T12:00:00Z")
MONTH = period_of("month", NOW, UTC)


def standing(name: str, spent: int, limit: int, forecast: int | None = None, unpriced: int = 0) -> Standing:
    budget = Budget(name, (("app", name),), (Limit("month", limit),), (Fraction(4, 5),), (), 1)
    heading = None if forecast is None else Forecast(forecast, "linear run rate")
    return Standing(budget, budget.limits[0], MONTH, spent, 7, unpriced, True, heading)


def check(*standings: Standing) -> Check:
    return Check(NOW, UTC, standings, NOW)


FOUND = check(
    standing("shop", 1234 * USD, 1000 * USD, 1600 * USD),
    standing("bot", 85 * USD, 100 * USD, 99 * USD, 3),
    standing("a-long-name-数据", 0, 0),
)


def without_rule(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if set(line) != {"─"})


def test_the_table_as_it_is_written_to_a_pipe() -> None:
    assert without_rule(shown.as_text(FOUND)) == (
        "app               window       spent      limit    used   forecast  unpriced  state\n"
        "shop              2026-11  $1,234.00  $1,000.00  123.4%  $1,600.00         0  breach\n"
        "bot               2026-11     $85.00    $100.00   85.0%     $99.00         3  warn (80%)\n"
        "a-long-name-数据  2026-11      $0.00      $0.00     n/a          -         0  ok\n"
        "\n"
        "as of 2026-11-24T12:00:00Z, days and months of UTC; forecast: linear run rate to the end of the month"
    )


def test_without_unpriced_requests_there_is_no_column_for_them() -> None:
    assert "unpriced" not in shown.as_text(check(*FOUND.standings[:1]))


def test_in_a_narrow_terminal_a_name_folds_and_nothing_is_lost() -> None:
    lines = without_rule(shown.as_text(check(standing("chatbot-production", 1, 2)), width=60)).split("\n")
    assert lines[1].split()[1:] == ["2026-11", "$0.000000001", "$0.000000002", "50.0%", "-", "ok"]
    assert "".join(line.split()[0] for line in lines[1 : lines.index("")]) == "chatbot-production"


def test_colour_only_where_asked_for() -> None:
    assert "\x1b[1;31m" in shown.as_text(FOUND, width=120, color=True)
    assert "\x1b" not in shown.as_text(FOUND, width=120)


def test_unpriced_requests_are_remarked() -> None:
    (line,) = shown.remarks(FOUND)
    assert line == (
        "unpriced: 3 of 7 requests of bot in month 2026-11 have no price and are not in its spend;"
        " see `llmcost reprice`"
    )


def test_a_long_list_of_breaches_is_counted() -> None:
    found = check(*(standing(f"app{n}", 2 * USD, USD) for n in range(7)))
    line = shown.verdict_line(found, judge(found))
    assert line.startswith("over budget: app0 month 2026-11 spent $2.00 of $1.00; app1 ")
    assert line.endswith("; app4 month 2026-11 spent $2.00 of $1.00; and 2 more")


def test_the_list_of_budgets() -> None:
    file = parse_budgets(
        "budgets:\n"
        "  - {app_id: shop, daily_limit: 12.5, alert_thresholds: [0.125, 0.8],"
        " notification_channels: [{type: slack, webhook: 'https://x.example.com/y'},"
        " {type: email, recipients: [a@b.c, '${TEAM}']}]}\n"
        "  - {app_id: bot, monthly_limit: 1000}\n",
        "b.yaml",
    )
    assert without_rule(shown.list_text(file)) == (
        "app    per day   per month   alerts at    channels\n"
        "shop    $12.50           -   12.5%, 80%   slack: https://x.example.com/…; email: a@b.c, ${TEAM}\n"
        "bot          -   $1,000.00   -            -"
    )
