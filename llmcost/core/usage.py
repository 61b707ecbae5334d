"""What one request used, in buckets that never overlap.

Providers report overlapping counts: OpenAI's and OpenTelemetry's input includes cached tokens and their
output includes reasoning; Anthropic's input excludes cache reads and writes. Sources convert; from here
up every token is in exactly one bucket, so no token can be billed twice.
"""

from __future__ import annotations

from typing import NamedTuple


class Usage(NamedTuple):
    """Token counts (and web searches) of one request; every bucket is disjoint and >= 0."""

    input: int = 0
    """Uncached text input tokens."""
    cached: int = 0
    """Input tokens read from the provider's prompt cache."""
    write_5m: int = 0
    """Input tokens written to a cache that lives five minutes (or the provider's only lifetime)."""
    write_1h: int = 0
    """Input tokens written to a cache that lives one hour."""
    input_audio: int = 0
    """Uncached audio input tokens."""
    cached_audio: int = 0
    """Audio input tokens read from the prompt cache."""
    input_image: int = 0
    """Uncached image or video input tokens, where the provider counts them apart."""
    output: int = 0
    """Text output tokens without reasoning."""
    reasoning: int = 0
    """Output tokens spent on reasoning (thinking, thoughts)."""
    output_audio: int = 0
    """Audio output tokens."""
    output_image: int = 0
    """Image output tokens."""
    web_searches: int = 0
    """Billed web searches (a count, not tokens)."""

    @property
    def input_total(self) -> int:
        """All input tokens: cached, cache writes, audio and image included."""
        return sum(self[:7])

    @property
    def cached_total(self) -> int:
        return self.cached + self.cached_audio

    @property
    def output_total(self) -> int:
        """All output tokens: reasoning, audio and image included."""
        return sum(self[7:11])

    @property
    def tokens(self) -> int:
        """Input plus output tokens."""
        return sum(self[:11])


BUCKETS: tuple[str, ...] = Usage._fields
#: A cost has one more part than a usage: request fees, and a reported cost that cannot be split.
COST_PARTS: tuple[str, ...] = (*BUCKETS, "fees")

#: Larger than any context window or day of one request; beyond it a field is corrupt.
MAX_TOKENS = 10**12


def usage_from_totals(
    *,
    input_total: int = 0,
    cached: int = 0,
    write_5m: int = 0,
    write_1h: int = 0,
    input_audio: int = 0,
    cached_audio: int = 0,
    input_image: int = 0,
    output_total: int = 0,
    reasoning: int = 0,
    output_audio: int = 0,
    output_image: int = 0,
    web_searches: int = 0,
) -> Usage:
    """Split totals that include their parts (OpenAI, OpenTelemetry, Gemini, the interchange record).

    `cached` counts text and audio reads together when `cached_audio` is its subset.

    Raises:
        ValueError: a negative or implausible count, or parts that exceed their total.
    """
    counts = (
        input_total, cached, write_5m, write_1h, input_audio, cached_audio, input_image,
        output_total, reasoning, output_audio, output_image, web_searches,
    )  # fmt: skip
    if min(counts) < 0:
        raise ValueError("a token count is negative")
    if max(counts) > MAX_TOKENS:
        raise ValueError("a token count is implausibly large")
    plain_cached = cached - cached_audio
    plain_input = input_total - cached - write_5m - write_1h - input_audio - input_image
    plain_output = output_total - reasoning - output_audio - output_image
    if plain_cached < 0 or plain_input < 0:
        raise ValueError("cached, cache-write, audio and image tokens exceed the input tokens")
    if plain_output < 0:
        raise ValueError("reasoning, audio and image tokens exceed the output tokens")
    return Usage(
        plain_input, plain_cached, write_5m, write_1h, input_audio, cached_audio, input_image,
        plain_output, reasoning, output_audio, output_image, web_searches,
    )  # fmt: skip


def usage_from_parts(usage: Usage) -> Usage:
    """Check disjoint counts (Anthropic, Bedrock).

    Raises:
        ValueError: a negative or implausible count.
    """
    if min(usage) < 0:
        raise ValueError("a token count is negative")
    if max(usage) > MAX_TOKENS:
        raise ValueError("a token count is implausibly large")
    return usage
