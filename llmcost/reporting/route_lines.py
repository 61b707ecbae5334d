"""One routing decision per line, for many requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from llmcost.core.money import usd_text
from llmcost.core.text import printable, redact
from llmcost.reporting.numbers import usd
from llmcost.routing.floor import share_text
from llmcost.routing.reasons import reason_of

if TYPE_CHECKING:
    from llmcost.routing.decide import Decision
    from llmcost.routing.lines import Line


def json_line(line: Line, decision: Decision) -> str:
    chosen = decision.chosen
    then = decision.cascade.then if decision.cascade is not None and decision.escalates else None
    document = {
        "schema_version": 1,
        "line": line.number,
        "id": _safe(line.name) or None,
        "model": None if chosen is None else chosen.candidate.model,
        "reason": reason_of(decision),
        "expected_cost_usd": None if decision.expected_nano is None else usd_text(decision.expected_nano),
        "escalate_to": None if then is None else decision.judged[then].candidate.model,
        "complexity": decision.asked.complexity.level,
        "propensity": float(decision.propensity),
        "candidates": [
            {
                "model": each.candidate.model,
                "expected_cost_usd": usd_text(each.cost_nano),
                "p_good": None if each.chance is None else round(each.chance.p, 6),
                "rejected_because": "; ".join(each.rejected_because) or None,
            }
            for each in decision.judged
        ],
    }
    return json.dumps(document, ensure_ascii=False)


def text_line(line: Line, decision: Decision) -> str:
    chosen = decision.chosen
    name = f" {_safe(line.name)}" if line.name else ""
    if chosen is None:
        return f"{line.number}{name}: no model: {reason_of(decision)}"
    chance = "unknown" if chosen.chance is None else f"{share_text(chosen.chance.p)} ({chosen.chance.basis})"
    text = f"{line.number}{name}: {_safe(chosen.candidate.model)}  {usd(decision.expected_nano)}  p(good) {chance}"
    if decision.cascade is not None and decision.escalates:
        return f"{text}, else {_safe(decision.judged[decision.cascade.then].candidate.model)}"
    return text


def _safe(text: str) -> str:
    return printable(redact(text))
