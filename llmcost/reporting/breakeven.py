"""API against GPUs, as text and as JSON."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from llmcost.breakeven.rounding import nano, nano_parts
from llmcost.core.instants import rfc3339
from llmcost.core.money import usd_text
from llmcost.core.text import printable, redact
from llmcost.reporting.console import render, table
from llmcost.reporting.numbers import count, decimal, percent, usd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from llmcost.breakeven.comparison import Comparison
    from llmcost.breakeven.crossings import Crossing
    from llmcost.breakeven.defaults import Assumption

_MILLION = 10**6
_SIZES = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
_MODE = {"line": "api", "stairs": "hosted"}
_SAID = {"api": "the API is", "hosted": "the GPUs are"}
SHOWN_CROSSINGS = 6


def tokens_text(tokens: int | Fraction) -> str:
    """12.3M: three figures at most below a thousand of a unit, rounded half-even."""
    for size, unit in _SIZES:
        if tokens >= size:
            value = Fraction(tokens) / size
            places = 2 if value < 10 else 1 if value < 100 else 0
            text = decimal(value, places)
            return (text.rstrip("0").rstrip(".") if places else text) + unit
    return decimal(tokens, 0)


def verdict(found: Comparison) -> str:
    """One sentence with its margin."""
    dearer = max(found.api.total, found.hosted.total)
    at = f"At {tokens_text(found.tokens)} tokens a month"
    if found.cheapest is None:
        return f"{at} both cost the same."
    margin = found.saving / dearer
    share = percent(margin.numerator, margin.denominator)
    return f"{at} {_SAID[found.cheapest]} cheaper by {usd(nano(found.saving))} a month ({share} less)."


def turning(found: Comparison) -> list[str]:
    """Where the cheaper one changes, one sentence each."""
    crossed = found.crossings
    if crossed.last is None:
        best = _per_million(found.full_replica_per_token, 1)
        api = _per_million(found.api.total, found.tokens)
        never = "The GPUs are never cheaper at this mix: even replicas as full as the peak allows cost"
        return [f"{never} {usd(best)} per 1M tokens, the API {usd(api)}."]
    lines = [_crossing(crossing) for crossing in crossed.found[:SHOWN_CROSSINGS]]
    left = len(crossed.found) - SHOWN_CROSSINGS
    if crossed.cut or left > 0:
        lines.append("… the cheaper one keeps changing with each further replica …")
    lines.append(f"Above {_volume(crossed.last)} tokens a month the GPUs are always cheaper.")
    return lines if len(crossed.found) > 1 else lines[-1:]


def _crossing(crossing: Crossing) -> str:
    return f"Just above {_volume(crossing.tokens)} tokens a month {_SAID[_MODE[crossing.cheaper_above]]} cheaper."


def _volume(tokens: Fraction) -> str:
    whole = tokens.numerator // tokens.denominator
    return f"{count(whole)} ({tokens_text(whole)})" if whole >= 1000 else count(whole)


def as_text(
    found: Comparison,
    assumptions: Sequence[Assumption],
    not_modelled: Sequence[str],
    *,
    width: int | None = None,
    color: bool = False,
) -> str:
    card, hosted = found.priced.card, found.hosted
    rows = (
        (
            f"API: {_cell(card.provider)} {_cell(card.model)}",
            usd(nano(found.api.total)),
            usd(_per_million(found.api.total, found.tokens)),
            "-",
            "-",
            "-",
        ),
        (
            f"hosted: {found.deployment.gpus} × {usd(nano(found.deployment.gpu_hour))}/h",
            usd(nano(hosted.total)),
            usd(_per_million(hosted.total, found.tokens)),
            count(hosted.replicas),
            count(hosted.gpus),
            percent(hosted.utilisation.numerator, hosted.utilisation.denominator),
        ),
    )
    compared = table(("", "per month", "per 1M tokens", "replicas", "GPUs", "average use"), rows, right=range(1, 6))
    given = table(
        ("assumption", "value", "", "from"),
        [(a.name, _cell(a.value), a.unit, _cell(a.source)) for a in assumptions],
        right=(1,),
    )
    mix = found.mix
    given_in = found.tokens * mix.input_share
    head = (
        f"{count(found.tokens)} tokens a month: {tokens_text(given_in)} in"
        f" ({tokens_text(given_in * mix.cached_share)} cached), {tokens_text(found.tokens * mix.output_share)} out"
    )
    parts: list[Any] = [head, "", compared, "", verdict(found), *turning(found), "", _price(found), "", given, ""]
    parts += ["Not modelled: " + "; ".join(not_modelled) + "."]
    return render(parts, width=width, color=color)


def _price(found: Comparison) -> str:
    rates = found.rates
    named = (("in", rates.input), ("cached", rates.cached), ("out", rates.output))
    shown = ", ".join(f"{usd(nano(rate * _MILLION))} {name}" for name, rate in named if rate is not None)
    bands = found.priced.card.bands
    note = f"; for requests of up to {count(bands[1][0])} input tokens" if len(bands) > 1 else ""
    return f"Price per 1M tokens: {shown} ({found.priced.match} match, {_cell(found.priced.layer)}{note})"


def _per_million(usd_month: Fraction, tokens: int) -> int:
    """nano-USD per million tokens."""
    return nano(usd_month * _MILLION / tokens)


def as_json(
    found: Comparison, assumptions: Sequence[Assumption], not_modelled: Sequence[str], *, as_of: int, zone: tzinfo
) -> str:
    mix, card, hosted = found.mix, found.priced.card, found.hosted
    rates = found.rates
    document: dict[str, Any] = {
        "schema_version": 1,
        "as_of": rfc3339(as_of, zone),
        "monthly_tokens": found.tokens,
        "input_share": _number(mix.input_share),
        "cached_share": _number(mix.cached_share),
        "price": {
            "provider": card.provider,
            "model": card.model,
            "match": found.priced.match,
            "layer": found.priced.layer,
            "card_id": card.card_id,
            "max_input_tokens": card.bands[1][0] if len(card.bands) > 1 else None,
            **{
                f"{name}_usd_per_1m": None if rate is None else usd_text(nano(rate * _MILLION))
                for name, rate in (("input", rates.input), ("cached_input", rates.cached), ("output", rates.output))
            },
        },
        "modes": {
            "api": _mode(found.api.total, found.tokens, found.api._asdict()),
            "hosted": _mode(hosted.total, found.tokens, {"gpus": hosted.gpu_cost, "fixed": hosted.fixed})
            | {"replicas": hosted.replicas, "gpus": hosted.gpus, "utilisation": _number(hosted.utilisation)},
        },
        "cheapest": found.cheapest,
        "saving_usd": usd_text(nano(found.saving)),
        "verdict": verdict(found),
        "crossings": [
            {
                "between": ["api", "hosted"],
                "monthly_tokens": crossing.tokens.numerator // crossing.tokens.denominator,
                "cheaper_above": _MODE[crossing.cheaper_above],
            }
            for crossing in found.crossings.found
        ],
        "hosted_always_cheaper_above": None
        if found.crossings.last is None
        else found.crossings.last.numerator // found.crossings.last.denominator,
        "crossings_complete": not found.crossings.cut,
        "assumptions": [assumption._asdict() for assumption in assumptions],
        "not_modelled": list(not_modelled),
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _mode(total: Fraction, tokens: int, parts: dict[str, Fraction]) -> dict[str, Any]:
    month, shared = nano_parts(tuple(parts.values()))
    return {
        "month_usd": usd_text(month),
        "usd_per_1m": usd_text(_per_million(total, tokens)),
        "parts": {f"{name}_usd": usd_text(part) for name, part in zip(parts, shared, strict=True)},
    }


def _number(value: Fraction) -> float:
    """A share for JSON; money never passes here."""
    return round(float(value), 6)


def _cell(text: str) -> str:
    return printable(redact(text))
