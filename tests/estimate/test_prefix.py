from __future__ import annotations

import pytest

from llmcost.estimate.prefix import PrefixRule, prefix_rule


@pytest.mark.parametrize(
    ("tokens", "cacheable"), [(0, 0), (1023, 0), (1024, 1024), (1151, 1024), (1152, 1152), (2000, 1920)]
)
def test_openai_serves_1024_tokens_and_steps_of_128(tokens: int, cacheable: int) -> None:
    rule = prefix_rule("openai", "gpt-4o")
    assert rule == PrefixRule(1024, 128)
    assert rule.cacheable(tokens) == cacheable


@pytest.mark.parametrize(
    ("provider", "model", "minimum"),
    [
        ("anthropic", "claude-opus-4-1-20250805", 1024),
        ("anthropic", "claude-opus-4-5-20251101", 4096),
        ("anthropic", "claude-sonnet-4-5", 1024),
        ("anthropic", "claude-3-5-haiku-latest", 2048),
        ("anthropic", "claude-haiku-4-5-20251001", 4096),
        ("anthropic", "claude-unheard-of", 4096),
        ("aws", "anthropic.claude-sonnet-4-5-20250929-v1:0", 1024),
        ("google", "gemini-2.5-pro", 2048),
        ("google", "gemini-3-pro-preview", 4096),
        ("deepseek", "deepseek-chat", 64),
        ("azure", "gpt-4o", 1024),
    ],
)
def test_the_minimum_of_each_model(provider: str, model: str, minimum: int) -> None:
    rule = prefix_rule(provider, model)
    assert rule is not None
    assert rule.minimum == minimum


@pytest.mark.parametrize(("provider", "model"), [("mistral", "mistral-large"), ("google", "gemma-3"), ("x", "y")])
def test_nothing_is_claimed_where_nothing_is_published(provider: str, model: str) -> None:
    assert prefix_rule(provider, model) is None
