from __future__ import annotations

import json
from fractions import Fraction

from llmcost.reporting.route import Shown, as_json, as_text, rejections
from llmcost.routing.decide import Decision
from llmcost.routing.policy import Candidate, Escalation
from tests.routing.asks import choose

CANDIDATES = (
    Candidate("gpt-4o", "openai", Fraction(4, 5), 128_000),
    Candidate("gpt-4o-mini", "openai", Fraction(3, 5), 128_000),
    Candidate("claude-x"),
)


def decision(min_quality: str) -> Decision:
    return choose(*CANDIDATES, level="high", min_quality=Fraction(min_quality))


def shown(of: Decision, output_from: str = "assumed") -> Shown:
    return Shown(of, "file", "p.txt", "r.yaml", output_from)


def test_as_text() -> None:
    lines = as_text(shown(decision("0.7"))).split("\n")
    assert lines[:3] == [
        "gpt-4o: cheapest of 1 (of 3) candidates that meet every constraint and the quality floor of 0.7 (asked for)",
        "policy: min_quality 0.7",
        "",
    ]
    assert lines[3].split("  ")[0] == "model"
    assert lines[4].split() == ["gpt-4o", "$0.005020", "$0.000020000", "$0.005000", "8", "0.8", "(0.00-1.00)"]
    assert lines[5].split()[:6] == ["gpt-4o-mini", "$0.000301", "$0.000001200", "$0.000300", "8", "0.6"]
    assert lines[5].endswith("quality 0.6 is below 0.7")
    assert lines[6].split()[:6] == ["claude-x", "$0.007524", "$0.000024000", "$0.007500", "~8", "unknown"]
    assert lines[8] == "output: 500 tokens (assumed; --output-tokens N)"
    assert "output: 500 tokens (p50 of shop)" in as_text(shown(decision("0.7"), "p50 of shop"))


def test_as_json() -> None:
    document = json.loads(as_json(shown(decision("0.7"), "asked for")))
    assert (document["schema_version"], document["model"], document["provider"]) == (1, "gpt-4o", "openai")
    assert document["input"] == {"taken_as": "file", "path": "p.txt"}
    assert document["complexity"] == {"level": "high", "basis": "heuristic", "cues": []}
    assert (document["output_tokens_assumed"], document["escalation"], document["expected_cost_usd"]) == (
        False, None, "0.00502",
    )  # fmt: skip
    keys = ("model", "expected_cost_usd", "p_good", "p_good_low", "p_good_high", "p_good_basis", "rejected_because")
    assert [tuple(each[key] for key in keys) for each in document["candidates"]] == [
        ("gpt-4o", "0.00502", 0.8, 0.0, 1.0, "prior", None),
        ("gpt-4o-mini", "0.0003012", 0.6, 0.0, 1.0, "prior", "quality 0.6 is below 0.7"),
        ("claude-x", "0.007524", None, None, None, None, "quality is not known, 0.7 is asked for"),
    ]
    assert document["candidates"][0]["cost"] == {
        "input_usd": "0.00002", "cached_usd": "0", "output_usd": "0.005", "fees_usd": "0",
    }  # fmt: skip


def test_nothing_fits() -> None:
    document = json.loads(as_json(shown(decision("1"))))
    assert (document["model"], document["expected_cost_usd"]) == (None, None)
    assert all(each["rejected_because"] for each in document["candidates"])
    assert as_text(shown(decision("1"))).startswith("no model: none of 3 candidates")
    assert rejections(decision("1")).startswith("gpt-4o-mini: quality 0.6 is below 1; gpt-4o: quality 0.8")


def test_an_escalation_that_is_not_taken_is_shown() -> None:
    dear = choose(*CANDIDATES, floor="0.7", escalation=Escalation(4_000_000, Fraction(1)))
    assert "escalation (not cheaper): gpt-4o-mini, check, gpt-4o: $0.0003012 + $0.004" in as_text(shown(dear))


def test_a_terminals_width_is_kept_and_no_reason_is_cut() -> None:
    text = as_text(shown(decision("0.7")), width=70)
    assert max(map(len, text[: text.index("output:")].split("\n")[3:])) <= 70
    words = " ".join(text.split())
    assert "model expected cost p(good), prior rejected because" in words
    assert "unknown quality is not known, 0.7 is asked for" in words
    wide = " ".join(as_text(shown(decision("0.7")), width=200).split())
    assert "model expected cost input output tokens p(good), prior rejected because" in wide
