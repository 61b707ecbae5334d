"""The GitLab snippet, executed: both ways to the ledger."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.ci.runner import EXAMPLES, load, tools
from tests.ci.shop import AS_OF, LARGER, logs, shop
from tests.estimate.diff.repos import Repo
from tests.forge.standin import Standin, standin

SNIPPET: Any = load("gitlab-ci.yml")


class Job:
    def __init__(self, tmp_path: Path, repo: Repo, server: Standin) -> None:
        self.bin, self.repo = tmp_path / "bin", repo
        tools(self.bin)
        self.environment = {
            "CI_API_V4_URL": server.url, "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "7", "CI_JOB_TOKEN": "job",
            "CI_DEFAULT_BRANCH": "main", "CI_MERGE_REQUEST_DIFF_BASE_SHA": repo.git("rev-parse", "origin/main"),
            "GITLAB_TOKEN": "glpat-x", "LLMCOST_AS_OF": AS_OF, "LLMCOST_INSTALL": "llmcost @ /opt",
            "LLMCOST_LOGS": str(logs(tmp_path / "logs.jsonl")),
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
        }  # fmt: skip

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        job = SNIPPET[name]
        lines = [*SNIPPET[job["extends"]]["before_script"], *job["script"]]
        environment = {**os.environ, **self.environment, **job.get("variables", {})}
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(lines)], cwd=self.repo.folder, env=environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.mark.parametrize("way", ["artifact", "shared"])
def test_both_ways_to_the_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    repo = shop(tmp_path / "shop", monkeypatch, LARGER)
    repo.commit({"ci/gate.sh": (EXAMPLES / "gate.sh").read_bytes()})
    with standin() as server:
        server.me = {"id": 9}
        job = Job(tmp_path, repo, server)
        nightly = job.run("llm-ledger")
        assert nightly.returncode == 0, nightly.stderr
        kept = repo.folder / "ledger.db"
        if way == "artifact":
            assert SNIPPET["llm-ledger"]["artifacts"]["paths"] == ["ledger.db"]
            kept.rename(job.bin / "artifact")
        else:
            kept.rename(tmp_path / "shared.db")
            job.environment["LLMCOST_LEDGER"] = str(tmp_path / "shared.db")
        (job.bin / "curl.log").unlink()
        ran = job.run("llm-cost")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        (body,) = server.bodies
        assert server.changes[0] == ("POST", "/api/projects/42/merge_requests/7/notes")
        assert "| `support` | `month` from 2026-11-01 | $10.00 | $40.00 |" in body
        assert "`small` → `large`" in body
        assert (job.bin / "curl.log").exists() == (way == "artifact")
        if way == "artifact":
            asked = (job.bin / "curl.log").read_text()
            assert "JOB-TOKEN: job" in asked
            assert f"{server.url}/projects/42/jobs/artifacts/main/raw/ledger.db?job=llm-ledger" in asked
            (job.bin / "artifact").unlink()
            kept.unlink()
            assert job.run("llm-cost").returncode == 6


def test_the_gate_decides_and_not_the_comment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = shop(tmp_path / "shop", monkeypatch)
    repo.commit({"ci/gate.sh": (EXAMPLES / "gate.sh").read_bytes()})
    with standin() as server:
        job = Job(tmp_path, repo, server)
        assert job.run("llm-ledger").returncode == 0
        job.environment["GITLAB_TOKEN"] = ""
        ran = job.run("llm-cost")
        assert ran.returncode == 0, ran.stderr
        assert "the comment could not be written" in ran.stdout
        job.environment["LLMCOST_AS_OF"] = "2026-11-24T18:00:00Z"
        assert job.run("llm-cost").returncode == 6
