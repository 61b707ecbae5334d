"""How many tokens other vocabularies make of a text, as a percentage of o200k_base's: measured, else assumed.

`MEASURED` is what `python -m benchmarks.ratios` prints; docs/estimate.md names the corpus. A figure without its band
is an assumption, or was measured on fewer than `LEAST` texts, and a count made with it is labelled "uncalibrated".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

#: The language is decided on the beginning of a text.
_SAMPLE = 65_536
_MARKS = frozenset("{}[]();=<>_/\\#$`|&")

CLASSES = ("latin", "cjk", "code")
#: Fewer texts than this make no band.
LEAST = 20


class Band(NamedTuple):
    """Tokens per hundred o200k_base tokens: the median, and the 5th and 95th percentile of `n` texts."""

    percent: int
    low: int | None = None
    high: int | None = None
    n: int = 0


class Ratio(NamedTuple):
    """A vocabulary's band for each class of text."""

    latin: Band
    cjk: Band
    code: Band


#: (provider, family, class of text) -> what the ledger taught; see `calibration`.
Learned = Mapping[tuple[str, str, str], Band]

#: By vocabulary (`families`). Claude's is ctok's, Gemini's that of Gemma 3; recorded requests confirm both.
MEASURED: dict[str, Ratio] = {
    "claude-3": Ratio(Band(111, 103, 124, 863), Band(132, 124, 138, 590), Band(121, 106, 134, 675)),
    "claude-4.7": Ratio(Band(151, 129, 174, 863), Band(136, 129, 143, 590), Band(154, 122, 182, 675)),
    "mistral": Ratio(Band(103, 98, 115, 863), Band(115, 110, 124, 590), Band(104, 99, 118, 675)),
    "mistral-1": Ratio(Band(115, 107, 129, 863), Band(132, 123, 143, 590), Band(124, 108, 138, 675)),
    "deepseek": Ratio(Band(100, 95, 105, 863), Band(81, 75, 91, 590), Band(102, 94, 110, 675)),
    "llama-3": Ratio(Band(100, 98, 103, 863), Band(103, 100, 107, 590), Band(100, 96, 103, 675)),
    "llama-4": Ratio(Band(100, 97, 103, 863), Band(92, 85, 97, 590), Band(100, 94, 102, 675)),
    "gemini": Ratio(Band(105, 97, 117, 863), Band(97, 90, 104, 590), Band(113, 97, 125, 675)),
}

#: For vocabularies nobody can measure: a little more than o200k_base, which is among the largest. An assumption.
UNKNOWN = Ratio(Band(105), Band(110), Band(110))


def spread(ratios: Iterable[float], least: int = LEAST) -> Band:
    """The band of one ratio or more (1.0: as many tokens as o200k_base); without bounds where they are too few."""
    found = sorted(ratios)
    middle, low, high = (round(100 * _quantile(found, q)) for q in (0.5, 0.05, 0.95))
    return Band(middle, low, high, len(found)) if len(found) >= least else Band(middle, n=len(found))


def _quantile(found: list[float], q: float) -> float:
    """By linear interpolation between the closest ranks, as NumPy does by default."""
    place = q * (len(found) - 1)
    below = int(place)
    above = min(below + 1, len(found) - 1)
    return found[below] + (found[above] - found[below]) * (place - below)


def band(vocabulary: str, family: str) -> Band:
    """The band of a vocabulary (`families.Family.vocabulary`) for a class of text."""
    found: Band = getattr(MEASURED.get(vocabulary, UNKNOWN), family)
    return found


@lru_cache(maxsize=1)  # `estimate --all` asks for one text two thousand times
def language_class(text: str) -> str:
    """`cjk`, `code` or `latin`: the classes whose tokens per character differ most.

    More than a quarter of wide characters make it CJK. A mark of code in 24 characters makes it code: so are nine in
    ten files of Python's standard library, and one in thirty questions of MMLU.
    """
    sample = text[:_SAMPLE]
    if not sample:
        return "latin"
    if not sample.isascii():
        wide = sum(map(_is_wide, sample))
        if wide * 4 > len(sample):
            return "cjk"
    marks = sum(map(sample.count, _MARKS))
    return "code" if marks * 24 > len(sample) else "latin"


def _is_wide(character: str) -> bool:
    return "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7af"
