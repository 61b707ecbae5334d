"""Without labels the router is still one: prompts in Chinese and English reach every tier of the packaged policy."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import pytest

from llmcost.pricing.store import load_book
from llmcost.routing.complexity import classify
from llmcost.routing.decide import Decision, decide
from llmcost.routing.evidence import chances_for
from llmcost.routing.judged import Asked
from llmcost.routing.offers import Offer, offers
from llmcost.routing.policy import Policy
from llmcost.routing.policy_file import load_policy, packaged_policy
from llmcost.tokens.prompt import plain
from tests.estimate.books import NOW

_FRENCH = "Translate this letter to our supplier into French. Keep its tone and its paragraphs.\n\n"
_LETTER = "Dear Sir or Madam, thank you for the delivery of 12 pallets, of which three were damaged by rain. "
_CHINESE = "把下面的会议记录改写成正式的邮件，保留所有的日期和金额。\n\n"
_MEETING = "三月五日的会上，采购部说第二季度的预算是一百二十万元，比去年多了一成，供应商要求在月底之前付款。"

EASY = [
    "hi", "Thanks!", "yes or no: is Paris in France?", "Give me a one-line overview of TCP", "Briefly: what is DNS?",
    "你好", "谢谢", "是", "一句话概括这篇文章", "简单介绍一下北京",
]  # fmt: skip
ORDINARY = [
    "How do I rotate the credentials of 3 service accounts in a Kubernetes cluster without any downtime?",
    _FRENCH + _LETTER * 3, _FRENCH + _LETTER * 6,
    "写一个合并两个有序列表的函数", _CHINESE + _MEETING, _CHINESE + _MEETING * 6,
]  # fmt: skip
LONG = [_FRENCH + _LETTER * 40, _CHINESE + _MEETING * 40]
HARD = [
    "Prove that the square root of 2 is irrational", "Compare Rust and Go for a payment service",
    "Analyze the attached quarterly report step by step", "Assess the trade-offs between both designs",
    "请详细分析这份财报数据并给出投资建议", "证明勾股定理", "比较这两个方案的优缺点", "评估这个架构的风险",
    "请compare一下Rust和Go",
]  # fmt: skip


@cache
def setting() -> tuple[Policy, tuple[Offer, ...]]:
    path = packaged_policy()
    assert path is not None
    policy = load_policy(path)
    return policy, offers(load_book((), cache_dir=None, catalogue=False), policy.candidates, NOW)


def routed(text: str) -> Decision:
    policy, offered = setting()
    complexity = classify(text)
    asked = Asked(plain(text), complexity, 500)
    return decide(offered, policy.rules, asked, chances_for(text, complexity.level))


def quality(text: str) -> float:
    """The quality of the model chosen, as the policy states it."""
    chosen = routed(text).chosen
    assert chosen is not None
    return float(chosen.candidate.quality or 0)


@pytest.mark.parametrize("prompt", EASY)
def test_an_easy_prompt_goes_to_the_cheapest_model(prompt: str) -> None:
    decision = routed(prompt)
    assert decision.chosen is not None
    assert decision.chosen.cost_nano == min(each.cost_nano for each in decision.judged)


@pytest.mark.parametrize("prompt", ORDINARY)
def test_an_ordinary_prompt_goes_to_neither_end(prompt: str) -> None:
    assert 0.55 < quality(prompt) < 0.9


@pytest.mark.parametrize("prompt", LONG)
def test_a_long_one_needs_more_than_an_ordinary_one(prompt: str) -> None:
    assert quality(prompt) > max(map(quality, ORDINARY))


@pytest.mark.parametrize("prompt", HARD)
def test_a_hard_prompt_goes_to_the_best_tier(prompt: str) -> None:
    assert quality(prompt) >= 0.9


def test_every_tier_is_reached_in_both_languages() -> None:
    for prompts in (EASY[:5] + ORDINARY[:3] + LONG[:1] + HARD[:4], EASY[5:] + ORDINARY[3:] + LONG[1:] + HARD[4:]):
        assert len({quality(prompt) for prompt in prompts}) >= 4


def test_p_good_is_a_prior_with_an_interval_and_keeps_the_order_of_the_models() -> None:
    for prompt in (*EASY, *ORDINARY, *LONG, *HARD):
        judged = [each for each in routed(prompt).judged if each.chance is not None]
        assert len(judged) >= 3
        for each in judged:
            assert each.chance is not None
            assert each.chance.basis == "prior"
            assert 0 <= each.chance.low <= each.chance.p <= each.chance.high <= 1
        by_quality = sorted(judged, key=lambda each: each.candidate.quality or Fraction(0))
        chances = [each.chance.p for each in by_quality if each.chance is not None]
        assert chances == sorted(chances)


def test_words_that_ask_for_much_are_not_easy_because_they_are_few() -> None:
    chance = chances_for("Prove it", "high")(setting()[0].candidate("gpt-4o"))
    assert chance is not None
    assert chance.p == pytest.approx(0.78)
    easier = chances_for("Prove it", "medium")(setting()[0].candidate("gpt-4o"))
    assert easier is not None
    assert easier.p > chance.p


def test_nothing_is_known_of_a_model_without_a_quality() -> None:
    assert chances_for("hello", "medium")(setting()[0].candidate("no-such-model")) is None
