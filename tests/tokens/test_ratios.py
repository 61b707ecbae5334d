from __future__ import annotations

import pytest

from llmcost.tokens.ratios import language_class, percent_of_o200k


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("", "latin"), ("Please summarise this letter.", "latin"), ("Résumé à relire, s'il vous plaît", "latin"),
        ("请详细分析这份财报数据", "cjk"), ("お誕生日おめでとう", "cjk"), ("안녕하세요 세계", "cjk"),
        ("for (i = 0; i < n; i++) { sum += a[i]; }", "code"), ("Tell me about 北京 in a few English words", "latin"),
    ],
)  # fmt: skip
def test_the_class_of_a_text(text: str, family: str) -> None:
    assert language_class(text) == family


def test_ratios_by_provider_and_class() -> None:
    assert [percent_of_o200k("anthropic", family) for family in ("latin", "cjk", "code")] == [116, 120, 130]
    assert percent_of_o200k("deepseek", "cjk") == 81
    assert percent_of_o200k("nobody", "latin") == 105
