"""The samples of the documents are what llmcost says in examples/. To renew them: UPDATE_GOLDEN=1."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ci.runner import bash, tools
from tests.run import llmcost

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder examples/ as its README has it used: the working folder, beside the demo's ledger, on that Monday."""
    folder = tmp_path / "examples"
    shutil.copytree(EXAMPLES, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LLMCOST_LEDGER", "../.demo/ledger.db")
    monkeypatch.setenv("LLMCOST_AS_OF", "2026-11-23T09:00:00Z")
    monkeypatch.setenv("LLMCOST_TZ", "UTC")
    return folder


def assert_sample(page: str, command: str, shown: str) -> None:
    """The block of `page` that begins with `command` goes on with `shown`."""
    path = ROOT / "docs" / page
    block = re.compile(rf"(```\n\$ {re.escape(command)}\n)(.*?)(```\n)", re.DOTALL)
    text = path.read_text("utf-8")
    if os.environ.get("UPDATE_GOLDEN"):
        text = block.sub(lambda match: match[1] + shown + match[3], text)
        path.write_text(text, "utf-8")
    found = block.search(text)
    assert found is not None, f"{page} shows no `{command}`"
    assert found[2] == shown


@pytest.mark.usefixtures("examples")
@pytest.mark.parametrize(
    ("page", "command"),
    [("estimate.md", "llmcost estimate prompts/support.md"), ("lint.md", "llmcost lint prompts/support.md")],
)
def test_a_command(page: str, command: str) -> None:
    ran = llmcost(*command.split()[1:])
    assert ran.code == 0, ran.err
    assert_sample(page, command, ran.out)


def test_the_pull_request(tmp_path: Path, examples: Path) -> None:
    tools(tmp_path / "bin")
    ran = bash(examples / "pull_request.sh", bin_=tmp_path / "bin")
    assert ran.returncode == 0, ran.stderr
    assert_sample("diff.md", "bash pull_request.sh", ran.stdout)


@pytest.mark.usefixtures("examples")
def test_the_scorecard() -> None:
    assert llmcost("ingest", "logs").code == 0
    page = (ROOT / "docs" / "scorecard.md").read_text("utf-8")
    record = re.search(r"^\$ llmcost (estimate .*--record pr-1.*)\n\$ llmcost scorecard$", page, re.MULTILINE)
    assert record is not None
    assert llmcost(*record[1].split()).code == 0
    assert_sample("scorecard.md", f"llmcost {record[1]}\n$ llmcost scorecard", llmcost("scorecard").out)


@pytest.mark.parametrize(("page", "printed"), [("live-budgets.md", "0.0002322\n"), ("alerts.md", "")])
def test_a_program(page: str, printed: str) -> None:
    """A process of its own, as the block stands; what it leaves in the ledger is read by the command the page names."""
    block = re.search(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text("utf-8"), re.DOTALL)
    assert block is not None
    ran = subprocess.run([sys.executable, "-c", block[1]], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, printed, "")
    shown = llmcost("requests", "--day=current", "--ledger", "ledger.db")
    assert ("chatbot" in shown.out) == bool(printed)
