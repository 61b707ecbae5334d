"""Every command line of the examples and of docs/ci.md is one that llmcost understands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmcost.cli.app import root
from tests.ci.runner import EXAMPLES, executable, load, tools
from tests.ci.shop import LARGER, shop

ROOT = EXAMPLES.parents[1]
HOOKS: Any = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
FILES = [*sorted(EXAMPLES.iterdir()), ROOT / "docs" / "ci.md", ROOT / ".pre-commit-hooks.yaml"]
_END = {"||", "&&", ">>", ">", "2>", "|", "#"}


def commands(text: str) -> list[list[str]]:
    """The words after `llmcost`, of lines that begin with it or call it within a script."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        shown = line.strip().removeprefix("- ").removeprefix("run: ").removeprefix("entry: ").removeprefix("$ ")
        match = re.match(r"(?:\w+=\()?llmcost ([^)]*)\)?", shown)
        if match is None:
            continue
        words = shlex.split(match[1].replace('"${files[@]}"', "--diff diff.json"))
        end = next((index for index, word in enumerate(words) if word in _END), len(words))
        found.append(words[:end])
    return found


def understood(words: list[str]) -> None:
    """Raises what the command line would say; runs nothing."""
    context = root().make_context("llmcost", list(words))
    while hasattr(context.command, "resolve_command"):
        name, command, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)


LINES = [(path.name, words) for path in FILES for words in commands(path.read_text("utf-8"))]


@pytest.mark.parametrize(("name", "words"), LINES, ids=[f"{name}: {' '.join(words)}" for name, words in LINES])
def test_it_is_understood(name: str, words: list[str]) -> None:
    understood(words)


def test_they_are_found_and_a_wrong_one_is_noticed() -> None:
    assert {"action.yml", "gate.sh", "gitlab-ci.yml", "github-ledger.yml", "ci.md", ".pre-commit-hooks.yaml"} <= {
        name for name, _ in LINES
    }
    assert commands('  x=(llmcost diff --json)\n- llmcost a "b c" >> d\n# llmcost\n') == [
        ["diff", "--json"],
        ["a", "b c"],
    ]
    for words in (["comment", "github"], ["diff", "--jso"], ["budget", "chek"], ["budgets"]):
        with pytest.raises(Exception, match=r".") as caught:
            understood(words)
        assert type(caught.value).__name__ in {"MissingParameter", "NoSuchOption", "UsageError"}


def test_the_hooks_of_the_example_are_ours_and_understood() -> None:
    (repo,) = load("pre-commit-config.yaml")["repos"]
    ours = {hook["id"]: hook for hook in HOOKS}
    assert {hook["id"] for hook in repo["hooks"]} == set(ours)
    for hook in repo["hooks"]:
        understood([*shlex.split(ours[hook["id"]]["entry"])[1:], *hook.get("args", [])])
    for hook in HOOKS:
        assert hook["language"] == "python"
        assert hook["name"]


def test_the_hook_stops_a_commit_that_costs_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = shop(tmp_path / "shop", monkeypatch)
    tools(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    (hook,) = [hook for hook in HOOKS if hook["id"] == "llmcost-diff"]
    (used,) = [hook for hook in load("pre-commit-config.yaml")["repos"][0]["hooks"] if hook["id"] == "llmcost-diff"]
    executable(repo.folder / ".git" / "hooks" / "pre-commit", shlex.join([*shlex.split(hook["entry"]), *used["args"]]))
    repo.write("prompts.yaml", "calls_per_month: 20000\noutput_tokens: 100\n")
    repo.write("prompts/support.md", LARGER)
    repo.git("add", "-A")
    stopped = subprocess.run(["git", "commit", "-m", "x"], cwd=repo.folder, capture_output=True, text=True, check=False)
    assert stopped.returncode == 1
    assert "above the limit of $50.00" in stopped.stderr
    repo.write("prompts.yaml", "calls_per_month: 200\noutput_tokens: 100\n")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "cheap enough")
    assert repo.git("log", "-1", "--format=%s") == "cheap enough"
