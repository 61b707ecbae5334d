"""Which vocabulary a model outside OpenAI uses, and what its chat format adds to the text.

The frames are those that recorded requests show: the billed input tokens of text-only requests without tools in the
test cassettes of public repositories, less the text's own tokens (docs/estimate.md, "Chat formats", says how many of
them each frame fits, and which repositories). A model is known by its name, whoever serves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class Frame(NamedTuple):
    """Tokens a chat request has beyond its texts: once, and for each message by its role."""

    base: int
    user: int
    assistant: int
    system: int

    def overhead(self, roles: Iterable[str]) -> int:
        return self.base + sum(self._of(role) for role in roles)

    def _of(self, role: str) -> int:
        if role in {"system", "developer"}:
            return self.system
        return self.assistant if role in {"assistant", "model"} else self.user


class Family(NamedTuple):
    """Models of one vocabulary and chat format."""

    name: str
    vocabulary: str
    """Key of `ratios.MEASURED` and of `installed.PACKAGES`; empty when nobody has measured it."""
    frame: Frame
    least: Frame | None = None
    """The frame where it was seen to cost less."""
    most: Frame | None = None

    def overheads(self, roles: tuple[str, ...]) -> tuple[int, int, int]:
        """Tokens of the frame around messages of these roles: the least seen, the usual, and the most seen."""
        usual = self.frame.overhead(roles)
        least = self.least.overhead(roles) if self.least else usual
        return least, usual, self.most.overhead(roles) if self.most else usual

    @property
    def settled(self) -> bool:
        """Every recorded request has the same frame."""
        return self.least is None and self.most is None


#: OpenAI's frame, as a guess: 3 tokens and a role a message, 3 before the reply.
_GUESS = Frame(3, 4, 4, 4)
_MISTRAL = Frame(1, 2, 1, 2)
_MIXTRAL_AT_TOGETHER = Frame(7, 2, 1, 2)
_DEEPSEEK = Frame(2, 1, 2, 0)
#: DeepSeek's own API opens the reasoner's reply with a <think> of two tokens.
_DEEPSEEK_THINKS = Frame(4, 1, 2, 0)
#: Llama 3.1 to 3.3 open every chat with a system message about their dates; OpenRouter and Snowflake leave it out.
_LLAMA_DATED, _LLAMA = Frame(30, 5, 5, 0), Frame(5, 5, 5, 5)

#: First match wins.
_FAMILIES: tuple[tuple[re.Pattern[str], Family], ...] = tuple(
    (re.compile(pattern), family)
    for pattern, family in (
        (r"claude-(?:v?[12]\b|instant)", Family("claude-2", "", _GUESS)),
        (r"claude.*opus-4[-.]7(?!\d)", Family("claude-4.7", "claude-4.7", Frame(8, 3, 3, 0), most=Frame(9, 3, 3, 0))),
        (
            r"claude.*(?:opus-4[-.](?:[89]|[1-9]\d)|(?:opus|sonnet|haiku)-(?:[5-9]|[1-9]\d))(?!\d)|claude-(?:fable|mythos)",
            Family("claude-4.8", "claude-4.7", Frame(3, 3, 3, 0), most=Frame(4, 3, 3, 0)),
        ),
        (r"claude", Family("claude-3", "claude-3", Frame(4, 3, 3, 0), most=Frame(5, 3, 3, 0))),
        (r"gemini-(?:1|2[-.]0|pro)", Family("gemini-2.0", "gemini", Frame(0, 0, 0, 0))),
        # Vertex AI bills the text alone, the Gemini API a token for each part.
        (r"gemini", Family("gemini", "gemini", Frame(0, 1, 1, 1), least=Frame(0, 0, 0, 0))),
        (r"deepseek.*distill.*llama", Family("deepseek-llama", "llama-3", _DEEPSEEK, most=_DEEPSEEK_THINKS)),
        (r"deepseek(?!.*distill)", Family("deepseek", "deepseek", _DEEPSEEK, most=_DEEPSEEK_THINKS)),
        (
            r"mixtral|mistral-tiny|mistral-7b|mistral-(?:small|medium|large)-(?:2312|240|2411)|codestral-(?:22b|2405)",
            Family("mistral-1", "mistral-1", _MISTRAL, most=_MIXTRAL_AT_TOGETHER),
        ),
        (r"(?:mi|mini|code|dev|magi)stral|pixtral|voxtral", Family("mistral", "mistral", _MISTRAL)),
        (r"llama-?4", Family("llama-4", "llama-4", _LLAMA, most=_LLAMA_DATED)),
        (r"llama-?3[-.][1-3](?!\d)", Family("llama-3", "llama-3", _LLAMA_DATED, least=_LLAMA)),
        (r"llama-?3", Family("llama-3.0", "llama-3", _LLAMA)),
    )
)


def family_of(model: str) -> Family:
    """The family of a model by its bare name; for one nobody has measured, a family of its own and a guessed frame."""
    name = model.strip().lower()
    for pattern, family in _FAMILIES:
        if pattern.search(name):
            return family
    return Family(name.rsplit("/", 1)[-1], "", _GUESS)
