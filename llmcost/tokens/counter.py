"""The one function that counts: `count(prompt, model, provider)`; `ahead` makes it fast for many prompts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from llmcost.tokens.encodings import ASSUMED, DEFAULT, NOT_ITS_OWN, QWEN, Tokenizer, openai_tokenizer, qwen_tokenizer
from llmcost.tokens.prompt import Prompt, plain
from llmcost.tokens.vocabulary import batch_count

if TYPE_CHECKING:
    from llmcost.tokens.ratios import Learned

Key = TypeVar("Key")
#: Characters of text counted by one call, and such batches waiting.
_BATCH = 2 * 2**20
_AHEAD = 4
#: What a prompt weighs besides its text, so that a batch of tiny ones is no heap of objects.
_EACH = 2_000


class Count(NamedTuple):
    """Input tokens of one request, and how far to trust them."""

    tokens: int
    exact: bool
    """What the provider will bill, as far as it is published or observed."""
    method: str
    """The encoding, and what is uncertain about it."""
    low: int | None = None
    high: int | None = None


def count(
    prompt: str | Prompt, model: str, provider: str = "", *, also: str = "", ratios: Learned | None = None
) -> Count:
    """Input tokens of `prompt` as a request to `model` (its bare name) of `provider` (the catalogue's id).

    Text is one message of the role user. Strings such as <|endoftext|> are ordinary text, never special tokens.
    Exact for OpenAI's models (encodings by toktok, chat format by the rule in `encodings`), but for parts whose
    counting is not published. Other models are counted by their own tokenizer where it is installed (`installed`),
    else the o200k_base count is multiplied by a ratio for the class of text: one of `ratios`, which the ledger taught
    (`calibration.load`), or a measured one, each with its band, or an assumed one, which is "uncalibrated".
    `also`: another name of the model (its price's), tried where the first gives no exact count.
    """
    if isinstance(prompt, str):
        prompt = plain(prompt)
    tokenizer = _tokenizer(model, provider, also)
    if tokenizer:
        found = _by_tokenizer(prompt, tokenizer)
    else:
        from llmcost.tokens.others import by_family

        found = by_family(prompt, model, provider, also, ratios or {})
    if prompt.images or prompt.tools or prompt.extra_tokens:
        return _with_extras(found, prompt, also or model, provider, tokenizer)
    return found


def _with_extras(found: Count, prompt: Prompt, model: str, provider: str, tokenizer: Tokenizer | None) -> Count:
    """`found` and what the request costs beyond its texts."""
    from llmcost.tokens.extras import extras

    def tokens_of(text: str) -> int:
        return _text_tokens(text, model, provider)

    openai = tokenizer and tokenizer.encoding != QWEN
    more = extras(prompt, model, provider, tokenizer.rule if tokenizer and openai else None, tokens_of)
    return Count(
        found.tokens + more.tokens, found.exact and not more.doubts, "; ".join((found.method, *more.doubts)),
        None if found.low is None or more.doubts else found.low + more.tokens,
        None if found.high is None or more.doubts else found.high + more.tokens,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _text_tokens(text: str, model: str, provider: str) -> int:
    """Tokens of a text alone; kept, as the lines of a batch offer the same tools."""
    return count(plain(text), model, provider).tokens - count("", model, provider).tokens


def encoding_of(model: str, provider: str = "", *, also: str = "") -> str:
    """The encoding `count` uses for a model, be it the model's own or what a ratio is taken of."""
    tokenizer = _tokenizer(model, provider, also)
    return tokenizer.encoding if tokenizer else DEFAULT


def encoding_known(model: str, provider: str = "") -> bool:
    """Whether the model is counted by an encoding, and not by what `others` knows of its family."""
    return _tokenizer(model, provider, "") is not None


def text_tokens(prompt: Prompt) -> int:
    """What ratios are taken of: the o200k_base tokens of the texts without the roles, each of which is one token."""
    return _tokens(prompt, DEFAULT) - len(prompt.roles)


def ahead(prompts: Iterable[tuple[Key, Prompt]], encodings: Iterable[str] = (DEFAULT,)) -> Iterator[tuple[Key, Prompt]]:
    """The same pairs in the same order, already counted by `encodings`, so that `count` only looks the tokens up.

    A few MiB of text are held at once. They are counted in a thread, without Python's lock, while more are read.
    """
    encodings = tuple(encodings)
    batches = _batches(prompts)
    begin = list(islice(batches, 2))
    if len(begin) < 2:
        yield from _counted(begin[0], encodings) if begin else ()
        return
    from concurrent.futures import Future, ThreadPoolExecutor

    waiting: deque[Future[list[tuple[Key, Prompt]]]] = deque()
    with ThreadPoolExecutor(1) as counting:
        for batch in chain(begin, batches):
            waiting.append(counting.submit(_counted, batch, encodings))
            if len(waiting) > _AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _batches(prompts: Iterable[tuple[Key, Prompt]]) -> Iterator[list[tuple[Key, Prompt]]]:
    batch: list[tuple[Key, Prompt]] = []
    size = 0
    for key, prompt in prompts:
        batch.append((key, prompt))
        size += max(sum(map(len, prompt.texts)), prompt.weight) + _EACH
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _counted(batch: list[tuple[Key, Prompt]], encodings: tuple[str, ...]) -> list[tuple[Key, Prompt]]:
    texts = [text for _, prompt in batch for text in prompt.texts]
    for encoding in encodings:
        counts = iter(batch_count(texts, encoding))
        for _, prompt in batch:
            prompt.memo[encoding] = sum(islice(counts, len(prompt.texts)))
    return batch


@lru_cache(maxsize=4_096)
def _tokenizer(model: str, provider: str, also: str) -> Tokenizer | None:
    """The model's tokenizer, or that of its other name where only that is known for sure."""
    found = _named(model, provider)
    if also and not (found and found.sure):
        other = _named(also, provider)
        return other if other and other.sure else found
    return found


def _named(model: str, provider: str) -> Tokenizer | None:
    found = openai_tokenizer(model) or qwen_tokenizer(model)
    if found is None and provider == "openai":
        return Tokenizer(DEFAULT, ASSUMED, NOT_ITS_OWN)
    return found


def _by_tokenizer(prompt: Prompt, tokenizer: Tokenizer) -> Count:
    encoding, rule = tokenizer.encoding, tokenizer.rule
    doubts = [tokenizer.doubt] if tokenizer.doubt else []
    if rule is None:
        tokens = sum(batch_count([prompt.body], encoding))
    else:
        tokens = _tokens(prompt, encoding) + rule.overhead(prompt.messages, prompt.names)
        if not rule.known:
            doubts.append("chat format assumed")
    if not prompt.complete:
        doubts.append("input not countable in full")
    if doubts:
        return Count(tokens, False, f"{encoding} ({', '.join(doubts)})")
    return Count(tokens, True, encoding, tokens, tokens)


def _tokens(prompt: Prompt, encoding: str) -> int:
    """Tokens of the prompt's texts; counted once for all models of one encoding."""
    known = prompt.memo.get(encoding)
    if known is None:
        known = prompt.memo[encoding] = sum(batch_count(prompt.texts, encoding))
    return known
