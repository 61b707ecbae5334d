"""routing.yaml, read strictly: every error names the file, the line and the value. Format: docs/routing.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from llmcost.core.errors import UsageError, nearest
from llmcost.core.instants import span_us
from llmcost.core.money import nano_from_usd
from llmcost.core.providers import canonical_provider
from llmcost.core.record import DIMENSION_ALIASES
from llmcost.routing.complexity import LEVELS
from llmcost.routing.policy import (
    ACTIONS,
    CAPABILITIES,
    Action,
    Candidate,
    Escalation,
    Floors,
    Override,
    Policy,
    Rules,
    Step,
    Stickiness,
)
from llmcost.yamlfile import tree
from llmcost.yamlfile.fields import Fields
from llmcost.yamlfile.packaged import packaged

_RULE_KEYS = (
    "output_tokens", "min_quality", "quality_floor", "quality_gap", "max_usd", "require", "regions", "on_budget",
    "fallbacks", "session", "escalation", "explore",
)  # fmt: skip
_POLICY_KEYS = ("version", "candidates", "learned", *_RULE_KEYS, "overrides")
_OVERRIDE_KEYS = ("when", "candidates", *_RULE_KEYS)
_CANDIDATE_KEYS = ("model", "provider", "quality", "context_window", "capabilities", "regions")


def packaged_policy() -> Path | None:
    """The example shipped with llmcost."""
    return packaged(__file__, "routing.yaml")


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        ConfigError: with the file, the line and the value; an unknown key names the nearest valid one.
    """
    return parse_policy(tree.read_text(path), str(path))


def parse_policy(text: str, origin: str) -> Policy:
    """As `load_policy`, from text; `origin` stands for the path in errors."""
    top = Fields(tree.parse(text, origin), origin, _POLICY_KEYS, "a routing policy")
    if (version := top.text("version")) not in {None, "1"}:
        raise top.error(top.line_of("version"), f"unknown version {version!r}", "this llmcost reads version 1")
    candidates: list[Candidate] = []
    for node in top.items("candidates"):
        each = _candidate(node, origin)
        if any(each.model.lower() == other.model.lower() and each.provider == other.provider for other in candidates):
            raise top.error(node.span.line, f"model {each.model!r} is listed twice", "remove one of them")
        candidates.append(each)
    if not candidates:
        raise top.error(top.line_of("candidates"), "no candidates", "list models under `candidates:`")
    rules = _rules(top, Rules(tuple(candidates)))
    overrides: list[Override] = []
    for node in top.items("overrides"):
        override = _override(node, origin, rules)
        for other in overrides:
            if other.covers(override):
                line = other.rules.place.rsplit(":", 1)[1]
                raise top.error(
                    node.span.line, f"this override never holds: that of line {line} matches first whatever it matches",
                    "write the narrower one before the wider one, or join them",
                )  # fmt: skip
        overrides.append(override)
    return Policy(origin, rules, tuple(overrides), top.text("learned") or "")


def _override(node: tree.Node, origin: str, base: Rules) -> Override:
    fields = Fields(node, origin, _OVERRIDE_KEYS, "an override")
    place = f"{origin}:{fields.line}"
    when = fields.get("when")
    if not isinstance(when, tree.Mapping) or not when.values:
        raise fields.error(fields.line_of("when"), "an override has no `when`", "write `when: {app: chatbot}`")
    conditions = tuple(_condition(fields, when, name) for name in when.values)
    names = fields.texts("candidates")
    chosen = tuple(dict.fromkeys(_named(fields, "candidates", name, base.candidates) for name in names))
    if fields.has("candidates") and not chosen:
        raise fields.error(fields.line_of("candidates"), "no candidates", "name some, or leave the key out")
    rules = _rules(fields, replace(base, candidates=chosen or base.candidates, place=place))
    return Override(conditions, rules)


