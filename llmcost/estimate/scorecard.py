"""Recorded predictions held against the ledger: how far off they were, and the band that follows from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from fractions import Fraction
from math import ceil, floor
from statistics import median
from typing import NamedTuple

from llmcost.core.instants import DAY_US
from llmcost.core.usage import COST_PARTS
from llmcost.estimate.collected import Stretch, collected
from llmcost.estimate.traffic import MONTH_US
from llmcost.ledger.measures import Sums
from llmcost.ledger.protocol import Ledger, Prediction, Query
from llmcost.pricing.book import PriceBook

#: Fewer requests say little of what a call costs.
MIN_REQUESTS = 20
_INPUT_PARTS = COST_PARTS[:7]

#: (model as predicted, the ledger's provider, the ledger's model) -> whether they are one.
SameModel = Callable[[str, str, str], bool]


def same_model(book: PriceBook) -> SameModel:
    """Models are one when they are called alike, or a layer of the price book has one entry for both names."""

    def entries(provider: str, model: str) -> set[tuple[str, str]]:
        return {(layer, match.entry.model) for layer, match in book.matches(provider, model)}

    def same(predicted: str, provider: str, model: str) -> bool:
        return predicted.lower() == model.lower() or bool(entries("", predicted) & entries(provider, model))

    return same


class Judged(NamedTuple):
    """A prediction and what the ledger has of its prompt in [start_us, end_us)."""

    prediction: Prediction
    start_us: int
    end_us: int
    ended_by: str
    """The id of the later prediction of the prompt that ended the stretch; empty while it runs."""
    min_requests: int
    requests: int
    """Of the predicted model."""
    counted: int
    """Of these, the ones whose cost is known; `cost_nano` is theirs."""
    cost_nano: int
    others: tuple[tuple[str, int], ...]
    """(model, requests) of the prompt's requests that went elsewhere, most first."""
    month_nano: int | None
    """Cost of the requests to all models; None where one is unpriced."""
    span_us: int
    """From the prompt's first request of the stretch to the ledger's newest row in it."""

    @property
    def state(self) -> str:
        """`judged`, `unpriced`, `other model`, or `open`: too few requests yet."""
        if self.counted >= self.min_requests:
            return "judged"
        if self.requests >= self.min_requests:
            return "unpriced"
        return "other model" if self.all_requests - self.requests >= self.min_requests else "open"

    @property
    def all_requests(self) -> int:
        return self.requests + sum(number for _, number in self.others)

    @property
    def call_nano(self) -> Fraction | None:
        """Actual cost of an average call in nano-USD; None unless judged."""
        return Fraction(self.cost_nano, self.counted) if self.state == "judged" else None

    @property
    def call_error(self) -> Fraction | None:
        """actual / predicted - 1; None unless judged, and for a predicted cost of nothing."""
        return _error(self.call_nano, self.prediction.call_nano)

    @property
    def in_band(self) -> bool | None:
        low, high = self.prediction.low_nano, self.prediction.high_nano
        return None if self.call_nano is None or low is None or high is None else low <= self.call_nano <= high

    @property
    def calls_per_month(self) -> Fraction | None:
        """Requests to any model, scaled to 365/12 days; None unless judged, and for less than a day of traffic."""
        return self._monthly(self.all_requests)

    @property
    def monthly_nano(self) -> Fraction | None:
        """Cost of the requests to any model, scaled likewise; None also where one of them is unpriced."""
        return None if self.month_nano is None else self._monthly(self.month_nano)

    @property
    def predicted_monthly_nano(self) -> int | None:
        calls = self.prediction.calls_per_month
        return None if calls is None else calls * self.prediction.call_nano

    @property
    def calls_error(self) -> Fraction | None:
        return _error(self.calls_per_month, self.prediction.calls_per_month)

    @property
    def monthly_error(self) -> Fraction | None:
        return _error(self.monthly_nano, self.predicted_monthly_nano)

    def _monthly(self, amount: int) -> Fraction | None:
        return Fraction(amount * MONTH_US, self.span_us) if self.state == "judged" and self.span_us >= DAY_US else None


def _error(actual: Fraction | None, predicted: int | None) -> Fraction | None:
    return actual / predicted - 1 if actual is not None and predicted else None


def judge(
    ledger: Ledger,
    *,
    now_us: int,
    same_model: SameModel,
    names: Collection[str] = (),
    min_requests: int = MIN_REQUESTS,
    since: int | None = None,
    until: int | None = None,
) -> list[Judged]:
    """Every prediction recorded up to `now_us` (of `names`, when any are given), oldest first.

    A prediction answers for the requests from its recording on, until now or until a later prediction of the same
    path and filters takes its place; `since` and `until` narrow that.
    """
    known = [each for each in ledger.predictions() if each.recorded_us <= now_us]
    chosen = [each for each in known if not names or each.name in names]
    successors = [next((later for later in known if _replaces(later, each)), None) for each in chosen]
    stretches = []
    for each, successor in zip(chosen, successors, strict=True):
        end = now_us + 1 if successor is None else successor.recorded_us
        start = each.recorded_us if since is None else max(each.recorded_us, since)
        stretches.append(Stretch(each.where, start, max(start, end if until is None else min(end, until))))
    return [
        _judged(ledger, each, stretch, totals, same_model)._replace(
            ended_by="" if successor is None else successor.name, min_requests=min_requests
        )
        for each, successor, stretch, totals in zip(
            chosen, successors, stretches, collected(ledger, stretches), strict=True
        )
    ]


