"""The ledger's requests, one by one, as a policy would have routed them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from llmcost.core.record import Record
from llmcost.ledger.protocol import PricedRecord
from llmcost.routing.complexity import LEVELS, Level
from llmcost.routing.counterfactual import Costs, Repricer
from llmcost.routing.escalation import cascades
from llmcost.routing.floor import floor_of, meets
from llmcost.routing.policy import Policy, Rules

#: Tags a program writes from `route --json`, so that a simulation knows what was decided and how.
COMPLEXITY_TAG, PROPENSITY_TAG = "route_complexity", "route_propensity"


class Choice(NamedTuple):
    at: int
    """Position of the candidate."""
    nano: int
    """Expected cost, nano-USD."""
    p: float | None
    """P(good); None where it is not known."""
    escalates: bool = False


class Replayed(NamedTuple):
    """A request and where it would have gone."""

    record: Record
    paid: int
    costs: Sequence[Costs]
    """Of each candidate."""
    choice: Choice
    adequate: int
    """nano-USD of the cheapest candidate that is good enough, its prompt cache warm."""
    good: Sequence[int]
    """Positions of the candidates that are good enough."""
    served: int | None
    """Position of the candidate that served it."""
    level: Level | None
    """How hard the prompt looked, where it was recorded."""

    @property
    def moved(self) -> bool:
        """Whether the policy does other than what was done."""
        return self.served != self.choice.at or self.choice.escalates


class Replay:
    """Iterate once; then `excluded` holds reason -> requests that were left out.

    A request's prompt is not in the ledger: without a recorded complexity it counts as `medium`. Its cached input
    stays cached where the request before it (of its session, else of its app) went to the same model. Budgets and
    exploration are left out.
    """

    def __init__(self, rows: Iterable[PricedRecord], policy: Policy, reprice: Repricer) -> None:
        self._rows, self._policy, self._reprice = rows, policy, reprice
        self.chances = [None if each.quality is None else float(each.quality) for each in policy.candidates]
        self.excluded: Counter[str] = Counter()
        self._capable: dict[tuple[int, bool], tuple[int, ...]] = {}

    def __iter__(self) -> Iterator[Replayed]:
        before: dict[str, int] = {}
        for row in self._rows:
            record, paid = row.record, row.cost
            if paid is None or (why := _left_out(record)):
                self.excluded["unpriced" if paid is None else why] += 1
                continue
            tags = {f"tag.{key}": value for key, value in record.tags}
            rules = self._policy.rules_for({"app": record.app, **tags})
            level = next((each for each in LEVELS if tags.get(f"tag.{COMPLEXITY_TAG}") == each), None)
            costs = self._reprice(row)
            key = record.session or f"\0{record.app}"
            able = self._able(costs, record, rules)
            least = self._floor(able, rules, level or "medium")
            choice = self._choice(costs, able, rules, least, before.get(key))
            if choice is None:
                self.excluded["no candidate fits"] += 1
                continue
            before[key] = choice.at
            served = next((at for at, cost in enumerate(costs) if cost.served), None)
            good = [at for at in able if self._good(at, rules, least)]
            warm = [nano for at in good if (nano := costs[at].warm) is not None]
            yield Replayed(record, paid, costs, choice, min(warm, default=choice.nano), good, served, level)

    def _able(self, costs: Sequence[Costs], record: Record, rules: Rules) -> list[int]:
        key = (id(rules), bool(record.usage.input_image))
        if key not in self._capable:
            self._capable[key] = self._reprice.able(rules, images=key[1])
        most = rules.max_nano
        return [
            at
            for at in self._capable[key]
            if costs[at].warm is not None and (cold := costs[at].cold) is not None and (most is None or cold <= most)
        ]

    def _floor(self, able: Sequence[int], rules: Rules, level: Level) -> float:
        known = [p for at in able if (p := self.chances[at]) is not None]
        return max(float(rules.min_quality), floor_of(rules, level, None, known).held)

    def _good(self, at: int, rules: Rules, least: float) -> bool:
        p = self.chances[at]
        return not rules.min_quality if p is None else meets(p, least)

    def _preference(self, each: _Model) -> tuple[int, float, str]:
        """As in `decide`: the cheapest, then the better, then by name."""
        return each.cost_nano, -(each.p or 0), self._policy.candidates[each.at].model

    def _choice(
        self, costs: Sequence[Costs], able: Sequence[int], rules: Rules, least: float, before: int | None
    ) -> Choice | None:
        found = []
        for at in able:
            cost = costs[at]
            nano = cost.warm if (cost.served if before is None else at == before) else cost.cold
            if nano is not None:
                found.append(_Model(at, nano, self.chances[at]))
        good = [each for each in found if self._good(each.at, rules, least)]
        if rules.session.always and (kept := next((each for each in good if each.at == before), None)):
            return Choice(kept.at, kept.cost_nano, kept.p)
        best = min(good, key=self._preference, default=None)
        choice = None if best is None else Choice(best.at, best.cost_nano, best.p)
        if rules.escalation is None:
            return choice
        pairs = [(each.at, each.cost_nano, each.p) for each in found if each.p is not None]
        for pair in cascades(pairs, rules.escalation, rules.max_nano, float(rules.min_quality)):
            if meets(pair.p_good, least) and (choice is None or pair.expected_nano < choice.nano):
                choice = Choice(pair.first, pair.expected_nano, pair.p_good, escalates=True)
        return choice


class _Model(NamedTuple):
    at: int
    cost_nano: int
    p: float | None


def _left_out(record: Record) -> str:
    """Why a request says nothing of models; empty where it does."""
    if record.cache_hit:
        return "answered from a cache"
    return "" if record.usage.tokens else "without tokens"
