"""Which tokenizer a model uses, and what its chat format adds to the text.

The chat rule is OpenAI's, from the cookbook "How to count tokens with tiktoken"
(https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken, num_tokens_from_messages): every message
adds 3 tokens to its role, content and name, a name 1 more, and the reply is primed with 3. For gpt-3.5-turbo-0301
it was 4 per message and -1 per name. The o-series and GPT-5 are primed with 2: seen in recorded requests of
pydantic-ai's tests ("hello" is 8 prompt tokens on gpt-4o-mini and 7 on o3-mini; tests/models/cassettes/test_openai)
and in the count OpenAI's API gave for the cookbook's own example on gpt-5, one below the published rule.
"""

from __future__ import annotations

from typing import NamedTuple

from llmcost.tokens.modelmap import model_map
from llmcost.tokens.vocabulary import at_hand

QWEN = "qwen3.5"
#: Stands in for an encoding that is not at hand.
DEFAULT = "o200k_base"
NOT_ITS_OWN = "not the model's own"


class ChatRule(NamedTuple):
    """Tokens a chat request has beyond its texts. `known`: published or observed for the model."""

    per_message: int
    per_name: int
    priming: int
    known: bool = True

    def overhead(self, messages: int, names: int) -> int:
        return self.per_message * messages + self.per_name * names + self.priming


_CHAT = ChatRule(3, 1, 3)
ASSUMED = ChatRule(3, 1, 3, known=False)
_REASONING = ChatRule(3, 1, 2)
_FIRST_TURBO = ChatRule(4, -1, 3)
#: ChatML around a message and before the reply: <|im_start|>, line end, <|im_end|>, line end; the role is a text.
_CHATML = ChatRule(4, 1, 3, known=False)

#: By beginning of the name, first match wins; the rest of a name has no effect on the format.
_RULES: tuple[tuple[str, ChatRule], ...] = (
    ("gpt-3.5-turbo-0301", _FIRST_TURBO),
    ("gpt-5-chat", ASSUMED),
    ("gpt-4.5", ASSUMED),
    ("gpt-3.5-turbo", _CHAT),
    ("gpt-35-turbo", _CHAT),
    ("gpt-4", _CHAT),
    ("chatgpt-4o", _CHAT),
    ("ft:gpt-3.5-turbo", _CHAT),
    ("ft:gpt-4", _CHAT),
    ("o1-mini", ASSUMED),
    ("o1", _REASONING),
    ("o3", _REASONING),
    ("o4-mini", _REASONING),
    ("gpt-5", _REASONING),
)
#: What is in the names of models that take more than the text, or add to it (deep research is among them).
_MORE_THAN_CHAT = ("audio", "realtime", "search", "transcribe", "tts", "image")
_NO_CHAT = ("text-embedding-", "text-davinci-", "text-curie-", "text-babbage-", "text-ada-", "davinci", "babbage",
            "curie", "ada", "code-", "gpt-3.5-turbo-instruct", "gpt-35-turbo-instruct", "ft:davinci", "ft:babbage",
            "gpt2", "gpt-2")  # fmt: skip


class Tokenizer(NamedTuple):
    """How a model's text becomes tokens. `rule` None: the text is sent as it is (embeddings, completions)."""

    encoding: str
    rule: ChatRule | None
    doubt: str = ""
    """Why the encoding is not the model's own; empty where it is."""

    @property
    def exact(self) -> bool:
        return not self.doubt

    @property
    def sure(self) -> bool:
        """The count of a whole request is what the provider bills."""
        return self.exact and (self.rule is None or self.rule.known)


def openai_tokenizer(model: str) -> Tokenizer | None:
    """The tokenizer of a model OpenAI's encodings serve, by its bare name; None for any other model.

    The map from model to encoding is tiktoken's. cl100k_base stands in for an old encoding whose ranks are not here.
    """
    name = model.strip().lower().rsplit("/", 1)[-1].removeprefix("openai.")
    encoding = model_map().encoding(name)
    if encoding is None:
        return None
    rule = None if name.startswith(_NO_CHAT) else chat_rule(name)
    if not at_hand(encoding):
        return Tokenizer("cl100k_base", rule, f"for {encoding}, whose ranks are not in tiktoken's cache")
    return Tokenizer(encoding, rule)


def qwen_tokenizer(model: str) -> Tokenizer | None:
    """Qwen models by name: the vocabulary of Qwen 3.5, which is exact for its text; older ones come close."""
    name = model.lower()
    return Tokenizer(QWEN, _CHATML, "" if QWEN in name else NOT_ITS_OWN) if "qwen" in name else None


def chat_rule(name: str) -> ChatRule:
    """The chat format of an OpenAI model; the published rule, marked as assumed, for one nobody has measured."""
    if any(word in name for word in _MORE_THAN_CHAT):
        return ASSUMED
    for start, rule in _RULES:
        if name.startswith(start):
            return rule
    return ASSUMED
