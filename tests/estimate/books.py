"""A price book of made-up models, so that no expected cost depends on today's prices."""

from __future__ import annotations

from llmcost.core.instants import parse_timestamp
from llmcost.pricing.book import PriceBook
from llmcost.pricing.yaml_book import compile_yaml

NOW = parse_timestamp("2026-06-01T00:00:00Z")[0]

PRICES = """
version: 1
models:
  - {model: gpt-4o, provider: openai, input: 2.5, output: 10, context_window: 1000, tiers: {batch: {discount: 50%}}}
  - {model: gpt-4o-mini, provider: openai, input: 0.15, output: 0.6}
  - {model: gpt-5, provider: openai, input: 1.25, output: 10, valid_from: 2026-01-01, checked: 2026-05-01}
  - {model: gpt-cached, provider: openai, input: 2, cached_input: 0.5, output: 8}
  - {model: claude-x, provider: anthropic, input: 3, output: 15, context_tiers: [{above: 100, input: 6, output: 22.5}]}
  - {model: text-embedding-3-small, provider: openai, input: 0.02}
"""


def book(text: str = PRICES) -> PriceBook:
    return PriceBook([compile_yaml(text, "prices.yaml", name="test")])
