"""A routing decision as text and as JSON (keys: docs/routing.md)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from llmcost.core.money import usd_text
from llmcost.core.text import printable, redact
from llmcost.reporting.columns import columns
from llmcost.reporting.estimate_json import price_json
from llmcost.reporting.numbers import count, counted, usd
from llmcost.routing.floor import share_text
from llmcost.routing.reasons import percent, reason_of

if TYPE_CHECKING:
    from llmcost.routing.decide import Decision
    from llmcost.routing.floor import Used
    from llmcost.routing.judged import Judged

_P_GOOD = "p(good)"
_HEAD = ("model", "expected cost", "input", "cached", "output", "tokens", _P_GOOD, "basis", "rejected because")
_EXPENDABLE = ("cached", "tokens", "input", "output")
_NUMBERS = {"expected cost", "input", "cached", "output", "tokens"}


class Shown(NamedTuple):
    """A decision, and where what it rests on came from."""

    decision: Decision
    taken: str
    """What the argument was taken for, `file`, `prompt` or `stdin`."""
    path: str
    policy: str
    output_from: str
    """`asked for`, `assumed`, or which rows of the ledger."""
    used: Used | None = None


def as_json(shown: Shown) -> str:
    decision = shown.decision
    chosen, asked = decision.chosen, decision.asked
    document = {
        "schema_version": 1,
        "model": None if chosen is None else chosen.candidate.model,
        "provider": None if chosen is None else chosen.offer.priced.card.provider,
        "reason": reason_of(decision),
        "fired": [_safe(each) for each in decision.fired],
        "expected_cost_usd": None if decision.expected_nano is None else usd_text(decision.expected_nano),
        "escalation": _escalation(decision),
        "fallbacks": [each.model for each in decision.fallbacks],
        "input": {"taken_as": shown.taken, "path": _safe(shown.path) if shown.taken == "file" else None},
        "policy": _safe(shown.policy),
        "complexity": {
            "level": asked.complexity.level,
            "basis": "heuristic",
            "cues": [_safe(cue) for cue in asked.complexity.cues],
        },
        "constraints": _constraints(decision),
        "budget": None if shown.used is None else {"used": float(shown.used.share), "what": _safe(shown.used.what)},
        "output_tokens": asked.output_tokens,
        "output_tokens_assumed": shown.output_from == "assumed",
        "output_tokens_from": _safe(shown.output_from),
        "cached_share": float(asked.cached_share),
        "propensity": float(decision.propensity),
        "explored": decision.explored,
        "candidates": [_candidate(each) for each in decision.judged],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _constraints(decision: Decision) -> dict[str, Any]:
    rules = decision.rules
    return {
        "min_quality": float(rules.min_quality),
        "complexity_floor": round(decision.floor.wanted, 6),
        "floor": round(max(float(rules.min_quality), decision.floor.held), 6),
        "max_usd": None if rules.max_nano is None else usd_text(rules.max_nano),
        "require": sorted(rules.require),
        "regions": sorted(rules.regions),
    }


def _escalation(decision: Decision) -> dict[str, Any] | None:
    cascade, rule = decision.cascade, decision.rules.escalation
    if cascade is None or rule is None:
        return None
    return {
        "taken": decision.escalates,
        "first": decision.judged[cascade.first].candidate.model,
        "then": decision.judged[cascade.then].candidate.model,
        "check_usd": usd_text(rule.check_nano),
        "p_pass": round(cascade.p_pass, 6),
        "p_good": round(cascade.p_good, 6),
        "expected_cost_usd": usd_text(cascade.expected_nano),
        "worst_cost_usd": usd_text(cascade.worst_nano),
    }


def _candidate(each: Judged) -> dict[str, Any]:
    chance, cost = each.chance, each.cost
    return {
        "model": each.candidate.model,
        "provider": each.offer.priced.card.provider,
        "expected_cost_usd": usd_text(cost.nano),
        "cost": {
            "input_usd": usd_text(cost.input),
            "cached_usd": usd_text(cost.cached),
            "output_usd": usd_text(cost.output),
            "fees_usd": usd_text(cost.fees),
        },
        "p_good": None if chance is None else round(chance.p, 6),
        "p_good_low": None if chance is None else round(chance.low, 6),
        "p_good_high": None if chance is None else round(chance.high, 6),
        "p_good_basis": None if chance is None else chance.basis,
        "rejected_because": "; ".join(each.rejected_because) or None,
        "input_tokens": each.counted.tokens,
        "input_tokens_exact": each.counted.exact,
        "cached_tokens": each.cached_tokens,
        "in_session": each.in_session,
        "context_window": each.offer.context_window,
        "price": price_json(each.offer.priced, each.counted.tokens),
    }


def as_text(shown: Shown, *, explain: bool = False, width: int | None = None) -> str:
    """The choice, why, and every candidate; `explain` says where each number comes from."""
    decision = shown.decision
    chosen = decision.chosen
    lines = [f"{'no model' if chosen is None else _safe(chosen.candidate.model)}: {reason_of(decision)}"]
    lines += [
        f"policy: {_safe(each)}" for each in decision.fired or (f"{shown.policy}: no floor holds for this prompt",)
    ]
    lines += ["", *_table(decision, width), ""]
    output = f"output: {counted(decision.asked.output_tokens, 'token')}"
    assumed = shown.output_from == "assumed"
    lines.append(f"{output} ({'assumed; --output-tokens N' if assumed else _safe(shown.output_from)})")
    if decision.cascade is not None:
        lines.append(_cascade_text(decision))
    if decision.fallbacks:
        lines.append(f"next where it fails: {', '.join(_safe(each.model) for each in decision.fallbacks)}")
    return "\n".join([*lines, *(_explained(shown) if explain else ())])


def _table(decision: Decision, width: int | None) -> list[str]:
    judged = decision.judged
    bases = {each.chance.basis for each in judged if each.chance is not None}
    dropped = {"cached"} if not any(each.cached_tokens for each in judged) else set()
    head = list(_HEAD)
    if len(bases) <= 1:
        dropped.add("basis")
        head[head.index(_P_GOOD)] = ", ".join((_P_GOOD, *bases))
    kept = [at for at, name in enumerate(_HEAD) if name not in dropped]
    names, rows = [head[at] for at in kept], [[row[at] for at in kept] for row in map(_row, judged)]
    if width is None:
        return columns([names, *rows], right={at for at, name in enumerate(names) if name in _NUMBERS})
    from llmcost.reporting.console import fitting, render, table

    # A reason may fold.
    short = [[*row[:-1], row[-1][:_REASON]] for row in rows]
    fit, _ = fitting(names, short, expendable=[name for name in _EXPENDABLE if name in names], width=width)
    cells = [[row[names.index(name)] for name in fit] for row in rows]
    shown = table(fit, cells, right=[at for at, name in enumerate(fit) if name in _NUMBERS], tight=True)
    for column in shown.columns[:-1]:
        column.no_wrap = True
    return render([shown], width=width, color=False).split("\n")


#: Columns of a reason below which the other columns make room.
_REASON = 24


def _row(each: Judged) -> tuple[str, ...]:
    cost, chance = each.cost, each.chance
    tokens = count(each.counted.tokens)
    return (
        _safe(each.candidate.model), usd(cost.nano), usd(cost.input), usd(cost.cached), usd(cost.output),
        tokens if each.counted.exact else f"~{tokens}",
        "unknown" if chance is None else f"{share_text(chance.p)} ({chance.low:.2f}-{chance.high:.2f})",
        "" if chance is None else chance.basis, "; ".join(each.rejected_because),
    )  # fmt: skip


def _cascade_text(decision: Decision) -> str:
    cascade, rule = decision.cascade, decision.rules.escalation
    if cascade is None or rule is None:
        return ""
    first, then = decision.judged[cascade.first], decision.judged[cascade.then]
    taken = "taken" if decision.escalates else "not cheaper"
    costs = [usd_text(nano) for nano in (first.cost_nano, rule.check_nano, then.cost_nano, cascade.expected_nano)]
    return (
        f"escalation ({taken}): {_safe(first.candidate.model)}, check, {_safe(then.candidate.model)}: "
        f"${costs[0]} + ${costs[1]} + (1 - {cascade.p_pass:.3f}) x ${costs[2]} = ${costs[3]}, "
        f"P(good) {cascade.p_good:.3f}, at most ${usd_text(cascade.worst_nano)}"
    )


def _explained(shown: Shown) -> list[str]:
    decision, asked = shown.decision, shown.decision.asked
    cues = ", ".join(_safe(cue) for cue in asked.complexity.cues) or "none"
    held = share_text(max(float(decision.rules.min_quality), decision.floor.held))
    wanted = share_text(decision.floor.wanted)
    lines = ["", f"complexity: {asked.complexity.level}, by its words ({cues}) and its length: a heuristic"]
    lines.append(f"floor: P(good) of at least {held}; the policy asks for {wanted}, or the best that there is")
    if shown.used is not None:
        lines.append(f"budget: {_safe(shown.used.what)} is {percent(shown.used.share)} used")
    if asked.cached_share:
        lines.append(f"prompt cache: {percent(asked.cached_share)} of the input, for any of the models")
    if asked.last is not None:
        lines.append(
            f"session: the last request went to {_safe(asked.last.model)}; "
            f"{count(asked.last.cached_tokens)} tokens are cached there, and a switch pays them in full"
        )
    if decision.rules.explore:
        lines.append(f"propensity: {float(decision.propensity):.4g} (log it as the tag route_propensity)")
    for each in decision.judged:
        card, layer = each.offer.priced.card, each.offer.priced.layer
        cost = f"{_safe(each.candidate.model)}: ${usd_text(each.cost.nano)}"
        price = f"price of {card.provider} {_safe(card.model)} from {_safe(layer)}"
        lines.append(f"{cost}, {price}; {each.counted.method}")
    return lines


def rejections(decision: Decision) -> str:
    """What removed each candidate."""
    return "; ".join(f"{_safe(each.candidate.model)}: {', '.join(each.rejected_because)}" for each in decision.judged)


def _safe(text: str) -> str:
    return printable(redact(text))
