"""The part of a prompt that a provider's cache can serve, and what a change does to it (the model: docs/diff.md)."""

from __future__ import annotations

from itertools import takewhile
from typing import NamedTuple

from llmcost.core.usage import MAX_TOKENS
from llmcost.estimate.diff.sent import Prefix
from llmcost.estimate.models import Model
from llmcost.estimate.prefix import PrefixRule, prefix_rule, servable, tokens_alone
from llmcost.tokens.prompt import Prompt

#: Of a provider that has published none nothing is claimed.
_NO_RULE = PrefixRule(MAX_TOKENS)


class Cacheable(NamedTuple):
    """The static beginning of a prompt."""

    text: str
    tokens: int
    """Of its text, without the few of the chat format."""
    usable: int
    """Of these, what the provider's cache serves by its published rule; 0 where it is too short or nothing is known."""
    minimum: int
    step: int
    placeholder: str
    """What ends it; empty when nothing does."""
    line: int
    model: str
    provider: str

    @property
    def has_rule(self) -> bool:
        """Whether the provider has published what its cache serves."""
        return self.minimum != _NO_RULE.minimum

    @property
    def believed(self) -> int:
        """The most tokens of a call that can come from a cache, whatever is declared."""
        return servable(self.tokens, PrefixRule(self.minimum, self.step) if self.has_rule else None)


class BrokenPrefix(NamedTuple):
    """A discount that every call loses."""

    line: int
    placeholder: str
    """What now ends the static beginning; empty where that is only too short."""
    before: int
    """Tokens that a cache could serve."""
    after: int
    minimum: int
    """The shortest beginning that the provider caches."""
    lost_tokens: int = 0
    """Of an average call."""
    call_nano: int = 0
    month_nano: int | None = None
    basis: str = ""
    """Where the cached tokens are from: `measured`, `declared`, or `at most`, as if every call had hit the cache."""


def cacheable(found: Prefix, static: Prompt, priced: Model | None) -> Cacheable:
    """The static beginning of a call, also given as a prompt, as a request to the model."""
    model, provider, also = ("", "", "")
    if priced:
        model, provider, also = priced.name, priced.priced.card.provider, priced.priced.card.model
    tokens = tokens_alone(static, model, provider, also)
    rule = prefix_rule(provider, also or model) or _NO_RULE
    return Cacheable(
        found.text, tokens, rule.cacheable(tokens), rule.minimum, rule.step, found.placeholder, found.line,
        model, provider,
    )  # fmt: skip


def broken(before: Cacheable, after: Cacheable, input_before: int, input_after: int) -> BrokenPrefix | None:
    """Whether tokens that are still sent can no longer be cached: more of the input is outside than was."""
    moved_out = min(before.usable - after.usable, (input_after - after.usable) - (input_before - before.usable))
    if moved_out < after.step or not after.has_rule:
        return None
    return BrokenPrefix(after.line, after.placeholder, before.usable, after.usable, after.minimum)


def first_difference(before: Cacheable, after: Cacheable) -> int | None:
    """About which token of the cached beginning is the first that differs; None when all of it is as it was."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before.text, after.text, strict=False)))
    if same == len(before.text):
        return None
    at = tokens_alone(before.text[:same], after.model, after.provider)
    return at if at < before.usable else None
