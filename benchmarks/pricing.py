"""Priced rows per CPU second, beside genai-prices' own calculator on the same rows."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import cpu_seconds, show
from llmcost.core.instants import to_us
from llmcost.core.record import Record
from llmcost.core.usage import Usage
from llmcost.ingest.pricing import Pricer
from llmcost.pricing.store import load_book

ROWS = 100_000
_START = datetime(2026, 10, 1, tzinfo=UTC)
_MODELS = (
    ("openai", "gpt-4o"), ("openai", "gpt-5.4"), ("openai", "gpt-4.1-mini"), ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-haiku-4-5"), ("google", "gemini-2.5-pro"), ("google", "gemini-2.5-flash"),
    ("deepseek", "deepseek-chat"),
)  # fmt: skip


def records(count: int) -> list[Record]:
    """Fully featured rows: cached, cache writes, reasoning, long contexts, two tiers, dated and by the hour."""
    random.seed(7)
    made = []
    for number in range(count):
        provider, model = random.choice(_MODELS)
        cached = random.choice((0, 0, 2_048))
        write = random.choice((0, 0, 1_024)) if provider == "anthropic" else 0
        usage = Usage(
            input=random.choice((300, 5_000, 300_000)), cached=cached, write_5m=write,
            output=random.randrange(1, 2_000), reasoning=random.choice((0, 500)),
        )  # fmt: skip
        moment = _START + timedelta(seconds=random.randrange(3_000_000))
        made.append(
            Record(
                to_us(moment), f"{provider}:{number}", provider, model, usage,
                random.choice(("standard", "standard", "batch")),
            )
        )  # fmt: skip
    return made


def run() -> None:
    from genai_prices import Usage as TheirUsage
    from genai_prices import calc_price

    rows = records(ROWS)
    few = rows[: ROWS // 20]
    with TemporaryDirectory() as folder:
        pricer = Pricer(load_book([], cache_dir=Path(folder)))

    def ours() -> None:
        price = pricer.price
        for row in rows:
            price(row)

    def theirs() -> None:
        for row in few:
            u = row.usage
            calc_price(
                TheirUsage(
                    input_tokens=u.input_total, cache_read_tokens=u.cached, cache_write_tokens=u.write_5m,
                    output_tokens=u.output_total,
                ),
                row.model, provider_id=row.provider, genai_request_timestamp=_START,
            )  # fmt: skip

    best = cpu_seconds({"ours": ours, "theirs": theirs})
    our_rate, their_rate = len(rows) / best["ours"], len(few) / best["theirs"]
    show(
        "Pricing: rows per CPU second",
        {
            "llmcost (all features, parts allocated)": f"{our_rate:>12,.0f}",
            "genai-prices calc_price": f"{their_rate:>12,.0f}",
            "ratio": f"{our_rate / their_rate:>12,.1f}x",
        },
    )
