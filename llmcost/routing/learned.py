"""A trained router: per model its weights and what their predictions turned out to mean; a JSON file of tens of kB."""

from __future__ import annotations

import base64
import json
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from llmcost.core.errors import DataError
from llmcost.core.text import printable, redact
from llmcost.routing.features import BUCKETS, NAMES, VERSION, Features
from llmcost.routing.ridge import Scale, Weights, predict

#: Of a longer file this many bytes are read, which then are no JSON.
MAX_BYTES = 8_000_000
_FORMAT = "llmcost-router"
_LEVELS = 127


class Chance(NamedTuple):
    """How likely an answer is good (the quality that is expected, 0 to 1), and the band it lies in."""

    p: float
    low: float
    high: float
    basis: str
    """`prior`, or `learned (n = …)`."""


class Band(NamedTuple):
    """Prompts whose prediction, made without their own label, was at least `start`: what their answers were worth."""

    start: float
    low: float
    high: float


class Head(NamedTuple):
    """What was learned of one model."""

    weights: Weights
    bands: tuple[Band, ...]
    """By ascending start; the first starts nowhere."""
    n: int
    """Labels."""
    on: bool
    """Whether the gate lets it decide."""


class Router(NamedTuple):
    scale: Scale
    heads: Mapping[str, Head]
    n: int
    """Prompts with labels."""
    why: str
    """Why it is on or off, one sentence."""

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(self.heads)

    @property
    def on(self) -> bool:
        return any(head.on for head in self.heads.values())

    def p_good(self, features: Features, model: str) -> Chance | None:
        """None: the model is not known here, or the gate is shut for it; the prior holds then."""
        head = self.heads.get(model)
        if head is None or not head.on:
            return None
        said = predict(head.weights, self.scale.apply(features.dense), features.grams)
        band = head.bands[max(0, bisect_right([each.start for each in head.bands], said) - 1)]
        return Chance(min(band.high, max(band.low, said)), band.low, band.high, f"learned (n = {head.n:,})")


def dump(router: Router) -> str:
    """The router as a JSON document; weights of n-grams are rounded to 8 bits."""
    heads = {
        model: {
            "labels": head.n,
            "on": head.on,
            "bias": round(head.weights.bias, 6),
            "dense": [round(each, 6) for each in head.weights.dense],
            **_rounded(head.weights.grams),
            "bands": [[round(each, 4) for each in band] for band in head.bands],
        }
        for model, head in router.heads.items()
    }
    document = {
        "format": _FORMAT,
        "features": VERSION,
        "prompts": router.n,
        "why": router.why,
        "mean": [round(each, 6) for each in router.scale.mean],
        "factor": [round(each, 6) for each in router.scale.factor],
        "models": heads,
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _rounded(grams: Sequence[float]) -> dict[str, Any]:
    step = max(map(abs, grams), default=0.0) / _LEVELS
    levels = array("b", (round(each / step) if step else 0 for each in grams))
    return {"step": step, "grams": base64.b64encode(levels.tobytes()).decode()}


def load(content: bytes, origin: str) -> Router:
    """A router as `dump` wrote it; nothing in it is trusted.

    Raises:
        DataError: it is no such document, or one for features of another version.
    """
    try:
        return _router(_Json.of(json.loads(content[: MAX_BYTES + 1])))
    except (ValueError, RecursionError) as error:
        what = str(error) if isinstance(error, _WrongError) else "it is damaged, or something else"
        raise DataError(
            f"{printable(origin)} is no trained router: {what}", "`llmcost routing train` makes one"
        ) from None


class _WrongError(ValueError):
    """What is wrong with it, in our words."""


class _Json(NamedTuple):
    """An object of the document, read with checks."""

    fields: Mapping[str, Any]

    @classmethod
    def of(cls, value: object) -> _Json:
        if not isinstance(value, dict):
            raise _WrongError("an object is missing")
        return cls(value)

    def number(self, name: str, low: float = -1e6, high: float = 1e6) -> float:
        return _number(self.fields.get(name), name, low, high)

    def count(self, name: str) -> int:
        return int(self.number(name, 0, 1e9))

    def numbers(self, name: str, size: int) -> tuple[float, ...]:
        values = self.fields.get(name)
        if not isinstance(values, list) or len(values) != size:
            raise _WrongError(f"{name} is not a list of {size} numbers")
        return tuple(_number(value, name, -1e6, 1e6) for value in values)


def _number(value: object, name: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _WrongError(f"{name} is not a number from {low:g} to {high:g}")
    return float(value)


def _router(root: _Json) -> Router:
    if root.fields.get("format") != _FORMAT:
        raise _WrongError("it does not say that it is one")
    if root.fields.get("features") != VERSION:
        raise _WrongError("it was trained by another version of llmcost")
    scale = Scale(root.numbers("mean", len(NAMES)), root.numbers("factor", len(NAMES)))
    heads = {model: _head(_Json.of(value)) for model, value in _Json.of(root.fields.get("models")).fields.items()}
    return Router(scale, heads, root.count("prompts"), printable(redact(str(root.fields.get("why", ""))))[:500])


def _head(root: _Json) -> Head:
    step, text = root.number("step", 0), root.fields.get("grams")
    levels = array("b")
    levels.frombytes(base64.b64decode(text if isinstance(text, str) else "", validate=True))
    if len(levels) != BUCKETS:
        raise _WrongError(f"grams are not {BUCKETS} weights")
    weights = Weights(root.number("bias"), root.numbers("dense", len(NAMES)), [step * level for level in levels])
    listed = root.fields.get("bands")
    if not isinstance(listed, list) or not 0 < len(listed) <= 100:
        raise _WrongError("bands are not 1 to 100")
    bands = []
    for each in listed:
        start, low, high = _Json({"band": each}).numbers("band", 3)
        if not 0 <= low <= high <= 1:
            raise _WrongError("a band is not from 0 to 1")
        bands.append(Band(start, low, high))
    if [band.start for band in bands] != sorted(band.start for band in bands):
        raise _WrongError("bands are not in order")
    return Head(weights, tuple(bands), root.count("labels"), root.fields.get("on") is True)
