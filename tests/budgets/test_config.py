from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from llmcost.budgets.config import load, packaged_path, parse_budgets
from llmcost.budgets.model import Channel, Limit, Waiver, Window
from llmcost.core.errors import ConfigError
from llmcost.pricing.currency import Currency

DAY, WEEK, MONTH, QUARTER = (Window(unit) for unit in ("day", "week", "month", "quarter"))
USD = 10**9
ADDRESS = "https://hooks.slack.com/services/T000/B000/verysecret"

SEED = """\
budgets:
  - app_id: "chatbot-production"
    daily_limit: 500.0
    monthly_limit: 10000.0
    alert_thresholds: [0.95, 0.5, 80%]
    notification_channels:
      - type: slack
        webhook: "https://hooks.slack.com/services/T000/B000/verysecret"
      - type: email
        recipients: ["admin@company.com", "finance@company.com"]
  - app_id: "internal-tools"
    monthly_limit: "0.000000001"
    notification_channels:
      - type: webhook
        url: ${ALERTS}
"""


def test_the_seeds_file_is_read_exactly() -> None:
    first, second = parse_budgets(SEED, "b.yaml").budgets
    assert first.name == "chatbot-production"
    assert first.scope == (("app", "chatbot-production"),)
    assert first.limits == (Limit(DAY, "usd", 500_000_000_000), Limit(MONTH, "usd", 10_000_000_000_000))
    assert first.thresholds == (Fraction(1, 2), Fraction(4, 5), Fraction(19, 20))
    assert first.channels == (
        Channel("slack", ADDRESS),
        Channel("email", recipients=("admin@company.com", "finance@company.com")),
    )
    assert second.limits == (Limit(MONTH, "usd", 1),)
    assert second.thresholds == ()
    assert second.channels == (Channel("webhook", "${ALERTS}"),)
    assert (first.line, second.line) == (2, 11)


LONG = """\
timezone: Europe/Berlin
channels:
  team: {type: slack, webhook: "${SLACK_WEBHOOK}"}
  signed: {type: webhook, url: "https://x.example.com/a", secret: "${HMAC_KEY}", allow_private: true}
budgets:
  - name: search
    scope:
      team: search
      env: [prod, staging]
      tag.customer: acme
    owner: ana@example.com
    hourly_limit: 5
    weekly_limit: 350
    throttle_at: {hour: 90%, week: 0.95}
    limits:
      - {window: 7d, amount: 300, soft: true}
      - {window: rolling 30 d, tokens: 5_000_000_000}
      - {window: quarter, amount: 2500.50, requests: 1000000, throttle_at: 100%}
    notification_channels: [team, signed, {type: stdout}]
    waivers:
      - until: 2026-12-01
        by: ana
        reason: the sale
  - name: everything
    scope: all
    timezone: Asia/Kathmandu
    monthly_limit: 10000
"""


