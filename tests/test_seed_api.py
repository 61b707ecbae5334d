"""The article's public classes, called with its arguments; grows with the product (docs/seed.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from llmcost.live.budget_config import BudgetConfig
from llmcost.live.budget_manager import BudgetManager
from llmcost.live.cost_analytics import CostAnalytics
from llmcost.live.cost_reporter import CostReporter
from llmcost.live.visualization import plot_cost_breakdown
from llmcost.pricing.store import load_book
from llmcost.routing.smart_router import SmartModelRouter
from tests.notify.servers import smtp

PROMPT = "请详细分析这份财报数据并给出投资建议"
NOW = 1_795_424_400_000_000  # 2026-11-23T09:00:00Z


def test_smart_model_router_as_the_article_calls_it() -> None:
    router = SmartModelRouter(load_book([], cache_dir=None, catalogue=False), at_us=NOW)
    assert router.classify_complexity(PROMPT) == "high"
    assert router.classify_complexity("你好,谢谢") == "low"
    assert isinstance(router.route(PROMPT, context={"require_quality": True}), str)
    estimates = router.estimate_cost(PROMPT, expected_output_tokens=1000)
    assert set(estimates) == {"simple", "complex", "creative"}
    for estimate in estimates.values():
        assert set(estimate) == {"model", "estimated_cost", "quality_score"}
        assert isinstance(estimate["model"], str)
        assert Decimal(estimate["estimated_cost"]) > 0
        assert 0 <= estimate["quality_score"] <= 100
    dearest = max(estimates.values(), key=lambda estimate: estimate["estimated_cost"])
    assert router.route(PROMPT, context={"require_quality": True}) == estimates["complex"]["model"] == dearest["model"]


class Notifications:
    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, alert: dict[str, Any], *, channels: Sequence[str]) -> None:
        self.sent.append({**alert, "channels": channels})


def test_budget_manager_as_the_article_calls_it() -> None:
    service = Notifications()
    with BudgetManager("ledger.db", service, clock=lambda: NOW) as manager:
        manager.set_budget(
            BudgetConfig(
                app_id="chatbot", daily_limit=500.0, monthly_limit=10000.0, alert_thresholds=[0.5, 0.8, 0.95],
                notification_channels=["email", "slack"],
            )
        )  # fmt: skip
        assert manager.check_budget("unknown") is None
        manager.settle(manager.reserve("chatbot", cost_usd=401), cost_usd=401)
        status = manager.check_budget("chatbot")
        assert status is not None
        assert list(status) == [
            "app_id", "daily_usage", "daily_limit", "daily_percent",
            "monthly_usage", "monthly_limit", "monthly_percent",
        ]  # fmt: skip
        assert (status["daily_usage"], status["daily_percent"]) == (Decimal(401), 0.802)
        assert manager.should_throttle("chatbot") is False
        assert manager.should_throttle("unknown") is False
    assert [(alert["type"], alert["threshold"], alert["channels"]) for alert in service.sent] == [
        ("daily_budget", "0.5", ["email", "slack"]), ("daily_budget", "0.8", ["email", "slack"]),
    ]  # fmt: skip
    assert all({"type", "threshold", "current", "message"} <= set(alert) for alert in service.sent)


def test_cost_analytics_and_the_figure_as_the_article_calls_them() -> None:
    with BudgetManager("ledger.db") as manager:
        manager.settle(manager.reserve("chatbot", model="gpt-4o", cost_usd=2), cost_usd="1.5")
    analytics = CostAnalytics("ledger.db")
    end = datetime.now() + timedelta(days=1)  # noqa: DTZ005 - as the article writes it; any zone's now
    report = analytics.generate_cost_report(start_time=end - timedelta(days=7), end_time=end)
    assert set(report) == {"period", "summary", "by_model", "by_app", "trend", "anomalies"}
    assert list(report["summary"])[:6] == [
        "total_cost", "total_input", "total_output", "total_requests", "avg_cost_per_request", "avg_tokens_per_request",
    ]  # fmt: skip
    assert report["summary"]["total_cost"] == Decimal("1.5")
    for row, key in ((report["by_model"][0], "model"), (report["by_app"][0], "app_id")):
        assert {key, "total_cost", "total_input", "total_output", "request_count"} <= set(row)
    assert {"period", "daily_cost", "daily_tokens"} <= set(analytics.get_cost_trend(days=30, granularity="day")[-1])
    assert analytics.identify_cost_anomalies(threshold_percentile=95) == []
    assert len(plot_cost_breakdown(analytics, end - timedelta(days=7), end).axes) >= 4


def test_cost_reporter_as_the_article_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with BudgetManager("ledger.db") as manager, smtp() as server:
        manager.settle(manager.reserve("chatbot", model="gpt-4o", cost_usd=2), cost_usd="1.5")
        reporter = CostReporter(CostAnalytics("ledger.db"), manager)
        assert isinstance(reporter.generate_weekly_report(), str)
        for name, value in {"HOST": "127.0.0.1", "PORT": server.port, "TLS": "none", "FROM": "a@example.com"}.items():
            monkeypatch.setenv(f"LLMCOST_SMTP_{name}", str(value))
        reporter.send_email_report(["ann@example.com"])
    assert len(server.mails) == 1
