"""Tokens of an image in a request, by each provider's rule; docs/estimate.md says which were seen to hold.

OpenAI: https://developers.openai.com/api/docs/guides/images-vision (tiles of 512 px, or patches of 32 px times a
multiplier; read 2026-10-05). Anthropic: https://platform.claude.com/docs/en/build-with-claude/vision and
…/vision-coordinates (patches of 28 px; this replaced pixels / 750). Google:
https://ai.google.dev/gemini-api/docs/image-understanding and …/media-resolution.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Pixels each way that stand in for an image whose size is not in the request: small, so a lower bound for most.
ASSUMED = 512


class Image(NamedTuple):
    """An image of a request. `detail`: OpenAI's `detail` or the level of Gemini's media resolution, lower case."""

    width: int = 0
    """0: the size is not known."""
    height: int = 0
    detail: str = ""
    responses: bool = False
    """In a body of OpenAI's Responses API."""

    @property
    def known(self) -> bool:
        return self.width > 0 and self.height > 0


class Tokens(NamedTuple):
    """`note` says what is assumed; empty where the count is what the provider documents."""

    tokens: int
    note: str = ""


class _Tiles(NamedTuple):
    base: int
    tile: int


class _Patches(NamedTuple):
    """`percent` tokens per hundred patches. Budgets are (patches, longest side); 0 is unlimited."""

    percent: int
    high: tuple[int, int] = (1536, 2048)
    original: tuple[int, int] = (1536, 2048)
    auto_is_original: bool = False


_LARGE = (2500, 2048)
#: The multipliers that were seen in what was billed; the others are documented alone.
_BILLED = {162, 172, 246}
#: By beginning of the name, first match wins.
_OPENAI: tuple[tuple[str, _Tiles | _Patches], ...] = (
    ("gpt-4o-mini", _Tiles(2833, 5667)),
    ("gpt-4.1-mini", _Patches(162)),
    ("gpt-4.1-nano", _Patches(246)),
    ("o4-mini", _Patches(172)),
    ("gpt-5-mini", _Patches(120)),
    ("gpt-5-nano", _Patches(150)),
    ("gpt-5.2", _Patches(120)),
    ("gpt-5.4-mini", _Patches(120)),
    ("gpt-5.4-nano", _Patches(120)),
    ("gpt-5.4", _Patches(120, _LARGE, (10_000, 6000))),
    ("gpt-5.5", _Patches(120, _LARGE, (10_000, 6000), auto_is_original=True)),
    ("gpt-5.6", _Patches(120, _LARGE, (0, 0), auto_is_original=True)),
    ("gpt-6-astra", _Patches(120, _LARGE, (0, 0), auto_is_original=True)),
    ("computer-use", _Tiles(65, 129)),
    ("gpt-4o", _Tiles(85, 170)),
    ("chatgpt-4o", _Tiles(85, 170)),
    ("gpt-4.1", _Tiles(85, 170)),
    ("gpt-4.5", _Tiles(85, 170)),
    ("gpt-4-turbo", _Tiles(85, 170)),
    ("gpt-4-vision", _Tiles(85, 170)),
    ("gpt-5-chat", _Tiles(70, 140)),
    ("gpt-5-2025", _Tiles(70, 140)),
    ("gpt-5-pro", _Tiles(70, 140)),
    ("o1", _Tiles(75, 150)),
    ("o3", _Tiles(75, 150)),
)
_LIKE_GPT_4O = _Tiles(85, 170)
#: In both requests with an image to gpt-4o on the Responses API recorded in pydantic-ai's tests (540x360: 655 tokens,
#: 3008x2000: 1,335); not documented, and not so for gpt-4.1-nano.
_RESPONSES_TILES = 230
_RESPONSES_NOTE = "images on the Responses API by what was seen for gpt-4o, 230 tokens over the documented rule"

#: Longest side and visual tokens: models before Claude 4.7, and from it on.
_CLAUDE_STANDARD, _CLAUDE_HIGH = (1568, 1568), (2576, 4784)
_CLAUDE_VERSION = re.compile(r"(?:opus|sonnet|haiku)-(\d+)(?:[-.](\d{1,2}))?(?!\d)|claude-(?:v?([123])|instant)")
_GEMINI_VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?")
#: Gemini from 3 on: "approximate" counts by media resolution.
_GEMINI_LEVELS = {"low": 280, "medium": 560, "high": 1120, "ultra_high": 2240}


def image_tokens(image: Image, model: str, provider: str = "") -> Tokens:
    """Input tokens of one image for `model` (its bare name) of `provider` (the catalogue's id)."""
    name = model.strip().lower().rsplit("/", 1)[-1]
    size = image if image.known else image._replace(width=ASSUMED, height=ASSUMED)
    if "claude" in name or provider == "anthropic":
        found, by_size = Tokens(_claude(size.width, size.height, name)), True
    elif "gemini" in name or provider == "google":
        found, by_size = _gemini(size, name)
    else:
        found, by_size = _openai(size, name.removeprefix("openai.").removeprefix("ft:"), provider)
    if image.known or not by_size:
        return found
    return Tokens(found.tokens, f"an image of unknown size counted as {ASSUMED}x{ASSUMED}, the least to expect")


