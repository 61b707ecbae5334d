"""The article's break-even claim, recomputed: as text, Markdown and JSON."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from llmcost.breakeven.article import (
    CLUSTERS,
    FULL_PER_MILLION,
    GPU_GB,
    GPU_HOUR,
    LOWER,
    MODELS,
    STAFF_MONTH,
    UPPER,
    WEIGHTS_GB,
    ArticleModel,
    Cluster,
)  # fmt: skip
from llmcost.breakeven.rounding import nano
from llmcost.core.money import usd_text
from llmcost.reporting.breakeven import money, share, tokens_text, volume
from llmcost.reporting.cells import markdown_table
from llmcost.reporting.numbers import decimal

if TYPE_CHECKING:
    from collections.abc import Sequence

_Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]


def render(form: str, *, width: int | None, color: bool) -> str:
    if form == "json":
        return json.dumps(_document(), ensure_ascii=False, indent=2)
    if form == "markdown":
        blocks = ["## The article's break-even"]
        for title, head, rows in _tables():
            blocks += [title, markdown_table(head, rows, right=range(1, len(head)))]
        return "\n\n".join([*blocks, *conclusions()])
    from llmcost.reporting.console import render as drawn
    from llmcost.reporting.console import table

    parts: list[Any] = []
    for title, head, rows in _tables():
        parts += [title, table(head, rows, right=range(1, len(head)), tight=True), ""]
    return drawn([*parts, *conclusions()], width=width, color=color)


def _tables() -> list[_Table]:
    one, pair = CLUSTERS
    models: list[tuple[str, ...]] = [
        (
            model.name, money(model.input_per_million), money(model.output_per_million), money(model.printed),
            money(model.per_million), *(money(model.per_million * tokens / 10**6) for tokens in (LOWER, UPPER)),
        )
        for model in MODELS
    ]  # fmt: skip
    clusters = [
        (
            _cluster(cluster), "-", "-", money(FULL_PER_MILLION), money(cluster.per_million(int(cluster.full_month))),
            money(cluster.month), money(cluster.month),
        )
        for cluster in (one, pair)
    ]  # fmt: skip
    broken = [
        (model.name, *(_tokens(cluster.break_even(model)) for cluster in CLUSTERS),
         *(money(pair.gpu_hour_for(model, tokens)) for tokens in (LOWER, UPPER)))
        for model in MODELS
    ]  # fmt: skip
    at = [tokens_text(tokens) for tokens in (LOWER, UPPER)]
    first = (
        "Half input, half output. What the article calls the cost of 1M tokens is that of 2M; its own GPU's holds for"
        f" an A100 that serves {decimal(one.tokens_per_second, 0)} tokens/s all month."
    )
    second = (
        f"Above how many tokens a month the GPUs are cheaper, and what each of {pair.gpus} may cost an hour for that to"
        f" happen at {at[0]} or {at[1]}:"
    )
    return [
        (first, ("", "1M in", "1M out", "printed", "per 1M", *(f"{each} a month" for each in at)), models + clusters),
        (second, ("against", _cluster(one), _cluster(pair), *(f"at {each}" for each in at)), broken),
    ]


def _cluster(cluster: Cluster) -> str:
    return f"{cluster.gpus} × A100 at {money(GPU_HOUR)}/h"


def _tokens(tokens: Fraction | None) -> str:
    return "never" if tokens is None else tokens_text(tokens)


def conclusions() -> list[str]:
    """What follows from the article's own numbers."""
    pair = CLUSTERS[-1]
    high, low = pair.per_million(LOWER), pair.per_million(UPPER)
    inside = [model for model in MODELS if low <= model.per_million <= high]
    outside = [model for model in MODELS if model not in inside]
    dearest = max(outside, key=lambda model: model.per_million)
    busy = [share(pair.utilisation(tokens), Fraction(1)) for tokens in (LOWER, UPPER)]
    at = [tokens_text(tokens) for tokens in (LOWER, UPPER)]
    staffed = (pair.month + STAFF_MONTH) / inside[0].per_million * 10**6
    lines = (
        (
            f"A model of 70B parameters in 16 bits takes {WEIGHTS_GB} GB, an A100 has {GPU_GB}: it needs {pair.gpus},",
            f"{money(pair.month)} a month whether they work or not.",
        ),
        (
            f"At {at[0]} tokens a month they are {busy[0]} busy and a million costs {money(high)}; at {at[1]},",
            f"{busy[1]} and {money(low)}, not {money(FULL_PER_MILLION)}.",
        ),
        (
            f"For the API to win below {at[0]} and the GPUs above {at[1]}, an API must charge between {money(low)} and",
            f"{money(high)} per 1M tokens. {_names(inside)} at {money(inside[0].per_million)} does; {_names(outside)}",
            f"at {money(dearest.per_million)} do not: to lose at {at[1]}, a GPU would have to cost",
            f"{money(pair.gpu_hour_for(dearest, UPPER))} an hour.",
        ),
        (
            "None of this counts the people who run the GPUs: half an engineer at $220,000 a year is",
            f"{money(STAFF_MONTH)} a month and moves the break-even against {inside[0].name} to {volume(staffed)}",
            "tokens a month.",
        ),
    )
    return [" ".join(line) for line in lines]


def _names(models: Sequence[ArticleModel]) -> str:
    return " and ".join(model.name for model in models)


def _document() -> dict[str, Any]:
    _, pair = CLUSTERS
    return {
        "schema_version": 1,
        "models": [
            {
                "name": model.name,
                "input_usd_per_1m": usd_text(nano(model.input_per_million)),
                "output_usd_per_1m": usd_text(nano(model.output_per_million)),
                "printed_usd": usd_text(nano(model.printed)),
                "usd_per_1m": usd_text(nano(model.per_million)),
                "break_even_tokens": [
                    {"gpus": cluster.gpus, "monthly_tokens": _whole(cluster.break_even(model))} for cluster in CLUSTERS
                ],
                "gpu_hour_usd_needed": [
                    {"monthly_tokens": tokens, "usd": usd_text(nano(pair.gpu_hour_for(model, tokens)))}
                    for tokens in (LOWER, UPPER)
                ],
            }
            for model in MODELS
        ],
        "clusters": [
            {
                "gpus": cluster.gpus,
                "month_usd": usd_text(nano(cluster.month)),
                "full_monthly_tokens": _whole(cluster.full_month),
                "at": [
                    {
                        "monthly_tokens": tokens,
                        "utilisation": round(float(cluster.utilisation(tokens)), 6),
                        "usd_per_1m": usd_text(nano(cluster.per_million(tokens))),
                    }
                    for tokens in (LOWER, UPPER)
                ],
            }
            for cluster in CLUSTERS
        ],
        "claim": {"api_below_tokens": LOWER, "own_above_tokens": UPPER},
        "conclusions": conclusions(),
    }


def _whole(tokens: Fraction | None) -> int | None:
    return None if tokens is None else tokens.numerator // tokens.denominator
