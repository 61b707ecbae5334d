"""What the evidence says for a question, kept in the cache folder: finding it out takes longer than a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import msgspec

from llmcost.breakeven.layers import Layer
from llmcost.core.digest import blake2b
from llmcost.core.errors import ConfigError
from llmcost.yamlfile.compiled import compiled
from llmcost.yamlfile.packaged import packaged
from llmcost.yamlfile.tree import read_bytes

#: Changes whenever the same file and question have another answer.
_COMPILER = 3


class Question(NamedTuple):
    """The model that would replace the API's, and what it would run on. Empty: the default."""

    model: str = ""
    gpu: str = ""
    precision: str = ""
    input_share: Fraction = Fraction(1, 2)
    """Of the traffic's tokens."""
    gpus: int | None = None
    """Per replica; None: as measured, or one where nothing is asked of the measurements."""
    rates: bool = True
    """Whether measured throughput is asked for."""


class Answer(NamedTuple):
    """Inputs of every mode, from the evidence."""

    operations: Layer
    hardware: Layer
    throughput: Layer
    not_ownable: str
    """Why nobody can own the GPUs; empty where one can."""


def answer(question: Question, own: Sequence[Path], *, cache_dir: Path | None) -> Answer:
    """What the packaged evidence says, under a person's own files.

    Raises:
        ConfigError: a file cannot be read or breaks a rule of the format.
        UsageError: the model or GPU is not known, not measured for the mix, or the one does not fit the other.
    """

    def find() -> Answer:
        from llmcost.breakeven import defaults
        from llmcost.breakeven.evidence_file import load

        return defaults.answer(load(own), question)

    shipped = packaged(__file__, "gpus.yaml")
    if shipped is None:
        raise ConfigError("gpus.yaml is missing from this installation", "install llmcost again")
    if own:
        return find()
    asked = blake2b(read_bytes(shipped) + msgspec.json.encode(question, enc_hook=str), digest_size=16)
    return compiled(
        cache_dir, f"evidence-{_COMPILER}-{asked.hexdigest()}.json", find, encode=_encoded, decode=_decoded
    )  # fmt: skip


def _encoded(found: Answer) -> bytes:
    return msgspec.json.encode(found)


def _decoded(data: bytes) -> Answer:
    return msgspec.json.decode(data, type=Answer)
