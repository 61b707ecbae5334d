"""Command-line tests share one cache of the compiled price catalogue: its content depends on nothing of theirs."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def price_cache(isolated: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.delenv("LLMCOST_DEBUG", raising=False)
