"""The thirteen metrics of LLM spend, each from the ledger's exact sums. Defined in docs/metrics.md.

A metric is unknown (None) where the logs lack what it needs; its coverage says how many requests it rests on.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from llmcost.core.money import round_half_even
from llmcost.ledger.measures import Sums


class Coverage(NamedTuple):
    """How many requests a metric rests on, of how many."""

    requests: int
    of: int


class Metric(NamedTuple):
    """One number. `unit`: usd (value is nano-USD), tokens, requests, ms, tokens/s or share (0 to 1)."""

    key: str
    """Its key in a report's `summary`."""
    name: str
    """Its name as a monitored series."""
    unit: str
    value: int | Fraction | None
    coverage: Coverage


def metrics(sums: Sums) -> tuple[Metric, ...]:
    """Every metric that is one number; cost by model and by app are breakdowns (`analysis.report`)."""
    requests = sums["requests"]
    usage = sums.usage
    everything = Coverage(requests, requests)
    priced = Coverage(requests - sums["unpriced"], requests)
    # Where what has a price was free, and the rest has none, $0 would say too much.
    cost = sums["cost"] if sums["cost"] or not sums["unpriced"] else None
    return (
        Metric("cost_usd", "llm_cost_total", "usd", cost, priced),
        Metric("cost_per_request_usd", "llm_cost_per_request", "usd", _nano(cost, priced.requests), priced),
        Metric(
            "cost_per_1k_tokens_usd", "llm_cost_per_1k_tokens", "usd",
            _nano(cost and cost * 1000, sums["priced_tokens"]), priced,
        ),
        Metric("input_tokens", "llm_tokens_input_total", "tokens", usage.input_total, everything),
        Metric("output_tokens", "llm_tokens_output_total", "tokens", usage.output_total, everything),
        Metric("requests", "llm_requests_total", "requests", requests, everything),
        Metric("tokens_per_request", "llm_tokens_per_request", "tokens", _ratio(usage.tokens, requests), everything),
        Metric(
            "time_to_first_token_ms", "llm_latency_first_token", "ms",
            _ratio(sums["ttft_us"], sums["ttft_n"] * 1000), Coverage(sums["ttft_n"], requests),
        ),
        Metric(
            "time_per_token_ms", "llm_latency_per_token", "ms",
            _ratio(sums["tpot_us"], sums["tpot_tokens"] * 1000), Coverage(sums["tpot_n"], requests),
        ),
        Metric(
            "throughput_tokens_per_second", "llm_throughput_tokens_per_sec", "tokens/s",
            _ratio(sums["gen_tokens"] * 1_000_000, sums["gen_us"]), Coverage(sums["gen_n"], requests),
        ),
        Metric(
            "prompt_cache_token_share", "llm_cache_hit_rate", "share",
            _ratio(usage.cached_total, usage.input_total), everything,
        ),
        Metric(
            "response_cache_hit_share", "llm_cache_hit_rate", "share",
            _ratio(sums["hits"], sums["hit_known"]), Coverage(sums["hit_known"], requests),
        ),
    )  # fmt: skip


def _ratio(numerator: int, denominator: int) -> Fraction | None:
    return Fraction(numerator, denominator) if denominator else None


def _nano(nano: int | None, denominator: int) -> int | None:
    return None if nano is None or not denominator else round_half_even(nano, denominator)
