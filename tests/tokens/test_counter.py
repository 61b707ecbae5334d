"""Expected counts are OpenAI's own, or tiktoken's for the text plus the published chat overhead."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import islice

import pytest

from llmcost.tokens import counter
from llmcost.tokens.counter import Count, ahead, count, encoding_of
from llmcost.tokens.decode import Text
from llmcost.tokens.prompt import Prompt, parse, plain
from llmcost.tokens.requests import Requests

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


def exact(tokens: int, encoding: str) -> Count:
    return Count(tokens, True, encoding, tokens, tokens)


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
    assert count(prompt, "o4-mini-2025-04-16", "openai") == exact(22, "o200k_base")


@pytest.mark.parametrize(
    ("text", "o200k", "cl100k"),
    [
        ("", 0, 0), ("<|endoftext|>", 7, 7), ("你好，世界", 3, 6), ("お誕生日おめでとう", 8, 9),
        ("请详细分析这份财报数据并给出投资建议", 13, 19), ("def f(x):\n    return x + 1\n", 11, 11),
        ("\ud83d\ude00 x \ud800", 3, 4),
    ],
)  # fmt: skip
def test_a_text_is_one_user_message_of_seven_tokens_more(text: str, o200k: int, cl100k: int) -> None:
    assert count(text, "gpt-4o", "openai") == exact(o200k + 7, "o200k_base")
    assert count(text, "gpt-4", "openai") == exact(cl100k + 7, "cl100k_base")


def test_embeddings_count_the_text_alone() -> None:
    assert count("tiktoken is great!", "text-embedding-3-small", "openai") == exact(6, "cl100k_base")


def test_another_name_of_the_model_is_used_where_the_given_one_says_nothing() -> None:
    assert count("hello", "our-deployment", "openai", also="gpt-4o") == exact(8, "o200k_base")
    assert not count("hello", "our-deployment", "openai", also="also-unknown").exact


def test_other_providers_are_labelled_estimates() -> None:
    # Ten tokens of text: 11.1, rounded, and Claude's frame of seven; 10.3 and 12.4 rounded out, and 7 to 8.
    text = "The quick brown fox jumps over the lazy dog."
    method = "o200k_base x 1.11 (latin), p5-p95 1.03-1.24, n=863"
    assert count(text, "claude-sonnet-4-5", "anthropic") == Count(18, False, method, 17, 21)
    # A vocabulary nobody measured: 10.5, rounded to even, and seven as OpenAI's chat format.
    assert count(text, "grok-4", "x-ai") == Count(17, False, "o200k_base x 1.05 (latin), uncalibrated")


def test_a_band_begins_where_the_chat_format_is_least() -> None:
    # Seven tokens x 1.05 (0.97 to 1.17), and one for the message on the Gemini API, none on Vertex AI.
    assert count("What is the capital of France?", "gemini-2.5-flash")[2:] == (
        "o200k_base x 1.05 (latin), p5-p95 0.97-1.17, n=863", 6, 10,
    )  # fmt: skip


def test_a_text_of_one_token_has_one_at_the_least_and_is_not_its_own_upper_end() -> None:
    found = count("hello", "gemini-2.5-flash", "google")
    assert (found.low, found.tokens, found.high) == (1, 2, 3)
    assert count("", "gemini-2.5-flash", "google")[3:] == (0, 1)


@pytest.mark.parametrize(
    ("model", "text", "billed"),
    [
        # Recorded (docs/estimate.md): each lies in its band.
        ("claude-sonnet-4-0", "What is the capital of France?", 14),
        ("gemini-2.5-flash", "What is the capital of France?", 8),
        ("gemini-2.0-flash", "What is the capital of France?", 7),
        ("deepseek-reasoner", "How do I cross the street?", 12),
        ("llama-3.3-70b-versatile", "What is the capital of France?", 42),
        ("mistral-large-latest", "What is the capital of France?", 10),
    ],
)  # fmt: skip
def test_recorded_requests_lie_in_their_bands(model: str, text: str, billed: int) -> None:
    found = count(text, model)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= billed <= found.high


def test_a_band_is_not_given_for_what_is_not_counted_in_full() -> None:
    found = count(plain("x", complete=False), "claude-sonnet-4-5", "anthropic")
    assert (found.low, found.high) == (None, None)
    assert found.method.endswith("; input not countable in full")


def test_the_prices_name_of_a_model_tells_its_family() -> None:
    found = count("hello", "our-deployment", "aws", also="claude-sonnet-4-5")
    assert found == count("hello", "claude-sonnet-4-5", "aws")


def test_an_openai_model_nobody_mapped_is_an_estimate() -> None:
    found = count("hello", "gpt-9", "openai")
    assert found == Count(8, False, "o200k_base (not the model's own, chat format assumed)")


def test_qwen_is_counted_with_its_vocabulary_and_not_exact() -> None:
    found = count("hello", "qwen3.5-plus", "qwen")
    assert not found.exact
    assert found.method == "qwen3.5 (chat format assumed)"


def test_parts_that_cannot_be_counted_are_not_exact() -> None:
    prompt = messages([{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AAAA"}}]}])
    assert count(prompt, "gpt-4o", "openai") == Count(7, False, "o200k_base (input not countable in full)")
    assert not count(plain("x", complete=False), "gpt-4o", "openai").exact


@pytest.mark.parametrize(
    ("model", "provider", "also", "encoding"),
    [
        ("gpt-4o", "openai", "", "o200k_base"), ("gpt-4", "openai", "", "cl100k_base"),
        ("gpt-9", "openai", "", "o200k_base"),
        ("our-deployment", "azure", "gpt-4", "cl100k_base"), ("claude-opus-4", "anthropic", "", "o200k_base"),
        ("qwen3.5-plus", "qwen", "", "qwen3.5"),
    ],
)  # fmt: skip
def test_the_encoding_a_model_is_counted_by(model: str, provider: str, also: str, encoding: str) -> None:
    assert encoding_of(model, provider, also=also) == encoding


def test_many_prompts_are_counted_ahead_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter, "_BATCH", 3 * counter._EACH)
    texts = [f"prompt {number} 你好" + "x" * (number % 7) for number in range(100)]
    found = list(ahead(((number, plain(text)) for number, text in enumerate(texts)), ["o200k_base", "cl100k_base"]))
    assert [number for number, _ in found] == list(range(100))
    assert [prompt.body for _, prompt in found] == texts
    for text, (_, prompt) in zip(texts, found, strict=True):
        assert prompt.memo == {
            "o200k_base": count(text, "gpt-4o", "openai").tokens - 6,
            "cl100k_base": count(text, "gpt-4", "openai").tokens - 6,
        }
    assert list(ahead([])) == []


def test_counting_ahead_reads_no_further_than_a_few_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter, "_BATCH", 10 * counter._EACH)
    read = 0

    def prompts() -> Iterator[tuple[int, Prompt]]:
        nonlocal read
        for read in range(1, 1_001):
            yield read, plain("x")

    for used, (number, _) in enumerate(ahead(prompts()), start=1):
        assert number == used
        assert read - used < 10 * (counter._AHEAD + 1)


def test_a_prompt_that_cannot_be_read_ends_it_with_its_error() -> None:
    def prompts() -> Iterator[tuple[int, Prompt]]:
        yield 1, plain("x")
        raise DecodingError

    class DecodingError(Exception):
        pass

    with pytest.raises(DecodingError):
        list(ahead(prompts()))


def test_large_images_are_not_read_far_ahead() -> None:
    """What is held of a batch of requests is bounded by the JSON they hold, not by their text."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 2**20}}
    line = json.dumps({"messages": [{"role": "user", "content": [image]}]}).encode() + b"\n"
    read = 0

    def prompts() -> Iterator[tuple[str, Prompt]]:
        nonlocal read
        for prompt in Requests(io.BytesIO(line * 40)):
            read += 1
            yield "a.jsonl", prompt

    assert len(list(islice(ahead(prompts()), 1))) == 1
    assert read < 20


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4-5"])
def test_an_image_of_unknown_size_leaves_no_band(model: str) -> None:
    text: dict[str, object] = {"type": "text", "text": "hello"}
    image: dict[str, object] = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    without, with_image = (
        parse(Text(json.dumps([{"role": "user", "content": parts}])), json_allowed=True)
        for parts in ([text], [text, image])
    )
    assert count(without, model).low is not None
    found = count(with_image, model)
    assert (found.low, found.high, found.exact) == (None, None, False)
