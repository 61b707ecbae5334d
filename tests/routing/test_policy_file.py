from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from llmcost.core.errors import ConfigError
from llmcost.pricing.store import load_book
from llmcost.routing.offers import price_of
from llmcost.routing.policy import Candidate, Escalation, Floors, Policy, Step, Stickiness
from llmcost.routing.policy_file import load_policy, packaged_policy, parse_policy
from tests.estimate.books import NOW

FULL = """
version: 1
output_tokens: 300
min_quality: 0.5
max_usd: 0.01
require: [tools, json]
regions: [EU, us]
quality_floor: {low: 0, medium: 0.6, high: 0.85}
on_budget: {1.0: deny, 80%: raise_threshold}
fallbacks: [openai/gpt-4o, claude-x]
session: {stay: always, cache: 1h}
escalation: {check_usd: 0.0002, check_accuracy: 0.9}
explore: 2%
learned: router.json
candidates:
  - model: gpt-4o
    provider: open_ai
    quality: 0.8
    context_window: 128000
    capabilities: [tools, vision, json]
    regions: [EU]
  - model: claude-x
overrides:
  - when: {app: legal, tag.customer: [acme, "42"]}
    min_quality: 0.9
    candidates: [gpt-4o]
    quality_gap: 0.5
  - when: {app_id: legal}
    max_usd: 1
"""


def read(text: str) -> Policy:
    return parse_policy(text, "r.yaml")


def test_every_key_is_read() -> None:
    policy = read(FULL)
    rules = policy.rules
    four, claude = policy.candidates
    assert four == Candidate(
        "gpt-4o", "openai", Fraction(4, 5), 128000, frozenset({"tools", "vision", "json"}), frozenset({"eu"}),
        "r.yaml:16",
    )  # fmt: skip
    assert claude == Candidate("claude-x", place="r.yaml:22")
    assert (rules.output_tokens, rules.min_quality, rules.max_nano) == (300, Fraction(1, 2), 10_000_000)
    assert rules.require == {"tools", "json"}
    assert rules.regions == {"eu", "us"}
    assert rules.floors == Floors((Fraction(0), Fraction(3, 5), Fraction(17, 20)), False, "r.yaml:8")
    assert rules.on_budget == (
        Step(Fraction(4, 5), "raise_threshold", "r.yaml:9"),
        Step(Fraction(1), "deny", "r.yaml:9"),
    )
    assert rules.fallbacks == (four, claude)
    assert rules.session == Stickiness(True, 3_600_000_000, "r.yaml:11")
    assert rules.escalation == Escalation(200_000, Fraction(9, 10), "r.yaml:12")
    assert (rules.explore, policy.learned) == (Fraction(1, 50), "router.json")


def test_the_first_override_that_matches_holds_and_keeps_what_it_does_not_say() -> None:
    policy = read(FULL)
    acme = policy.rules_for({"app": "legal", "tag.customer": "42"})
    assert (acme.min_quality, acme.place, acme.max_nano) == (Fraction(9, 10), "r.yaml:24", 10_000_000)
    assert acme.candidates == policy.candidates[:1]
    assert acme.floors == Floors((Fraction(1, 2),) * 3, True, "r.yaml:27")
    legal = policy.rules_for({"app": "legal", "tag.customer": "other"})
    assert (legal.max_nano, legal.min_quality) == (1_000_000_000, Fraction(1, 2))
    assert policy.rules_for({"app": "search"}) is policy.rules
    assert policy.rules_for({}) is policy.rules


def test_a_candidate_is_called_by_its_model_or_its_provider_too() -> None:
    policy = read("candidates: [{model: m, provider: azure, quality: 0.1}, {model: m, provider: openai, quality: 0.2}]")
    assert policy.candidate("OpenAI/M").quality == Fraction(1, 5)
    assert policy.candidate("m").quality == Fraction(1, 10)
    assert policy.candidate("other") == Candidate("other")