def _condition(fields: Fields, when: tree.Mapping, key: str) -> tuple[str, frozenset[str]]:
    name = DIMENSION_ALIASES.get(key, key)
    line = when.keys[key].line
    if name != "app" and not (name.startswith("tag.") and len(name) > len("tag.")):
        raise fields.error(line, f"an override cannot depend on {key!r}", "use app or tag.KEY")
    node = when.values[key]
    items: Sequence[tree.Node] = node.items if isinstance(node, tree.Sequence) else (node,)
    values = [item.text.strip() for item in items if isinstance(item, tree.Scalar) and not item.is_null]
    if len(values) < len(items) or not values:
        raise fields.error(line, f"{key!r} must be a value or a list of them", f"write `{key}: [one, two]`")
    return name, frozenset(values)


def _rules(fields: Fields, base: Rules) -> Rules:
    """`base` with what `fields` says instead."""
    changes: dict[str, object] = {}
    if fields.has("output_tokens"):
        changes["output_tokens"] = fields.count("output_tokens")
    if fields.has("min_quality"):
        changes["min_quality"] = _share(fields, "min_quality")
        changes["min_place"] = f"{fields.origin}:{fields.line_of('min_quality')}"
    if fields.has("quality_floor") and fields.has("quality_gap"):
        raise fields.error(
            fields.line_of("quality_gap"), "quality_floor and quality_gap exclude each other", "keep one of them"
        )
    for key in ("quality_floor", "quality_gap"):
        if fields.has(key):
            changes["floors"] = _floors(fields, key)
    if fields.has("max_usd"):
        changes["max_nano"] = _nano(fields, "max_usd")
    if fields.has("require"):
        changes["require"] = _capabilities(fields, "require")
    if fields.has("regions"):
        changes["regions"] = _regions(fields)
    if fields.has("on_budget"):
        changes["on_budget"] = _steps(fields)
    if fields.has("fallbacks"):
        named = (_named(fields, "fallbacks", name, base.candidates) for name in fields.texts("fallbacks"))
        changes["fallbacks"] = tuple(dict.fromkeys(named))
    if fields.has("session"):
        changes["session"] = _session(fields)
    if fields.has("escalation"):
        changes["escalation"] = _escalation(fields)
    if fields.has("explore"):
        changes["explore"] = fields.share("explore")
        changes["explore_place"] = f"{fields.origin}:{fields.line_of('explore')}"
    return replace(base, **changes)  # type: ignore[arg-type]


def _floors(fields: Fields, key: str) -> Floors:
    """One share for every prompt, or one by complexity."""
    node = fields.get(key)
    place = f"{fields.origin}:{fields.line_of(key)}"
    if isinstance(node, tree.Scalar):
        return Floors((_share(fields, key) or Fraction(0),) * len(LEVELS), key == "quality_gap", place)
    given = _mapping(fields, key, LEVELS)
    shares = tuple(_share(given, level) or Fraction(0) for level in LEVELS)
    if list(shares) != sorted(shares):
        raise given.error(given.line, f"{key} falls as prompts get harder", "write low <= medium <= high")
    return Floors(shares, key == "quality_gap", place)


def _steps(fields: Fields) -> tuple[Step, ...]:
    node = fields.get("on_budget")
    if not isinstance(node, tree.Mapping):
        raise fields.error(
            fields.line_of("on_budget"), "'on_budget' must map shares of the budget to what is done",
            "write `on_budget: {0.8: raise_threshold, 1.0: cheapest}`",
        )  # fmt: skip
    steps: dict[Fraction, Step] = {}
    for text, span in node.keys.items():
        at = _budget_share(fields, text, span.line)
        action = Fields(node, fields.origin, tuple(node.keys), "on_budget").text(text) or ""
        if action not in ACTIONS:
            raise fields.error(
                span.line, f"unknown action {action!r}{nearest(action, ACTIONS)}", f"use one of {', '.join(ACTIONS)}"
            )
        if at in steps:
            raise fields.error(span.line, f"{text} of the budget is given twice", "remove one of them")
        chosen: Action = ACTIONS[ACTIONS.index(action)]
        steps[at] = Step(at, chosen, f"{fields.origin}:{span.line}")
    ordered = tuple(steps[at] for at in sorted(steps))
    for before, after in pairwise(ordered):
        if ACTIONS.index(after.action) < ACTIONS.index(before.action):
            raise fields.error(
                int(after.place.rsplit(":", 1)[1]),
                f"on_budget contradicts itself: {after.action} at {float(after.at):g} is milder than "
                f"{before.action} at {float(before.at):g}",
                f"from mild to hard: {', '.join(ACTIONS)}",
            )
    return ordered


