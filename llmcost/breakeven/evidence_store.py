"""The packaged evidence, compiled once into the cache folder: reading its YAML takes longer than a whole comparison."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from llmcost.breakeven.evidence import Evidence
from llmcost.breakeven.evidence_file import load, packaged_path
from llmcost.yamlfile.compiled import compiled
from llmcost.yamlfile.tree import read_bytes

#: Changes whenever the same file compiles to something else.
_COMPILER = 1


def load_evidence(paths: Sequence[Path], *, cache_dir: Path | None) -> Evidence:
    """The packaged evidence under a person's own files `paths`; errors as `evidence_file.load`."""
    shipped = packaged_path()
    if paths or shipped is None:
        return load(paths)
    key = hashlib.blake2b(read_bytes(shipped), digest_size=16).hexdigest()
    name = f"evidence-{_COMPILER}-{key}.json"
    return compiled(cache_dir, name, load, encode=_encoded, decode=_decoded)


def _encoded(evidence: Evidence) -> bytes:
    return msgspec.json.encode(evidence, enc_hook=str)


def _decoded(data: bytes) -> Evidence:
    return msgspec.json.decode(data, type=Evidence, dec_hook=_fraction)


def _fraction(_: type, text: Any) -> Fraction:
    return Fraction(text)
