"""The one function that counts: `count(prompt, model, provider)`."""

from __future__ import annotations

from typing import NamedTuple

from llmcost.tokens.encodings import ASSUMED, DEFAULT, Tokenizer, openai_tokenizer, qwen_tokenizer
from llmcost.tokens.prompt import Prompt, plain
from llmcost.tokens.ratios import language_class, percent_of_o200k


class Count(NamedTuple):
    """Input tokens of one request, and how far to trust them."""

    tokens: int
    exact: bool
    """What the provider will bill, as far as it is published or observed."""
    method: str
    """The encoding, and what is uncertain about it."""


def count(prompt: str | Prompt, model: str, provider: str = "", *, also: str = "") -> Count:
    """Input tokens of `prompt` as a request to `model` (its bare name) of `provider` (the catalogue's id).

    Text is one message of the role user. Strings such as <|endoftext|> are ordinary text, never special tokens.
    Exact for OpenAI's models (encodings by toktok, chat format by the rule in `encodings`), but for parts whose
    counting is not published. Otherwise the o200k_base count times a ratio for the class of text, "uncalibrated".
    `also`: another name of the model (its price's), tried where the first gives no exact count.
    """
    if isinstance(prompt, str):
        prompt = plain(prompt)
    found = _by_name(prompt, model, provider)
    if not found.exact and also and also != model:
        other = _by_name(prompt, also, provider)
        return other if other.exact else found
    return found


def _by_name(prompt: Prompt, model: str, provider: str) -> Count:
    tokenizer = openai_tokenizer(model) or qwen_tokenizer(model)
    if tokenizer is not None:
        return _by_tokenizer(prompt, tokenizer)
    if provider == "openai":
        return _by_tokenizer(prompt, Tokenizer(DEFAULT, ASSUMED, exact=False))
    percent = percent_of_o200k(provider, family := language_class(prompt.body))
    tokens = -(-_tokens(prompt, DEFAULT) * percent // 100) + ASSUMED.overhead(prompt.messages, prompt.names)
    return Count(tokens, False, f"{DEFAULT} x {percent / 100:.2f} ({family}), uncalibrated")


def _by_tokenizer(prompt: Prompt, tokenizer: Tokenizer) -> Count:
    encoding, rule = tokenizer.encoding, tokenizer.rule
    doubts = [] if tokenizer.exact else ["not the model's own"]
    if rule is None:
        tokens = sum(_count([prompt.body], encoding))
    else:
        tokens = _tokens(prompt, encoding) + rule.overhead(prompt.messages, prompt.names)
        if not rule.known:
            doubts.append("chat format assumed")
    if not prompt.complete:
        doubts.append("input not countable in full")
    return Count(tokens, not doubts, f"{encoding} ({', '.join(doubts)})" if doubts else encoding)


def _tokens(prompt: Prompt, encoding: str) -> int:
    """Tokens of the prompt's texts; counted once for all models of one encoding."""
    known = prompt.memo.get(encoding)
    if known is None:
        known = prompt.memo[encoding] = sum(_count(prompt.texts, encoding))
    return known


def _count(texts: tuple[str, ...] | list[str], encoding: str) -> list[int]:
    import toktok

    counts: list[int] = toktok.batch_count(list(texts), encoding)
    return counts
