"""The sentences every format of `budget check` shares, and the table, status and list."""

from datetime import date
from fractions import Fraction

import pytest

from llmcost.budgets.check import Standing
from llmcost.budgets.config import Remark, parse_budgets
from llmcost.budgets.model import Waiver
from llmcost.pricing.currency import Currency
from llmcost.reporting import budgets as shown
from llmcost.reporting.budgets_list import list_text
from llmcost.reporting.budgets_status import render_status
from llmcost.reporting.budgets_table import render_table
from llmcost.reporting.columns import width_of
from tests.budgets.rows import USD
from tests.reporting.outcomes import outcome, standing

EUR = Currency("EUR", Fraction(5, 4), "2026-11-24", "own")
FOUND = outcome(
    standing("shop", 1234 * USD, 1000 * USD, 1600 * USD),
    standing("bot", 85 * USD, 100 * USD, 99 * USD, unpriced=3),
    standing("a-long-name-数据", 0, 0),
)


def without_rule(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if set(line) != {"─"})


def test_the_table_as_it_is_written_to_a_pipe() -> None:
    assert without_rule(render_table(FOUND)) == (
        "budget            window       spent      limit    used   forecast  unpriced  state\n"
        "shop              2026-11  $1,234.00  $1,000.00  123.4%  $1,600.00         0  breach\n"
        "bot               2026-11     $85.00    $100.00   85.0%     $99.00         3  warn (80%)\n"
        "a-long-name-数据  2026-11      $0.00      $0.00     n/a          -         0  ok\n"
        "\n"
        "as of 2026-11-24T12:00:00Z, days and months of UTC; forecast to the window's end: run rate"
    )


def test_without_unpriced_requests_there_is_no_column_for_them() -> None:
    assert "unpriced" not in render_table(outcome(*FOUND.found.standings[:1]))


def test_in_a_narrow_terminal_a_name_folds_and_nothing_is_lost() -> None:
    text = render_table(outcome(standing("chatbot-production", 1, 2), width=50))
    lines = without_rule(text).split("\n")
    assert lines[1].split()[1:] == ["2026-11", "$0.000000001", "$0.000000002", "ok"]
    assert "".join(line.split()[0] for line in lines[1 : lines.index("")]) == "chatbot-production"


@pytest.mark.parametrize(
    ("width", "left_out"), [(200, ""), (80, ""), (79, "used"), (72, "used"), (71, "used, forecast")]
)
def test_a_row_has_one_line_and_a_column_left_out_is_named(width: int, left_out: str) -> None:
    """Every column beside a name of eight takes 80, without `used` 72."""
    text = render_table(FOUND._replace(width=width))
    lines = text.split("\n")
    assert max(map(width_of, lines)) <= width
    assert "unpriced" in lines[0]
    assert all(lines[: 5 + ("a-long-name-" not in text)])
    assert ("left out for want of room: " in text) is bool(left_out)
    assert f"left out for want of room: {left_out};" in text or not left_out


def test_colour_only_where_asked_for() -> None:
    for render in (render_table, render_status):
        assert "\x1b[1;31m" in render(FOUND._replace(width=120, color=True))
        assert "\x1b" not in render(FOUND._replace(width=120))


def test_tokens_and_requests_are_short_in_a_terminal_and_exact_in_a_pipe() -> None:
    found = outcome(standing("bot", 72_101_542, 2_000_000_000, measure="tokens"))
    assert "72,101,542 tokens" in render_table(found)
    assert "72.1M tokens" in render_table(found._replace(width=120))
    assert "72,101,542 of 2,000,000,000 tokens" in render_status(found)
    assert "72.1M of 2.0G tokens" in render_status(found._replace(width=80))


def test_unpriced_requests_are_remarked() -> None:
    (line,) = shown.remarks(FOUND)
    assert line == (
        "unpriced: 3 of 7 requests of bot in month 2026-11 have no price and are not in its spend;"
        " see `llmcost reprice`"
    )


