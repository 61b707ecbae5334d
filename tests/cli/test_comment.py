"""`llmcost comment`, from real documents to a stand-in of the services."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.budgets.rows import USD, ledger, row
from tests.estimate.diff.repos import Repo
from tests.forge.standin import Standin, standin
from tests.reporting.comment_samples import budgets, change, prompt, standing, written
from tests.run import Ran, llmcost

TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"  # noqa: S105 - invented
AS_OF = ("--as-of", "2026-11-20T12:00:00Z")


@pytest.fixture
def server(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    """A job of pull request 7, with what it wrote."""
    for name in ("GITHUB_EVENT_PATH", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID", "CI_API_V4_URL", "GITLAB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (isolated / "diff.json").write_bytes(written(change(prompt())))
    (isolated / "budget.json").write_bytes(written(budgets(standing())))
    with standin() as made:
        monkeypatch.setenv("GITHUB_API_URL", made.url)
        monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
        monkeypatch.setenv("GITHUB_REF", "refs/pull/7/merge")
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        yield made


def comment(*options: str, forge: str = "github") -> Ran:
    return llmcost("comment", forge, "--diff", "diff.json", *options)


def nothing_changed() -> None:
    Path("diff.json").write_bytes(written(change()))


def test_what_diff_and_budget_check_write_becomes_a_comment(server: Standin, isolated: Path, monkeypatch: Any) -> None:
    prices = isolated / "prices.yaml"
    prices.write_text("version: 1\nmodels:\n  - {model: gpt-4o, provider: openai, input: 2, output: 10}\n")
    monkeypatch.setenv("LLMCOST_PRICES", str(prices))
    monkeypatch.setenv("LLMCOST_LEDGER", str(isolated / "ledger.db"))
    ledger(row("2026-11-20T10:00:00Z", "@chat", 120 * USD), path=isolated / "ledger.db").close()
    repo = Repo(isolated / "repo", monkeypatch)
    monkeypatch.chdir(repo.folder)
    (isolated / "budgets.yaml").write_text("budgets: [{app_id: '@chat', monthly_limit: 100}]")
    repo.commit(
        {"prompts.yaml": "calls_per_month: 1000\noutput_tokens: 10\n", "prompts/@a.txt": "---\nmodel: gpt-4o\n---\nHi"}
    )
    repo.write("prompts/@a.txt", "---\nmodel: gpt-4o\n---\nHi there")
    assert llmcost("diff", "--json", "-o", "diff.json", *AS_OF).code == 0
    checked = llmcost(
        "budget", "check", "--budgets", str(isolated / "budgets.yaml"), "--json", "-o", "budget.json", *AS_OF
    )
    assert checked.code == 3, checked.err
    ran = comment("--budget", "budget.json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "created https://example.com/pull/7#100\n"
    (body,) = server.bodies
    assert body.startswith("<!-- llmcost:default -->\n**1 prompt changed: +$0.002000 a month**.\n")
    assert "| `prompts/@a.txt` | changed | `gpt-4o` |" in body
    assert "- budgets: **over budget**\n" in body
    assert "| `@chat` | `month` from 2026-11-01 | $120.00 | $100.00 | 120.0% |" in body
    assert body.count("@") == body.count("`@") + body.count("/@")
    assert comment("--budget", "budget.json").out == "unchanged https://example.com/pull/7#100\n"


def test_json(server: Standin) -> None:
    server.add("<!-- llmcost:default -->\nold")
    assert comment("--json").json == {
        "schema_version": 1, "action": "updated", "comment_id": 100, "url": "https://example.com/pull/7#100",
        "deleted": 0, "body": None,
    }  # fmt: skip
    assert comment("--json", "--behaviour", "delete-and-new").json["deleted"] == 1
    assert comment("--behaviour", "delete-and-new").out == "created https://example.com/pull/7#101, 1 deleted\n"


def test_nothing_is_posted_when_nothing_changed_and_what_is_there_says_so(server: Standin) -> None:
    comment("--key", "other")
    nothing_changed()
    ran = comment("--budget", "budget.json")
    assert (ran.code, ran.out) == (
        0,
        "nothing posted on pull request 7 of owner/name: no prompt, model or limit changed\n",
    )
    assert comment("--json").json["action"] == "none"
    assert len(server.changes) == 1
    assert comment("--key", "other").out == "updated https://example.com/pull/7#100\n"
    assert server.bodies == [
        "<!-- llmcost:other -->\n**LLM cost: no change.** No prompt, model or limit differs any more.\n"
    ]


def test_a_file_that_could_not_be_read_is_not_nothing(server: Standin) -> None:
    Path("diff.json").write_bytes(written(change(unread=["prompts/a.bin is kept in Git LFS"])))
    comment()
    assert "**LLM cost: 1 changed file could not be looked into**" in server.bodies[0]


def test_a_dry_run_prints_it_and_asks_nobody(server: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_REF"):
        monkeypatch.delenv(name)
    ran = comment("--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("<!-- llmcost:default -->\n**1 prompt changed")
    assert comment("--dry-run", "--json").json["body"] == ran.out
    nothing_changed()
    assert "nothing would be posted" in comment("--dry-run").err
    assert server.asked == []


@pytest.mark.parametrize(
    ("event", "number"),
    [({"pull_request": {"number": 7}}, 7), ({"issue": {"number": 7}}, 7), ({"pull_request": None}, 7), ([], 7)],
)
def test_the_number_comes_from_the_event_else_from_the_ref(
    server: Standin, isolated: Path, monkeypatch: pytest.MonkeyPatch, event: Any, number: int
) -> None:
    (isolated / "event.json").write_text(json.dumps(event))
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(isolated / "event.json"))
    named = isinstance(event, dict) and any(event.values())
    monkeypatch.setenv("GITHUB_REF", "refs/pull/9/merge" if named else "refs/pull/7/merge")
    assert comment().code == 0
    assert server.changes == [("POST", f"/api/repos/owner/name/issues/{number}/comments")]


def test_options_come_before_the_environment(server: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_EVENT_PATH", "nowhere.json")
    server.pull_request = 3
    assert comment("--repo", "other/one", "--pr", "3").code == 0
    assert server.changes == [("POST", "/api/repos/other/one/issues/3/comments")]


def test_gitlab(server: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    server.me = {"id": 99}
    monkeypatch.setenv("CI_API_V4_URL", server.url)
    monkeypatch.setenv("CI_PROJECT_ID", "278964")
    monkeypatch.setenv("CI_MERGE_REQUEST_IID", "7")
    monkeypatch.setenv("GITLAB_TOKEN", f"{TOKEN}\n")
    assert comment(forge="gitlab").code == 0
    assert server.changes == [("POST", "/api/projects/278964/merge_requests/7/notes")]
    assert server.asked[-1].headers["private-token"] == TOKEN
    server.me = {"id": 98}
    assert comment("--repo", "group/name", forge="gitlab").code == 0
    assert server.changes[1] == ("POST", "/api/projects/group%2Fname/merge_requests/7/notes")


@pytest.mark.parametrize(
    ("environment", "options", "said", "hint"),
    [
        ({"GITHUB_TOKEN": ""}, (), "no token: GITHUB_TOKEN is not set", "docs/ci.md"),
        ({"GITHUB_TOKEN": "two words"}, (), "GITHUB_TOKEN holds a character that no token has", "the token alone"),
        ({"GITHUB_REPOSITORY": ""}, (), "no repository: GITHUB_REPOSITORY is not set", "--repo OWNER/NAME"),
        ({"GITHUB_REPOSITORY": "a b/c"}, (), "'a b/c' is no repository", "--repo OWNER/NAME"),
        ({"GITHUB_REF": "refs/heads/main"}, (), "this is no job of a pull request", "--pr N"),
        ({"GITHUB_EVENT_PATH": "broken.json"}, (), "broken.json, which GITHUB_EVENT_PATH names, is not JSON", "--pr N"),
        ({"GITHUB_EVENT_PATH": "nowhere.json"}, (), "cannot read nowhere.json", "check the path"),
        (
            {"GITHUB_API_URL": "http://api.github.com"},
            (),
            "GITHUB_API_URL is no address to send a token to",
            "https://",
        ),
        ({}, ("--behaviour", "updat"), "unknown --behaviour 'updat'; did you mean 'update'?", "delete-and-new"),
        ({}, ("--key", "a--b"), "--key 'a--b' is no name", "letters and digits"),
        ({}, ("--key", "a -->"), "--key 'a -->' is no name", "letters and digits"),
        ({}, ("--key", "x" * 65), "is no name", "letters and digits"),
        ({}, ("--budget", "broken.json"), "broken.json is not JSON", "budget check --json"),
        ({}, ("--budget", "diff.json"), "diff.json is not what `llmcost budget check --json` writes", "--output"),
        ({}, ("--budget", "nowhere.json"), "cannot read nowhere.json: No such file", "check the path"),
        ({}, ("--pr", "0"), "'--pr'", "--help"),
        ({}, ("--format", "csv"), "unknown format 'csv'", "table, json"),
    ],
)
def test_mistakes(
    server: Standin, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: tuple[str, ...],
    said: str, hint: str,
) -> None:  # fmt: skip
    Path("broken.json").write_text("{")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ran = comment(*options)
    assert ran.code == 2
    error, advice = ran.err.splitlines()
    assert said in error
    assert hint in advice
    assert TOKEN not in ran.out + ran.err
    assert server.asked == []


def test_a_place_that_is_none() -> None:
    ran = llmcost("comment", "githubb", "--diff", "diff.json")
    assert ran.code == 2
    assert ran.err == "error: unknown place 'githubb'; did you mean 'github'?\nhint: use one of github, gitlab\n"


@pytest.mark.parametrize("value", ["", "0", "x", "1" * 30, "-1", "٧"])
def test_a_merge_request_that_is_none(server: Standin, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    monkeypatch.setenv("CI_PROJECT_ID", "1")
    monkeypatch.setenv("CI_MERGE_REQUEST_IID", value)
    ran = comment(forge="gitlab")
    assert ran.code == 2
    assert "no merge request: CI_MERGE_REQUEST_IID is" in ran.err
    assert server.asked == []


@pytest.mark.parametrize(("status", "code"), [(401, 2), (403, 2), (404, 2), (422, 1)])
def test_a_refusal_is_two_lines(server: Standin, status: int, code: int) -> None:
    server.failures = [("POST", (status, {}, json.dumps({"message": f"no {TOKEN}"}).encode()))]
    ran = comment()
    assert (ran.code, ran.out) == (code, "")
    error, hint = ran.err.splitlines()
    assert f"({status})" in error
    assert hint.startswith("hint: ")
    assert TOKEN not in ran.err
