from fractions import Fraction
from pathlib import Path

import pytest

from llmcost.budgets.config import load, packaged_path, parse_budgets
from llmcost.budgets.model import Channel, Limit
from llmcost.core.errors import ConfigError

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
    assert first.limits == (Limit("day", 500_000_000_000), Limit("month", 10_000_000_000_000))
    assert first.thresholds == (Fraction(1, 2), Fraction(4, 5), Fraction(19, 20))
    assert first.channels == (
        Channel("slack", ADDRESS),
        Channel("email", recipients=("admin@company.com", "finance@company.com")),
    )
    assert second.limits == (Limit("month", 1),)
    assert second.thresholds == ()
    assert second.channels == (Channel("webhook", "${ALERTS}"),)
    assert (first.line, second.line) == (2, 11)


def test_a_limit_of_zero_is_a_limit() -> None:
    budget = parse_budgets("budgets: [{app_id: a, daily_limit: 0}]", "b").budgets[0]
    assert budget.limits == (Limit("day", 0),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "b.yaml:1: a budget file must be a mapping"),
        ("budgets: []", "b.yaml:1: the file holds no budget"),
        ("{}", "b.yaml:1: the file holds no budget"),
        ("budgets: {a: 1}", "b.yaml:1: 'budgets' must be a list"),
        ("budget:\n  - app_id: a", "b.yaml:1: unknown key 'budget'; did you mean 'budgets'?"),
        (
            "budgets:\n  - app_id: a\n    dayly_limit: 5",
            "b.yaml:3: unknown key 'dayly_limit'; did you mean 'daily_limit'?",
        ),
        ("budgets:\n  - daily_limit: 5", "b.yaml:2: a budget has no 'app_id'"),
        ("budgets:\n  - app_id: a", "b.yaml:2: the budget of 'a' has no limit"),
        ("budgets:\n  - app_id: a\n    daily_limit:", "b.yaml:2: the budget of 'a' has no limit"),
        ("budgets:\n  - app_id: a\n    daily_limit: -5", "b.yaml:3: 'daily_limit' cannot be negative: -5"),
        ("budgets:\n  - app_id: a\n    daily_limit: $5", "b.yaml:3: 'daily_limit' is not a number: '$5'"),
        ("budgets:\n  - app_id: a\n    daily_limit: .inf", "b.yaml:3: 'daily_limit' is not a number: '.inf'"),
        (
            "budgets:\n  - app_id: a\n    daily_limit: 0.0000000001",
            "b.yaml:3: 'daily_limit' has more than nine decimals: 0.0000000001",
        ),
        (
            "budgets:\n  - {app_id: a, daily_limit: 1}\n  - {app_id: a, daily_limit: 2}",
            "b.yaml:3: app 'a' has a budget on line 2 already",
        ),
        (
            "budgets:\n  - app_id: a\n    daily_limit: 1\n    alert_thresholds:\n      - 0.5\n      - 80",
            "b.yaml:6: threshold 80 is not above 0 and at most 10",
        ),
        ("budgets: [{app_id: a, daily_limit: 1, alert_thresholds: [0]}]", "b.yaml:1: threshold 0 is not above 0"),
        ("budgets: [{app_id: a, daily_limit: 1, alert_thresholds: [-1]}]", "b.yaml:1: not a threshold: '-1'"),
        ("budgets: [{app_id: a, daily_limit: 1, alert_thresholds: [[1]]}]", "b.yaml:1: not a threshold: ''"),
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
            "'url' is not an http(s) address: ftp://files.example.com/…",
        ),
        ("{type: webhook, url: 'https://x.y/${TOKEN'}", "'url' has a broken ${…} reference"),
        ("{type: email}", "an email channel has no 'recipients'"),
        ("{type: email, recipients: [a b@c.d]}", "not an email address: 'a b@c.d'"),
        ("{type: email, recipients: [nobody]}", "not an email address: 'nobody'"),
        ("{type: email, recipients: a@b.c}", "'recipients' must be a list"),
        ("slack", "a notification channel must be a mapping"),
    ],
)
def test_a_channel_says_where_it_goes(channel: str, message: str) -> None:
    text = f"budgets: [{{app_id: a, daily_limit: 1, notification_channels: [{channel}]}}]"
    with pytest.raises(ConfigError) as caught:
        parse_budgets(text, "b.yaml")
    assert message in caught.value.message


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
    assert [budget.name for budget in load(path).budgets] == ["chatbot-production", "internal-tools"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load(tmp_path)


def test_names_are_spelled_as_the_ledger_spells_them() -> None:
    budget = parse_budgets('budgets: [{app_id: "cafe\\u0301-with-a-long-name", daily_limit: 1}]', "b").budgets[0]
    assert budget.name == "café-with-a-long-name"
