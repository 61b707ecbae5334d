"""Expected counts are the providers' documented examples, or what they billed for recorded requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.tokens.images import Image, image_tokens

MODELS = [
    "gpt-4o", "gpt-4o-mini", "gpt-4.1-mini", "gpt-5", "gpt-5-nano", "gpt-5.4", "gpt-5.6-sol", "o1", "o4-mini",
    "claude-sonnet-4-5", "claude-opus-5", "claude-3-haiku-20240307", "gemini-1.5-pro", "gemini-2.0-flash",
    "gemini-2.5-pro", "gemini-3-flash-preview", "llama-4-scout", "",
]  # fmt: skip


def tokens(model: str, width: int, height: int, detail: str = "") -> int:
    found = image_tokens(Image(width, height, detail), model)
    assert "unknown size" not in found.note
    return found.tokens


@pytest.mark.parametrize(
    ("model", "size", "detail", "expected"),
    [
        # OpenAI's guide "Images and vision": 1024x1024 is 4 tiles, 2048x4096 is 6, low detail is the base alone.
        ("gpt-4o", (1024, 1024), "high", 765), ("gpt-4o", (2048, 4096), "high", 1105),
        ("gpt-4o", (4096, 8192), "low", 85),
        ("gpt-4o-mini", (1024, 1024), "high", 2833 + 4 * 5667), ("gpt-4o-mini", (9, 9), "low", 2833),
        # 768 px is the longest the shorter side may be: 988 x 768 are 2 x 2 tiles, 1030 x 800 would be 3 x 2.
        ("gpt-4o", (1030, 800), "", 765), ("gpt-4o", (1030, 768), "", 85 + 6 * 170),
        ("o3", (1024, 1024), "", 675), ("computer-use-preview", (1024, 768), "", 65 + 4 * 129),
        ("gpt-5", (1024, 1024), "auto", 630), ("gpt-5-2025-08-07", (1024, 1024), "low", 70),
        # Billed: https://community.openai.com/t/1281361 (8 more for the text), and recorded in pydantic-ai's tests.
        ("gpt-4.1", (2049, 513), "", 1453 - 8), ("gpt-4.1", (2050, 513), "", 773 - 8),
        ("gpt-4o", (3008, 2000), "", 1119 - 14),
        ("gpt-4o", (128, 64), "high", 267 - 12),
    ],
)  # fmt: skip
def test_tiles_of_openai(model: str, size: tuple[int, int], detail: str, expected: int) -> None:
    assert image_tokens(Image(*size, detail), model, "openai") == (expected, "")


@pytest.mark.parametrize(
    ("model", "size", "expected"),
    [
        # Billed: https://community.openai.com/t/1262691 (128x64: 8 patches), 1230130 (2400x1800: 1,452 patches, as in
        # OpenAI's guide), 1281361 (4000x1474: 1,536 patches); the texts took 12, 12, 11, 8 and 9.
        ("gpt-4.1-mini", (128, 64), 26 - 12), ("gpt-4.1-nano", (128, 64), 33 - 12), ("o4-mini", (128, 64), 26 - 11),
        ("gpt-4.1-mini", (2400, 1800), 2362 - 8), ("gpt-4.1-mini", (4000, 1474), 2498 - 8),
        # Recorded in pydantic-ai's tests: 17 x 12 patches x 2.46 and "What is this vegetable?", 12.
        ("gpt-4.1-nano", (540, 360), 515 - 12),
        # 13 x 10 patches x 1.2 and 1.
        ("gpt-5-mini", (400, 301), 157),
        # 64 x 40 patches are over 2,500: shrunk to 63 x 39, times 1.2.
        ("gpt-5.4", (2048, 1280), 2950), ("gpt-5.6-sol", (4096, 4096), 16384 * 12 // 10 + 2),
    ],
)  # fmt: skip
def test_patches_of_openai(model: str, size: tuple[int, int], expected: int) -> None:
    note = "images by OpenAI's table of patches, which no bill was seen to confirm" if model.startswith("gpt-5") else ""
    assert image_tokens(Image(*size), model, "openai") == (expected, note)


def test_detail_chooses_the_budget_of_patches() -> None:
    assert tokens("gpt-5.4", 4096, 2048, "original") == 128 * 64 * 12 // 10 + 2
    assert tokens("gpt-5.4", 4096, 2048, "auto") == tokens("gpt-5.4", 4096, 2048, "high") == 64 * 32 * 12 // 10 + 2
    assert tokens("gpt-5.5", 4096, 2048) == tokens("gpt-5.5", 4096, 2048, "original")
    low = image_tokens(Image(4096, 2048, "low"), "gpt-5.4")
    assert low.tokens == 16 * 8 * 12 // 10 + 2
    assert "an assumption" in low.note


@pytest.mark.parametrize(
    ("size", "standard", "high"),
    [
        ((200, 200), 64, 64), ((1000, 1000), 1296, 1296), ((1092, 1092), 1521, 1521), ((1920, 1080), 1560, 2691),
        ((2000, 1500), 1564, 3888), ((3840, 2160), 1560, 4784), ((1500, 2000), 1564, 3888), ((1, 1), 1, 1),
    ],
)  # fmt: skip
def test_claude_as_anthropics_table_has_it(size: tuple[int, int], standard: int, high: int) -> None:
    for model in ("claude-sonnet-4-5", "claude-opus-4-6", "claude-3-5-sonnet-20241022", "anthropic.claude-haiku-4-5"):
        assert image_tokens(Image(*size), model, "anthropic") == (standard, "")
    for model in ("claude-opus-4-7", "claude-opus-5", "claude-sonnet-5-5", "claude-fable-5"):
        assert image_tokens(Image(*size), model, "anthropic") == (high, "")


@pytest.mark.parametrize(
    ("model", "size", "detail", "expected"),
    [
        ("gemini-1.5-flash", (4000, 3000), "", 258), ("gemini-2.0-flash", (384, 384), "", 258),
        # Recorded in pydantic-ai's tests, as is 258 for 597x566 on Gemini 2.5.
        ("gemini-2.0-flash", (3008, 2000), "", 3354), ("gemini-2.0-flash", (540, 360), "", 1806),
        ("gemini-2.5-flash", (597, 566), "", 258),
        # Google's example: 960x540 has crop units of 360, so 3 x 2 tiles.
        ("gemini-2.5-flash", (960, 540), "", 6 * 258), ("gemini-2.5-flash", (960, 540), "media_resolution_low", 64),
        ("gemini-3-pro-preview", (960, 540), "", 1120),
        ("gemini-3.5-flash", (9, 9), "media_resolution_ultra_high", 2240),
        ("gemini-3-flash-preview", (9, 9), "medium", 560),
    ],
)  # fmt: skip
def test_gemini(model: str, size: tuple[int, int], detail: str, expected: int) -> None:
    assert image_tokens(Image(*size, detail), model, "google").tokens == expected


def test_a_size_that_is_not_known_is_a_small_image_and_said() -> None:
    found = image_tokens(Image(), "gpt-4o", "openai")
    assert found == (255, "an image of unknown size counted as 512x512, the least to expect")
    assert image_tokens(Image(detail="low"), "gpt-4o", "openai") == (85, "")
    assert image_tokens(Image(), "gemini-1.5-pro", "google") == (258, "")
    assert image_tokens(Image(), "claude-sonnet-4-5", "anthropic").tokens == 19 * 19


def test_a_model_without_a_published_rule_counts_as_gpt_4o_and_says_so() -> None:
    for model in ("gpt-6.1-sol", "gpt-5-codex", "llama-4-scout"):
        found = image_tokens(Image(1024, 1024), model)
        assert found == (765, "images counted as gpt-4o's: the model's own rule is not published")


def test_the_responses_api_bills_tiles_otherwise() -> None:
    # Recorded in pydantic-ai's tests: 1,349 with 14 for the text.
    found = image_tokens(Image(3008, 2000, "auto", responses=True), "gpt-4o", "openai")
    assert found.tokens == 1349 - 14
    assert "Responses" in found.note
    assert image_tokens(Image(540, 360, "auto", responses=True), "gpt-4.1-nano") == (503, "")


@given(
    st.sampled_from(MODELS), st.integers(1, 65_535), st.integers(1, 65_535),
    st.sampled_from(["", "low", "high", "auto", "original", "nonsense"]),
)  # fmt: skip
def test_every_image_has_a_count(model: str, width: int, height: int, detail: str) -> None:
    found = image_tokens(Image(width, height, detail), model).tokens
    assert found > 0
    if not model.startswith(("gpt-5.6", "gemini-2")):
        assert found < 60_000


@given(st.sampled_from(["claude-sonnet-4-5", "claude-opus-5"]), st.integers(1, 9_000), st.integers(1, 9_000))
def test_claude_keeps_its_limit_and_does_not_care_which_way_up(model: str, width: int, height: int) -> None:
    most = 1568 if "4-5" in model else 4784
    assert tokens(model, width, height) == tokens(model, height, width) <= most
