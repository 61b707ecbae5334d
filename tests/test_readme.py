"""The README's report is what the example logs give, and its commands run. To renew the report: UPDATE_GOLDEN=1."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.ci.runner import bash, tools
from tests.run import llmcost

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
_CAPTURE = re.compile(r"(<!-- report: [^\n]*-->\n```text\n)(.*?)(```\n<!-- end of report -->)", re.DOTALL)


def test_the_report_in_the_readme_is_a_capture(tmp_path: Path) -> None:
    options = ["--ledger", str(tmp_path / "ledger.db"), "--tz", "UTC", "--as-of", "2026-11-23T09:00:00Z"]
    assert llmcost("ingest", str(ROOT / "examples" / "logs"), *options).code == 0
    shown = llmcost("report", "--week", *options).out
    shown = shown.replace(str(ROOT), "/path/to")
    text = README.read_text("utf-8")
    if os.environ.get("UPDATE_GOLDEN"):
        text = _CAPTURE.sub(lambda match: match[1] + shown + match[3], text)
        README.write_text(text, "utf-8")
    found = _CAPTURE.search(text)
    assert found is not None
    assert found[2] == shown


def test_the_first_commands_run_after_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copy(ROOT / "routing.yaml", tmp_path)
    tools(tmp_path / "bin")
    monkeypatch.chdir(tmp_path / "examples")
    entered, *commands = re.findall(
        r"^\$ (.*?)(?:  +#.*)?$", README.read_text("utf-8").split("```console\n")[1].split("```")[0], re.MULTILINE
    )
    for name, value in re.findall(r"(LLMCOST_\w+)=(\S+)", entered):
        monkeypatch.setenv(name, value)
    assert llmcost("ingest", "logs").code == 0  # as the demo does
    assert len(commands) == 9
    for command in commands:
        program, *arguments = command.split()
        if program == "bash":
            script = bash(Path(arguments[0]), bin_=tmp_path / "bin")
            assert (script.returncode, bool(script.stdout)) == (0, True), script.stderr
        else:
            ran = llmcost(*arguments)
            assert (program, ran.code, bool(ran.out)) == ("llmcost", 0, True), command + ran.err
