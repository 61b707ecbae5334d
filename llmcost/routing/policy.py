"""What a routing policy says, as values. Its file format: `policy_file`, docs/routing.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple

from llmcost.core.instants import SECOND_US
from llmcost.routing.complexity import LEVELS, Level

CAPABILITIES = ("tools", "vision", "json")
#: Tokens of an answer when nobody says: the article's figure, and the answer says that it is assumed.
OUTPUT_TOKENS = 500

Action = Literal["raise_threshold", "cheapest", "deny"]
#: From the mildest to the hardest.
ACTIONS: tuple[Action, ...] = ("raise_threshold", "cheapest", "deny")


@dataclass(frozen=True)
class Candidate:
    """A model that may be chosen. None: not known, which is neither zero nor enough."""

    model: str
    provider: str = ""
    quality: Fraction | None = None
    """Prior of a good answer, 0 to 1."""
    context_window: int | None = None
    capabilities: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    """Where requests to it are served."""
    place: str = ""
    """File and line, for errors."""

    def called(self, name: str) -> bool:
        """Whether `name` is its model, or `provider/model`."""
        return name.lower() in {self.model.lower(), f"{self.provider}/{self.model}".lower()}


class Floors(NamedTuple):
    """The least P(good) by complexity, in the order of `LEVELS`."""

    shares: tuple[Fraction, ...] = (Fraction(0),) * len(LEVELS)
    of_gap: bool = False
    """They are shares of the way from the weakest to the strongest candidate, and not P(good) itself."""
    place: str = ""

    def at(self, level: Level) -> Fraction:
        return self.shares[LEVELS.index(level)]


class Step(NamedTuple):
    """What is done from a share of the budget on."""

    at: Fraction
    action: Action
    place: str = ""


class Stickiness(NamedTuple):
    """What a session's last model is worth."""

    always: bool = False
    """Keep it as long as it meets every constraint; else it only has the prompt cache in its favour."""
    cache_us: int = 300 * SECOND_US
    """How long a provider keeps the prompt of a request, microseconds. Anthropic's default is five minutes
    (https://docs.claude.com/en/docs/build-with-claude/prompt-caching), OpenAI's five to ten
    (https://platform.openai.com/docs/guides/prompt-caching)."""
    place: str = ""


class Escalation(NamedTuple):
    """Try a cheap model, check its answer, ask a stronger one where the check fails."""

    check_nano: int
    """nano-USD of one check."""
    accuracy: Fraction
    """How often the check is right, of good answers and of bad ones."""
    place: str = ""


_NO_FLOOR, _BY_COST = Floors(), Stickiness()


@dataclass(frozen=True)
class Rules:
    """Everything that holds for one request."""

    candidates: tuple[Candidate, ...]
    output_tokens: int | None = None
    min_quality: Fraction = Fraction(0)
    """A hard floor; `floors` give way where nothing reaches them."""
    min_place: str = ""
    floors: Floors = _NO_FLOOR
    max_nano: int | None = None
    require: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    """Where a request may be served; empty: anywhere."""
    on_budget: tuple[Step, ...] = ()
    """Ascending."""
    fallbacks: tuple[Candidate, ...] = ()
    """What to ask next where the chosen model fails, in this order; empty: the others that fit."""
    session: Stickiness = _BY_COST
    escalation: Escalation | None = None
    explore: Fraction = Fraction(0)
    """Share of requests that go to a random candidate of those that fit."""
    explore_place: str = ""
    place: str = ""
    """The override they are from; empty for those of the whole policy."""


class Override(NamedTuple):
    """Rules for some requests."""

    when: tuple[tuple[str, frozenset[str]], ...]
    """(dimension, values): all must match, one value each."""
    rules: Rules

    def matches(self, given: Mapping[str, str]) -> bool:
        return all(given.get(name, "") in values for name, values in self.when)

    def covers(self, other: Override) -> bool:
        """Whether it matches whatever `other` matches."""
        theirs = dict(other.when)
        return all(name in theirs and theirs[name] <= values for name, values in self.when)


@dataclass(frozen=True)
class Policy:
    origin: str
    rules: Rules
    overrides: tuple[Override, ...] = ()
    learned: str = ""
    """File of the learned router; empty: the default one."""

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return self.rules.candidates

    def rules_for(self, given: Mapping[str, str]) -> Rules:
        """The rules for a request of these dimensions (`app`, `tag.KEY`): those of the first override that matches."""
        return next((each.rules for each in self.overrides if each.matches(given)), self.rules)

    def candidate(self, model: str) -> Candidate:
        """The candidate called `model`; one of which nothing is known where the policy has none."""
        return next((each for each in self.candidates if each.called(model)), Candidate(model))
