"""The price book from its files, compiled once: layers are cached as JSON and read back without YAML or catalogue."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from llmcost.core.digest import blake2b
from llmcost.core.errors import ConfigError
from llmcost.pricing.book import PriceBook
from llmcost.pricing.entry import COMPILER_VERSION, Layer
from llmcost.yamlfile.compiled import compiled
from llmcost.yamlfile.packaged import packaged
from llmcost.yamlfile.tree import decode, read_bytes


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
    def compile_layer() -> Layer:
        from llmcost.pricing.yaml_book import compile_yaml

        return compile_yaml(decode(data, str(path)), str(path), name=name)

    key = blake2b(data, digest_size=16).hexdigest()
    layer = _cached(cache_dir, f"prices-{COMPILER_VERSION}-{key}.json", compile_layer)
    return msgspec.structs.replace(layer, name=name, origin=str(path))


def _catalogue_layer(cache_dir: Path | None) -> Layer | None:
    data_file = _catalogue_file()
    if data_file is None:
        return None
    path, stat = data_file
    key = blake2b(f"{path}\0{stat.st_mtime_ns}\0{stat.st_size}".encode(), digest_size=16).hexdigest()

    def compile_layer() -> Layer:
        from llmcost.pricing.catalogue import compile_catalogue

        layer = compile_catalogue()
        if layer is None:
            raise ConfigError(f"the price catalogue at {path.parent} cannot be imported", "reinstall genai-prices")
        return layer

    return _cached(cache_dir, f"catalogue-{COMPILER_VERSION}-{key}.json", compile_layer)


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
    # msgspec.DecodeError and UnicodeDecodeError are ValueErrors.
    return compiled(cache_dir, name, compile_layer, encode=_encoded, decode=_decoded)


def _encoded(layer: Layer) -> bytes:
    return msgspec.json.encode(layer)


def _decoded(data: bytes) -> Layer:
    return msgspec.json.decode(data, type=Layer)
