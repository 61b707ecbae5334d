"""Why a decision is as it is, in words."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from llmcost.core.money import usd_text
from llmcost.routing.floor import Floor, Used, meets, share_text

if TYPE_CHECKING:
    from llmcost.routing.complexity import Level
    from llmcost.routing.decide import Decision
    from llmcost.routing.policy import Rules, Step


def fired_by(rules: Rules, level: Level, floor: Floor, step: Step | None, used: Used | None) -> list[str]:
    """What of the policy bears on a request, each with its place."""
    fired = []
    if rules.place:
        fired.append(at_place(rules.place, "override"))
    if step is not None and used is not None:
        fired.append(
            at_place(
                step.place,
                f"on_budget {share_text(float(step.at))}: {step.action} ({used.what} is {percent(used.share)} used)",
            )
        )
    if rules.min_quality:
        fired.append(at_place(rules.min_place, f"min_quality {share_text(float(rules.min_quality))}"))
    if floor.wanted and rules.floors.place:
        kind = "quality_gap" if rules.floors.of_gap else "quality_floor"
        fired.append(at_place(rules.floors.place, f"{kind} {level}: {share_text(float(rules.floors.at(level)))}"))
    return fired


def at_place(place: str, text: str) -> str:
    return f"{place}: {text}" if place else text


def percent(share: Fraction) -> str:
    return f"{float(share) * 100:.1f}".removesuffix(".0") + "%"


def reason_of(decision: Decision) -> str:
    """One sentence for a person."""
    total = len(decision.judged)
    if decision.chosen is None:
        if decision.denied:
            return "the budget is used up and the policy denies the request"
        return f"none of {total} candidates meets every constraint"
    chosen = decision.chosen
    if decision.explored:
        return f"taken by lot, of {total} candidates: the policy explores {share_text(float(decision.rules.explore))}"
    if decision.escalates and decision.cascade is not None:
        then = decision.judged[decision.cascade.then]
        return (
            f"tried first and checked; where the check fails, {then.candidate.model}: expected "
            f"${usd_text(decision.cascade.expected_nano)}, the least of {total} candidates and their pairs"
        )
    fitting = sum(not each.rejected_because for each in decision.judged)
    if chosen.in_session and decision.rules.session.always:
        return f"the session's model, which meets every constraint, as {fitting} of {total} candidates do"
    text = f"cheapest of {fitting} (of {total}) candidates that meet every constraint"
    hard = float(decision.rules.min_quality)
    floor = max(hard, decision.floor.held)
    if not floor:
        return text
    if chosen.chance is None:
        return f"{text}; its quality is not known, so the floor of {share_text(floor)} was not held against it"
    return f"{text} and the quality floor of {share_text(floor)} ({_source(decision, hard)})"


def _source(decision: Decision, hard: float) -> str:
    floor = decision.floor
    if hard and hard >= floor.held:
        return "asked for"
    text = f"the prompt looks {decision.asked.complexity.level} in complexity, a heuristic"
    return text if meets(floor.held, floor.wanted) else f"{text}; no candidate reaches {share_text(floor.wanted)}"