def _openai(image: Image, name: str, provider: str) -> tuple[Tokens, bool]:
    """The tokens, and whether they depend on the image's size."""
    rule = next((rule for start, rule in _OPENAI if name.startswith(start)), None)
    note = ""
    if rule is None and name == "gpt-5":
        rule = _Tiles(70, 140)
    if rule is None:
        rule, note = _LIKE_GPT_4O, "images counted as gpt-4o's: the model's own rule is not published"
    if isinstance(rule, _Tiles):
        if image.detail == "low":
            return Tokens(rule.base, note), False
        tokens = rule.base + rule.tile * _tiles(image.width, image.height)
        if image.responses:
            return Tokens(tokens + _RESPONSES_TILES, note or _RESPONSES_NOTE), True
        return Tokens(tokens, note), True
    original = image.detail == "original" or (image.detail in {"", "auto"} and rule.auto_is_original)
    if image.detail == "low":
        budget = (256, 512)
        note = note or "an image of low detail counted as shrunk to 512 px: an assumption"
    else:
        budget = rule.original if original else rule.high
        if rule.percent not in _BILLED:
            note = note or "images by OpenAI's table of patches, which no bill was seen to confirm"
    # The 1 is not documented: https://community.openai.com/t/1262691 and 1230130 show it in what was billed.
    return Tokens(-(-_patches(image.width, image.height, *budget) * rule.percent // 100) + 1, note), True


def _tiles(width: int, height: int) -> int:
    """512 px tiles after fitting into 2048x2048 and shrinking the shorter side to 768; sizes are rounded, as
    https://community.openai.com/t/1281361 found (2049x513 is billed 8 tiles, 2050x513 4)."""
    width, height = _fit(width, height, 2048)
    if min(width, height) > 768:
        short = min(width, height)
        width, height = _scaled(width, 768, short), _scaled(height, 768, short)
    return -(-width // 512) * -(-height // 512)


def _patches(width: int, height: int, most: int, side: int) -> int:
    """32 px patches after fitting into `side` and then into `most` patches (0: no limit)."""
    if side:
        width, height = _fit(width, height, side)
    count = -(-width // 32) * -(-height // 32)
    if not most or count <= most:
        return count
    # OpenAI's formula: shrink to the area of the budget, then to a whole number of patches one way.
    ratio = (1024 * most / (width * height)) ** 0.5
    across, down = width * ratio / 32, height * ratio / 32
    ratio = min(max(int(across), 1) / across, max(int(down), 1) / down, 1.0)
    return min(_ceil(across * ratio) * _ceil(down * ratio), most)


def _ceil(value: float) -> int:
    """The next whole number, but for what is one by floating point's error."""
    return -int(-(value - 1e-9) // 1)


def _claude(width: int, height: int, name: str) -> int:
    """28 px patches after shrinking to the model's longest side and number of tokens."""
    found = _CLAUDE_VERSION.search(name)
    version = (int(found[1] or found[3] or 1), int(found[2] or 0)) if found else (9, 0)
    side, most = _CLAUDE_STANDARD if version < (4, 7) or name.startswith("claude-3") else _CLAUDE_HIGH
    long, short = max(width, height), min(width, height)

    def tokens(edge: int) -> int:
        across, down = -(-edge // 28), -(-max(_scaled(short, edge, long), 1) // 28)
        return across * down if across * 28 <= side else most + 1

    if tokens(long) <= most:
        return tokens(long)
    fits, too_long = 1, long
    while fits + 1 < too_long:
        middle = (fits + too_long) // 2
        fits, too_long = (middle, too_long) if tokens(middle) <= most else (fits, middle)
    return tokens(fits)


def _gemini(image: Image, name: str) -> tuple[Tokens, bool]:
    """The tokens, and whether they depend on the image's size."""
    found = _GEMINI_VERSION.search(name)
    version = (int(found[1]), int(found[2] or 0)) if found else (3, 0)
    level = image.detail.removeprefix("media_resolution_")
    if version >= (3, 0):
        return Tokens(
            _GEMINI_LEVELS.get(level, 1120), "images by Gemini's table, which calls itself approximate"
        ), False
    if version < (2, 0):
        return Tokens(258), False
    if level in {"low", "medium"}:
        return Tokens(64 if level == "low" else 256, "images by Gemini's table, which calls itself approximate"), False
    # Gemini 2.5 was seen to take up to 597x566 as one tile; 2.0 adds the whole image as a tile of its own
    # (3008x2000: 13 x 258, 540x360: 7 x 258; recorded requests in pydantic-ai's tests).
    later = version >= (2, 5)
    if max(image.width, image.height) <= (768 if later else 384):
        return Tokens(258), True
    unit = min(max(min(image.width, image.height) * 2 // 3, 256), 768)
    tiles = -(-image.width // unit) * -(-image.height // unit) + (not later)
    return Tokens(258 * tiles, "images by Gemini's formula for tiles, which calls itself rough"), True


def _fit(width: int, height: int, side: int) -> tuple[int, int]:
    long = max(width, height)
    return (
        (width, height) if long <= side else (max(_scaled(width, side, long), 1), max(_scaled(height, side, long), 1))
    )


def _scaled(length: int, numerator: int, denominator: int) -> int:
    """`length * numerator / denominator`, rounded half up."""
    return (2 * length * numerator + denominator) // (2 * denominator)
