from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.routing.complexity import LEVELS, LONG_PROMPT, classify

HIGH = [
    "请详细分析这份财报数据并给出投资建议", "你好，请证明勾股定理", "能不能分析一下这段代码", "要不要分析？",
    "不仅要分析，还要证明", "不要只分析表面", "不得不分析的问题", "比较A和B的优缺点", "請比較這兩個方案",
    "请compare一下两者",
    "Compare Rust and Go", "Prove that sqrt 2 is irrational", "Explain in detail how TCP works", "ANALYZE this",
    "not only analyze but prove", "don't just compare them", "Assess the trade-offs", "权衡利弊",
]  # fmt: skip
LOW = [
    "你好", "谢谢！", "是", "否", "好的。", "Yes", "ok", "hi", "Thanks!", "简单介绍一下北京", "一句话概括",
    "Hi there", "Thank you very much!", "谢谢你的帮助", "Good morning 😀",
    "Please explain briefly", "Without further analysis, answer yes or no", "give me an overview",
]  # fmt: skip
MEDIUM = [
    "Dear Sir, thank you for the delivery of 12 pallets", "Hello, write a poem about autumn", "你好，请帮我翻译这段话",
    "", "😀😀", "是否可以帮我翻译这段话", "但是我觉得这是对的", "否则怎么办", "请不要分析，直接翻译",
    "不用详细解释，给结论",
    "不需要任何分析", "没有必要评估", "分析师的电话是多少", "请帮我开一份在职证明", "这个菜比较好吃", "推理小说推荐",
    "这道题不简单", "他不是分析师", "How can I improve my English?", "Is this reasonable?", "this is high",
    "within reach",
    "Do not compare them, just list", "don't analyze or compare them", "analyze it briefly", "the simpleton disproved",
]  # fmt: skip


@pytest.mark.parametrize(
    ("prompt", "level"),
    [(p, "high") for p in HIGH] + [(p, "low") for p in LOW] + [(p, "medium") for p in MEDIUM],
)
def test_the_golden_list(prompt: str, level: str) -> None:
    assert classify(prompt).level == level


def test_the_cues_are_told() -> None:
    assert classify("请分析，并 Prove it").cues == ("prove", "分析")
    assert classify("写一首诗").cues == ()


def test_a_long_prompt_is_not_easy() -> None:
    assert classify("简单" + "说" * (LONG_PROMPT - 3)).level == "low"
    assert classify("简单" + "说" * (LONG_PROMPT - 2)).level == "medium"


def test_cues_at_either_end_of_a_huge_prompt_are_seen() -> None:
    filler = "lorem ipsum " * 100_000
    assert classify(filler + " prove it").level == "high"
    assert classify("prove it " + filler).level == "high"


@given(st.text(max_size=300))
def test_any_text_has_a_level(prompt: str) -> None:
    assert classify(prompt).level in LEVELS
