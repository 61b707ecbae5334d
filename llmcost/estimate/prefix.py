"""How much of a request's unchanging beginning a provider's prompt cache can serve, by its published rules.

OpenAI: prompts of 1,024 tokens and more, in steps of 128 (https://platform.openai.com/docs/guides/prompt-caching).
Anthropic: a minimum for each model (https://platform.claude.com/docs/en/build-with-claude/prompt-caching, as quoted in
anthropic-sdk-python's issue 1194; models since then as reported at
https://dev.to/creeta/claudes-prompt-cache-fails-silently-below-1024-tokens-1ch1).
Google: implicit caching of Gemini 2.5 and newer (https://ai.google.dev/gemini-api/docs/caching, 2026-10-13).
DeepSeek: units of 64 tokens (https://api-docs.deepseek.com/news/news0802).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from llmcost.estimate.models import Model
from llmcost.tokens.counter import count
from llmcost.tokens.prompt import Prompt


class PrefixRule(NamedTuple):
    """A cache serves prefixes of at least `minimum` tokens, in steps of `step` beyond."""

    minimum: int
    step: int = 1

    def cacheable(self, tokens: int) -> int:
        """Tokens of an unchanging beginning of `tokens` that a cache can serve; 0 when it is too short."""
        return 0 if tokens < self.minimum else tokens - (tokens - self.minimum) % self.step


_OPENAI = PrefixRule(1024, 128)
_DEEPSEEK = PrefixRule(64, 64)
#: By part of the model's name, the first that is in it; Claude models before 4 have their family's name last.
_CLAUDE = {
    "opus-5": 512, "fable-5": 512, "mythos-5": 512,
    "opus-4-8": 1024, "opus-4-7": 2048, "opus-4-6": 4096, "opus-4-5": 4096, "opus": 1024,
    "haiku-4-5": 4096, "3-5-haiku": 2048, "3-haiku": 2048,
    "sonnet": 1024,
}  # fmt: skip
#: For a model nobody has published a minimum of: the largest known, so that no saving is promised that may not be.
_LONGEST = 4096


def prefix_rule(provider: str, model: str) -> PrefixRule | None:
    """The rule for a model of the catalogue's `provider`; None where nothing is published."""
    name = model.lower().replace(".", "-")
    if "claude" in name:
        return PrefixRule(next((minimum for part, minimum in _CLAUDE.items() if part in name), _LONGEST))
    if provider in {"openai", "azure"}:
        return _OPENAI
    if provider == "google" and "gemini" in name:
        return PrefixRule(2048 if "2-5" in name else _LONGEST)
    return _DEEPSEEK if provider == "deepseek" else None


def servable(tokens: int, rule: PrefixRule | None) -> int:
    """The most tokens of a call that can come from a cache, whatever is declared, where its unchanging beginning has
    `tokens`. Of a provider that has published no rule nothing else is known than that it is no more than those."""
    return tokens if rule is None else rule.cacheable(tokens)


def tokens_alone(text: str | Prompt, model: str, provider: str, also: str = "") -> int:
    """Tokens of a text without the message around it."""
    return count(text, model, provider, also=also).tokens - around(model, provider, also)


@cache
def around(model: str, provider: str, also: str) -> int:
    """Tokens of a message without text."""
    return count("", model, provider, also=also).tokens


def most_cached(beginning: str | None, input_tokens: int, model: Model) -> int:
    """The most of a request's `input_tokens` that a cache can serve, `beginning` being what precedes its first
    placeholder; None: it has none, and all of it is alike in every call."""
    card = model.priced.card
    named = model.name, card.provider, card.model
    tokens = input_tokens - around(*named) if beginning is None else tokens_alone(beginning, *named)
    return servable(max(0, min(tokens, input_tokens)), prefix_rule(card.provider, card.model))