def test_the_longer_form_is_read_exactly() -> None:
    first, second = parse_budgets(LONG.replace("5_000_000_000", "5000000000"), "b.yaml").budgets
    assert first.scope == (
        ("environment", "prod"), ("environment", "staging"), ("tag.customer", "acme"), ("team", "search"),
    )  # fmt: skip
    assert (first.name, first.owner, first.timezone, first.line) == ("search", "ana@example.com", "Europe/Berlin", 6)
    assert first.limits == (
        Limit(Window("hour"), "usd", 5 * USD, True, Fraction(9, 10)),
        Limit(WEEK, "usd", 350 * USD, True, Fraction(19, 20)),
        Limit(QUARTER, "usd", 2500 * USD + USD // 2, True, Fraction(1)),
        Limit(QUARTER, "requests", 1_000_000, True, Fraction(1)),
        Limit(Window("rolling", 7), "usd", 300 * USD, False),
        Limit(Window("rolling", 30), "tokens", 5_000_000_000),
    )
    assert first.channels == (
        Channel("slack", "${SLACK_WEBHOOK}"),
        Channel("webhook", "https://x.example.com/a", secret="${HMAC_KEY}", allow_private=True),  # noqa: S106 - a reference
        Channel("stdout"),
    )
    assert [channel.references for channel in first.channels] == [("SLACK_WEBHOOK",), ("HMAC_KEY",), ()]
    assert first.waivers == (Waiver(date(2026, 12, 1), "ana", "the sale", 21),)
    assert (second.name, second.scope, second.timezone, second.waivers) == ("everything", (), "Asia/Kathmandu", ())


EUR = Currency("EUR", Fraction("1.1604"), "2026-11-24", "own")


def test_a_budget_in_another_currency_is_kept_in_dollars() -> None:
    text = (
        "currency: eur\n"
        "budgets:\n"
        "  - {app_id: a, monthly_limit: 100.01, limits: [{window: day, tokens: 5}]}\n"
        "  - {app_id: b, monthly_limit: 100, currency: USD}\n"
    )
    first, second = parse_budgets(text, "b", {"EUR": EUR}.get).budgets
    assert first.limits == (Limit(DAY, "tokens", 5), Limit(MONTH, "usd", 116_051_604_000))
    assert (first.currency, second.currency.code) == (EUR, "USD")
    assert second.limits == (Limit(MONTH, "usd", 100 * USD),)
    with pytest.raises(ConfigError, match="b:1: no rate for the currency 'EUR'") as caught:
        parse_budgets(text, "b")
    assert "pricing.yaml" in caught.value.hint


@pytest.mark.parametrize(
    ("limits", "remark"),
    [
        # the issue's own figures
        (
            "daily_limit: 500, monthly_limit: 10000",
            "500.00 USD per day x 30 = 15,000.00 USD is more than the 10,000.00 USD per month, which end first",
        ),
        ("daily_limit: 500, monthly_limit: 15000", None),
        ("weekly_limit: 100.01, monthly_limit: 400.03", "100.01 USD per week x 4 = 400.04 USD is more than"),
        ("monthly_limit: 100, quarterly_limit: 299", "100.00 USD per month x 3 = 300.00 USD is more than"),
        # hours are for bursts: they need not fill a day
        ("hourly_limit: 50, daily_limit: 100", None),
        ("hourly_limit: 101, daily_limit: 100", "101.00 USD per hour is more than the 100.00 USD per day"),
        (
            "daily_limit: 10, limits: [{window: 7d, amount: 69}]",
            "x 7 = 70.00 USD is more than the 69.00 USD per rolling",
        ),
        ("daily_limit: 10, limits: [{window: 7d, amount: 69, soft: true}]", None),
        ("daily_limit: 10, limits: [{window: 7d, tokens: 69}]", None),
        ("limits: [{window: day, tokens: 2000}, {window: week, tokens: 13999}]", "2,000 tokens per day x 7 = 14,000"),
        ("monthly_limit: 100, limits: [{window: 30d, amount: 1}]", None),
    ],
)
def test_limits_that_contradict_each_other_are_remarked(limits: str, remark: str | None) -> None:
    remarks = parse_budgets(f"budgets:\n  - {{app_id: a, {limits}}}", "b").remarks
    assert [found.line for found in remarks] == ([] if remark is None else [2])
    assert all(remark in found.text and found.text.startswith("'a': ") for found in remarks if remark)


def test_a_limit_of_zero_is_a_limit() -> None:
    budget = parse_budgets("budgets: [{app_id: a, daily_limit: 0}]", "b").budgets[0]
    assert budget.limits == (Limit(DAY, "usd", 0),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "b.yaml: the file is empty"),
        ("# nothing yet\n", "b.yaml: the file is empty"),
        ("- app_id: a", "b.yaml:1: a budget file must be a mapping"),
        ("timezone: UTC\napp_id: a\ndaily_limit: 5", "b.yaml:2: 'app_id' stands outside the list under `budgets:`"),
        ("budgets: []", "b.yaml:1: the file holds no budget"),
        ("{}", "b.yaml:1: the file holds no budget"),
        ("budgets: {a: 1}", "b.yaml:1: 'budgets' must be a list"),
        ("budget:\n  - app_id: a", "b.yaml:1: unknown key 'budget'; did you mean 'budgets'?"),
        (
            "budgets:\n  - app_id: a\n    dayly_limit: 5",
            "b.yaml:3: unknown key 'dayly_limit'; did you mean 'daily_limit'?",
        ),
        ("budgets:\n  - daily_limit: 5", "b.yaml:2: a budget has no scope"),
        ("budgets:\n  - app_id:\n    daily_limit: 5", "b.yaml:2: a budget has no scope"),
        ("budgets:\n  - app_id: a\n    scope: all\n    daily_limit: 5", "b.yaml:3: a budget has both 'app_id' and"),
        ("budgets:\n  - scope: all\n    daily_limit: 5", "b.yaml:2: a budget has no 'name'"),
        ("budgets:\n  - name: n\n    scope: everything\n    daily_limit: 5", "b.yaml:3: a budget has no scope"),
        ("budgets:\n  - name: n\n    scope: {}\n    daily_limit: 5", "b.yaml:3: a budget has no scope"),
        ("budgets:\n  - name: n\n    scope: {app: []}\n    daily_limit: 5", "b.yaml:3: 'scope' names nothing"),
        ("budgets:\n  - name: n\n    scope:\n      app:\n", "b.yaml:4: 'app' in 'scope' must be a name or a list"),
        ("budgets:\n  - name: n\n    scope:\n      app: {a: b}\n", "b.yaml:4: 'app' in 'scope' must be a name"),
        (
            "budgets:\n  - name: n\n    scope:\n      teem: x\n    daily_limit: 5",
            "b.yaml:4: unknown dimension 'teem'; did you mean 'team'?",
        ),
        ("budgets:\n  - app_id: a", "b.yaml:2: the budget of 'a' has no limit"),
        ("budgets:\n  - app_id: a\n    daily_limit:", "b.yaml:2: the budget of 'a' has no limit"),
        ("budgets:\n  - app_id: a\n    daily_limit: -5", "b.yaml:3: 'daily_limit' cannot be negative: -5"),
        ("budgets:\n  - app_id: a\n    daily_limit: $5", "b.yaml:3: 'daily_limit' is not a number: '$5'"),
        ("budgets:\n  - app_id: a\n    daily_limit: .inf", "b.yaml:3: 'daily_limit' is not a number: '.inf'"),
        (
            "budgets:\n  - app_id: a\n    daily_limit: 0.0000000001",
            "b.yaml:3: 'daily_limit' has more than nine decimals: 0.0000000001",
        ),
        ("budgets:\n  - app_id: a\n    daily_limit: 1000000001", "implausible 'daily_limit': 1000000001 USD"),
        (
            "budgets:\n  - {app_id: a, daily_limit: 1}\n  - {app_id: a, daily_limit: 2}",
            "b.yaml:3: the name of the budget 'a' is taken by the one on line 2",
        ),
        (
            "budgets:\n  - {app_id: a, daily_limit: 1}\n  - {name: b, scope: {app: a}, daily_limit: 2}",
            "b.yaml:3: the scope of the budget 'b' is taken by the one on line 2",
        ),
        (
            "budgets: [{app_id: a, daily_limit: 1}, {app_id: a, daily_limit: 2}]",
            "b.yaml:1: the name of the budget 'a' is taken by the one on line 1",
        ),
        (
            "budgets:\n  - app_id: a\n    daily_limit: 1\n    limits: [{window: day, amount: 2}]",
            "b.yaml:2: the budget of 'a' has two hard limits of usd per day",
        ),
        (
            "budgets:\n  - app_id: a\n    limits:\n      - {window: fortnight, amount: 2}",
            "b.yaml:4: unknown window 'fortnight'",
        ),
        ("budgets:\n  - app_id: a\n    limits:\n      - {window: wek, amount: 2}", "did you mean 'week'?"),
        ("budgets:\n  - app_id: a\n    limits:\n      - {window: 0d, amount: 2}", "b.yaml:4: unknown window '0d'"),
        ("budgets:\n  - app_id: a\n    limits:\n      - {window: 367d, amount: 2}", "unknown window '367d'"),
        ("budgets:\n  - app_id: a\n    limits:\n      - {amount: 2}", "b.yaml:4: a limit has no 'window'"),
        ("budgets:\n  - app_id: a\n    limits:\n      - {window: day}", "b.yaml:4: a limit has no amount"),
        ("budgets:\n  - app_id: a\n    limits:\n      - {window: day, tokens: 1.5}", "'tokens' must be a whole number"),
        ("budgets:\n  - app_id: a\n    limits:\n      - {window: day, tokens: -1}", "'tokens' cannot be negative: -1"),
        ("budgets:\n  - app_id: a\n    limits:\n      - {window: day, tokens: 10000000000000000000}", "implausible"),
        ("budgets:\n  - app_id: a\n    limits:\n      - {window: day, token: 1}", "did you mean 'tokens'?"),
        ("budgets:\n  - app_id: a\n    limits:\n      - {window: day, amount: 1, soft: yes}", "unknown soft 'yes'"),
        (
            "budgets:\n  - app_id: a\n    daily_limit: 1\n    throttle_at: {month: 95%}",
            "b.yaml:4: 'throttle_at' names 'month', for which the budget has no limit",
        ),
        (
            "budgets:\n  - app_id: a\n    daily_limit: 1\n    throttle_at: 0.95",
            "b.yaml:4: 'throttle_at' must be a mapping",
        ),
        (
            "budgets:\n  - app_id: a\n    daily_limit: 1\n    throttle_at:\n      day: 101%",
            "b.yaml:5: 'throttle_at' is above the limit",
        ),
        ("budgets:\n  - app_id: a\n    daily_limit: 1\n    timezone: Berlin", "b.yaml:4: unknown time zone 'Berlin'"),
        ("timezone: Mars\nbudgets: []", "b.yaml:1: unknown time zone 'Mars'"),
        ("budgets:\n  - app_id: a\n    daily_limit: 1\n    currency: EUR", "b.yaml:4: no rate for the currency 'EUR'"),
        (
            "budgets:\n  - app_id: a\n    daily_limit: 1\n    waivers:\n      - {until: soon, by: ana, reason: x}",
            "b.yaml:5: 'until' is not a date: 'soon'",
        ),
        (
            "budgets:\n  - app_id: a\n    daily_limit: 1\n    waivers:\n      - {until: 2026-12-01, reason: x}",
            "b.yaml:5: a waiver has no 'by'",
        ),
        (
            "budgets:\n  - app_id: a\n    daily_limit: 1\n    waivers:\n      - {until: 2026-12-01, by: ana}",
            "b.yaml:5: a waiver has no 'reason'",
        ),
        (
            "budgets:\n  - app_id: a\n    daily_limit: 1\n    waivers:\n      - {by: ana, reason: x}",
            "b.yaml:5: a waiver has no 'until'",
        ),
        (
            "budgets:\n  - app_id: a\n    daily_limit: 1\n    alert_thresholds:\n      - 0.5\n      - 80",
            "b.yaml:6: threshold 80 is not above 0 and at most 10",
        ),
        ("budgets: [{app_id: a, daily_limit: 1, alert_thresholds: [0]}]", "b.yaml:1: threshold 0 is not above 0"),
        ("budgets: [{app_id: a, daily_limit: 1, alert_thresholds: [-1]}]", "b.yaml:1: not a threshold: '-1'"),
        ("budgets: [{app_id: a, daily_limit: 1, alert_thresholds: [[1]]}]", "b.yaml:1: not a threshold: ''"),
        ("budgets: [{app_id: a, daily_limit: 1, alert_thresholds: [1001%]}]", "threshold 1001% is not above 0 and at"),
        ("budgets: [{app_id: a, daily_limit: 1, alert_thresholds: [80 percent]}]", "not a threshold: '80 percent'"),
        ("budgets: [{app_id: a, daily_limit: 1, alert_thresholds: 0.5}]", "'alert_thresholds' must be a list"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_budgets(text, "b.yaml")
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        ("{type: slak, webhook: 'https://x.y/z'}", "unknown channel type 'slak'; did you mean 'slack'?"),
        ("{webhook: 'https://x.y/z'}", "a notification channel has no 'type'"),
        ("{type: slack}", "a notification channel has no 'webhook'"),
        ("{type: slack, url: 'https://x.y/z'}", "a slack channel has no 'url'"),
        ("{type: webhook, recipients: [a@b.c]}", "a webhook channel has no 'recipients'"),
        (
            "{type: webhook, url: 'ftp://files.example.com/x'}",
            "'url' is not an http(s) address: …redacted",
        ),
        ("{type: webhook, url: 'https://x.y/${TOKEN'}", "'url' has a broken ${…} reference"),
        ("{type: email}", "an email channel has no 'recipients'"),
        ("{type: email, recipients: [a b@c.d]}", "not an email address: 'a b@c.d'"),
        ("{type: email, recipients: [nobody]}", "not an email address: 'nobody'"),
        ("{type: email, recipients: a@b.c}", "'recipients' must be a list"),
        ("slack", "no channel 'slack'"),
        ("[slack]", "a notification channel must be a mapping"),
        ("{type: webhook, url: 'https://x.y/z', secret: verysecret}", "'secret' is written out"),
        ("{type: webhook, url: 'https://x.y/z', secret: '${A}verysecret'}", "'secret' is written out"),
        ("{type: slack, webhook: 'https://x.y/z', secret: '${A}'}", "a slack channel has no 'secret'"),
        ("{type: webhook, url: 'https://x.y/z', allow_private: maybe}", "unknown allow_private 'maybe'"),
        ("{type: stdout, url: 'https://x.y/z'}", "a stdout channel has no 'url'"),
        ("{type: apprise}", "a notification channel has no 'url'"),
    ],
)
def test_a_channel_says_where_it_goes(channel: str, message: str) -> None:
    text = f"budgets: [{{app_id: a, daily_limit: 1, notification_channels: [{channel}]}}]"
    with pytest.raises(ConfigError) as caught:
        parse_budgets(text, "b.yaml")
    assert message in caught.value.message
    assert "verysecret" not in caught.value.message + caught.value.hint


