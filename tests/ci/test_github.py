"""The example workflows and the action, executed: both ways to the ledger, the comment, and what must not happen."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ci.runner import EXAMPLES, Runner, executable, load, value
from tests.ci.shop import AS_OF, BRIEFER, LARGER, logs, shop
from tests.forge.standin import Answer, Standin, standin
from tests.run import llmcost

WORKFLOWS = sorted(path.name for path in EXAMPLES.glob("github-*.yml"))
INPUTS = sorted(load("action.yml")["inputs"])


@pytest.fixture
def server() -> Iterator[Standin]:
    with standin() as made:
        yield made


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Standin) -> Runner:
    """On pull request 7, which makes a prompt one word shorter."""
    repo = shop(tmp_path / "shop", monkeypatch)
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    github: dict[str, Any] = {
        "repository": "owner/name", "base_ref": "main", "token": "ghs_job",
        "event": {"repository": {"default_branch": "main"},
                  "pull_request": {"number": 7, "head": {"repo": {"full_name": "owner/name"}}}},
    }  # fmt: skip
    environment = {"LLMCOST_AS_OF": AS_OF, "GITHUB_API_URL": server.url, "GITHUB_EVENT_PATH": str(event)}
    variables = {"LLMCOST_INSTALL": "/opt/llmcost", "LLMCOST_LOGS": str(logs(tmp_path / "logs.jsonl"))}
    return Runner(repo.folder, tmp_path, github, variables, environment)


def change(runner: Runner, text: str, name: str = "prompts/support.md") -> None:
    (runner.workspace / name).write_text(text)
    subprocess.run(["git", "commit", "-q", "-a", "-m", "x"], cwd=runner.workspace, check=True)


@pytest.fixture
def shared(runner: Runner, tmp_path: Path) -> Runner:
    """A ledger on the runner's own disk."""
    ledger = tmp_path / "shared.db"
    prices = str(runner.workspace / "pricing.yaml")
    assert llmcost("ingest", runner.variables["LLMCOST_LOGS"], "--ledger", str(ledger), "--prices", prices).code == 0
    runner.variables["LLMCOST_LEDGER"] = str(ledger)
    return runner


def test_the_ledger_of_the_night_is_the_one_of_the_pull_request(
    runner: Runner, server: Standin, tmp_path: Path
) -> None:
    early = runner.run("github-artifact.yml")
    assert early.code == 6
    assert "::error::no ledger yet" in early.log
    assert early.steps == ["actions/checkout@v4", "Find the newest ledger"]

    first = runner.run("github-ledger.yml")
    assert first.code == 0, first.log
    assert first.steps == [
        "Find the ledger of the night before", "actions/setup-python@v5", "Add the new logs",
        "actions/upload-artifact@v4",
    ]  # fmt: skip
    logs(tmp_path / "logs.jsonl", first=20, last=20, tokens=7_000_000)
    second = runner.run("github-ledger.yml")
    assert second.code == 0, second.log
    assert second.steps[1] == "actions/download-artifact@v4"

    ran = runner.run("github-artifact.yml")
    assert (ran.code, ran.steps[-1]) == (0, "Verdict"), ran.log
    (body,) = server.bodies
    assert body.startswith("<!-- llmcost:default -->\n**1 prompt changed: +$0.00 a month**.")
    # Twenty days at $0.50, of which the second night brought a fuller version of the last.
    assert "| `support` | `month` from 2026-11-01 | $16.50 | $40.00 |" in body
    assert ran.summary == body
    assert server.asked[-1].headers["authorization"] == "Bearer ghs_job"


def test_the_ledger_of_the_runners_own_disk(shared: Runner, server: Standin) -> None:
    ran = shared.run("github-shared.yml")
    assert ran.code == 0, ran.log
    assert ran.steps == [
        "actions/checkout@v4", "your-org/llmcost/examples/ci@main", "actions/setup-python@v5",
        "Install llmcost", "Gate", "Tell", "Verdict",
    ]  # fmt: skip
    assert "$10.00 | $40.00 | 25.0%" in server.bodies[0]
    pip = (shared.folder / "bin" / "pip").read_text()
    assert pip == f"-m pip install --quiet --disable-pip-version-check {EXAMPLES}/../..\n"


def test_what_costs_too_much_is_told_and_fails(shared: Runner, server: Standin) -> None:
    change(shared, LARGER)
    ran = shared.run("github-shared.yml", **{"fail-over-usd": "20"})
    assert (ran.code, ran.steps[-1]) == (3, "Verdict")
    assert "over the limit: +$46." in ran.log
    assert "- this change: **over its limits** (its increase per month)" in server.bodies[0]


@pytest.mark.parametrize(("as_of", "code"), [("2026-11-21T11:00:00Z", 0), ("2026-11-21T13:00:00Z", 6)])
def test_a_stale_ledger_fails(shared: Runner, as_of: str, code: int) -> None:
    shared.environment["LLMCOST_AS_OF"] = as_of
    assert shared.run("github-shared.yml", **{"max-age": "24h"}).code == code


