"""Ridge regression on features of prompts, by conjugate gradients, without numpy.

Every n-gram of a prompt counts the same, so a product with the matrix is a sum over looked-up numbers, which Python
does at 10 to 20 ns each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from math import sqrt
from operator import itemgetter, mul
from typing import NamedTuple

from llmcost.routing.features import BUCKETS, NAMES, Features

#: What one standard deviation of a number counts; all of them together a quarter of what all n-grams do, squared.
_DENSE_SHARE = sqrt(0.25 / len(NAMES))
#: Four standard deviations.
_LIMIT = 4 * _DENSE_SHARE
_ROUNDS = 40
_TOLERANCE = 1e-3


class Scale(NamedTuple):
    """How the numbers of `Features.dense` are made comparable."""

    mean: tuple[float, ...]
    factor: tuple[float, ...]

    def apply(self, dense: Sequence[float]) -> tuple[float, ...]:
        """Standardised, at most 4 standard deviations off."""
        return tuple(
            min(_LIMIT, max(-_LIMIT, (value - mean) * factor))
            for value, mean, factor in zip(dense, self.mean, self.factor, strict=True)
        )


def scale_of(rows: Sequence[Features]) -> Scale:
    """The scale that rows of training ask for."""
    n = len(rows)
    columns = list(zip(*(row.dense for row in rows), strict=True))
    means = tuple(sum(column) / n for column in columns)
    spread = (sqrt(sum((x - m) ** 2 for x in column) / n) for column, m in zip(columns, means, strict=True))
    return Scale(means, tuple(_DENSE_SHARE / s if s > 1e-9 else 0.0 for s in spread))


class Weights(NamedTuple):
    bias: float
    dense: tuple[float, ...]
    grams: Sequence[float]
    """One per bucket."""


def predict(weights: Weights, scaled: Sequence[float], grams: Sequence[int]) -> float:
    """The quality that is expected; not clipped to 0..1."""
    found = weights.grams
    total = sum([found[gram] for gram in grams]) / sqrt(len(grams)) if grams else 0.0
    return float(weights.bias + sum(map(mul, weights.dense, scaled)) + total)


Sum = Callable[[Sequence[float]], float]


def _sum_at(places: Sequence[int]) -> Sum:
    """A function that adds up the numbers at these places."""
    if not places:
        return lambda _: 0.0
    if len(places) == 1:
        place = places[0]
        return lambda values: float(values[place])
    pick: Callable[[Sequence[float]], tuple[float, ...]] = itemgetter(*places)
    return lambda values: sum(pick(values))


class Design:
    """The matrix of some prompts: multiplied by weights, or its transpose by residuals."""

    def __init__(self, rows: Sequence[Features]) -> None:
        self.scale = scale_of(rows)
        self.dense = [self.scale.apply(row.dense) for row in rows]
        self._columns = list(zip(*self.dense, strict=True))
        self._row_scale = [1 / sqrt(len(row.grams)) if row.grams else 0.0 for row in rows]
        holders: dict[int, list[int]] = {}
        for number, row in enumerate(rows):
            for gram in row.grams:
                holders.setdefault(gram, []).append(number)
        # An n-gram of one prompt tells nothing about others.
        self.buckets = sorted(bucket for bucket, found in holders.items() if len(found) > 1)
        place = {bucket: at for at, bucket in enumerate(self.buckets)}
        self._by_row = [_sum_at([place[gram] for gram in row.grams if gram in place]) for row in rows]
        self._by_bucket = [_sum_at(holders[bucket]) for bucket in self.buckets]

    def times(self, vector: Sequence[float]) -> list[float]:
        """One number per prompt; `vector` holds the dense weights, then those of the buckets in use."""
        grams, dense = vector[len(NAMES) :], vector[: len(NAMES)]
        return [
            scale * add(grams) + sum(map(mul, dense, numbers))
            for scale, add, numbers in zip(self._row_scale, self._by_row, self.dense, strict=True)
        ]

    def transposed_times(self, residuals: Sequence[float]) -> list[float]:
        scaled = list(map(mul, residuals, self._row_scale))
        return [
            *(sum(map(mul, column, residuals)) for column in self._columns),
            *(add(scaled) for add in self._by_bucket),
        ]

    def fit(self, targets: Sequence[float], use: Sequence[bool], l2: float) -> tuple[Weights, list[float]]:
        """Weights that minimise squared error + l2 * |weights|² over the prompts in `use`, and what they say of all.

        The bias is the mean of the targets in use and is not shrunk.
        """
        mean = sum(compress(targets, use)) / sum(use)
        wanted = [target - mean if used else 0.0 for target, used in zip(targets, use, strict=True)]
        keep = [float(used) for used in use]
        residual = self.transposed_times(wanted)
        solution = [0.0] * len(residual)
        direction = list(residual)
        size = _dot(residual, residual)
        enough = size * _TOLERANCE**2
        for _ in range(_ROUNDS):
            if size <= enough or size == 0:
                break
            image = self.transposed_times(list(map(mul, self.times(direction), keep)))
            image = [a + l2 * b for a, b in zip(image, direction, strict=True)]
            step = size / _dot(direction, image)
            solution = [a + step * b for a, b in zip(solution, direction, strict=True)]
            residual = [a - step * b for a, b in zip(residual, image, strict=True)]
            size, before = _dot(residual, residual), size
            turn = size / before
            direction = [a + turn * b for a, b in zip(residual, direction, strict=True)]
        said = [mean + value for value in self.times(solution)]
        grams = [0.0] * BUCKETS
        for bucket, value in zip(self.buckets, solution[len(NAMES) :], strict=True):
            grams[bucket] = value
        return Weights(mean, tuple(solution[: len(NAMES)]), grams), said


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return float(sum(map(mul, a, b)))
