from __future__ import annotations

import pytest

from llmcost.tokens.encodings import ChatRule, chat_rule, openai_tokenizer, qwen_tokenizer


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o", "o200k_base"), ("gpt-4o-mini-2024-07-18", "o200k_base"), ("GPT-5-mini", "o200k_base"),
        ("o3", "o200k_base"), ("gpt-4.1", "o200k_base"), ("gpt-4", "cl100k_base"), ("gpt-3.5-turbo", "cl100k_base"),
        ("gpt-35-turbo", "cl100k_base"), ("azure/gpt-4o", "o200k_base"), ("openai.gpt-oss-20b", "o200k_harmony"),
        ("ft:gpt-4o-mini:acme::x", "o200k_base"), ("text-embedding-3-small", "cl100k_base"),
    ],
)  # fmt: skip
def test_the_encoding_of_a_model(model: str, encoding: str) -> None:
    tokenizer = openai_tokenizer(model)
    assert tokenizer is not None
    assert (tokenizer.encoding, tokenizer.exact) == (encoding, True)


@pytest.mark.parametrize("model", ["claude-3-opus", "gemini-2.5-pro", "llama-3.3-70b", "gpt-9", ""])
def test_other_models_have_none(model: str) -> None:
    assert openai_tokenizer(model) is None


def test_embeddings_and_completions_have_no_chat_format() -> None:
    for model in ("text-embedding-3-small", "gpt-3.5-turbo-instruct", "davinci-002"):
        tokenizer = openai_tokenizer(model)
        assert tokenizer is not None
        assert tokenizer.rule is None


def test_the_chat_rules() -> None:
    assert chat_rule("gpt-4o-mini") == ChatRule(3, 1, 3)
    assert chat_rule("gpt-3.5-turbo-0301") == ChatRule(4, -1, 3)
    assert chat_rule("gpt-5.1") == chat_rule("o3-mini") == ChatRule(3, 1, 2)
    assert chat_rule("gpt-5-chat-latest").known is False
    assert chat_rule("gpt-oss-120b").known is False
    assert not any(
        chat_rule(f"gpt-4{kind}").known for kind in (".5-preview", "o-audio-preview", "o-mini-search-preview")
    )


@pytest.mark.parametrize("name", ["gpt-4o-mini-audio-preview", "gpt-4o-mini-realtime-preview", "o3-deep-research"])
def test_models_that_take_more_than_the_text_are_not_known(name: str) -> None:
    assert not chat_rule(name).known


def test_overhead_is_per_message_per_name_and_once() -> None:
    assert ChatRule(3, 1, 3).overhead(messages=6, names=4) == 25


def test_qwen_has_its_own_vocabulary() -> None:
    tokenizer = qwen_tokenizer("Qwen3.5-Plus")
    assert tokenizer is not None
    assert (tokenizer.encoding, tokenizer.exact) == ("qwen3.5", True)
    older = qwen_tokenizer("qwen2.5-72b")
    assert older is not None
    assert not older.exact
    assert qwen_tokenizer("gpt-4o") is None
