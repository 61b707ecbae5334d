"""Every test runs in a home, a working folder and an environment of its own."""

from pathlib import Path

import pytest
from hypothesis import settings

# No test is timed: a noisy machine is no failure. In CI Hypothesis itself replays the same examples every time.
settings.register_profile("house", parent=settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own home (also the working folder, empty); nothing of the machine's user is seen."""
    home = tmp_path_factory.mktemp("home")
    for name in ("LLMCOST_LEDGER", "LLMCOST_PRICES", "LLMCOST_TZ", "LLMCOST_AS_OF", "LLMCOST_BUDGETS", "LLMCOST_CONFIG",
                 "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "CLAUDE_CONFIG_DIR", "NO_COLOR"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(home)
    return home
