"""The decision: the least expected cost among the candidates that meet every constraint and the quality floor."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from llmcost.routing.escalation import Cascade, cascades
from llmcost.routing.explore import draw
from llmcost.routing.floor import Floor, Used, floor_of, meets, step_of
from llmcost.routing.judged import Asked, Chances, Judged, held_to, judge
from llmcost.routing.offers import Offer
from llmcost.routing.policy import Candidate, Rules, Step
from llmcost.routing.reasons import at_place, fired_by, percent


class Decision(NamedTuple):
    """`judged`: those that fit, the best choice first, then the rejected ones. `chosen` None: nothing fits."""

    chosen: Judged | None
    judged: tuple[Judged, ...]
    rules: Rules
    asked: Asked
    floor: Floor
    fired: tuple[str, ...]
    """What of the policy decided, with its place, in the order in which it came to bear."""
    cascade: Cascade | None = None
    """The best one under the policy; positions are those in `judged`."""
    escalates: bool = False
    """Whether it is what is to be done: `chosen` is tried first."""
    fallbacks: tuple[Candidate, ...] = ()
    step: Step | None = None
    propensity: Fraction = Fraction(1)
    """Probability with which this request goes to `chosen`."""
    explored: bool = False

    @property
    def denied(self) -> bool:
        return self.step is not None and self.step.action == "deny"

    @property
    def expected_nano(self) -> int | None:
        """Of what is to be done: with escalation, the expectation over the check."""
        if self.cascade is not None and self.escalates:
            return self.cascade.expected_nano
        return None if self.chosen is None else self.chosen.cost_nano


def decide(
    offered: Sequence[Offer], rules: Rules, asked: Asked, chances: Chances, used: Used | None = None
) -> Decision:
    """Judge every candidate; ties go to the better, then to the name.

    A quality that is not known fails one that was asked for (`min_quality`), and passes a floor that is not hard.
    The floor by complexity leaves no request without a model: it is lowered to the best candidate that fits otherwise.

    Raises:
        UsageError: a candidate has no price for the request: unknown is not free.
    """
    step = step_of(rules, used)
    judged = [judge(each, rules, asked, chances) for each in offered]
    able = [each for each in judged if not each.cannot]
    floor = floor_of(rules, asked.complexity.level, step, [each.chance.p for each in able if each.chance is not None])
    held = [held_to(each, rules, floor) for each in judged]
    if step is not None and used is not None and step.action == "deny":
        reason = f"the budget does not allow it: {used.what} is {percent(used.share)} used"
        held = [each._replace(cannot=(*each.cannot, reason)) for each in held]
    held.sort(key=_order)
    chosen = held[0] if held and not held[0].rejected_because else None
    fired = fired_by(rules, asked.complexity.level, floor, step, used)
    kept = next((each for each in held if each.in_session and not each.rejected_because), None)
    if rules.session.always and kept is not None:
        chosen = kept
        fired.append(at_place(rules.session.place, f"session: {kept.candidate.model} is kept"))
    decision = Decision(chosen, tuple(held), rules, asked, floor, (), step=step)
    if not decision.denied:
        decision = _escalated(decision, able, fired)
        decision = _explored(decision, fired)
    return decision._replace(fired=tuple(fired), fallbacks=_fallbacks(decision))


def _order(each: Judged) -> tuple[object, ...]:
    return (bool(each.rejected_because), *_preference(each))


def _preference(each: Judged) -> tuple[int, float, str]:
    return each.cost_nano, -(each.chance.p if each.chance else 0.0), each.candidate.model


def _escalated(decision: Decision, able: Sequence[Judged], fired: list[str]) -> Decision:
    """With the best cascade; it is what is done where it is expected to cost less and is good enough."""
    rule = decision.rules.escalation
    if rule is None:
        return decision
    allowed = {each.candidate for each in able}
    models = [
        (at, each.cost_nano, each.chance.p)
        for at, each in enumerate(decision.judged)
        if each.candidate in allowed and each.chance is not None
    ]
    hard = float(decision.rules.min_quality)
    least = max(hard, decision.floor.held)
    found = [each for each in cascades(models, rule, decision.rules.max_nano, hard) if meets(each.p_good, least)]
    if not found:
        return decision
    best = min(found, key=lambda each: (each.expected_nano, -each.p_good, each.first, each.then))
    chosen = decision.chosen
    kept = chosen is not None and chosen.in_session and decision.rules.session.always
    if kept or (chosen is not None and chosen.cost_nano <= best.expected_nano):
        return decision._replace(cascade=best)
    first = decision.judged[best.first]
    fired.append(at_place(rule.place, f"escalation: {first.candidate.model} is tried first"))
    then = decision.judged[best.then]
    decision = _with_chosen(decision, first)
    return decision._replace(cascade=best._replace(first=0, then=_index(decision, then)), escalates=True)


def _explored(decision: Decision, fired: list[str]) -> Decision:
    """With the propensity, and perhaps another model, drawn by lot."""
    best, asked, rules = decision.chosen, decision.asked, decision.rules
    if best is None or not rules.explore:
        return decision
    arms = [each for each in decision.judged if each.is_open(rules)]
    drawn = draw(best, arms, rules.explore, f"{asked.key}\0{asked.prompt.body}")
    if drawn.by_lot:
        fired.append(at_place(rules.explore_place, f"explore: {drawn.taken.candidate.model} is taken by lot"))
        decision = _with_chosen(decision._replace(escalates=False, cascade=None), drawn.taken)
    return decision._replace(propensity=drawn.propensity, explored=drawn.by_lot)


def _with_chosen(decision: Decision, chosen: Judged) -> Decision:
    taken = chosen._replace(weak="")
    rest = tuple(each for each in decision.judged if each.candidate != chosen.candidate)
    return decision._replace(chosen=taken, judged=(taken, *rest))


def _index(decision: Decision, judged: Judged) -> int:
    return next(at for at, each in enumerate(decision.judged) if each.candidate == judged.candidate)


def _fallbacks(decision: Decision) -> tuple[Candidate, ...]:
    if decision.chosen is None:
        return ()
    chosen = decision.chosen.candidate
    others = [each for each in decision.judged if each.candidate != chosen]
    if decision.rules.fallbacks:
        able = {each.candidate for each in others if each.is_open(decision.rules)}
        return tuple(each for each in decision.rules.fallbacks if each in able)
    return tuple(each.candidate for each in others if not each.rejected_because)
