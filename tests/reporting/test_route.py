from __future__ import annotations

import json
from fractions import Fraction

from llmcost.reporting.route import as_json, as_text
from llmcost.routing.complexity import Complexity
from llmcost.routing.decide import Constraints, Decision, decide
from llmcost.routing.policy import Candidate
from llmcost.tokens.prompt import plain
from tests.estimate.books import NOW, book

CANDIDATES = (
    Candidate("gpt-4o", "openai", Fraction(4, 5), 128_000),
    Candidate("gpt-4o-mini", "openai", Fraction(3, 5), 128_000),
    Candidate("claude-x"),
)


def decision(min_quality: str) -> Decision:
    limits = Constraints(500, Fraction(min_quality))
    return decide(book(), CANDIDATES, plain("hello"), limits, Complexity("high", ("prove",)), NOW)


def test_as_text() -> None:
    lines = as_text(decision("0.7"), assumed_output=True).split("\n")
    assert lines[0] == (
        "gpt-4o: cheapest of 1 (of 3) candidates that meet every constraint and the quality floor of 0.7 (asked for)"
    )
    assert lines[1].split() == [
        "model",
        "expected",
        "cost",
        "p(good),",
        "prior",
        "input",
        "tokens",
        "rejected",
        "because",
    ]
    assert lines[2].split() == ["gpt-4o", "$0.005020", "0.8", "8"]
    assert lines[3].split() == ["gpt-4o-mini", "$0.000301", "0.6", "8", "quality", "0.6", "is", "below", "0.7"]
    assert lines[4].split()[:4] == ["claude-x", "$0.007527", "unknown", "~9"]
    assert lines[5] == "output: 500 tokens (assumed; --output-tokens N)"


def test_as_json() -> None:
    document = json.loads(as_json(decision("0.7"), taken="file", path="p.txt", policy="r.yaml", assumed_output=False))
    assert (document["schema_version"], document["model"], document["provider"]) == (1, "gpt-4o", "openai")
    assert document["input"] == {"taken_as": "file", "path": "p.txt"}
    assert document["complexity"] == {"level": "high", "basis": "heuristic", "cues": ["prove"]}
    assert document["output_tokens_assumed"] is False
    keys = ("model", "expected_cost_usd", "p_good", "p_good_basis", "rejected_because")
    assert [tuple(each[key] for key in keys) for each in document["candidates"]] == [
        ("gpt-4o", "0.00502", 0.8, "prior", None),
        ("gpt-4o-mini", "0.0003012", 0.6, "prior", "quality 0.6 is below 0.7"),
        ("claude-x", "0.007527", None, None, "quality is not known, 0.7 is asked for"),
    ]


def test_nothing_fits() -> None:
    document = json.loads(as_json(decision("1"), taken="prompt", path="hello", policy="r", assumed_output=True))
    assert document["model"] is None
    assert document["input"]["path"] is None
    assert all(each["rejected_because"] for each in document["candidates"])
    assert as_text(decision("1"), assumed_output=True).startswith("no model: none of 3 candidates")
