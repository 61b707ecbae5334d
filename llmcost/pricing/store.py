"""The price book from its files, compiled once: layers are cached as JSON and read back without YAML or catalogue.

A cache file is named after everything its content depends on, so a stale one is never read; a damaged one is
compiled again, and where the folder cannot be written nothing is cached.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from llmcost.core.errors import ConfigError
from llmcost.pricing.book import PriceBook
from llmcost.pricing.entry import COMPILER_VERSION, Layer
from llmcost.yamlfile.packaged import packaged
from llmcost.yamlfile.tree import decode, read_bytes

_KEPT_FILES = 24


def packaged_path() -> Path | None:
    """The price file shipped with llmcost."""
    return packaged(__file__, "pricing.yaml")


def load_book(
    paths: Sequence[tuple[str, Path]],
    *,
    cache_dir: Path | None,
    packaged: Path | None = None,
    catalogue: bool = True,
) -> PriceBook:
    """The book of `paths` (layer name, file), highest authority first, then the packaged file, then the catalogue.

    `packaged` defaults to `packaged_path()`. A path with the packaged file's bytes is not added again.

    Raises:
        ConfigError: a file cannot be read or breaks a rule of the format.
    """
    packaged = packaged or packaged_path()
    shipped = read_bytes(packaged) if packaged is not None else None
    layers = []
    for name, path in paths:
        data = read_bytes(path)
        if data != shipped:
            layers.append(_yaml_layer(data, path, name, cache_dir))
    if packaged is not None and shipped is not None:
        layer = _yaml_layer(shipped, packaged, "packaged", cache_dir)
        layers.append(msgspec.structs.replace(layer, yields=True))
    if catalogue and (found := _catalogue_layer(cache_dir)):
        layers.append(found)
    return PriceBook(layers)


def _yaml_layer(data: bytes, path: Path, name: str, cache_dir: Path | None) -> Layer:
    def compiled() -> Layer:
        from llmcost.pricing.yaml_book import compile_yaml

        return compile_yaml(decode(data, str(path)), str(path), name=name)

    key = hashlib.blake2b(data, digest_size=16).hexdigest()
    layer = _cached(cache_dir, f"prices-{COMPILER_VERSION}-{key}.json", compiled)
    return msgspec.structs.replace(layer, name=name, origin=str(path))


def _catalogue_layer(cache_dir: Path | None) -> Layer | None:
    data_file = _catalogue_file()
    if data_file is None:
        return None
    path, stat = data_file
    key = hashlib.blake2b(f"{path}\0{stat.st_mtime_ns}\0{stat.st_size}".encode(), digest_size=16).hexdigest()

    def compiled() -> Layer:
        from llmcost.pricing.catalogue import compile_catalogue

        layer = compile_catalogue()
        if layer is None:
            raise ConfigError(f"the price catalogue at {path.parent} cannot be imported", "reinstall genai-prices")
        return layer

    return _cached(cache_dir, f"catalogue-{COMPILER_VERSION}-{key}.json", compiled)


def _catalogue_file() -> tuple[Path, os.stat_result] | None:
    """The catalogue's data file and its stat, found without importing the catalogue."""
    from importlib.util import find_spec

    spec = find_spec("genai_prices")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).with_name("data.py")
    try:
        return path, path.stat()
    except OSError:
        return None


def _cached(cache_dir: Path | None, name: str, compile_layer: Callable[[], Layer]) -> Layer:
    if cache_dir is None:
        return compile_layer()
    path = cache_dir / name
    try:
        return msgspec.json.decode(path.read_bytes(), type=Layer)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        layer = compile_layer()
    with contextlib.suppress(OSError):
        _write(path, msgspec.json.encode(layer))
        _prune(cache_dir, name.partition("-")[0])
    return layer


def _write(path: Path, data: bytes) -> None:
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tmp-", suffix=path.name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _prune(cache_dir: Path, kind: str) -> None:
    files = sorted(cache_dir.glob(f"{kind}-*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in files[_KEPT_FILES:]:
        path.unlink(missing_ok=True)
