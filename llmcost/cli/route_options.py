"""What the options of `llmcost route` and `routing simulate` mean: policy, evidence, budget, session."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmcost.cli.environment import Env, expanded
from llmcost.core.errors import UsageError, nearest
from llmcost.core.text import printable, redact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from llmcost.estimate.traffic import Traffic
    from llmcost.routing.decide import Decision
    from llmcost.routing.floor import Used
    from llmcost.routing.judged import LastCall
    from llmcost.routing.learned import Router
    from llmcost.routing.offers import Offer
    from llmcost.routing.policy import Candidate, Policy, Rules
    from llmcost.tokens.prompt import Prompt

POLICY_FILE = "routing.yaml"
#: What `llmcost routing train` writes.
LEARNED_FILE = "routing-model.json"


class Routing:
    """The options of one command line, asked for one request after the other."""

    def __init__(
        self, env: Env, *, policy: str, candidates: str, min_quality: str, max_usd: str, require: str,
        output_tokens: str, cached_share: str, app: str, tags: list[str], session: str, budgets: str, complexity: bool,
    ) -> None:  # fmt: skip
        self._env = env
        self.policy = policy_of(policy)
        self.session = session
        self._min_quality = _min_quality(min_quality)
        self._max_nano = _max_nano(max_usd)
        self._require = _require(require)
        self._complexity = complexity
        self._given = {**_tags(tags), **({"app": app} if app else {})}
        self._length, self._output = _output(output_tokens)
        self._cached_share = _share(cached_share) if cached_share else None
        self._budgets = budgets
        self._chosen = _candidates(candidates, self.policy) if candidates else ()
        self._traffic: dict[str, Traffic | None] = {}
        self._used: dict[tuple[tuple[str, str], ...], Used | None] = {}
        self._offers: dict[tuple[Candidate, ...], tuple[Offer, ...]] = {}
        self._notes: dict[str, None] = {}
        self.output_from = ""
        self.used: Used | None = None
        if self._length and not app:
            raise UsageError(f"--output-tokens {self._length} without --app", "name the app whose requests count")

    @property
    def origin(self) -> str:
        return self.policy.origin

    def decide(self, prompt: Prompt, *, given: Mapping[str, str] | None = None) -> Decision:
        """The decision for one request; `given` are the dimensions it states itself."""
        from fractions import Fraction

        from llmcost.routing.complexity import classify
        from llmcost.routing.decide import decide
        from llmcost.routing.evidence import chances_for
        from llmcost.routing.judged import Asked

        given = {**self._given, **(given or {})}
        rules = self._rules(given)
        output, self.output_from = self._output_tokens(given.get("app", ""), rules)
        complexity = classify(prompt.body)
        asked = Asked(
            prompt, complexity, output, self._share_for(given.get("app", "")) or Fraction(0),
            self._last(rules), self.session,
        )  # fmt: skip
        self.used = self._budget(given) if rules.on_budget else None
        return decide(
            self._offered(rules), rules, asked, chances_for(prompt.body, complexity.level, self._router), self.used
        )

    @property
    def encodings(self) -> list[str]:
        """What the candidates' tokens are counted by."""
        from llmcost.tokens.counter import encoding_of

        cards = [(each.candidate.model, each.priced.card) for each in self._offered(self._rules(self._given))]
        return sorted({encoding_of(name, card.provider, also=card.model) for name, card in cards})

    def notes(self, decision: Decision | None = None) -> list[str]:
        """What a person should know of how it was decided."""
        found = [f"policy: {printable(self.origin)}", *self._notes]
        if decision is not None and self.output_from == "assumed":
            tokens = decision.asked.output_tokens
            found.append(f"output: {tokens:,} tokens are assumed; --output-tokens N says otherwise")
        return found

    def _rules(self, given: Mapping[str, str]) -> Rules:
        from llmcost.routing.policy import Floors

        rules = self.policy.rules_for(given)
        return replace(
            rules,
            candidates=self._chosen or rules.candidates,
            min_quality=max(self._min_quality, rules.min_quality),
            min_place="--min-quality" if self._min_quality > rules.min_quality else rules.min_place,
            max_nano=rules.max_nano if self._max_nano is None else self._max_nano,
            require=rules.require | self._require,
            floors=rules.floors if self._complexity else Floors(),
        )

    def _offered(self, rules: Rules) -> tuple[Offer, ...]:
        from llmcost.routing.offers import offers

        if rules.candidates not in self._offers:
            self._offers[rules.candidates] = offers(self._env.book, rules.candidates, self._env.now_us)
        return self._offers[rules.candidates]

    def _output_tokens(self, app: str, rules: Rules) -> tuple[int, str]:
        """Tokens of the answer, and where that number is from: the option, the ledger, the policy, or assumed."""
        from llmcost.routing.policy import OUTPUT_TOKENS

        if self._output is not None:
            return self._output, "asked for"
        if app and (traffic := self._measured(app)) is not None:
            length = self._length or "mean"
            tokens = {"mean": traffic.output_mean, "p50": traffic.output_p50, "p90": traffic.output_p90}[length]
            return tokens, f"{length} of {traffic.requests:,} requests of app={printable(app)} in 30 days"
        if self._length:
            raise UsageError(
                f"the ledger has no whole request of app={app} in the last 30 days", "write --output-tokens N"
            )
        return (OUTPUT_TOKENS, "assumed") if rules.output_tokens is None else (rules.output_tokens, "assumed")

    def _share_for(self, app: str) -> Fraction | None:
        """Part of the input that comes from a prompt cache, as asked for or as the app's requests had it."""
        from fractions import Fraction

        if self._cached_share is not None:
            return self._cached_share
        traffic = self._measured(app) if app else None
        if traffic is None or not traffic.sums.usage.input_total:
            return None
        return Fraction(traffic.sums.usage.cached_total, traffic.sums.usage.input_total)

    def _measured(self, app: str) -> Traffic | None:
        if app not in self._traffic:
            self._traffic[app] = self._measure((("app", app),))
        return self._traffic[app]

    @cached_property
    def _measure(self) -> Any:
        from llmcost.cli.estimate_options import measure_in

        return measure_in(self._env, asked=False)

    def _last(self, rules: Rules) -> LastCall | None:
        if not self.session:
            return None
        from contextlib import closing

        from llmcost.routing.session import last_call

        env = self._env
        with closing(env.open_ledger()) as ledger:
            found = last_call(ledger, env.book, self.session, now_us=env.now_us, cache_us=rules.session.cache_us)
        if found is None:
            self._notes[f"session: the ledger has no priced request of {printable(self.session)!r} in the last day"] = (
                None
            )
        return found

    def _budget(self, given: Mapping[str, str]) -> Used | None:
        from llmcost.cli.route_budget import used_of

        key = tuple(sorted(given.items()))
        if key not in self._used:
            self._used[key], note = used_of(self._env, self._budgets, given)
            if note:
                self._notes[note] = None
        return self._used[key]

    @cached_property
    def _router(self) -> Router | None:
        router, note = router_of(self.policy, (*self.policy.candidates, *self._chosen))
        if note:
            self._notes[note] = None
        return router


