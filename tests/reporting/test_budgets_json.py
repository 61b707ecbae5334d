"""`budget check --json`: exact amounts, and only documented keys."""

from __future__ import annotations

import json
import re
from datetime import date
from fractions import Fraction
from pathlib import Path

from llmcost.budgets.config import Remark, parse_budgets
from llmcost.budgets.model import Waiver
from llmcost.pricing.currency import Currency
from llmcost.reporting.budgets_json import list_json, render_json
from tests.budgets.rows import USD
from tests.reporting.outcomes import outcome, standing

EUR = Currency("EUR", Fraction("1.16"), "2026-11-24", "own")


def test_a_limit_in_money() -> None:
    waiver = Waiver(date(2026, 12, 1), "ana", "sale", 3)
    found = outcome(
        standing(
            "bot",
            USD + 1,
            2 * USD,
            3 * USD,
            unpriced=3,
            reserved=5,
            owner="eve",
            waiver=waiver,
            waived=True,
            currency=EUR,
        ),
        remarks=(Remark(5, "contradicts itself"),),
    )
    document = json.loads(render_json(found))
    (limit,) = document.pop("budgets")
    assert document == {
        "schema_version": 1, "as_of": "2026-11-24T12:00:00Z", "tz": "UTC", "file": "budgets.yaml",
        "newest_request": "2026-11-24T12:00:00Z", "verdict": "ok", "exit_code": 0, "summary": "within budget (1 limit)",
        "problems": [], "remarks": [{"line": 5, "text": "contradicts itself"}],
    }  # fmt: skip
    assert limit == {
        "name": "bot", "line": 2, "owner": "eve", "scope": {"app": ["bot"]}, "window": "month", "measure": "usd",
        "hard": True, "start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z", "limit_usd": "2",
        "spent_usd": "1.000000001", "reserved_usd": "0.000000005", "forecast_usd": "3", "forecast_low_usd": "2",
        "forecast_high_usd": "4", "forecast_method": "run rate", "exhausted_on": "2026-11-27", "percent": 50.0,
        "state": "ok", "mark": "ok", "threshold_reached": None, "throttle_at": None, "requests": 7,
        "unpriced_requests": 3, "waiver": {"until": "2026-12-01", "by": "ana", "reason": "sale", "holds": True},
        "currency": {"code": "EUR", "usd": "1.16", "date": "2026-11-24", "layer": "own"},
    }  # fmt: skip


def test_tokens_are_integers_of_their_own_name() -> None:
    found = outcome(standing("bot", 7, 5, measure="tokens"))
    (limit,) = json.loads(render_json(found))["budgets"]
    assert (limit["limit_tokens"], limit["spent_tokens"], limit["forecast_tokens"]) == (5, 7, None)
    assert not [key for key in limit if key.endswith("_usd")]


def test_the_list() -> None:
    text = (
        "budgets: [{name: n, scope: {team: [a, b]}, limits: [{window: 7d, tokens: 5, soft: true, throttle_at: 95%}],"
        " alert_thresholds: [80%], notification_channels: [{type: slack, webhook: 'https://x.example.com/y'}],"
        " waivers: [{until: 2026-12-01, by: ana, reason: sale}]}]"
    )
    assert json.loads(list_json(parse_budgets(text, "b.yaml")))["budgets"] == [
        {
            "name": "n", "line": 1, "owner": None, "scope": {"team": ["a", "b"]}, "tz": None,
            "currency": {"code": "USD", "usd": "1", "date": "", "layer": ""},
            "limits": [
                {"window": "rolling 7d", "measure": "tokens", "hard": False, "limit_tokens": 5, "throttle_at": 0.95}
            ],
            "alert_thresholds": [0.8],
            "notification_channels": [{"type": "slack", "target": "https://x.example.com/…"}],
            "waivers": [{"until": "2026-12-01", "by": "ana", "reason": "sale"}],
        }
    ]  # fmt: skip


def test_nothing_that_looks_like_a_secret() -> None:
    secret = "sk-" + "ant-api03-abcdefghijklmnopqrstuvwxyz0123456789"
    waiver = Waiver(date(2026, 12, 1), secret, secret, 3)
    checked = render_json(outcome(standing(secret, 0, 1, known=False, owner=secret, waiver=waiver)))
    text = (
        f"budgets: [{{name: {secret}, scope: {{team: {secret}}}, owner: {secret}, monthly_limit: 1, daily_limit: 1}}]"
    )
    listed = list_json(parse_budgets(text, "b.yaml"))
    assert "redacted" in checked
    assert "redacted" in listed
    assert secret not in checked + listed


def test_every_key_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "budgets.md").read_text("utf-8")
    section = page.partition("## JSON")[2].partition("\n## ")[0]
    documented = {word.strip("_") for word in re.findall(r"[a-z_]+", section)}
    document = json.loads(render_json(outcome(standing("bot", 1, 2, 3))))
    (limit,) = document["budgets"]
    keys = {key.removesuffix("_usd") for key in limit}
    assert {*document, *keys, *limit["currency"]} - documented == set()
