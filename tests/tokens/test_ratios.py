from __future__ import annotations

import sysconfig
from pathlib import Path
from statistics import quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.tokens.ratios import CLASSES, LEAST, MEASURED, UNKNOWN, Band, band, language_class, spread


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("", "latin"), ("Please summarise this letter.", "latin"), ("Résumé à relire, s'il vous plaît", "latin"),
        ("请详细分析这份财报数据", "cjk"), ("お誕生日おめでとう", "cjk"), ("안녕하세요 세계", "cjk"),
        ("for (i = 0; i < n; i++) { sum += a[i]; }", "code"), ("Tell me about 北京 in a few English words", "latin"),
        # One mark in 24 characters is not yet code, one in 23 is.
        ("(" + "x" * 23, "latin"), ("(" + "x" * 22, "code"),
    ],
)  # fmt: skip
def test_the_class_of_a_text(text: str, family: str) -> None:
    assert language_class(text) == family


def test_most_of_the_standard_library_is_code() -> None:
    files = [path.read_text("utf-8", "replace") for path in Path(sysconfig.get_path("stdlib")).glob("*.py")]
    assert len(files) > 100
    assert sum(language_class(text) == "code" for text in files) > 0.8 * len(files)


def test_the_figures_that_docs_publish() -> None:
    assert band("claude-3", "latin") == Band(111, 103, 124, 863)
    assert band("claude-4.7", "code") == Band(154, 122, 182, 675)
    assert band("deepseek", "cjk") == Band(81, 75, 91, 590)
    assert band("gemini", "cjk") == Band(97, 90, 104, 590)
    assert band("", "latin") == UNKNOWN.latin == Band(105)


def test_every_measured_band_rests_on_enough_texts() -> None:
    for ratio in MEASURED.values():
        for low, middle, high, n in ((b.low, b.percent, b.high, b.n) for b in ratio):
            assert low is not None
            assert high is not None
            assert low <= middle <= high
            assert n >= LEAST
    assert tuple(UNKNOWN._fields) == CLASSES


def test_a_spread_by_hand() -> None:
    # 21 ratios 1.00, 1.01 … 1.20: ranks 0 to 20, so the 5th percentile is rank 1 and the 95th rank 19.
    assert spread([1 + n / 100 for n in range(21)]) == Band(110, 101, 119, 21)
    assert spread([1.2, 1.0, 1.1]) == Band(110, None, None, 3)
    assert spread([1.2, 1.0], least=2) == Band(110, 101, 119, 2)


@given(st.lists(st.floats(0.5, 2.5), min_size=20, max_size=200))
def test_a_spread_is_that_of_the_standard_library(ratios: list[float]) -> None:
    cut = [100 * value for value in quantiles(ratios, n=20, method="inclusive")]
    found = spread(ratios)
    assert found.n == len(ratios)
    for own, theirs in zip((found.low, found.percent, found.high), (cut[0], cut[9], cut[18]), strict=True):
        assert own is not None
        assert abs(own - theirs) <= 0.5 + 1e-6


def test_a_quarter_of_wide_characters_is_not_cjk_yet() -> None:
    assert (language_class("\u4f60abc"), language_class("\u4f60ab")) == ("latin", "cjk")
