from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from llmcost.core.errors import ConfigError
from llmcost.core.instants import parse_timestamp
from llmcost.core.usage import Usage
from llmcost.pricing import store
from llmcost.pricing.entry import Layer
from llmcost.pricing.store import load_book, packaged_path
from llmcost.yamlfile.compiled import KEPT_FILES

NOW, _ = parse_timestamp("2026-11-24T12:00:00Z")
OWN = "version: 1\nmodels:\n  - {model: gpt-4o, provider: openai, input: 1, output: 2}\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    return path


def layers(path: Path, cache: Path | None) -> tuple[Layer, ...]:
    return load_book([("--prices", path)], cache_dir=cache).layers


def test_order_names_and_origins(own: Path) -> None:
    found = layers(own, None)
    assert [layer.name for layer in found] == ["--prices", "packaged", "catalogue"]
    assert [layer.yields for layer in found] == [False, True, False]
    assert found[0].origin == str(own)
    assert found[1].origin == str(packaged_path())
    assert found[2].origin.startswith("genai-prices ")


def test_a_cached_book_is_the_compiled_book(own: Path, tmp_path: Path) -> None:
    cache = tmp_path / "deep" / "cache"
    compiled = layers(own, None)
    assert layers(own, cache) == compiled
    assert len(list(cache.iterdir())) == 3
    assert layers(own, cache) == compiled
    other = tmp_path / "other.yaml"
    other.write_text(OWN)
    assert layers(other, cache)[0].origin == str(other)


def test_a_changed_file_is_compiled_again(own: Path, tmp_path: Path) -> None:
    layers(own, tmp_path / "cache")
    own.write_text(OWN.replace("input: 1", "input: 7"))
    assert layers(own, tmp_path / "cache")[0].entries[0].prices[0].rates["input"].base == 7 * 10**9


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"name": 1}', b"\xff\xfe"])
def test_a_damaged_cache_is_compiled_again(own: Path, tmp_path: Path, damage: bytes) -> None:
    cache = tmp_path / "cache"
    compiled = layers(own, cache)
    for path in cache.iterdir():
        path.write_bytes(damage)
    assert layers(own, cache) == compiled
    assert all(json.loads(path.read_bytes()) for path in cache.iterdir())


def test_an_unwritable_cache_is_no_error(own: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert layers(own, blocked / "cache") == layers(own, None)


def test_old_cache_files_go(own: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for number in range(30):
        own.write_text(OWN.replace("input: 1", f"input: {number}"))
        load_book([("--prices", own)], cache_dir=cache, catalogue=False)
    assert len(list(cache.iterdir())) == KEPT_FILES


def test_a_copy_of_the_packaged_file_is_not_a_layer_of_its_own(tmp_path: Path) -> None:
    packaged = packaged_path()
    assert packaged is not None
    copy = tmp_path / "pricing.yaml"
    copy.write_bytes(packaged.read_bytes())
    assert [layer.name for layer in layers(copy, None)] == ["packaged", "catalogue"]
    copy.write_bytes(packaged.read_bytes() + b"# mine\n")
    assert [layer.name for layer in layers(copy, None)] == ["--prices", "packaged", "catalogue"]


def test_packaged_file_of_a_wheel_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "site" / "llmcost" / "pricing" / "store.py"
    module.parent.mkdir(parents=True)
    monkeypatch.setattr(store, "__file__", str(module))
    assert packaged_path() is None
    root = tmp_path / "site" / "pricing.yaml"
    root.write_text("version: 1\n")
    assert packaged_path() == root
    wheel = module.parent / "packaged" / "pricing.yaml"
    wheel.parent.mkdir()
    wheel.write_text("version: 1\n")
    assert packaged_path() == wheel


def test_without_catalogue(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(load_book([], cache_dir=None, catalogue=False).layers) == 1
    monkeypatch.setattr(store, "_catalogue_file", lambda: None)
    assert [layer.name for layer in layers(own, None)] == ["--prices", "packaged"]


def test_missing_and_wrong_files_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        load_book([("--prices", tmp_path / "none.yaml")], cache_dir=None)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("version: 1\nmodel: []\n")
    with pytest.raises(ConfigError, match=r"wrong\.yaml:2: unknown key 'model'"):
        load_book([("--prices", wrong)], cache_dir=tmp_path / "cache")


def test_a_cached_load_imports_neither_catalogue_nor_yaml(own: Path, tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from llmcost.pricing.store import load_book
book = load_book([("own", Path(sys.argv[1]))], cache_dir=Path(sys.argv[2]))
assert book.resolve("openai", "gpt-5") is not None
print(sorted({name.partition(".")[0] for name in sys.modules} & {"genai_prices", "pydantic", "yaml"}))
"""
    layers(own, tmp_path / "cache")
    run = [sys.executable, "-c", program, str(own), str(tmp_path / "cache")]
    done = subprocess.run(run, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "[]"


def test_own_prices_beat_the_catalogue(own: Path) -> None:
    quote = load_book([("own", own)], cache_dir=None).quote("openai", "gpt-4o", "standard", NOW, Usage(input=1))
    assert quote.cost is not None
    assert quote.cost[0] == 1000
