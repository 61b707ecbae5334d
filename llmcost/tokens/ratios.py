"""How many tokens other tokenizers make of a text, as a percentage of o200k_base's.

These are starting points, not calibrations: docs/estimate.md says where each comes from, and every count made
with one is labelled "uncalibrated".
"""

from __future__ import annotations

from typing import NamedTuple

#: The language is decided on the beginning of a text.
_SAMPLE = 65_536
_MARKS = frozenset("{}[]();=<>_/\\#$`|&")


class Ratio(NamedTuple):
    """Percent of the o200k_base count, by class of text."""

    latin: int
    cjk: int
    code: int


#: By provider (the catalogue's ids). Anthropic: a published comparison of Claude 3.5 with GPT-4o, English +16%,
#: Python +30%; the Chinese figure is an assumption. DeepSeek and Mistral: measured, see docs/estimate.md.
RATIOS: dict[str, Ratio] = {
    "anthropic": Ratio(116, 120, 130),
    "deepseek": Ratio(100, 81, 105),
    "mistral": Ratio(103, 117, 105),
}
#: For every other provider: a little more than o200k_base, whose vocabulary is among the largest.
UNKNOWN = Ratio(105, 110, 110)


def language_class(text: str) -> str:
    """`cjk`, `code` or `latin`: the classes whose tokens per character differ most."""
    sample = text[:_SAMPLE]
    if not sample:
        return "latin"
    if not sample.isascii():
        wide = sum(map(_is_wide, sample))
        if wide * 4 > len(sample):
            return "cjk"
    marks = sum(map(sample.count, _MARKS))
    return "code" if marks * 12 > len(sample) else "latin"


def _is_wide(character: str) -> bool:
    return "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7af"


def percent_of_o200k(provider: str, family: str) -> int:
    """Tokens of `provider`'s models per hundred o200k_base tokens of a text of the class `family`."""
    ratio: int = getattr(RATIOS.get(provider, UNKNOWN), family)
    return ratio
