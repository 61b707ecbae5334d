"""How much of a request's unchanging beginning a provider's prompt cache can serve, by its published rules.

OpenAI: prompts of 1,024 tokens and more, in steps of 128 (https://platform.openai.com/docs/guides/prompt-caching).
Anthropic: a minimum for each model (https://platform.claude.com/docs/en/build-with-claude/prompt-caching, as quoted in
anthropic-sdk-python's issue 1194; models since then as reported at
https://dev.to/creeta/claudes-prompt-cache-fails-silently-below-1024-tokens-1ch1).
Google: implicit caching of Gemini 2.5 and newer (https://ai.google.dev/gemini-api/docs/caching, 2026-10-13).
DeepSeek: units of 64 tokens (https://api-docs.deepseek.com/news/news0802).
"""

from __future__ import annotations

from typing import NamedTuple


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
