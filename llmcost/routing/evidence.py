"""What is known of a model's answer to a prompt: the learned router's word where it has one, else a prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmcost.routing.prior import p_good

if TYPE_CHECKING:
    from llmcost.routing.complexity import Level
    from llmcost.routing.judged import Chances
    from llmcost.routing.learned import Chance, Router
    from llmcost.routing.policy import Candidate

#: Difficulty of a prompt that is like most.
_USUAL = 0.5


def chances_for(text: str, level: Level, router: Router | None = None) -> Chances:
    """P(good) of each candidate for `text`; None for one whose quality nobody stated or learned.

    A prompt whose words ask for a hard task is not taken for an easy one because it is short.
    """
    from llmcost.routing.features import features

    seen = features(text)

    def chance(candidate: Candidate) -> Chance | None:
        learned = None if router is None else router.p_good(seen, candidate.model)
        if learned is not None or candidate.quality is None:
            return learned
        return p_good(seen, float(candidate.quality), least=_USUAL if level == "high" else 0.0)

    return chance
