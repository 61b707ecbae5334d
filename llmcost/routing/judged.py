"""One candidate for one request: what it would cost, how good it would be, and what speaks against it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from llmcost.core.money import usd_text
from llmcost.routing.floor import Floor, meets, share_text
from llmcost.routing.offers import Cost, Offer, cost_of, share_of, usage_of
from llmcost.routing.policy import Candidate, Rules
from llmcost.tokens.counter import Count, count

if TYPE_CHECKING:
    from llmcost.routing.complexity import Complexity
    from llmcost.routing.learned import Chance
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
    cannot: tuple[str, ...] = ()
    """The constraints it does not meet."""
    weak: str = ""
    """What its quality lacks."""
    in_session: bool = False

    @property
    def candidate(self) -> Candidate:
        return self.offer.candidate

    @property
    def rejected_because(self) -> tuple[str, ...]:
        return (*self.cannot, self.weak) if self.weak else self.cannot

    def is_open(self, rules: Rules) -> bool:
        """Whether nothing but the floor by complexity is against it."""
        least = float(rules.min_quality)
        enough = not least if self.chance is None else meets(self.chance.p, least)
        return enough and not self.cannot

    @property
    def cost_nano(self) -> int:
        return self.cost.nano


#: What is known of a candidate's answer to the prompt.
Chances = Callable[[Candidate], "Chance | None"]


def judge(offer: Offer, rules: Rules, asked: Asked, chances: Chances) -> Judged:
    """Hold a candidate against every constraint but that of its quality.

    Raises:
        UsageError: it has no price for the request.
    """
    candidate, card = offer.candidate, offer.priced.card
    counted = count(asked.prompt, candidate.model, card.provider, also=card.model)
    last = asked.last if asked.last and offer.is_model(asked.last.provider, asked.last.model) else None
    cached = max(share_of(counted.tokens, asked.cached_share), last.cached_tokens if last else 0)
    usage = usage_of(counted.tokens, asked.output_tokens, cached)
    cost = cost_of(offer, usage)
    reasons = cannot_serve(offer, rules, counted.tokens + asked.output_tokens, needs(asked.prompt))
    if rules.max_nano is not None and cost.nano > rules.max_nano:
        reasons.append(f"costs ${usd_text(cost.nano)}, more than ${usd_text(rules.max_nano)}")
    return Judged(offer, counted, usage.cached, cost, chances(candidate), tuple(reasons), in_session=last is not None)


def needs(prompt: Prompt) -> frozenset[str]:
    """The capabilities that a request uses."""
    found = (("vision", bool(prompt.images)), ("tools", prompt.tools is not None))
    return frozenset(name for name, used in found if used)


def cannot_serve(offer: Offer, rules: Rules, tokens: int, needed: frozenset[str] = frozenset()) -> list[str]:
    """Why a candidate cannot serve a request of `tokens` that uses `needed`, whatever its quality and cost."""
    candidate = offer.candidate
    reasons = []
    if offer.context_window is not None and tokens > offer.context_window:
        reasons.append(f"context window of {offer.context_window:,} tokens is less than {tokens:,}")
    for name in sorted((rules.require | needed) - (candidate.capabilities or frozenset())):
        known = "has no" if candidate.capabilities is not None else "is not known to have"
        reasons.append(f"{known} {name}")
    if rules.regions and not rules.regions & (candidate.regions or frozenset()):
        known = "is not served" if candidate.regions is not None else "is not known to be served"
        reasons.append(f"{known} in {' or '.join(sorted(rules.regions))}")
    return reasons


def held_to(each: Judged, rules: Rules, floor: Floor) -> Judged:
    """With what its quality lacks."""
    least = float(rules.min_quality)
    reason = ""
    if each.chance is None:
        if least:
            reason = f"quality is not known, {share_text(least)} is asked for"
    elif not meets(each.chance.p, least):
        reason = f"quality {share_text(each.chance.p)} is below {share_text(least)}"
    elif not each.cannot and not meets(each.chance.p, floor.held):
        reason = f"quality {share_text(each.chance.p)} is below {share_text(floor.held)}"
    return each._replace(weak=reason)