def _replaces(later: Prediction, each: Prediction) -> bool:
    same_prompt = (later.path, later.where) == (each.path, each.where)
    return same_prompt and later.recorded_us > each.recorded_us


def _judged(
    ledger: Ledger, each: Prediction, stretch: Stretch, totals: dict[tuple[str, str], Sums], same: SameModel
) -> Judged:
    mine = Sums()
    others: dict[str, int] = {}
    for (provider, model), sums in totals.items():
        if same(each.model, provider, model):
            mine += sums
        else:
            others[model] = others.get(model, 0) + sums["requests"]
    whole = sum(totals.values(), Sums())
    cost, counted = _cost(mine, each)
    month, priced = _cost(whole, each)
    span = 0
    if totals:
        query = Query(stretch.start, stretch.end, where=stretch.where)
        first = next(ledger.requests(query, order="time", limit=1)).priced.record.ts
        span = (ledger.newest_at(stretch.end - 1) or first) - first
    return Judged(
        each, stretch.start, stretch.end, "", MIN_REQUESTS, mine["requests"], counted, cost,
        tuple(sorted(others.items(), key=lambda pair: (-pair[1], pair[0]))),
        month if priced == whole["requests"] else None, span,
    )  # fmt: skip


def _cost(sums: Sums, each: Prediction) -> tuple[int, int]:
    """(nano-USD, requests it covers); of a prediction without output the input's part alone.

    A cost that was only reported has no parts.
    """
    priced = sums["requests"] - sums["unpriced"]
    if each.output_tokens is not None:
        return sums["cost"], priced
    parts = sums.parts
    return sum(parts[part] for part in _INPUT_PARTS), priced - sums["reported_only"]


class Score(NamedTuple):
    """The published error of judged predictions."""

    n: int
    median_error: Fraction | None
    """Of the absolute errors per call; None without any."""
    bias: Fraction | None
    """Median of the signed errors per call."""
    banded: int
    in_band: int
    n_monthly: int
    median_monthly_error: Fraction | None
    monthly_bias: Fraction | None


def score(judged: Sequence[Judged]) -> Score:
    errors = [each.call_error for each in judged if each.call_error is not None]
    monthly = [each.monthly_error for each in judged if each.monthly_error is not None]
    bands = [each.in_band for each in judged if each.in_band is not None]
    return Score(len(errors), *_medians(errors), len(bands), sum(bands), len(monthly), *_medians(monthly))


def scores_by_model(judged: Sequence[Judged]) -> dict[str, Score]:
    """Score per predicted model with a judged prediction, in alphabetical order."""
    found = {
        model: score([each for each in judged if each.prediction.model == model])
        for model in sorted({each.prediction.model for each in judged})
    }
    return {model: each for model, each in found.items() if each.n}


def _medians(errors: Sequence[Fraction]) -> tuple[Fraction | None, Fraction | None]:
    return (median(map(abs, errors)), median(errors)) if errors else (None, None)


class Band(NamedTuple):
    """Factors on a predicted cost per call between which the next actual one is expected."""

    low: Fraction
    high: Fraction
    n: int
    """Judged predictions it rests on."""
    of: str
    """`prompt`, `model` or `all`: whose predictions they are."""
    coverage: Fraction
    """Chance that the next falls inside, if it is drawn as the earlier ones were."""

    def around(self, nano: int) -> tuple[int, int]:
        """The band of a predicted cost, rounded outwards."""
        return floor(nano * self.low), ceil(nano * self.high)


class Bands:
    """What judged predictions say of the next ones."""

    def __init__(self, judged: Sequence[Judged]) -> None:
        self._ratios: dict[tuple[str, ...], list[Fraction]] = defaultdict(list)
        for each in judged:
            if each.call_error is not None:
                foretold = each.prediction
                for _, _, pool in _pools(foretold.path, foretold.model, output=foretold.output_tokens is not None):
                    self._ratios[pool].append(1 + each.call_error)
        for ratios in self._ratios.values():
            ratios.sort()

    def band(self, path: str, model: str, *, output: bool = True) -> Band | None:
        """See `learned_band`."""
        for scope, needed, pool in _pools(path, model, output=output):
            ratios = self._ratios.get(pool, ())
            n = len(ratios)
            if n >= needed:
                k = max(1, (n + 1) // 10)
                return Band(ratios[k - 1], ratios[-k], n, scope, Fraction(n + 1 - 2 * k, n + 1))
        return None


def _pools(path: str, model: str, *, output: bool) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """(scope of a band, judged predictions it needs, whose they are), the nearest first."""
    covers = "output" if output else "input"
    yield "prompt", 5, (covers, model, path)
    yield "model", 10, (covers, model)
    yield "all", 20, (covers,)


def learned_band(judged: Sequence[Judged], path: str, model: str, *, output: bool = True) -> Band | None:
    """The band that earlier errors give a prediction; None while too few are judged.

    `output`: its cost covers the output; it learns from predictions that cover the same alone.

    Of the same prompt and model where five are judged, else of the model where ten are, else of all where twenty are.
    Of n ratios actual / predicted the k-th smallest and the k-th largest, k = (n + 1) // 10 but at least 1: the next
    of such a series falls between them with chance (n + 1 - 2k) / (n + 1), whatever its distribution (conformal
    prediction), which is 80% for n = 9, 19, 29 …, up to 89% between, and less below 9, where nothing wider is known.
    """
    return Bands(judged).band(path, model, output=output)
