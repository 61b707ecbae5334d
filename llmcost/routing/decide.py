"""The decision: the least expected cost among the candidates that meet every constraint and the quality floor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from llmcost.core.money import usd_text
from llmcost.routing.escalation import Cascade, cascades
from llmcost.routing.floor import Floor, Used, floor_of, meets, step_of
from llmcost.routing.offers import Cost, Offer, cost_of, share_of, usage_of
from llmcost.tokens.counter import Count, count

if TYPE_CHECKING:
    from llmcost.routing.complexity import Complexity
    from llmcost.routing.model import Chance
    from llmcost.routing.policy import Candidate, Rules, Step
    from llmcost.tokens.prompt import Prompt


class LastCall(NamedTuple):
    """The request before this one in its session."""

    provider: str
    model: str
    """Names of its rate card."""
    cached_tokens: int
    """What the provider still has in its prompt cache of it; 0 when it has expired."""


class Asked(NamedTuple):
    """A request that is to be routed."""

    prompt: Prompt
    complexity: Complexity
    output_tokens: int
    cached_share: Fraction = Fraction(0)
    """Part of the input that comes from the prompt cache of any of the models."""
    last: LastCall | None = None
    key: str = ""
    """Beside the prompt, what makes a random choice for it the same each time."""


class Judged(NamedTuple):
    """A candidate with what it would cost, how good it would be, and why it was not taken (empty: it could be)."""

    offer: Offer
    counted: Count
    cached_tokens: int
    cost: Cost
    chance: Chance | None
    """None: nothing is known of its quality."""
    rejected_because: tuple[str, ...] = ()
    in_session: bool = False

    @property
    def candidate(self) -> Candidate:
        return self.offer.candidate

    @property
    def cost_nano(self) -> int:
        return self.cost.nano


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


#: What is known of a candidate's answer to the prompt.
Chances = Callable[["Candidate"], "Chance | None"]


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
    judged = [_judge(each, rules, asked, chances) for each in offered]
    fitting = [each.chance.p for each in judged if not each.rejected_because and each.chance is not None]
    floor = floor_of(rules, asked.complexity.level, step, fitting)
    able = [each for each in judged if not each.rejected_because]
    held = [_held_to(each, rules, floor) for each in judged]
    if step is not None and step.action == "deny":
        assert used is not None
        reason = f"the budget does not allow it: {used.what} is {_percent(used.share)} used"
        held = [each._replace(rejected_because=(*each.rejected_because, reason)) for each in held]
    held.sort(key=_order)
    chosen = held[0] if held and not held[0].rejected_because else None
    fired = _fired(rules, asked, floor, step, used)
    if rules.session.always and (kept := next((each for each in held if each.in_session), None)):
        if not kept.rejected_because:
            chosen = kept
            fired.append(_at(rules.session.place, f"session: {kept.candidate.model} is kept"))
    decision = Decision(chosen, tuple(held), rules, asked, floor, (), step=step)
    if not decision.denied:
        decision = _escalated(decision, able, fired)
        decision = _explored(decision, fired)
    return decision._replace(fired=tuple(fired), fallbacks=_fallbacks(decision))


def _judge(offer: Offer, rules: Rules, asked: Asked, chances: Chances) -> Judged:
    candidate, card = offer.candidate, offer.priced.card
    counted = count(asked.prompt, candidate.model, card.provider, also=card.model)
    last = asked.last if asked.last and offer.is_model(asked.last.provider, asked.last.model) else None
    cached = max(share_of(counted.tokens, asked.cached_share), last.cached_tokens if last else 0)
    usage = usage_of(counted.tokens, asked.output_tokens, cached)
    cost = cost_of(offer, usage)
    reasons = [*_cannot(offer, rules, counted.tokens + asked.output_tokens)]
    if rules.max_nano is not None and cost.nano > rules.max_nano:
        reasons.append(f"costs ${usd_text(cost.nano)}, more than ${usd_text(rules.max_nano)}")
    return Judged(offer, counted, usage.cached, cost, chances(candidate), tuple(reasons), last is not None)


def _cannot(offer: Offer, rules: Rules, tokens: int) -> list[str]:
    """Why a candidate cannot serve a request of `tokens`, whatever its quality and cost."""
    candidate = offer.candidate
    reasons = []
    if offer.context_window is not None and tokens > offer.context_window:
        reasons.append(f"context window of {offer.context_window:,} tokens is less than {tokens:,}")
    for name in sorted(rules.require - (candidate.capabilities or frozenset())):
        known = "has no" if candidate.capabilities is not None else "is not known to have"
        reasons.append(f"{known} {name}")
    if rules.regions and not rules.regions & (candidate.regions or frozenset()):
        known = "is not served" if candidate.regions is not None else "is not known to be served"
        reasons.append(f"{known} in {' or '.join(sorted(rules.regions))}")
    return reasons


def _held_to(each: Judged, rules: Rules, floor: Floor) -> Judged:
    """With what its quality lacks."""
    least = float(rules.min_quality)
    reason = ""
    if each.chance is None:
        if least:
            reason = f"quality is not known, {share_text(least)} is asked for"
    elif not meets(each.chance.p, least):
        reason = f"quality {share_text(each.chance.p)} is below {share_text(least)}"
    elif not each.rejected_because and not meets(each.chance.p, floor.held):
        reason = f"quality {share_text(each.chance.p)} is below {share_text(floor.held)}"
    return each._replace(rejected_because=(*each.rejected_because, reason)) if reason else each


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
    models = [(at, each) for at, each in enumerate(decision.judged) if each.candidate in allowed]
    least = max(float(decision.rules.min_quality), decision.floor.held)
    found = [each for each in cascades(models, rule, decision.rules.max_nano) if meets(each.p_good, least)]
    if not found:
        return decision
    best = min(found, key=lambda each: (each.expected_nano, -each.p_good, each.first, each.then))
    chosen = decision.chosen
    kept = chosen is not None and chosen.in_session and decision.rules.session.always
    if kept or (chosen is not None and chosen.cost_nano <= best.expected_nano):
        return decision._replace(cascade=best)
    first = decision.judged[best.first]
    fired.append(_at(rule.place, f"escalation: {first.candidate.model} is tried first"))
    then = decision.judged[best.then]
    decision = _with_chosen(decision, first)
    return decision._replace(cascade=best._replace(first=0, then=_index(decision, then)), escalates=True)


def _explored(decision: Decision, fired: list[str]) -> Decision:
    """With the propensity; now and then a random one of those that fit is taken, so that something is learned of it."""
    share = decision.rules.explore
    if not share or decision.chosen is None:
        return decision
    least = float(decision.rules.min_quality)
    arms = sorted(
        (each for each in decision.judged if _open(each, decision.rules) and (not least or each.chance is not None)),
        key=lambda each: (each.candidate.model, each.candidate.provider),
    )
    if not arms:
        return decision
    draw = _uniform(decision.asked)
    by_chance = share / len(arms)
    best = decision.chosen
    at = int(draw / float(share) * len(arms)) if draw < share else -1
    if at < 0 or arms[at].candidate == best.candidate:
        return decision._replace(propensity=1 - share + by_chance if best.candidate in _of(arms) else 1 - share)
    fired.append(f"explore: {arms[at].candidate.model} by lot")
    decision = _with_chosen(decision._replace(escalates=False, cascade=None), arms[at])
    return decision._replace(explored=True, propensity=by_chance)


def _open(each: Judged, rules: Rules) -> bool:
    """Whether nothing but the floor by complexity is against it."""
    if not each.rejected_because:
        return True
    return (
        len(each.rejected_because) == 1
        and each.rejected_because[0].startswith("quality")
        and each.chance is not None
        and meets(each.chance.p, float(rules.min_quality))
    )


def _of(arms: Sequence[Judged]) -> set[Candidate]:
    return {each.candidate for each in arms}


def _uniform(asked: Asked) -> float:
    """From 0 to 1, the same for the same request: a decision can be repeated, and says nothing of what is asked."""
    digest = hashlib.blake2b(f"{asked.key}\0{asked.prompt.body}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _with_chosen(decision: Decision, chosen: Judged) -> Decision:
    taken = chosen._replace(rejected_because=())
    rest = tuple(each for each in decision.judged if each.candidate != chosen.candidate)
    return decision._replace(chosen=taken, judged=(taken, *rest))


def _index(decision: Decision, judged: Judged) -> int:
    return next(at for at, each in enumerate(decision.judged) if each.candidate == judged.candidate)


def _fallbacks(decision: Decision) -> tuple[Candidate, ...]:
    if decision.chosen is None:
        return ()
    chosen = decision.chosen.candidate
    open_ = [each.candidate for each in decision.judged if _open(each, decision.rules) and each.candidate != chosen]
    if decision.rules.fallbacks:
        return tuple(each for each in decision.rules.fallbacks if each in open_)
    fitting = {each.candidate for each in decision.judged if not each.rejected_because}
    return tuple(each for each in open_ if each in fitting)


def _fired(rules: Rules, asked: Asked, floor: Floor, step: Step | None, used: Used | None) -> list[str]:
    fired = []
    if rules.place:
        fired.append(_at(rules.place, "override"))
    if step is not None and used is not None:
        fired.append(
            _at(step.place, f"on_budget {share_text(float(step.at))}: {step.action} ({used.what} is {_percent(used.share)} used)")
        )
    if rules.min_quality:
        fired.append(f"min_quality {share_text(float(rules.min_quality))}")
    if floor.wanted and rules.floors.place:
        kind = "quality_gap" if rules.floors.of_gap else "quality_floor"
        level = asked.complexity.level
        fired.append(_at(rules.floors.place, f"{kind} {level}: {share_text(float(rules.floors.at(level)))}"))
    return fired


def _at(place: str, text: str) -> str:
    return f"{place}: {text}" if place else text


def _percent(share: Fraction) -> str:
    return f"{float(share) * 100:.1f}".removesuffix(".0") + "%"


def share_text(share: float) -> str:
    return f"{share:.3f}".rstrip("0").rstrip(".") or "0"


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
