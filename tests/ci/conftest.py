"""Scripts share one cache of the compiled price catalogue, and see nothing of a job these tests may run in."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_job(isolated: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("GITHUB_", "GITLAB_", "CI_", "GATE_", "RUNNER_", "LLMCOST_", "GIT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
