"""The article's public classes, called with its arguments; grows with the product (docs/seed.md)."""

from __future__ import annotations

from decimal import Decimal

from llmcost.pricing.store import load_book
from llmcost.routing.smart_router import SmartModelRouter

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