def test_a_missing_ledger_fails_and_the_change_is_told(shared: Runner, server: Standin) -> None:
    shared.variables["LLMCOST_LEDGER"] = "/nowhere/ledger.db"
    ran = shared.run("github-shared.yml")
    assert ran.code == 6, ran.log
    assert "**1 prompt changed" in server.bodies[0]
    assert "budgets" not in server.bodies[0]


def test_a_broken_budget_file_fails(shared: Runner, server: Standin) -> None:
    change(shared, "budgets: [{app_id: support, monthly_limit: -1}]\n", "budgets.yaml")
    assert shared.run("github-shared.yml").code == 2
    assert len(server.bodies) == 1


def test_a_pull_request_without_prompts_gets_no_comment(shared: Runner, server: Standin) -> None:
    change(shared, BRIEFER.replace("brief", "short"))
    change(shared, "Another shop\n", "README.md")
    ran = shared.run("github-shared.yml")
    assert ran.code == 0, ran.log
    assert "nothing posted on pull request 7 of owner/name" in ran.log
    assert server.changes == []


def test_a_fork_gets_a_summary_and_no_comment(shared: Runner, server: Standin) -> None:
    shared.github["event"]["pull_request"]["head"]["repo"]["full_name"] = "mallory/name"
    ran = shared.run("github-shared.yml")
    assert (ran.code, server.asked) == (0, [])
    assert "**1 prompt changed" in ran.summary


def test_whether_it_could_be_told_decides_nothing(shared: Runner, server: Standin) -> None:
    refused: Answer = (403, {}, b'{"message": "Resource not accessible by integration"}')
    server.failures = [("GET", refused)]
    ran = shared.run("github-shared.yml")
    assert ran.code == 0
    assert "hint: the token needs pull-requests: write" in ran.log
    server.failures = [("GET", refused)]
    change(shared, LARGER)
    assert shared.run("github-shared.yml", **{"fail-over-usd": "20"}).code == 3


@pytest.mark.parametrize("name", INPUTS)
def test_no_input_is_run(runner: Runner, name: str) -> None:
    runner.variables["LLMCOST_LEDGER"] = "ledger.db"
    executable(runner.folder / "bin" / "llmcost", 'touch "$RUNNER_TEMP/llmcost/"{diff,budget}.json; echo "[$1]"')
    for text in ('"; touch pwned; "', "$(touch pwned) `touch pwned`", "'\ntouch pwned\n'", "--help"):
        ran = runner.run("github-shared.yml", **{name: text})
        assert not (runner.workspace / "pwned").exists()
        refused = name in {"strict", "comment"} or (
            name == "install" and (" " in text or "\n" in text or text[0] == "-")
        )
        assert ran.code == (2 if refused else 0), ran.log
        assert ("[budget]" in ran.log) != refused


@pytest.mark.parametrize("name", [*WORKFLOWS, "action.yml"])
def test_no_expression_stands_in_a_script(name: str) -> None:
    document = load(name)
    steps = (
        document["runs"]["steps"] if "runs" in document else [s for j in document["jobs"].values() for s in j["steps"]]
    )
    assert steps
    assert not [step["run"] for step in steps if "${{" in step.get("run", "")]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_what_it_needs(name: str) -> None:
    document = load(name)
    needs = {"github-ledger.yml": {"contents": "read", "actions": "read"},
             "github-artifact.yml": {"contents": "read", "actions": "read", "pull-requests": "write"},
             "github-shared.yml": {"contents": "read", "pull-requests": "write"}}  # fmt: skip
    assert document["permissions"] == needs[name]
    assert "pull_request_target" not in json.dumps(document)


def test_every_input_is_used_and_explained() -> None:
    action = load("action.yml")
    text = (EXAMPLES / "action.yml").read_text("utf-8")
    page = (EXAMPLES.parents[1] / "docs" / "ci.md").read_text("utf-8")
    for name, described in action["inputs"].items():
        assert described["description"]
        assert f"inputs.{name} " in text
        assert f"`{name}`" in page
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(action["inputs"])


@pytest.mark.parametrize(
    ("expression", "found"),
    [("a.b == 'X'", True), ("a.b != ''", True), ("a.c != ''", False), ("a.b == 'x' && a.c == ''", True), ("'a'", "a")],
)
def test_expressions_are_understood(expression: str, found: Any) -> None:
    assert value(expression, {"a": {"b": "x"}}) == found


@pytest.mark.parametrize("expression", ["always()", "b.c", "a", "a.b || a.c", "a['b']"])
def test_other_expressions_are_not(expression: str) -> None:
    with pytest.raises(AssertionError):
        value(expression, {"a": {"b": "x"}})
