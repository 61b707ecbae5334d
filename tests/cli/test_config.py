"""`config show`: each setting and where it came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmcost.cli.environment import Env
from tests.run import llmcost


def test_everything_is_a_default_at_first(isolated: Path) -> None:
    shown = llmcost("config", "show", "--json").json
    assert shown["schema_version"] == 1
    assert shown["settings"] == {
        "ledger": {"value": f"{isolated}/.local/share/llmcost/ledger.db", "origin": "default"},
        "prices": {"value": "", "origin": "default"},
        "tz": {"value": "UTC", "origin": "default"},
        "as_of": {"value": "", "origin": "default"},
        "budgets": {"value": "", "origin": "default"},
    }
    assert shown["files"]["configuration"] == f"{isolated}/.config/llmcost/config.toml"
    assert shown["files"]["your prices"] == f"{isolated}/.config/llmcost/pricing.yaml"
    assert [layer["name"] for layer in shown["price_layers"]] == ["packaged", "catalogue"]
    assert not (isolated / ".local").exists()


def test_each_origin(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = isolated / "settings.toml"
    file.write_text('tz = "Asia/Shanghai"\nledger = "file.db"\nbudgets = "b.yaml"\n')
    monkeypatch.setenv("LLMCOST_CONFIG", str(file))
    monkeypatch.setenv("LLMCOST_LEDGER", "environment.db")
    monkeypatch.setenv("LLMCOST_AS_OF", "2026-01-01")
    (isolated / "p.yaml").write_text("version: 1\n")
    expected = {
        "ledger": {"value": "environment.db", "origin": "environment LLMCOST_LEDGER"},
        "prices": {"value": "p.yaml", "origin": "option"},
        "tz": {"value": "Asia/Shanghai", "origin": f"file {file}"},
        "as_of": {"value": "2026-02-02", "origin": "option"},
        "budgets": {"value": "b.yaml", "origin": f"file {file}"},
    }
    shown = llmcost("--as-of", "2026-02-02", "config", "--prices", "p.yaml", "show", "--json").json
    assert shown["settings"] == expected
    assert shown["price_layers"][0] == {"name": "--prices", "origin": "p.yaml"}
    ran = llmcost("--as-of", "2026-02-02", "config", "--prices", "p.yaml", "show")
    assert (ran.code, ran.err) == (0, "")
    rows = [line.split(maxsplit=1) for line in ran.out.splitlines()]
    cells = {row[0]: row[1].split() for row in reversed(rows) if len(row) == 2}
    assert cells["setting"] == ["from", "value"]
    for name, setting in expected.items():
        assert cells[name] == [*setting["origin"].split(), setting["value"]]


def test_a_path_is_whole_in_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/a/" + "long/" * 30 + "ledger.db"
    monkeypatch.setenv("LLMCOST_LEDGER", path)
    monkeypatch.setattr(Env, "width", 60)
    assert path in llmcost("config", "show").out


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMCOST_LEDGER", "/x/sk-proj-abcdefghijklmnop.db")
    for form in ("table", "json"):
        out = llmcost("config", "show", "--format", form).out
        assert "abcdefghijklmnop" not in out
        assert "sk-p…redacted" in out


def test_a_bad_price_file_is_named_with_its_line(isolated: Path) -> None:
    (isolated / "pricing.yaml").write_text("version: 1\nmodels:\n  - model: x\n    provider: y\n    inptu: 1\n")
    ran = llmcost("config", "show")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: pricing.yaml:5: ")
    assert "'inptu'" in ran.err
    assert "input" in ran.err