def test_a_named_channel_is_defined_once() -> None:
    text = (
        "channels: {ops: {type: slack, webhook: '${A}'}}\n"
        "budgets: [{app_id: a, daily_limit: 1, notification_channels: [opps]}]"
    )
    with pytest.raises(ConfigError, match="b:2: no channel 'opps'; did you mean 'ops'"):
        parse_budgets(text, "b")
    with pytest.raises(ConfigError, match="b:1: 'channels' must be a mapping"):
        parse_budgets("channels: [ops]\nbudgets: []", "b")


def test_a_channels_key_tells_the_same_destination_and_nothing_of_it() -> None:
    one, same = Channel("slack", ADDRESS), Channel("slack", ADDRESS, allow_private=True)
    assert one.key == same.key
    assert len({one.key, Channel("webhook", ADDRESS).key, Channel("slack", ADDRESS + "x").key}) == 3
    assert Channel("email", recipients=("a@b.c",)).key != Channel("email", recipients=("a@b.c", "d@e.f")).key
    assert "secret" not in one.key


def test_an_address_that_is_wrong_is_not_repeated() -> None:
    text = "budgets: [{app_id: a, daily_limit: 1, notification_channels: [{type: slack, webhook: T000verysecret}]}]"
    with pytest.raises(ConfigError) as caught:
        parse_budgets(text, "b.yaml")
    assert "verysecret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (ADDRESS, "slack: https://hooks.slack.com/…"),
        ("${SLACK_WEBHOOK}", "slack: ${SLACK_WEBHOOK}"),
        ("https://user:verysecret@chat.example.com/verysecret", "slack: https://chat.example.com/…"),
        ("https://chat.example.com/?key=verysecret", "slack: https://chat.example.com/…"),
        ("https://${A}.example.com/x", "slack: …redacted"),
        ("${A}verysecret", "slack: …redacted"),
        ("https://verysecret", "slack: …redacted"),
        ("https://[verysecret", "slack: …redacted"),
    ],
)
def test_a_channel_never_shows_its_secret(target: str, shown: str) -> None:
    channel = Channel("slack", target)
    assert channel.shown == shown
    assert "verysecret" not in repr(channel)


def test_the_packaged_example_is_valid() -> None:
    path = packaged_path()
    assert path is not None
    file = load(path)
    assert [budget.name for budget in file.budgets] == [
        "chatbot-production", "internal-tools", "search in production",
    ]  # fmt: skip
    assert file.remarks == ()


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load(tmp_path)


def test_names_are_spelled_as_the_ledger_spells_them() -> None:
    budget = parse_budgets('budgets: [{app_id: "cafe\\u0301-with-a-long-name", daily_limit: 1}]', "b").budgets[0]
    assert budget.name == "café-with-a-long-name"
