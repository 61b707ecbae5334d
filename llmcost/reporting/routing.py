"""What a router is worth, as text and as JSON (docs/routing-statistics.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from llmcost.core.text import printable, redact
from llmcost.reporting.columns import columns
from llmcost.reporting.numbers import counted
from llmcost.routing.evaluation import CPT, KEPT

if TYPE_CHECKING:
    from llmcost.routing.bootstrap import Interval
    from llmcost.routing.gate import Pair, Row
    from llmcost.routing.labels import Gathered


class Evaluation(NamedTuple):
    pairs: Sequence[Pair]
    labels: Gathered
    method: str
    on: bool


def as_text(found: Evaluation) -> str:
    """A table per pair of models."""
    prompts, labels = len(found.labels.examples), found.labels.labels
    lines = [f"{counted(prompts, 'prompt')}, {counted(labels, 'label')}; {_shown(found.method)}"]
    for pair in found.pairs:
        lines += ["", *_pair(pair)]
    return "\n".join(lines)


def _pair(pair: Pair) -> list[str]:
    head = (
        f"{_shown(pair.strong)} (mean quality {pair.strong_mean:.3f}) and {_shown(pair.weak)} ({pair.weak_mean:.3f}), "
        f"{counted(pair.n, 'prompt')} labelled for both"
    )
    state = "learned: on" if pair.on else f"learned: off, {_shown(pair.why)}"
    if pair.lead is not None:
        state += f" (ahead of length by {pair.lead.low:+.3f} to {pair.lead.high:+.3f} in APGR)"
    if not pair.rows:
        return [head, state]
    titles = ["order by", "APGR", "95 % interval", *(f"CPT({100 * share:.0f} %)" for share in CPT)]
    titles += [f"saved at {100 * share:.0f} %" for share in KEPT]
    costed = any(row.figures.apgr_cost is not None for row in pair.rows)
    titles += ["APGR, cost", *(f"cost saved at {100 * share:.0f} %" for share in KEPT)] if costed else []
    table = [tuple(titles)]
    for row in pair.rows:
        figures = row.figures
        cells = [row.name, _number(figures.apgr), _interval(row.interval)]
        cells += [*map(_percent, figures.cpt), *map(_percent, figures.saved_calls)]
        cells += [_number(figures.apgr_cost), *map(_percent, figures.saved_cost)] if costed else []
        table.append(tuple(cells))
    return [head, state, *columns(table, right=set(range(1, len(titles))))]


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "n/a" if value is None else f"{100 * value:.1f} %"


def _interval(found: Interval | None) -> str:
    return "n/a" if found is None else f"{found.low:.3f} to {found.high:.3f}"


def as_json(found: Evaluation) -> str:
    document = {
        "schema_version": 1,
        "method": _shown(found.method),
        "prompts": len(found.labels.examples),
        "labels": found.labels.labels,
        "labels_without_prompt": found.labels.featureless,
        "contradicting": found.labels.contradicting,
        "on": found.on,
        "pairs": [_pair_json(pair) for pair in found.pairs],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _pair_json(pair: Pair) -> dict[str, Any]:
    return {
        "strong": _shown(pair.strong),
        "weak": _shown(pair.weak),
        "prompts": pair.n,
        "strong_quality": _rounded(pair.strong_mean),
        "weak_quality": _rounded(pair.weak_mean),
        "on": pair.on,
        "decides": pair.decides,
        "reason": _shown(pair.why) or None,
        "lead": _bounds(pair.lead),
        "routers": {row.name: _row_json(row) for row in pair.rows},
    }


def _row_json(row: Row) -> dict[str, Any]:
    figures = row.figures
    return {
        "apgr": _rounded(figures.apgr),
        "interval": _bounds(row.interval),
        "cpt": {f"{share:.0%}": _rounded(value) for share, value in zip(CPT, figures.cpt, strict=True)},
        "saved_calls": {
            f"{share:.0%}": _rounded(value) for share, value in zip(KEPT, figures.saved_calls, strict=True)
        },
        "apgr_cost": _rounded(figures.apgr_cost),
        "saved_cost": {f"{share:.0%}": _rounded(value) for share, value in zip(KEPT, figures.saved_cost, strict=True)},
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _bounds(found: Interval | None) -> list[float] | None:
    return None if found is None else [round(found.low, 6), round(found.high, 6)]


def _shown(text: str) -> str:
    return printable(redact(text))
