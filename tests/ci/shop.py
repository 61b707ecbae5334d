"""A small repository with prompts and budgets, and the logs of its app."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.estimate.diff.repos import Repo

AS_OF = "2026-11-20T18:00:00Z"
PROMPT = "---\nmodel: small\n---\nAnswer the question of a customer. Be short.\n"
LARGER = PROMPT.replace("small", "large")
BRIEFER = PROMPT.replace("short", "brief")
FILES = {
    "pricing.yaml": "version: 1\nmodels:\n  - {model: small, provider: example, input: 1, output: 5}\n"
    "  - {model: large, provider: example, input: 10, output: 50}\n",
    "budgets.yaml": "budgets: [{app_id: support, monthly_limit: 40}]\n",
    "prompts.yaml": "calls_per_month: 10000\noutput_tokens: 100\n",
    "prompts/support.md": PROMPT,
    "README.md": "A shop\n",
}


def shop(
    folder: Path, monkeypatch: pytest.MonkeyPatch, changed: str = BRIEFER, name: str = "prompts/support.md"
) -> Repo:
    """On a branch that changes one file; where it left main is also `origin/main`."""
    repo = Repo(folder, monkeypatch)
    repo.commit(dict(FILES))
    repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
    repo.git("checkout", "-q", "-b", "change")
    repo.commit({name: changed})
    return repo


def logs(path: Path, first: int = 1, last: int = 20, tokens: int = 500_000) -> Path:
    """Days of November, each with one request of `tokens` micro-dollars."""
    lines = [
        json.dumps(
            {"timestamp": f"2026-11-{day:02}T12:00:00Z", "request_id": f"day-{day}", "provider": "example",
             "model": "small", "app": "support", "input_tokens": tokens, "output_tokens": 0}
        )
        for day in range(first, last + 1)
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    return path
