"""Expected counts are OpenAI's own, or tiktoken's for the text plus the published chat overhead."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from llmcost.tokens.counter import Count, count
from llmcost.tokens.decode import Text
from llmcost.tokens.prompt import Prompt, parse, plain

RANKS = Path(__file__).resolve().parents[3] / "shared" / "data" / "tiktoken"

#: The example of OpenAI's cookbook, whose counts it publishes beside the API's.
COOKBOOK = [
    {"role": "system", "content": "You are a helpful, pattern-following assistant that translates corporate jargon "
                                  "into plain English."},
    {"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
    {"role": "system", "name": "example_assistant", "content": "Things working well together will increase revenue."},
    {"role": "system", "name": "example_user", "content": "Let's circle back when we have more bandwidth to touch base "
                                                          "on opportunities for increased leverage."},
    {"role": "system", "name": "example_assistant", "content": "Let's talk later when we're less busy about how to do "
                                                               "better."},
    {"role": "user", "content": "This late pivot means we don't have time to boil the ocean for the client "
                                "deliverable."},
]  # fmt: skip


def messages(value: object) -> Prompt:
    return parse(Text(json.dumps(value)), json_allowed=True)


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("gpt-3.5-turbo-0301", 127), ("gpt-3.5-turbo", 129), ("gpt-3.5-turbo-0125", 129), ("gpt-4-0314", 129),
        ("gpt-4-0613", 129), ("gpt-4", 129), ("gpt-4o", 124), ("gpt-4o-mini", 124),
    ],
)  # fmt: skip
def test_openais_published_examples_hold(model: str, tokens: int) -> None:
    assert count(messages(COOKBOOK), model, "openai")[:2] == (tokens, True)


@pytest.mark.parametrize(
    ("model", "text", "prompt_tokens"),
    [
        ("gpt-4o-mini", "hello", 8), ("gpt-3.5-turbo-0613", "hello", 8), ("o3-mini", "hello", 7),
        ("gpt-5", "What is the capital of France?", 13), ("o3-mini", "What is the capital of Mexico?", 13),
        ("gpt-5.6-luna", "What is 2+2?", 13),
    ],
)  # fmt: skip
def test_counts_equal_the_prompt_tokens_openai_billed(model: str, text: str, prompt_tokens: int) -> None:
    # Recorded requests: pydantic-ai tests/models/cassettes/test_openai, openai-python issue 506.
    assert count(text, model, "openai")[:2] == (prompt_tokens, True)


def test_two_messages_as_o4_mini_billed_them() -> None:
    prompt = messages(
        [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "What's the capital of France?"},
        ]
    )
    assert count(prompt, "o4-mini-2025-04-16", "openai") == Count(22, True, "o200k_base")


@pytest.mark.parametrize(
    ("text", "o200k", "cl100k"),
    [
        ("", 0, 0), ("<|endoftext|>", 7, 7), ("你好，世界", 3, 6), ("お誕生日おめでとう", 8, 9),
        ("请详细分析这份财报数据并给出投资建议", 13, 19), ("def f(x):\n    return x + 1\n", 11, 11),
        ("\ud83d\ude00 x \ud800", 3, 4),
    ],
)  # fmt: skip
def test_a_text_is_one_user_message_of_seven_tokens_more(text: str, o200k: int, cl100k: int) -> None:
    assert count(text, "gpt-4o", "openai") == Count(o200k + 7, True, "o200k_base")
    assert count(text, "gpt-4", "openai") == Count(cl100k + 7, True, "cl100k_base")


def test_embeddings_count_the_text_alone() -> None:
    assert count("tiktoken is great!", "text-embedding-3-small", "openai") == Count(6, True, "cl100k_base")


def test_another_name_of_the_model_is_used_where_the_given_one_says_nothing() -> None:
    assert count("hello", "our-deployment", "openai", also="gpt-4o") == Count(8, True, "o200k_base")
    assert not count("hello", "our-deployment", "openai", also="also-unknown").exact


def test_other_providers_are_labelled_estimates() -> None:
    # "user" and ten tokens of text: 11 x 1.16 = 12.76, rounded up, and six of overhead.
    found = count("The quick brown fox jumps over the lazy dog.", "claude-sonnet-4-5", "anthropic")
    assert found == Count(19, False, "o200k_base x 1.16 (latin), uncalibrated")


def test_an_openai_model_nobody_mapped_is_an_estimate() -> None:
    found = count("hello", "gpt-9", "openai")
    assert found == Count(8, False, "o200k_base (not the model's own, chat format assumed)")


def test_qwen_is_counted_with_its_vocabulary_and_not_exact() -> None:
    found = count("hello", "qwen3.5-plus", "qwen")
    assert not found.exact
    assert found.method == "qwen3.5 (chat format assumed)"


def test_parts_that_cannot_be_counted_are_not_exact() -> None:
    prompt = messages([{"role": "user", "content": [{"type": "image_url"}]}])
    assert count(prompt, "gpt-4o", "openai") == Count(7, False, "o200k_base (input not countable in full)")
    assert not count(plain("x", complete=False), "gpt-4o", "openai").exact


@pytest.mark.skipif(not RANKS.exists(), reason="tiktoken's rank files are not here")
@pytest.mark.parametrize(("model", "encoding"), [("gpt-4o", "o200k_base"), ("gpt-4", "cl100k_base")])
def test_counts_equal_tiktokens(model: str, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(RANKS))
    import tiktoken

    oracle = tiktoken.get_encoding(encoding)
    texts = [path.read_text("utf-8", "replace") for path in sorted(Path(random.__file__).parent.glob("*.py"))[:40]]
    draw = random.Random(7)
    pools = [
        "abc XYZ 019 \n\t'",
        "的一是不了人我在有他",
        "{}();=<>_|&",
        "éßñüĳ",
        "あいう한국어",
        "\U0001f600\U0001f468\u200d\u2764",
    ]
    texts += ["".join(draw.choice(draw.choice(pools)) for _ in range(draw.randrange(80))) for _ in range(3_000)]
    wrong = [
        text
        for text in texts
        if count(text, model, "openai").tokens != len(oracle.encode(text, disallowed_special=())) + 7
    ]
    assert not wrong[:3]
    assert len(texts) > 3_000
