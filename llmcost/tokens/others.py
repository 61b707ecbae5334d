"""Counts for models that are none of OpenAI's: by their own tokenizer where it is installed, else by a ratio."""

from __future__ import annotations

from llmcost.core.money import round_half_even
from llmcost.tokens import installed
from llmcost.tokens.counter import Count, encoding_known, text_tokens
from llmcost.tokens.encodings import DEFAULT
from llmcost.tokens.families import Family, family_of
from llmcost.tokens.prompt import Prompt
from llmcost.tokens.ratios import Learned, band, language_class


def ratio_family(model: str, provider: str = "") -> Family | None:
    """The family by which a ratio for the model is chosen; None for a model that is counted by an encoding."""
    return None if encoding_known(model, provider) else family_of(model)


def by_family(prompt: Prompt, model: str, provider: str, also: str, learned: Learned) -> Count:
    """The count for a model that is none of OpenAI's."""
    family = family_of(model)
    if also and not family.vocabulary:
        family = family_of(also)
    own = _own(prompt, family)
    return _by_ratio(prompt, family, provider, learned) if own is None else own


def _own(prompt: Prompt, family: Family) -> Count | None:
    """The count by the family's own vocabulary; None where no installed package has it."""
    vocabulary = family.vocabulary
    if vocabulary in prompt.memo:
        texts = prompt.memo[vocabulary]
    else:
        counts = installed.batch_count([*prompt.texts, *prompt.roles], vocabulary)
        if counts is None:
            return None
        of_texts = len(prompt.texts)
        texts = prompt.memo[vocabulary] = sum(counts[:of_texts]) - sum(counts[of_texts:])
    low, tokens, high = (texts + frame for frame in family.overheads(prompt.roles))
    doubts = [] if family.settled else [f"chat format varies: {low:,} to {high:,}"]
    if not prompt.complete:
        doubts.append("input not countable in full")
    name = installed.PACKAGES[vocabulary].name
    method = f"{name} ({', '.join(doubts)})" if doubts else name
    return Count(tokens, not doubts, method, *((low, high) if prompt.complete else (None, None)))


def _by_ratio(prompt: Prompt, family: Family, provider: str, learned: Learned) -> Count:
    """The o200k_base count times a ratio, with its band."""
    kind = language_class(prompt.body)
    taught = learned.get((provider, family.name, kind))
    ratio = taught or band(family.vocabulary, kind)
    texts = text_tokens(prompt)
    least, frame, most = family.overheads(prompt.roles)
    # A text has a token at the least. A short one's estimate rounded up would be its own upper end.
    some = min(texts, 1)
    tokens = max(some, round_half_even(texts * ratio.percent, 100)) + frame
    method = f"{DEFAULT} x {ratio.percent / 100:.2f} ({kind}), "
    if ratio.low is None or ratio.high is None:
        return Count(tokens, False, f"{method}uncalibrated")
    method += f"p5-p95 {ratio.low / 100:.2f}-{ratio.high / 100:.2f}, n={ratio.n:,}"
    method += ", calibrated on your ledger" if taught else ""
    if not prompt.complete:
        return Count(tokens, False, f"{method}; input not countable in full")
    low, high = max(some, texts * ratio.low // 100), -(-texts * ratio.high // 100)
    return Count(tokens, False, method, low + least, high + most)