def _budget_share(fields: Fields, text: str, line: int) -> Fraction:
    digits = text.strip().removesuffix("%").strip()
    try:
        value = Fraction(nano_from_usd(digits), 10**9) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        value = Fraction(-1)
    if not 0 < value <= 10:
        raise fields.error(line, f"{text!r} is no share of a budget", "write 0.8 or 80%")
    return value


def _session(fields: Fields) -> Stickiness:
    given = _mapping(fields, "session", ("stay", "cache"))
    base = Stickiness()
    cache = base.cache_us
    if (text := given.text("cache")) is not None:
        try:
            cache = span_us(text)
        except UsageError as error:
            raise given.error(given.line_of("cache"), error.message, error.hint) from None
    stay = given.choice("stay", ("cost", "always"), "cost")
    return Stickiness(stay == "always", cache, f"{fields.origin}:{given.line}")


def _escalation(fields: Fields) -> Escalation:
    given = _mapping(fields, "escalation", ("check_usd", "check_accuracy"))
    # Nobody's check is perfect or free by default.
    for key in ("check_usd", "check_accuracy"):
        given.required(key)
    accuracy = _share(given, "check_accuracy") or Fraction(0)
    if accuracy <= Fraction(1, 2):
        raise given.error(
            given.line_of("check_accuracy"),
            f"a check that is right {given.text('check_accuracy')} of the time tells nothing",
            "write how often it is right, above 0.5",
        )
    return Escalation(_nano(given, "check_usd"), accuracy, f"{fields.origin}:{given.line}")


def _candidate(node: tree.Node, origin: str) -> Candidate:
    fields = Fields(node, origin, _CANDIDATE_KEYS, "a candidate")
    return Candidate(
        fields.required("model"),
        canonical_provider(fields.text("provider") or ""),
        _share(fields, "quality"),
        fields.count("context_window"),
        _capabilities(fields, "capabilities") if fields.has("capabilities") else None,
        _regions(fields) if fields.has("regions") else None,
        f"{origin}:{fields.line}",
    )


def _named(fields: Fields, key: str, name: str, candidates: tuple[Candidate, ...]) -> Candidate:
    found = next((each for each in candidates if each.called(name)), None)
    if found is None:
        known = [each.model for each in candidates]
        raise fields.error(
            fields.line_of(key), f"{name!r} is no candidate{nearest(name, known)}", f"use {', '.join(known)}"
        )
    return found


def _mapping(fields: Fields, key: str, known: Sequence[str]) -> Fields:
    return Fields(fields.node.values[key], fields.origin, known, key)


def _share(fields: Fields, key: str) -> Fraction | None:
    value = fields.number(key)
    if value is not None and value > 1:
        raise fields.error(
            fields.line_of(key), f"{key!r} must be from 0 to 1: {fields.text(key)}", "write a share such as 0.8"
        )
    return value


def _nano(fields: Fields, key: str) -> int:
    value = fields.number(key)
    if value is None or value > 10**6:
        raise fields.error(fields.line_of(key), f"implausible {key}: {fields.text(key)}", "USD a request")
    return nano_from_usd(fields.required(key))


def _regions(fields: Fields) -> frozenset[str]:
    return frozenset(name.lower() for name in fields.texts("regions"))


def _capabilities(fields: Fields, key: str) -> frozenset[str]:
    names = fields.texts(key)
    for name in names:
        if name not in CAPABILITIES:
            raise fields.error(
                fields.line_of(key),
                f"unknown capability {name!r}{nearest(name, CAPABILITIES)}",
                f"use {', '.join(CAPABILITIES)}",
            )
    return frozenset(names)
