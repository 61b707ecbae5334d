"""Made prompts with labels whose truth is known."""

from __future__ import annotations

import random

from llmcost.routing.features import features
from llmcost.routing.training import Example

STRONG, WEAK = "big", "mini"
_WORDS = ["river", "stone", "cloud", "engine", "paper", "garden", "window", "silver", "copper", "market", "bridge"]


def told_by_a_word(n: int, *, noise: float = 0.1) -> list[Example]:
    """The weak model fails where the prompt says `integral`; length says nothing."""
    draw = random.Random(11)
    found = []
    for _ in range(n):
        words = draw.choices(_WORDS, k=draw.randint(5, 40))
        hard = draw.random() < 0.4
        if hard:
            words[draw.randrange(len(words))] = "integral"
        fails = hard if draw.random() > noise else not hard
        found.append(Example(features(" ".join(words)), {STRONG: 1.0, WEAK: float(not fails)}))
    return found


def told_by_length(n: int) -> list[Example]:
    """The longer the prompt, the likelier the weak model fails; its words, each of one length, say nothing."""
    draw = random.Random(12)
    found = []
    for _ in range(n):
        many = draw.randint(5, 60)
        text = " ".join(draw.choices([word for word in _WORDS if len(word) == 6], k=many))
        found.append(Example(features(text), {STRONG: 1.0, WEAK: float(draw.random() > many / 60)}))
    return found
