"""SARIF: the parts that are used, by a validator of our own; test_budgets_schemas.py has the published schema."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from llmcost.budgets.config import Remark
from llmcost.budgets.model import Waiver
from llmcost.core.instants import DAY_US
from llmcost.reporting.budgets_sarif import render_sarif
from tests.reporting.outcomes import NOW, outcome, standing

#: object -> {property: type or object}; `!` marks what the specification requires, `[x]` a list of x.
RULES: dict[str, dict[str, str]] = {
    "log": {"$schema": "str", "version!": "str", "runs!": "[run]"},
    "run": {"tool!": "tool", "invocations": "[invocation]", "columnKind": "str", "results": "[result]"},
    "tool": {"driver!": "driver"},
    "driver": {"name!": "str", "version": "str", "rules": "[rule]"},
    "rule": {"id!": "str", "shortDescription": "text"},
    "text": {"text!": "str"},
    "invocation": {"executionSuccessful!": "bool", "exitCode": "int", "endTimeUtc": "str"},
    "result": {
        "ruleId": "str", "ruleIndex": "int", "level": "str", "message!": "text", "locations": "[location]",
        "partialFingerprints": "prints", "suppressions": "[suppression]",
    },
    "location": {"physicalLocation": "place"},
    "place": {"artifactLocation": "artifact", "region": "region"},
    "artifact": {"uri": "str", "uriBaseId": "str"},
    "region": {"startLine": "int"},
    "prints": {"limit/v1": "str"},
    "suppression": {"kind!": "str", "status": "str", "justification": "str"},
}  # fmt: skip
_URI = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+")


def validated(text: str) -> dict[str, Any]:
    """The only run, if the document holds to the specification."""
    assert text.isascii()
    document = json.loads(text)
    _validate(document, "log")
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    prints = set()
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
        for location in result["locations"]:
            place = location["physicalLocation"]
            assert place["region"]["startLine"] >= 1
            assert _URI.fullmatch(place["artifactLocation"]["uri"])
        for suppression in result.get("suppressions", ()):
            assert suppression["kind"] in {"inSource", "external"}
            assert suppression["status"] in {"accepted", "underReview", "rejected"}
        prints.add((result["ruleId"], result["partialFingerprints"]["limit/v1"]))
    assert len(prints) == len(run["results"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", run["invocations"][0]["endTimeUtc"])
    found: dict[str, Any] = run
    return found


def _validate(value: Any, kind: str) -> None:
    if kind.startswith("["):
        assert isinstance(value, list)
        for item in value:
            _validate(item, kind[1:-1])
        return
    if kind in {"str", "bool", "int"}:
        assert type(value).__name__ == kind
        return
    rules = {key.removesuffix("!"): rule for key, rule in RULES[kind].items()}
    assert isinstance(value, dict)
    assert {key[:-1] for key in RULES[kind] if key.endswith("!")} <= value.keys() <= rules.keys(), kind
    for key, item in value.items():
        _validate(item, rules[key])


def results(text: str) -> list[tuple[str, str, int]]:
    return [
        (r["ruleId"], r["level"], r["locations"][0]["physicalLocation"]["region"]["startLine"])
        for r in validated(text)["results"]
    ]


def test_each_limit_that_is_not_well_is_a_result_at_its_budgets_line() -> None:
    late = Waiver(date(2026, 12, 1), "ana", "sale", 3)
    found = outcome(
        standing("well", 1, 10, line=2),
        standing("shop", 12, 10, line=5),
        standing("bot", 9, 10, unpriced=3, line=8),
        standing("soft", 12, 10, hard=False, line=11),
        standing("search", 12, 10, waiver=late, waived=True, line=14),
        standing("ghost", 0, 10, known=False, line=17),
        remarks=(Remark(5, "'shop': contradicts itself"),),
    )
    text = render_sarif(found)
    assert results(text) == [
        ("budget/breach", "error", 5),
        ("budget/warn", "note", 8),
        ("budget/soft", "warning", 11),
        ("budget/waived", "note", 14),
        ("budget/no-data", "error", 17),
        ("budget/unpriced", "warning", 8),
        ("budget/contradiction", "note", 5),
    ]
    run = validated(text)
    assert run["invocations"][0]["exitCode"] == 3
    waived = run["results"][3]
    assert waived["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "ana, until 2026-12-01: sale"}
    ]
    assert waived["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "budgets.yaml", "uriBaseId": "%SRCROOT%",
    }  # fmt: skip


def test_what_the_gate_fails_for_is_an_error() -> None:
    bot = standing("bot", 9, 10, 12 * 10**9, unpriced=3)
    assert results(render_sarif(outcome(bot))) == [("budget/forecast", "warning", 2), ("budget/unpriced", "warning", 2)]
    assert results(render_sarif(outcome(bot, fail_on=("warn",))))[0] == ("budget/warn", "error", 2)
    assert results(render_sarif(outcome(bot, fail_on=("forecast",))))[0] == ("budget/forecast", "error", 2)
    assert results(render_sarif(outcome(bot, strict=True))) == [("budget/unpriced", "error", 2)]
    stale = outcome(standing("bot", 1, 10), max_age=DAY_US, newest=NOW - 2 * DAY_US)
    assert results(render_sarif(stale)) == [("budget/ledger", "error", 1)]


def test_a_fingerprint_outlives_the_amounts_and_the_line() -> None:
    def fingerprint(spent: int, line: int) -> str:
        run = validated(render_sarif(outcome(standing("bot", spent, 10, line=line))))
        return str(run["results"][0]["partialFingerprints"])

    assert fingerprint(12, 2) == fingerprint(13, 99)


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("ops/bud gets%20.yaml", "ops/bud%20gets%2520.yaml"),
        ("ops/预算.yaml", "ops/%E9%A2%84%E7%AE%97.yaml"),
        ("/srv/b.yaml", "file:///srv/b.yaml"),
        ("../b:c#d?.yaml", "../b%3Ac%23d%3F.yaml"),
    ],
)
def test_a_path_becomes_an_uri(file: str, uri: str) -> None:
    run = validated(render_sarif(outcome(standing("bot", 12, 10), file=file)))
    artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"] == uri
    assert ("uriBaseId" in artifact) == (not Path(file).is_absolute())


@pytest.mark.parametrize("name", ['"},{"', "\x1b[2J", "\ud800", "\u202egpj", "{0}", "[a](b)", "\n"])
def test_no_name_breaks_the_document(name: str) -> None:
    run = validated(render_sarif(outcome(standing(name, 12, 10, owner=name))))
    text = run["results"][0]["message"]["text"]
    assert not any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 or c == "\u202e" for c in text)
