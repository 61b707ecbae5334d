"""Ratios a ledger taught: from requests whose text is at hand and whose billed tokens are known, to a file of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from llmcost.core.errors import ConfigError, DataError
from llmcost.tokens.families import Family
from llmcost.tokens.ratios import CLASSES, LEAST, Band, Learned, spread

FILE = "token-ratios.json"
#: Fewer tokens than this say more of the chat format than of the text.
LEAST_TOKENS = 20
#: A request billed beyond these multiples of its text was sent with something else, or without a part of it.
_FITS = (0.5, 2.5)
_MOST_BYTES = 2**20
_MOST_PERCENT = 10_000


class Sample(NamedTuple):
    """One request: its text's o200k_base tokens and roles, and all input tokens the provider billed."""

    provider: str
    family: Family
    kind: str
    text: int
    """Any number that tells texts apart: a text sent often is one sample."""
    tokens: int
    roles: tuple[str, ...]
    billed: int

    @property
    def ratio(self) -> float | None:
        """Billed tokens of the text alone per o200k_base token; None where the text cannot be all that was sent."""
        found = (self.billed - self.family.overheads(self.roles)[1]) / self.tokens
        return found if _FITS[0] <= found <= _FITS[1] else None


def learn(samples: Iterable[Sample], least: int = LEAST) -> dict[tuple[str, str, str], Band]:
    """The band of each (provider, family, class); those of fewer than `least` texts have no bounds."""
    groups: dict[tuple[str, str, str], dict[int, list[float]]] = {}
    for sample in samples:
        if sample.ratio is not None:
            texts = groups.setdefault((sample.provider, sample.family.name, sample.kind), {})
            texts.setdefault(sample.text, []).append(sample.ratio)
    return {key: spread(map(median, texts.values()), least) for key, texts in sorted(groups.items())}


def load(path: Path) -> Learned:
    """The saved ratios; none where there is no file.

    Raises:
        ConfigError: it cannot be read, or is not what `dumped` writes.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}", "check its permissions") from None
    try:
        return dict(map(_entry, json.loads(data)["ratios"] if len(data) <= _MOST_BYTES else [None]))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ConfigError(
            f"{path} is not a file of ratios", "remove it, or write it anew with `llmcost tokens calibrate`"
        ) from None


def _entry(item: Any) -> tuple[tuple[str, str, str], Band]:
    provider, family, kind = item["provider"], item["family"], item["class"]
    band = Band(item["percent"], item["low"], item["high"], item["n"])
    numbers = all(type(number) is int for number in band) and 0 < item["low"] <= item["percent"] <= item["high"]
    if not (isinstance(provider, str) and isinstance(family, str) and kind in CLASSES and numbers):
        raise ValueError(item)
    if band.n < 1 or item["high"] > _MOST_PERCENT:
        raise ValueError(item)
    return (provider, family, kind), band


def dumped(ratios: Mapping[tuple[str, str, str], Band]) -> str:
    """Ratios with bounds as `load` reads them.

    Raises:
        DataError: none of them has bounds.
    """
    items = [
        {"provider": provider, "family": family, "class": kind, **band._asdict()}
        for (provider, family, kind), band in sorted(ratios.items())
        if band.low is not None
    ]
    if not items:
        raise DataError("no ratio to save", f"each needs {LEAST} texts, or --min of them")
    return json.dumps({"schema_version": 1, "ratios": items}, ensure_ascii=False, indent=1) + "\n"
