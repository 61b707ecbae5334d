"""`budget check` as SARIF 2.1.0: a result per limit that is not simply well, at its budget's line.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from llmcost import __version__
from llmcost.core.instants import from_us
from llmcost.reporting.budgets import Outcome, cell, quietly_unpriced, reason, unpriced

if TYPE_CHECKING:
    from llmcost.budgets.check import Standing, Word

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
#: Rule -> (what it says, its level where the gate does not fail for it).
_RULES = {
    "breach": ("A hard limit is exceeded.", "error"),
    "forecast": ("A hard limit is forecast to be exceeded within its window.", "warning"),
    "warn": ("An alert threshold is reached.", "note"),
    "soft": ("A soft limit is exceeded.", "warning"),
    "waived": ("A hard limit is exceeded, and somebody answers for it.", "note"),
    "no data": ("No request of the budget's scope was ever seen.", "note"),
    "unpriced": ("Requests without a price are missing from what is spent.", "warning"),
    "ledger": ("The ledger is empty or stale.", "error"),
    "contradiction": ("Limits of one budget contradict each other.", "note"),
}
_IDS = {rule: f"budget/{rule.replace(' ', '-')}" for rule in _RULES}


def render_sarif(outcome: Outcome) -> str:
    rules = [{"id": _IDS[rule], "shortDescription": {"text": text}} for rule, (text, _) in _RULES.items()]
    driver = {"name": "llmcost", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "invocations": [
            {
                "executionSuccessful": True,
                "exitCode": int(outcome.exit_code),
                "endTimeUtc": f"{from_us(outcome.found.as_of):%Y-%m-%dT%H:%M:%S}Z",
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": _results(outcome),
    }
    # ASCII: it may pass through a pipe of any encoding.
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _results(outcome: Outcome) -> list[dict[str, Any]]:
    found, verdict = outcome.found, outcome.verdict
    results = []
    if verdict.ledger:
        results.append(_result(outcome, "ledger", verdict.ledger, line=1, key="", failing=True))
    for s, mark in zip(found.standings, verdict.marks, strict=True):
        rule = _rule(s, mark)
        if rule != "ok":
            text = reason(outcome, s, mark)
            result = _result(outcome, rule, text, line=s.budget.line, key=_key(s), failing=mark != "ok")
            if s.state == "waived" and s.waiver is not None:
                why = f"{cell(s.waiver.by)}, until {s.waiver.until}: {cell(s.waiver.reason)}"
                result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
            results.append(result)
    results += (
        _result(outcome, "unpriced", unpriced(s), line=s.budget.line, key=_key(s), failing=False)
        for s in quietly_unpriced(outcome)
    )
    for remark in outcome.file.remarks:
        text = cell(remark.text)
        results.append(_result(outcome, "contradiction", text, line=remark.line, key=text, failing=False))
    return results


def _rule(s: Standing, mark: Word) -> str:
    if mark == "data" and s.known:
        return "unpriced"
    # One heading over may fail for its threshold only.
    return "warn" if mark == "warn" and s.state == "forecast" else s.state


def _key(s: Standing) -> str:
    return "\0".join((s.budget.name, s.limit.window.name, s.limit.measure, str(s.limit.hard)))


def _result(outcome: Outcome, rule: str, text: str, *, line: int, key: str, failing: bool) -> dict[str, Any]:
    """`key`: what stays the same of it from run to run."""
    location = {"artifactLocation": _artifact(outcome.place or outcome.file.path), "region": {"startLine": line}}
    return {
        "ruleId": _IDS[rule],
        "ruleIndex": list(_RULES).index(rule),
        "level": "error" if failing else _RULES[rule][1],
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"limit/v1": sha256(f"{rule}\0{key}".encode("utf-8", "replace")).hexdigest()},
    }


def _artifact(place: str) -> dict[str, str]:
    path = PurePath(place)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix()), "uriBaseId": "%SRCROOT%"}
