"""What a request costs beyond its texts: images, tools, and variables of a known size."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from llmcost.tokens.encodings import ChatRule
from llmcost.tokens.images import Tokens, image_tokens
from llmcost.tokens.prompt import Prompt
from llmcost.tokens.tools import JSON_TEXT, Tools, claude_tools, openai_tools


class Extras(NamedTuple):
    """Tokens to add to those of the texts; `doubts` why they are not exact."""

    tokens: int = 0
    doubts: tuple[str, ...] = ()


def extras(prompt: Prompt, model: str, provider: str, rule: ChatRule | None, tokens_of: Callable[[str], int]) -> Extras:
    """`rule`: the chat format of `model`, where it is OpenAI's; `tokens_of`: the tokens of a text."""
    found = [image_tokens(image, model, provider) for image in prompt.images]
    if prompt.tools and prompt.tools.definitions:
        found.append(_tools(prompt, prompt.tools, model, provider, rule, tokens_of))
    doubts = dict.fromkeys(item.note for item in found if item.note)
    return Extras(sum(item.tokens for item in found) + prompt.extra_tokens, tuple(doubts))


def _tools(
    prompt: Prompt, tools: Tools, model: str, provider: str, rule: ChatRule | None, tokens_of: Callable[[str], int]
) -> Tokens:
    if "claude" in model.lower() or provider == "anthropic":
        return claude_tools(tools, model, tokens_of)
    if rule is None:
        return Tokens(tokens_of(tools.text), JSON_TEXT)
    system = bool({"system", "developer"} & set(prompt.roles))
    return openai_tools(tools, reasoning=rule.priming == 2, published=rule.known, system=system, tokens_of=tokens_of)
