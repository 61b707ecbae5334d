"""A comparison of modes as JSON (keys: docs/breakeven.md)."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec

from llmcost.breakeven.assumed import NOT_MODELLED
from llmcost.breakeven.rounding import nano, nano_parts
from llmcost.breakeven.uncertainty import DRAWS, RANGES, SEED, cheapest, probabilities, tornado
from llmcost.core.instants import rfc3339
from llmcost.core.money import usd_text
from llmcost.reporting.breakeven import MILLION, assumptions, per_million, verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from llmcost.breakeven.comparison import Comparison, Outcome, Pair
    from llmcost.breakeven.fields import Mode
    from llmcost.breakeven.plan import Plan


def as_json(found: Comparison, remarks: Sequence[str], *, as_of: int, zone: tzinfo) -> str:
    plan = found.plan
    volumes = [{"monthly_tokens": each["api"].tokens, "modes": _modes(each)} for each in found.volumes]
    document: dict[str, Any] = {
        "schema_version": 1,
        "as_of": rfc3339(as_of, zone),
        "monthly_tokens": plan.tokens,
        "input_share": _number(plan.mix.input_share),
        "cached_share": _number(plan.mix.cached_share),
        "cache_write_share": _number(plan.mix.write_share),
        "batch_share": _number(plan.api.batch_share),
        "price": _price(plan),
        "modes": volumes[0]["modes"],
        "cheapest": found.cheapest,
        "saving_usd": usd_text(nano(found.saving)),
        "verdict": verdict(found),
        "crossings": [crossing for pair in found.pairs for crossing in _crossings(pair)],
        "break_even": [_break_even(pair) for pair in found.pairs],
        "hosted_always_cheaper_above": _hosted_above(found),
        "crossings_complete": all(pair.crossings.complete for pair in found.pairs),
        "volumes": volumes,
        "sensitivity": [
            {
                "input": swing.range.name,
                "low": _number(swing.range.low),
                "high": _number(swing.range.high),
                "cheapest_low": cheapest(swing.low),
                "cheapest_high": cheapest(swing.high),
                "month_usd_low": _amounts(swing.low),
                "month_usd_high": _amounts(swing.high),
            }
            for swing in tornado(plan)
        ],
        "uncertainty": {
            "draws": DRAWS,
            "seed": SEED,
            "distribution": "log-uniform, independent",
            "ranges": [
                {"input": each.name, "low": _number(each.low), "high": _number(each.high), "reason": each.reason}
                for each in RANGES
            ],
            "cheapest": {mode: _number(chance) for mode, chance in probabilities(plan).items()},
        },
        "assumptions": [
            dict(zip(("mode", "name", "value", "unit", "source"), row, strict=True)) for row in assumptions(plan)
        ],
        "not_modelled": list(NOT_MODELLED),
        "remarks": list(remarks),
    }
    # The price book has loaded msgspec; `json` indents in pure Python, which takes longer than the comparison.
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _price(plan: Plan) -> dict[str, Any]:
    """The API's price; its card's keys are null for a price of a scenario."""
    priced, rates = plan.priced, plan.api.rates
    card = priced.card if priced else None
    length = plan.traffic_inputs.has("input_per_request")
    named = zip(("input", "cached_input", "cache_write", "output"), rates[:4], strict=True)
    return {
        "provider": card and card.provider,
        "model": card and card.model,
        "match": priced and priced.match,
        "layer": priced and priced.layer,
        "card_id": card and card.card_id,
        "max_input_tokens": card.bands[1][0] if card and len(card.bands) > 1 and not length else None,
        **{f"{name}_usd_per_1m": None if rate is None else usd_text(nano(rate * MILLION)) for name, rate in named},
    }


def _modes(outcomes: dict[Mode, Outcome]) -> dict[str, Any]:
    return {mode: _mode(outcome) for mode, outcome in outcomes.items()}


def _mode(outcome: Outcome) -> dict[str, Any]:
    month, parts = nano_parts(tuple(outcome.parts.values()))
    total, size = outcome.total, outcome.size
    document: dict[str, Any] = {
        "month_usd": usd_text(month),
        "usd_per_1m": usd_text(per_million(total, outcome.tokens)),
        "fixed_usd": usd_text(nano(outcome.start)),
        "variable_usd": usd_text(month - nano(outcome.start)),
        "parts": {f"{name}_usd": usd_text(part) for name, part in zip(outcome.parts, parts, strict=True)},
        "part_shares": {
            name: _number(part / total) if total else 0.0 for name, part in outcome.parts.items() if part
        },
        "replicas": None, "gpus": None, "servers": None, "utilisation": None,
    }  # fmt: skip
    if size is not None:
        document |= {
            "replicas": size.replicas,
            "gpus": size.gpus,
            "servers": size.servers,
            "utilisation": _number(size.utilisation),
            "replica_seconds": _number(size.load),
            "average_replicas": _number(size.average),
            "peak_replicas": size.peak,
        }
    return document


def _crossings(pair: Pair) -> list[dict[str, Any]]:
    return [
        {
            "between": list(pair.between),
            "monthly_tokens": _whole(crossing.tokens),
            "cheaper_above": pair.between[crossing.cheaper_above],
        }
        for crossing in pair.crossings.found
    ]


def _break_even(pair: Pair) -> dict[str, Any]:
    crossed = pair.crossings

    def mode(side: int | None) -> Mode | None:
        return None if side is None else pair.between[side]

    return {
        "between": list(pair.between),
        "cheaper_at_first": mode(crossed.at_first),
        "cheaper_in_the_end": mode(crossed.in_the_end),
        "last_monthly_tokens": None if crossed.last is None else _whole(crossed.last.tokens),
        "complete": crossed.complete,
    }


def _hosted_above(found: Comparison) -> int | None:
    """The volume above which hosting is cheaper than the API for good."""
    last = found.pairs[0].crossings.last
    return _whole(last.tokens) if last is not None and last.cheaper_above == 1 else None


def _whole(tokens: Fraction) -> int:
    return tokens.numerator // tokens.denominator


def _amounts(costs: dict[Mode, Fraction]) -> dict[str, str]:
    return {mode: usd_text(nano(cost)) for mode, cost in costs.items()}


def _number(value: Fraction) -> float:
    """A share or a size; money never passes here."""
    return round(float(value), 6)
