"""The wheel carries the price book and the example budgets, and works away from its checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from llmcost.pricing.store import packaged_path

ROOT = Path(__file__).parents[1]


def test_an_editable_checkout_finds_the_files_at_its_root() -> None:
    assert packaged_path() == ROOT / "pricing.yaml"


@pytest.mark.full
def test_the_wheel_works_without_the_checkout(tmp_path: Path) -> None:
    # An environment made by uv has no pip.
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "tools")], check=True)
    pip = [str(tmp_path / "tools" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    wheel = next(tmp_path.glob("llmcost-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert "llmcost/pricing/packaged/pricing.yaml" in names
        assert "llmcost/budgets/packaged/budgets.yaml" in names
        assert "llmcost/breakeven/packaged/gpus.yaml" in names
        assert "llmcost/pricing/schema.json" in names
        assert "llmcost/routing/packaged/routing.yaml" in names
        assert not [name for name in names if name.startswith(("tests/", "docs/", "examples/"))]
    site = tmp_path / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    shown = subprocess.run(
        [sys.executable, "-S", "-c", _SHOW, *sys.path], env=environment, cwd=tmp_path, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert shown.stdout.strip() == str(site / "llmcost" / "pricing" / "packaged" / "pricing.yaml")


#: The wheel first, then this environment's packages, without the editable checkout's own path.
_SHOW = """
import sys
sys.path += [path for path in sys.argv[1:] if path.endswith(("site-packages", "lib-dynload"))]
from llmcost.pricing.store import load_book, packaged_path
assert load_book([], cache_dir=None).resolve("openai", "gpt-4o") is not None
print(packaged_path())
"""
