"""From labelled prompts to a router; cross-validation chooses how far weights are held back, and tests the result."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from llmcost.routing.features import Features
from llmcost.routing.learned import Band, Head
from llmcost.routing.ridge import Design, Scale

FOLDS = 5
#: Strengths of regularisation that are tried, in roots of the number of prompts: the weaker the fewer, as with few the
#: choice is mostly chance, and what is held back too much tells prompts apart no better than length.
STRENGTHS = (0.05, 0.1, 0.2)
_SEED = 7
#: Labels a band of predictions holds at least, and how many bands there are at most.
_BAND, _BANDS = 50, 10
_Z = 1.96


class Example(NamedTuple):
    """A prompt's features and the quality (0 to 1) of each model's answer; USD per answer where known."""

    features: Features
    quality: Mapping[str, float]
    usd: Mapping[str, float] = {}
    keywords: int | None = None
    """How hard it looks by cue words (`complexity.LEVELS`); None: its text is not known."""


class Trained(NamedTuple):
    scale: Scale
    heads: dict[str, Head]
    """All of them off; the gate decides."""
    held_out: dict[str, list[float]]
    """Per model what is predicted of each prompt by a model trained without that prompt's fold."""
    strength: float


def train(
    examples: Sequence[Example], models: Sequence[str], progress: Callable[[str], None] = lambda _: None
) -> Trained:
    """Per model a ridge on the prompts labelled for it, all with the strength that orders held-out prompts best.

    With one strength for all, the difference of two predictions is the ridge on the difference of the labels: to
    predict each model's quality or the gap to the strongest comes to the same where both are labelled.
    """
    design = Design([each.features for each in examples])
    folds = _folds(len(examples))
    known = {model: [model in each.quality for each in examples] for model in models}
    targets = {model: [each.quality.get(model, 0.0) for each in examples] for model in models}

    def held_out(strength: float) -> dict[str, list[float]]:
        said = {model: [0.5] * len(examples) for model in models}
        for fold in range(FOLDS):
            progress(f"strength {strength:g}, fold {fold + 1} of {FOLDS}")
            for model in models:
                use = [labelled and other != fold for labelled, other in zip(known[model], folds, strict=True)]
                if any(use):
                    found = design.fit(targets[model], use, strength)[1]
                    said[model] = [b if fold == n else a for a, b, n in zip(said[model], found, folds, strict=True)]
        return said

    tried = {strength: held_out(strength) for strength in (each * sqrt(len(examples)) for each in STRENGTHS)}
    strength = max(tried, key=lambda each: _agreement(examples, tried[each]))
    said = tried[strength]
    progress("all prompts")
    heads = {}
    for model in models:
        weights, _ = design.fit(targets[model], known[model], strength)
        seen = [(said[model][n], each.quality[model]) for n, each in enumerate(examples) if model in each.quality]
        heads[model] = Head(weights, bands(seen), len(seen), on=False)
    return Trained(design.scale, heads, said, strength)


def _folds(n: int) -> list[int]:
    folds = [place % FOLDS for place in range(n)]
    random.Random(_SEED).shuffle(folds)  # noqa: S311
    return folds


def _agreement(examples: Sequence[Example], held_out: Mapping[str, Sequence[float]]) -> float:
    """Correlation of predicted and labelled quality, each less its mean over the models the prompt is labelled for."""
    said, was = [], []
    for n, each in enumerate(examples):
        predicted = [held_out[model][n] for model in each.quality]
        middle, mean = sum(predicted) / len(predicted), sum(each.quality.values()) / len(predicted)
        said += [value - middle for value in predicted]
        was += [value - mean for value in each.quality.values()]
    size = sqrt(sum(a * a for a in said) * sum(b * b for b in was))
    return sum(a * b for a, b in zip(said, was, strict=True)) / size if size else 0.0


def bands(seen: Sequence[tuple[float, float]]) -> tuple[Band, ...]:
    """(prediction, label) pairs in bands of as many: the mean label's 95 % interval (Wilson) in each."""
    ordered = sorted(seen)
    many = max(1, min(_BANDS, len(ordered) // _BAND))
    cuts = [len(ordered) * number // many for number in range(many + 1)]
    found = []
    for number, (start, end) in enumerate(pairwise(cuts)):
        low, high = _wilson(sum(label for _, label in ordered[start:end]), end - start)
        found.append(Band(-1e6 if number == 0 else ordered[start][0], low, high))
    return tuple(found)


def _wilson(good: float, n: int) -> tuple[float, float]:
    """Wilson's score interval; with labels between 0 and 1 it is wider than need be."""
    if not n:
        return 0.0, 1.0
    share, extra = good / n, _Z * _Z / n
    middle = (share + extra / 2) / (1 + extra)
    half = _Z * sqrt(share * (1 - share) / n + extra / (4 * n)) / (1 + extra)
    return max(0.0, middle - half), min(1.0, middle + half)
