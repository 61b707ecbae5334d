from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from llmcost.core.errors import ConfigError
from llmcost.pricing.store import load_book
from llmcost.routing.decide import price_of
from llmcost.routing.policy import Candidate, load_policy, packaged_policy
from tests.estimate.books import NOW

FULL = """
version: 1
output_tokens: 300
min_quality: 0.5
max_usd: 0.01
require: [tools]
quality_floor: {low: 0, medium: 0.6, high: 0.85}
candidates:
  - {model: gpt-4o, provider: open_ai, quality: 0.8, context_window: 128000, capabilities: [tools, vision]}
  - model: claude-x
"""


def load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "routing.yaml"
    path.write_text(text, "utf-8")
    return load_policy(path)


def test_every_key_is_read(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text(FULL, "utf-8")
    policy = load_policy(path)
    assert (policy.output_tokens, policy.min_quality, policy.max_nano) == (300, Fraction(1, 2), 10_000_000)
    assert policy.require == {"tools"}
    assert policy.floors == (Fraction(0), Fraction(3, 5), Fraction(17, 20))
    assert policy.candidates == (
        Candidate("gpt-4o", "openai", Fraction(4, 5), 128000, frozenset({"tools", "vision"}), f"{path}:9"),
        Candidate("claude-x", "", None, None, None, f"{path}:10"),
    )
    assert policy.candidate("GPT-4o").quality == Fraction(4, 5)
    assert policy.candidate("other") == Candidate("other")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("candidates: []", "no candidates"),
        ("version: 2\ncandidates: [{model: m}]", "unknown version '2'"),
        ("candidate: [{model: m}]", "unknown key 'candidate'; did you mean 'candidates'?"),
        ("candidates: [{model: m, qualty: 1}]", "unknown key 'qualty'; did you mean 'quality'?"),
        ("candidates: [{quality: 1}]", "has no 'model'"),
        ("candidates: [{model: m, quality: 1.1}]", "'quality' must be from 0 to 1: 1.1"),
        ("candidates: [{model: m, quality: good}]", "'quality' is not a number"),
        ("candidates: [{model: m, context_window: 1.5}]", "'context_window' must be a whole number"),
        ("candidates: [{model: m, capabilities: [tols]}]", "unknown capability 'tols'; did you mean 'tools'?"),
        ("candidates: [{model: m}, {model: M}]", "model 'M' is listed twice"),
        ("max_usd: 2000000\ncandidates: [{model: m}]", "implausible max_usd"),
        ("quality_floor: {low: 0.5, medium: 0.4}\ncandidates: [{model: m}]", "quality_floor falls"),
        ("quality_floor: {lo: 0.5}\ncandidates: [{model: m}]", "unknown key 'lo'; did you mean 'low'?"),
        ("- a list", "must be a mapping"),
    ],
)
def test_a_mistake_names_the_file_the_line_and_the_value(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert message in caught.value.message
    assert caught.value.message.startswith(str(tmp_path / "routing.yaml") + ":")
    assert caught.value.hint


def test_the_packaged_example_is_valid_and_priced_without_a_catalogue() -> None:
    policy = load_policy(packaged_policy())
    book = load_book((), cache_dir=None, catalogue=False)
    assert len(policy.candidates) >= 3
    for candidate in policy.candidates:
        assert candidate.quality is not None
        assert candidate.context_window is not None
        price_of(book, candidate, NOW)
