"""Which characters the installed fonts can draw, and what stands for those they cannot."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cache
from typing import NamedTuple

#: Matplotlib brings this one, so that pictures are the same everywhere.
BASE = "DejaVu Sans"
#: Common fonts with Chinese (and mostly Japanese and Korean) characters; the first that is installed is used.
CJK = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans CJK JP",
    "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "Heiti SC", "Heiti TC", "STHeiti", "SimHei",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "Arial Unicode MS", "Noto Serif CJK SC",
    "AR PL UMing CN", "SimSun",
)  # fmt: skip


class Fonts(NamedTuple):
    families: tuple[str, ...]
    """In the order in which a character is looked up."""
    covered: AbstractSet[int]
    """Code points that at least one of them has."""


@cache
def fonts() -> Fonts:
    from matplotlib.font_manager import FontProperties, fontManager, get_font

    installed = {entry.name for entry in fontManager.ttflist}
    families = (BASE, *[name for name in CJK if name in installed][:1])
    covered: set[int] = set()
    for family in families:
        path = fontManager.findfont(FontProperties(family=[family]))
        covered |= get_font(path).get_charmap().keys()
    return Fonts(families, covered)


def drawable(text: str, covered: AbstractSet[int]) -> str:
    """`text` with every character that no font has written as its code point: \\u5ba2."""
    return "".join(each if ord(each) in covered else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
