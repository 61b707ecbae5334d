"""A routing decision as text and as JSON (keys: docs/routing.md)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from llmcost.core.money import usd_text
from llmcost.core.text import printable, redact
from llmcost.reporting.columns import columns
from llmcost.reporting.estimate_json import price_json
from llmcost.reporting.numbers import count, usd
from llmcost.routing.decide import floor_text

if TYPE_CHECKING:
    from fractions import Fraction

    from llmcost.routing.decide import Constraints, Decision, Judged


def as_json(decision: Decision, *, taken: str, path: str, policy: str, assumed_output: bool) -> str:
    """`taken`: what the argument was taken for, `file`, `prompt` or `stdin`."""
    chosen, limits = decision.chosen, decision.constraints
    document = {
        "schema_version": 1,
        "model": None if chosen is None else chosen.candidate.model,
        "provider": None if chosen is None else chosen.priced.card.provider,
        "reason": decision.reason,
        "input": {"taken_as": taken, "path": _shown(path) if taken == "file" else None},
        "policy": _shown(policy),
        "complexity": {
            "level": decision.complexity.level,
            "basis": "heuristic",
            "cues": [_shown(cue) for cue in decision.complexity.cues],
        },
        "constraints": _constraints(limits, decision.floor),
        "output_tokens": limits.output_tokens,
        "output_tokens_assumed": assumed_output,
        "candidates": [_candidate(each) for each in decision.judged],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _constraints(limits: Constraints, floor: Fraction) -> dict[str, Any]:
    return {
        "min_quality": float(limits.min_quality),
        "complexity_floor": float(limits.floor),
        "floor": float(floor),
        "max_usd": None if limits.max_nano is None else usd_text(limits.max_nano),
        "require": sorted(limits.require),
    }


def _candidate(each: Judged) -> dict[str, Any]:
    quality = each.candidate.quality
    return {
        "model": each.candidate.model,
        "expected_cost_usd": usd_text(each.cost_nano),
        "p_good": None if quality is None else float(quality),
        "p_good_basis": None if quality is None else "prior",
        "rejected_because": "; ".join(each.rejected_because) or None,
        "input_tokens": each.counted.tokens,
        "input_tokens_exact": each.counted.exact,
        "context_window": each.context_window,
        "price": price_json(each.priced, each.counted.tokens),
    }


def as_text(decision: Decision, *, assumed_output: bool) -> str:
    """The choice, why, and every candidate."""
    chosen = decision.chosen
    rows = [("model", "expected cost", "p(good), prior", "input tokens", "rejected because")]
    for each in decision.judged:
        quality = each.candidate.quality
        tokens = count(each.counted.tokens)
        rows.append(
            (
                _shown(each.candidate.model), usd(each.cost_nano),
                "unknown" if quality is None else floor_text(quality),
                tokens if each.counted.exact else f"~{tokens}", "; ".join(each.rejected_because),
            )
        )  # fmt: skip
    output = count(decision.constraints.output_tokens)
    return "\n".join(
        (
            f"{'no model' if chosen is None else _shown(chosen.candidate.model)}: {decision.reason}",
            *columns(rows, right={1, 2, 3}),
            f"output: {output} tokens{' (assumed; --output-tokens N)' if assumed_output else ''}",
        )
    )


def _shown(text: str) -> str:
    return printable(redact(text))
