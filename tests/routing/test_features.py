from __future__ import annotations

import zlib
from math import isfinite, log1p

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.routing.features import BUCKETS, NAMES, Features, features, packed, unpacked


def buckets(*grams: str) -> tuple[int, ...]:
    return tuple(sorted({zlib.crc32(gram.encode()) % BUCKETS for gram in grams}))


def number(name: str, text: str) -> float:
    return features(text).dense[NAMES.index(name)]


def test_words_pairs_beginnings_and_endings() -> None:
    expected = buckets("prove", "^prov", "ove$", "it", "prove it", "7", "it 7", "!", "7 !")
    assert features("Prove it 7!").grams == expected


def test_chinese_is_taken_two_to_four_characters_at_a_time() -> None:
    assert features("证明方程 ok").grams == buckets("证明", "明方", "方程", "证明方", "明方程", "证明方程", "ok")


def test_numbers_of_a_prompt() -> None:
    text = "What is 2+2?\nA. 4\nB. 5"
    assert number("characters", text) == log1p(22)
    assert number("lines", text) == log1p(3)
    assert number("listed choices", text) == log1p(2)
    assert number("questions", text) == log1p(1)
    assert number("share of digits", text) == 4 / 22
    assert number("share of capitals", text) == 3 / 22
    assert number("starts with a capital", text) == 1
    assert number("ends with a question", text) == 0
    assert number("share of CJK", "证明 x") == 0.5


def test_of_a_very_long_prompt_both_ends_count_and_its_length() -> None:
    long = "begin " + "x" * 10_000_000 + " finish"
    assert number("characters", long) == log1p(len(long))
    assert set(buckets("begin", "finish")) <= set(features(long).grams)
    assert (
        features("a " * 8_001 + "hidden" + " b" * 8_001).grams == features("a " * 8_001 + "secret" + " b" * 8_001).grams
    )


@pytest.mark.parametrize("text", ["", " ", "\n", "🙂🙂", "\ud800", "\x00\x1b[2J", "是", "混 mixed 한국어 日本語 🙂 ½"])
def test_odd_prompts_have_features(text: str) -> None:
    found = features(text)
    assert len(found.dense) == len(NAMES) == 36
    assert all(map(isfinite, found.dense))


@given(st.text())
def test_features_are_kept_in_the_ledger_without_the_text(text: str) -> None:
    found = features(text)
    assert found.grams == tuple(sorted(set(found.grams)))
    assert all(0 <= gram < BUCKETS for gram in found.grams)
    again = unpacked(packed(found))
    assert again is not None
    assert again.grams == found.grams
    assert again.dense == pytest.approx(found.dense, rel=1e-6)


def test_what_is_not_ours_is_not_unpacked() -> None:
    body = packed(Features((0.5,) * 36, (1, 2)))
    assert unpacked(body) == Features((0.5,) * 36, (1, 2))
    nan = bytes([body[0]]) + b"\xff" * 4 + body[5:]
    for wrong in (b"", body[:-1], body[:100], b"\x63" + body[1:], nan, body + b"\xff\xff"):
        assert unpacked(wrong) is None