ONE = "candidates: [{model: m}]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("candidates: []", "1: no candidates"),
        ("version: 2\ncandidates: [{model: m}]", "1: unknown version '2'"),
        ("candidate: [{model: m}]", "1: unknown key 'candidate'; did you mean 'candidates'?"),
        ("candidates: [{model: m, qualty: 1}]", "1: unknown key 'qualty'; did you mean 'quality'?"),
        ("candidates: [{quality: 1}]", "1: a candidate has no 'model'"),
        ("candidates: [{model: m, quality: 1.1}]", "1: 'quality' must be from 0 to 1: 1.1"),
        ("candidates: [{model: m, quality: good}]", "1: 'quality' is not a number"),
        ("candidates: [{model: m, context_window: 1.5}]", "1: 'context_window' must be a whole number"),
        ("candidates: [{model: m, capabilities: [tols]}]", "1: unknown capability 'tols'; did you mean 'tools'?"),
        ("candidates:\n  - {model: m}\n  - {model: M}", "3: model 'M' is listed twice"),
        ("max_usd: 2000000\n" + ONE, "1: implausible max_usd"),
        ("quality_floor: {low: 0.5, medium: 0.4}\n" + ONE, "1: quality_floor falls"),
        ("quality_floor: {lo: 0.5}\n" + ONE, "1: unknown key 'lo'; did you mean 'low'?"),
        ("quality_floor: 0.5\nquality_gap: 0.5\n" + ONE, "2: quality_floor and quality_gap exclude each other"),
        ("quality_gap: 1.5\n" + ONE, "1: 'quality_gap' must be from 0 to 1"),
        ("on_budget: cheapest\n" + ONE, "1: 'on_budget' must map"),
        ("on_budget: {0.8: raise_treshold}\n" + ONE, "1: unknown action 'raise_treshold'; did you mean 'raise_thresh"),
        ("on_budget: {much: deny}\n" + ONE, "1: 'much' is no share of a budget"),
        ("on_budget: {-1: deny}\n" + ONE, "1: '-1' is no share of a budget"),
        ("on_budget: {0.8: deny, 80%: deny}\n" + ONE, "1: 80% of the budget is given twice"),
        (
            "on_budget:\n  0.8: deny\n  1.0: cheapest\n" + ONE,
            "3: on_budget contradicts itself: cheapest at 1 is milder",
        ),
        ("fallbacks: [n]\n" + ONE, "1: 'n' is no candidate"),
        ("session: {stay: never}\n" + ONE, "1: unknown stay 'never'"),
        ("session: {cache: long}\n" + ONE, "1: not a time span: 'long'"),
        ("escalation: {check_usd: 0.1}\n" + ONE, "1: escalation has no 'check_accuracy'"),
        ("escalation: {check_accuracy: 0.9}\n" + ONE, "1: escalation has no 'check_usd'"),
        ("escalation: {check_usd: 0, check_accuracy: 0.5}\n" + ONE, "1: a check that is right 0.5 of the time"),
        ("explore: 100%\n" + ONE, "1: 'explore' must be at least 0% and below 100%"),
        (ONE + "overrides: [{min_quality: 1}]", "2: an override has no `when`"),
        (ONE + "overrides: [{when: {}, min_quality: 1}]", "2: an override has no `when`"),
        (ONE + "overrides: [{when: {user: ada}}]", "2: an override cannot depend on 'user'"),
        (ONE + "overrides: [{when: {app: {a: b}}}]", "2: 'app' must be a value or a list"),
        (ONE + "overrides: [{when: {app: a}, candidates: [n]}]", "2: 'n' is no candidate"),
        (ONE + "overrides: [{when: {app: a}, candidates: []}]", "2: no candidates"),
        ("- a list", "1: a routing policy must be a mapping"),
    ],
)
def test_a_mistake_names_the_file_the_line_and_the_value(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert caught.value.message.startswith("r.yaml:" + message)
    assert caught.value.hint


def test_an_override_that_can_never_hold_is_a_contradiction() -> None:
    text = (
        ONE + "overrides:\n  - when: {app: [a, b]}\n    min_quality: 0.9\n  - when: {app: a, tag.x: y}\n    max_usd: 1"
    )
    with pytest.raises(ConfigError, match="this override never holds: that of line 3 matches first"):
        read(text)
    read(
        ONE + "overrides:\n  - when: {app: a, tag.x: y}\n    max_usd: 1\n  - when: {app: [a, b]}\n    min_quality: 0.9"
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load_policy(tmp_path / "absent.yaml")


def test_the_packaged_example_is_valid_and_priced_without_a_catalogue() -> None:
    path = packaged_policy()
    assert path == Path(__file__).parents[2] / "routing.yaml"
    policy = load_policy(path)
    book = load_book((), cache_dir=None, catalogue=False)
    assert len(policy.candidates) >= 3
    for candidate in policy.candidates:
        assert candidate.quality is not None
        assert candidate.context_window is not None
        price_of(book, candidate, NOW)


def test_what_the_packaged_example_only_shows_is_valid_too() -> None:
    path = packaged_policy()
    assert path is not None
    shown = [line.removeprefix("# ") for line in path.read_text("utf-8").splitlines() if line.startswith("# ")]
    start = next(at for at, line in enumerate(shown) if line.startswith("max_usd"))
    policy = read("\n".join(shown[start:]) + "\ncandidates: [{model: claude-haiku-4-5}]")
    assert (policy.rules.max_nano, len(policy.overrides)) == (50_000_000, 1)
    assert policy.rules.escalation == Escalation(200_000, Fraction(9, 10), policy.rules.escalation.place)  # type: ignore[union-attr]
