"""Frames are checked against the billed input tokens of recorded requests."""

from __future__ import annotations

import pytest

from llmcost.tokens.families import family_of


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("claude-3-5-haiku-20241022", "claude-3"), ("claude-sonnet-4-20250514", "claude-3"),
        ("claude-opus-4-20250514", "claude-3"), ("us.anthropic.claude-sonnet-4-6", "claude-3"),
        ("claude-opus-4-5-20251101", "claude-3"), ("anthropic/claude-opus-4.6", "claude-3"),
        ("claude-haiku-4-5", "claude-3"), ("claude-3-opus-latest", "claude-3"),
        ("claude-opus-4-7", "claude-4.7"), ("anthropic/claude-opus-4.7", "claude-4.7"),
        ("claude-opus-4-8", "claude-4.8"), ("claude-opus-4-10", "claude-4.8"), ("claude-sonnet-5", "claude-4.8"),
        ("claude-opus-5-20270101", "claude-4.8"), ("claude-fable-5", "claude-4.8"), ("claude-2.1", "claude-2"),
        ("anthropic.claude-v2", "claude-2"), ("claude-instant-1.2", "claude-2"),
        ("gemini-1.5-flash", "gemini-2.0"), ("gemini-2.0-flash-001", "gemini-2.0"), ("gemini-2.5-pro", "gemini"),
        ("google/gemini-3-pro-preview", "gemini"), ("deepseek-chat", "deepseek"), ("us.deepseek.r1-v1:0", "deepseek"),
        ("deepseek-r1-distill-llama-70b", "deepseek-llama"), ("mistral-large-latest", "mistral"),
        ("codestral-latest", "mistral"), ("open-mixtral-8x7b", "mistral-1"), ("mistral-large-2402", "mistral-1"),
        ("ministral-8b-latest", "mistral"), ("llama-3.3-70b-versatile", "llama-3"), ("llama3-8b-8192", "llama-3.0"),
        ("meta.llama3-1-8b-instruct-v1:0", "llama-3"), ("meta-llama/llama-4-scout", "llama-4"),
    ],
)  # fmt: skip
def test_a_models_family(model: str, family: str) -> None:
    assert family_of(model).name == family


def test_a_model_nobody_measured_is_a_family_of_its_own() -> None:
    found = family_of("x-ai/Grok-4")
    assert (found.name, found.vocabulary, found.settled) == ("grok-4", "", True)
    # As OpenAI's chat format: three tokens and a role for the message, three before the reply.
    assert found.overheads(("user",)) == (7, 7, 7)


@pytest.mark.parametrize(
    ("model", "roles", "least", "usual", "most"),
    [
        # Recorded: "What is the capital of France?" and the like, less the text's own tokens (docs/estimate.md).
        ("claude-sonnet-4-0", ("user",), 7, 7, 8),
        ("claude-sonnet-4-0", ("system", "user"), 7, 7, 8),
        ("claude-sonnet-4-0", ("user", "assistant", "user"), 13, 13, 14),
        ("claude-opus-4-8", ("system", "user", "assistant", "user"), 12, 12, 13),
        ("gemini-2.0-flash", ("system", "user"), 0, 0, 0),
        ("gemini-3-pro-preview", ("user", "model", "user"), 0, 3, 3),
        ("gemini-2.5-flash", ("system", "user"), 0, 2, 2),
        ("deepseek-chat", ("user",), 3, 3, 5),
        ("deepseek-chat", ("system", "user"), 3, 3, 5),
        ("mistral-large-latest", ("user",), 3, 3, 3),
        ("mistral-large-latest", ("system", "user"), 5, 5, 5),
        ("mistral-large-latest", ("system", "user", "assistant", "user"), 8, 8, 8),
        ("llama-3.3-70b-versatile", ("user",), 10, 35, 35),
        ("llama-3.3-70b-versatile", ("developer", "user"), 15, 35, 35),
        ("llama3-8b-8192", ("user",), 10, 10, 10),
    ],
)  # fmt: skip
def test_frames(model: str, roles: tuple[str, ...], least: int, usual: int, most: int) -> None:
    assert family_of(model).overheads(roles) == (least, usual, most)