def test_many_remarks_are_counted() -> None:
    found = outcome(
        *(standing(f"app{n}", 1, 2, unpriced=1) for n in range(7)), remarks=tuple(Remark(n, "odd") for n in range(9))
    )
    lines = shown.remarks(found)
    assert len(lines) == 12
    assert lines[4:6] == ["warning: budgets.yaml:4: odd", "… and 4 more contradictions"]
    assert lines[11] == "… and 2 more budgets with unpriced requests"


def test_a_long_list_of_breaches_is_counted() -> None:
    line = shown.verdict_line(outcome(*(standing(f"app{n}", 2 * USD, USD) for n in range(7))))
    assert line.startswith("over budget: app0 month 2026-11 spent $2.00 of $1.00; app1 ")
    assert line.endswith("; app4 month 2026-11 spent $2.00 of $1.00; and 2 more")


@pytest.mark.parametrize(
    ("found", "fail_on", "line"),
    [
        (standing("a", 1, 5), (), "within budget (1 limit)"),
        (standing("a", 4, 5), (), "within budget (1 limit); 1 alert threshold reached"),
        (standing("a", 4, 5), ("warn",), "alert threshold reached: a month 2026-11 is at 80.0% (threshold 80%)"),
        (
            standing("a", 1 * USD, 5 * USD, 6 * USD),
            ("forecast",),
            "forecast over budget: a month 2026-11 heads for $6.00 of $5.00 ($5.00 to $7.00), reached on 2026-11-29",
        ),
        (standing("a", USD, 5 * USD, 6 * USD), (), "within budget (1 limit); 1 limit forecast to be exceeded"),
        # asked for thresholds only, it says the threshold
        (
            standing("a", 4 * USD, 5 * USD, 6 * USD),
            ("warn",),
            "alert threshold reached: a month 2026-11 is at 80.0% (threshold 80%)",
        ),
        (
            standing("a", 6 * USD, 5 * USD, hard=False),
            ("warn",),
            "alert threshold reached: a month 2026-11 spent $6.00 of $5.00, a soft limit",
        ),
        (
            standing("a", 6 * USD, 5 * USD, hard=False),
            (),
            "within budget (1 limit); 1 soft limit exceeded; 1 alert threshold reached",
        ),
        (
            standing("a", 6 * USD, 5 * USD, waiver=Waiver(date(2026, 11, 24), "ana", "sale", 3), waived=True),
            ("warn",),
            "within budget (1 limit); 1 limit exceeded under a waiver",
        ),
        (
            standing("a", 6 * USD, 5 * USD, waiver=Waiver(date(2026, 11, 23), "ana", "sale", 3)),
            (),
            "over budget: a month 2026-11 spent $6.00 of $5.00; the waiver by ana expired on 2026-11-23",
        ),
        (
            standing("a", 6, 5, owner="team-a", measure="requests"),
            (),
            "over budget: a month 2026-11 used 6 of 5 requests; owner: team-a",
        ),
        (
            standing("a", 0, 5, known=False),
            (),
            "no verdict, the data is not enough: no request of the budget 'a' was ever seen",
        ),
    ],
)
def test_the_verdict_says_what_decided_it(found: Standing, fail_on: tuple[str, ...], line: str) -> None:
    assert shown.verdict_line(outcome(found, fail_on=fail_on)) == line


def test_status_draws_what_is_used_reserved_and_to_come() -> None:
    found = outcome(
        standing("bot", 25 * USD, 100 * USD, 75 * USD, reserved=25 * USD, unpriced=2),
        standing("shop", 300 * USD, 100 * USD, 400 * USD, waiver=Waiver(date(2026, 11, 23), "ana", "sale", 3)),
        standing("free", 5, 0, waiver=Waiver(date(2026, 12, 24), "bob", "trial", 9), waived=True, owner="eve"),
    )
    assert render_status(found) == (
        "bot  app=bot\n"
        "  month 2026-11  ███▒▒▒░░░···   25.0%  $25.00 of $100.00  ok\n"
        "                 reserved for requests under way: $25.00\n"
        "                 heads for $75.00 ($74.00 to $76.00)\n"
        "                 lasts the month\n"
        "                 without a price, not in what is used: 2 requests of 7\n"
        "\n"
        "shop  app=shop\n"
        "  month 2026-11  ████████████  300.0%  $300.00 of $100.00  breach\n"
        "                 heads for $400.00 ($399.00 to $401.00)\n"
        "                 the waiver by ana expired on 2026-11-23\n"
        "\n"
        "free  app=free; owner: eve\n"
        "  waived until 2026-12-24 by bob: trial\n"
        "  month 2026-11  ████████████     n/a  $0.000000005 of $0.00  waived\n"
        "\n"
        "█ used  ▒ reserved  ░ forecast  · free\n"
        "as of 2026-11-24T12:00:00Z, days and months of UTC; forecast to the window's end: run rate"
    )


