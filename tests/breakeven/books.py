"""A small price book."""

from llmcost.pricing.book import PriceBook
from llmcost.pricing.yaml_book import compile_yaml

NOW = 1_795_000_000_000_000  # 2026-11-18
BOOK = PriceBook(
    [
        compile_yaml(
            """
version: 1
models:
  - {model: one, provider: acme, input: 2.50, cached_input: 1.25, output: 10}
  - model: half
    provider: acme
    prices: [{input: 2, cached_input: 1, output: 8, tiers: {batch: {discount: 50%, cached_input: 1}}}]
  - {model: claude-x, provider: anthropic, input: 4, cached_input: 0.4, output: 20, tiers: {batch: {discount: 50%}}}
  - {model: embed, provider: acme, input: 0.02}
  - {model: searcher, provider: acme, input: 1, output: 1, per_request: 0.005}
  - {model: long, provider: acme, input: 1, output: 2, context_tiers: [{above: 200000, input: 3, output: 4}]}
  - model: marginal
    provider: acme
    prices: [{input: 1, output: 2, context_tiers: [{above: 1000, mode: marginal, input: 3, output: 4}]}]
  - {model: later, provider: acme, prices: [{valid_from: 2026-01-01, input: 1, output: 1}]}
""",
            "p.yaml",
            name="test",
        )
    ]
)