def router_of(policy: Policy, candidates: tuple[Candidate, ...]) -> tuple[Router | None, str]:
    """The learned router and what to say of it; None where there is none, or it has not earned its place."""
    path = expanded(policy.learned) if policy.learned else Path(LEARNED_FILE)
    if not path.is_file():
        if policy.learned:
            raise UsageError(
                f"no such file: {path} (`learned` in {policy.origin})", "`llmcost routing train` writes it"
            )
        return None, ""
    router = load_router(path)
    if not router.on:
        return None, f"learned router: {router.why}; P(good) is a prior"
    known = [model for model, head in router.heads.items() if head.on]
    if not any(each.model in known for each in candidates):
        names = printable(redact(", ".join(known)))[:200]
        return router, f"learned router: it knows {names}, and no candidate is called so; P(good) is a prior"
    return router, ""


def load_router(path: Path) -> Router:
    from llmcost.routing.learned import MAX_BYTES, load

    try:
        with path.open("rb") as stream:
            return load(stream.read(MAX_BYTES + 1), str(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "`llmcost routing train` makes one") from None


def policy_of(named: str) -> Policy:
    from llmcost.routing.policy_file import load_policy, packaged_policy

    if named:
        return load_policy(expanded(named))
    local = Path(POLICY_FILE)
    if local.is_file():
        return load_policy(local)
    packaged = packaged_policy()
    if packaged is None:
        raise UsageError(f"no {POLICY_FILE} here, and this installation has no example", "name one with --policy")
    return load_policy(packaged)


def _candidates(given: str, policy: Policy) -> tuple[Candidate, ...]:
    names = dict.fromkeys(name.strip() for name in given.split(",") if name.strip())
    if not names:
        raise UsageError(f"--candidates {given!r} names no model", "write --candidates gpt-4o,gpt-4o-mini")
    return tuple(dict.fromkeys(policy.candidate(name) for name in names))


def _tags(given: list[str]) -> dict[str, str]:
    found = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--tag {item!r} is not KEY=VALUE", "write --tag customer=acme")
        found[f"tag.{key.strip()}"] = value
    return found


def _output(given: str) -> tuple[str, int | None]:
    """(length the ledger is asked for, or the number of tokens)."""
    from llmcost.core.usage import MAX_TOKENS

    if given in {"mean", "p50", "p90"}:
        return given, None
    digits = given.replace("_", "").replace(",", "")
    if not given:
        return "", None
    if not (digits.isascii() and digits.isdigit()):
        raise UsageError(f"--output-tokens {given!r} is no number of tokens", "write a number, mean, p50 or p90")
    if len(digits) > len(str(MAX_TOKENS)) or int(digits) > MAX_TOKENS:
        raise UsageError(f"implausible number: {given}", "check the number of digits")
    return "", int(digits)


def _share(given: str) -> Fraction:
    from llmcost.estimate.terms import share

    return share(given)


def _min_quality(given: str) -> Fraction:
    from fractions import Fraction

    from llmcost.core.money import decimal_of

    try:
        value = Fraction(decimal_of(given)) if given else Fraction(0)
    except ValueError:
        value = Fraction(-1)
    if not 0 <= value <= 1:
        raise UsageError(f"--min-quality {given!r} is no number from 0 to 1", "write --min-quality 0.8")
    return value


def _max_nano(given: str) -> int | None:
    from llmcost.core.money import nano_from_usd

    if not given:
        return None
    try:
        value = nano_from_usd(given.removeprefix("$"))
    except ValueError:
        value = -1
    if value < 0:
        raise UsageError(f"--max-usd {given!r} is no amount in USD", "write --max-usd 0.01")
    return value


def _require(given: str) -> frozenset[str]:
    from llmcost.routing.policy import CAPABILITIES

    names = frozenset(name.strip() for name in given.split(",") if name.strip())
    for name in sorted(names):
        if name not in CAPABILITIES:
            raise UsageError(
                f"unknown capability {name!r}{nearest(name, CAPABILITIES)}", f"use {', '.join(CAPABILITIES)}"
            )
    return names