@pytest.mark.parametrize(
    ("limit", "said"),
    [(10, "lasts the month"), (8, "5 days left at this rate, until 2026-11-29"), (3, "less than a day")],
)
def test_status_counts_the_days_that_are_left(limit: int, said: str) -> None:
    # 24 November: three dollars spent, one more at each of the seven days' end, ten at the month's.
    found = standing("bot", 3 * USD, limit * USD, 10 * USD)
    assert said in render_status(outcome(found))


def test_money_in_another_currency_comes_with_its_rate() -> None:
    own = standing("bot", 125 * USD, 1250 * USD, 500 * USD, currency=EUR)
    assert "100.00 EUR  1,000.00 EUR  10.0%  400.00 EUR" in render_table(outcome(own))
    assert shown.remarks(outcome(own)) == ["1 EUR = 1.25 USD on 2026-11-24 (own)"]
    dollars = standing("bot", 125 * USD, 1250 * USD)
    assert "100.00 EUR" in render_status(outcome(dollars, currency=EUR))
    assert "100.00 EUR" in shown.sentence(outcome(dollars, currency=EUR), dollars)
    assert shown.remarks(outcome(dollars, currency=EUR)) == ["1 EUR = 1.25 USD on 2026-11-24 (own)"]
    assert shown.remarks(outcome(dollars)) == []


@pytest.mark.parametrize(
    ("nano", "usd", "text"),
    [
        (USD, "0.0064", "156.25 JPY"),
        (1, "0.0064", "0.000000156 JPY"),
        (0, "2", "0.00 JPY"),
        (10**9, "3", "0.3333 JPY"),
    ],
)
def test_money_is_converted_exactly_and_rounded_once(nano: int, usd: str, text: str) -> None:
    assert shown.money(nano, Currency("JPY", Fraction(usd), "2026-11-24")) == text


@pytest.mark.parametrize("start", ["::error::", "##[group]", "##vso[task.complete]", "  ::add-mask::"])
def test_a_name_cannot_command_a_runner_from_a_line_of_a_table(start: str) -> None:
    found = outcome(standing(start + "x", 1, 2))
    for text in (render_table(found), render_status(found)):
        assert not any(line.strip().startswith(("::", "##")) for line in text.split("\n"))


def test_the_list_of_budgets() -> None:
    file = parse_budgets(
        "budgets:\n"
        "  - {app_id: shop, daily_limit: 12.5, alert_thresholds: [0.125, 0.8],"
        " notification_channels: [{type: slack, webhook: 'https://x.example.com/y'},"
        " {type: email, recipients: [a@b.c, '${TEAM}']}]}\n"
        "  - {name: all of it, scope: all, owner: eve, timezone: Asia/Kathmandu, currency: EUR,"
        " monthly_limit: 1000, throttle_at: {month: 95%}, limits: [{window: 7d, tokens: 5000, soft: true}],"
        " waivers: [{until: 2026-12-01, by: ana, reason: the sale}]}\n",
        "b.yaml",
        {"EUR": EUR}.get,
    )
    assert list_text(file) == (
        "shop  app=shop\n"
        "  limit      $12.50 per day\n"
        "  alerts at  12.5%, 80%\n"
        "  channel    slack: https://x.example.com/…\n"
        "  channel    email: a@b.c, ${TEAM}\n"
        "\n"
        "all of it  all requests\n"
        "  owner      eve\n"
        "  time zone  Asia/Kathmandu\n"
        "  limit      1,000.00 EUR per month, throttled at 95%\n"
        "  limit      5,000 tokens per rolling 7d, soft\n"
        "  waiver     until 2026-12-01 by ana: the sale"
    )
