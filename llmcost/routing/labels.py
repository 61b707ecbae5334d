"""Labels from files and from the ledger, as examples to learn from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from llmcost.core.errors import DataError, UsageError
from llmcost.core.text import clean_field, printable, redact
from llmcost.ledger.labels import Answered, StoredLabel
from llmcost.routing.complexity import LEVELS, classify
from llmcost.routing.features import features, unpacked
from llmcost.routing.training import Example

_WORDS = {"good": 1.0, "bad": 0.0}
_NAMES = {
    "id": ("id", "request_id"),
    "prompt": ("prompt", "prompt_text"),
    "model": ("model",),
    "quality": ("quality", "label", "score"),
    "cost_usd": ("cost_usd",),
}
_MAX_PROBLEMS = 5


class Line(NamedTuple):
    """One line of a file of labels: an answer to a request (`id`) or a prompt, or the prompt of a request."""

    id: str = ""
    prompt: str = ""
    model: str = ""
    quality: float | None = None
    usd: float | None = None


class Lines(NamedTuple):
    lines: list[Line]
    problems: list[str]
    """What was wrong with lines that were left out, the first few."""
    skipped: int


def quality(text: str) -> float:
    """`good`, `bad` or a number from 0 to 1.

    Raises:
        UsageError: it is none of them.
    """
    word = text.strip().lower()
    try:
        value = _WORDS[word] if word in _WORDS else float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"{text!r} is no quality", "write good, bad or a number from 0 to 1")
    return value


def read(text: str, name: str) -> Lines:
    """The lines of a CSV or JSON Lines file of labels; those that make no sense are counted.

    Raises:
        DataError: no line makes sense.
    """
    found = Lines([], [], 0)
    skipped = 0
    for number, value in _values(text):
        try:
            found.lines.extend(_lines(value))
        except (UsageError, ValueError) as error:
            skipped += 1
            if len(found.problems) < _MAX_PROBLEMS:
                what = error.message if isinstance(error, UsageError) else str(error)
                found.problems.append(f"line {number}: {printable(redact(what))}")
    if not found.lines:
        why = f": {found.problems[0]}" if found.problems else ""
        raise DataError(
            f"no labels in {printable(name)}{why}",
            "each line has id or prompt, model and quality (docs/routing-statistics.md)",
        )
    return found._replace(skipped=skipped)


def _values(text: str) -> Iterator[tuple[int, Any]]:
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] == "{":
        # Not splitlines: a prompt may hold other line separators.
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except (ValueError, RecursionError):
                    yield number, None
        return
    csv.field_size_limit(2**27)
    rows = csv.DictReader(io.StringIO(text, newline=""))
    try:
        for row in rows:
            yield rows.line_num, row
    except csv.Error:
        yield rows.line_num, None


def _lines(value: Any) -> list[Line]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    got = {
        name: next((value[key] for key in keys if value.get(key) not in (None, "")), "")
        for name, keys in _NAMES.items()
    }
    for name in ("id", "model"):
        if not isinstance(got[name], str | int):
            raise ValueError(f"{name} is no text")
    prompt = got["prompt"] if isinstance(got["prompt"], str) else json.dumps(got["prompt"], ensure_ascii=False)
    line = Line(clean_field(str(got["id"])), prompt, clean_field(str(got["model"])))
    if not (line.id or prompt.strip()):
        raise ValueError("neither id nor prompt")
    if got["quality"] == "" and not got["model"] and {"strong", "weak"} <= value.keys():
        return [line._replace(model=name, quality=quality(str(value[name]))) for name in ("strong", "weak")]
    if isinstance(value.get("scores"), dict):
        return [
            line._replace(model=clean_field(model), quality=quality(str(score)))
            for model, score in value["scores"].items()
        ]
    if got["quality"] == "":
        if not (line.id and prompt.strip()):
            raise ValueError("no quality")
        return [line]
    if not line.id and not line.model:
        raise ValueError("no model")
    usd = None if got["cost_usd"] == "" else float(str(got["cost_usd"]))
    if usd is not None and not 0 <= usd < 1e9:
        raise ValueError("cost_usd is no amount in USD")
    return [line._replace(quality=quality(str(got["quality"])), usd=usd)]


class Gathered(NamedTuple):
    examples: list[Example]
    labels: int
    contradicting: int
    """Answers about which labels disagree; their mean counts."""
    featureless: int
    """Labels of prompts nothing is known of."""


class _Prompts:
    """Labels by what is known of their prompts: equal features are one prompt."""

    def __init__(self) -> None:
        self._quality: dict[Any, dict[str, set[float]]] = {}
        self._usd: dict[Any, dict[str, float]] = {}
        self._keywords: dict[Any, int] = {}

    def add(self, known: Any, model: str, value: float, usd: float | None, keywords: int | None) -> None:
        self._quality.setdefault(known, {}).setdefault(model, set()).add(value)
        if usd is not None:
            self._usd.setdefault(known, {})[model] = usd
        if keywords is not None:
            self._keywords[known] = keywords

    def gathered(self, labels: int, featureless: int) -> Gathered:
        examples = [
            Example(
                known,
                {model: sum(values) / len(values) for model, values in answers.items()},
                self._usd.get(known, {}),
                self._keywords.get(known),
            )
            for known, answers in self._quality.items()
        ]
        contradicting = sum(len(values) > 1 for answers in self._quality.values() for values in answers.values())
        return Gathered(examples, labels, contradicting, featureless)


def from_lines(lines: Iterable[Line], stored: Mapping[str, bytes | None], answered: Mapping[str, Answered]) -> Gathered:
    """Examples of a file's lines; what a line with an id lacks comes from the ledger.

    `stored`: features by key. `answered`: what the ledger knows of the ids.
    """
    lines = list(lines)
    texts = {line.id: line.prompt for line in lines if line.id and line.prompt}
    made: dict[str, tuple[Any, int]] = {}
    prompts, labels, featureless = _Prompts(), 0, 0
    for line in lines:
        if line.quality is None:
            continue
        labels += 1
        row = answered.get(line.id)
        key = row.id if row else line.id
        model = line.model or (row.model if row else "")
        text = line.prompt or texts.get(line.id, "")
        if text:
            if text not in made:
                made[text] = features(text), LEVELS.index(classify(text).level)
            known, level = made[text]
        else:
            known, level = unpacked(stored.get(key) or b""), None
        if known is None or not model:
            featureless += 1
            continue
        cost = row.cost / 1e9 if row and row.cost is not None and row.model == model else None
        prompts.add(known, model, line.quality, cost if line.usd is None else line.usd, level)
    return prompts.gathered(labels, featureless)


def from_ledger(labels: Sequence[StoredLabel], answered: Mapping[str, Answered]) -> Gathered:
    """Examples of the ledger's labels."""
    prompts, featureless = _Prompts(), 0
    for label in labels:
        known = unpacked(label.features or b"")
        if known is None:
            featureless += 1
            continue
        row = answered.get(label.key)
        cost = row.cost / 1e9 if row and row.cost is not None and row.model == label.model else None
        prompts.add(known, label.model, label.quality, cost, None)
    return prompts.gathered(len(labels), featureless)


def averaged(labels: Iterable[StoredLabel]) -> dict[tuple[str, str], float]:
    """(key, model) -> the mean of its labels."""
    found: dict[tuple[str, str], list[float]] = {}
    for label in labels:
        found.setdefault((label.key, label.model), []).append(label.quality)
    return {answer: sum(values) / len(values) for answer, values in found.items()}
