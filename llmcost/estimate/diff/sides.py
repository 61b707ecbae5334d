"""One side of a changed prompt: its model and price, its tokens, its answer's length, what the cache serves of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from llmcost.core.errors import UsageError
from llmcost.estimate.diff.cached import BrokenPrefix, Cacheable, broken, cacheable, first_difference
from llmcost.estimate.diff.sent import Filled, Sent, filled, prefix
from llmcost.estimate.models import Model
from llmcost.estimate.prompts import Calls
from llmcost.estimate.scorecard import Band
from llmcost.estimate.traffic import Traffic
from llmcost.tokens.counter import Count, ahead, count, encoding_of
from llmcost.tokens.prompt import Prompt, plain
from llmcost.tokens.ratios import Learned


class Known(NamedTuple):
    """What is asked about prices and past traffic."""

    price: Callable[[str, str], Model | str]
    """(model, provider or empty) -> the priced model, or why there is no price."""
    measure: Callable[[tuple[tuple[str, str], ...]], Traffic | None]
    """Traffic of the rows that (dimension, value) pairs select."""
    learn: Callable[[str, str], Band | None]
    """(path, model) -> the band that earlier predictions' errors give."""
    default_model: str = ""
    """For prompts that name none, and have none declared or measured."""
    ratios: Learned | None = None
    """What `tokens calibrate` learned."""


class Amount(NamedTuple):
    """nano-USD, and the band around it where one is known."""

    point: int
    low: int | None = None
    high: int | None = None


class Side(NamedTuple):
    """One prompt on one side; None where something is not known."""

    model: str
    priced: Model | None
    counted: Count | None
    output_tokens: int | None
    """None: not part of the cost."""
    output_high: int | None
    limit: int | None
    cacheable: Cacheable | None
    cached_tokens: int
    call: Amount | None

    @property
    def input_tokens(self) -> int | None:
        return None if self.counted is None else self.counted.tokens

    @property
    def at_most(self) -> int | None:
        """nano-USD of a call whose answer is as long as its limit allows."""
        if self.priced is None or self.counted is None or self.limit is None or self.call is None:
            return None
        try:
            return self.priced.cost(self.counted.tokens, self.limit, min(self.cached_tokens, self.counted.tokens))
        except UsageError:
            return None


class Reading:
    """One side of a prompt as it is being priced."""

    def __init__(self, sent: Sent, declared: Calls, traffic: Traffic | None, known: Known) -> None:
        self.sent, self.declared, self._traffic = sent, declared, traffic
        self.notes = list(sent.notes)
        self.lack = ""
        self.learned: Band | None = None
        self.model = sent.model or declared.model or (traffic.model if traffic else "") or known.default_model
        by_ledger = traffic is not None and not sent.model and not declared.model
        self.priced = self._price(known, traffic.provider if traffic and by_ledger else "")
        self._ratios = known.ratios
        self._filled = self._fill()
        self._beginning = prefix(sent._replace(jinja=self._jinja))
        self._static = plain(self._beginning.text)
        self.counted: Count | None = None
        self.cacheable: Cacheable | None = None
        self.output, self.output_high, self.output_source = self._output()
        self.cached = 0
        self.cached_source = ""

    def prompts(self) -> Iterator[tuple[str, Prompt]]:
        """(encoding, prompt) of everything that `count` will count."""
        card = self.priced.priced.card if self.priced else None
        encoding = encoding_of(self.model, card.provider, also=card.model) if card else encoding_of(self.model)
        for prompt in (*self._filled.prompts, self._static):
            yield encoding, prompt

    def count(self) -> None:
        """Count the prompt and its static beginning."""
        self.counted = self._count()
        if self.sent.bodies:
            self.cacheable = cacheable(self._beginning, self._static, self.priced)

    def _price(self, known: Known, provider: str) -> Model | None:
        if not self.model:
            self.lack = "no model: name it in prompts.yaml or with --model"
            return None
        found = known.price(self.model, provider)
        if isinstance(found, str):
            self.lack = found
            return None
        return found

    def _fill(self) -> Filled:
        variables: dict[str, str | int] = {**dict(self.declared.variables), **dict(self.declared.variable_tokens)}
        self._jinja = self.sent.jinja
        try:
            found = filled(self.sent, variables)
        except UsageError as error:
            self.notes.append(f"counted without filling the template: {error.message}")
            self._jinja = False
            found = filled(self.sent._replace(jinja=False), variables)
        if found.missing:
            names = ", ".join(found.missing[:5]) + (", …" if len(found.missing) > 5 else "")
            self.notes.append(f"not counted, as neither text nor size is declared: {names}")
        self._complete = self.sent.complete and not (found.missing or found.sized)
        return found

    def _count(self) -> Count | None:
        card = self.priced.priced.card if self.priced else None
        if not self.sent.bodies:
            if self._traffic is None:
                self.lack = self.lack or "its text is not seen here"
                return None
            tokens = self._traffic.input_p50
            self.notes.append("its text is not seen here: the median input of its requests stands for it")
            return Count(tokens, False, "median of the ledger's requests", tokens, tokens)
        model, provider, also = (self.model, card.provider, card.model) if card else (self.model, "", "")
        counts = [count(prompt, model, provider, also=also, ratios=self._ratios) for prompt in self._filled.prompts]
        lows = [one.low for one in counts if one.low is not None]
        highs = [one.high for one in counts if one.high is not None]
        whole = len(lows) == len(highs) == len(counts)
        return Count(
            sum(one.tokens for one in counts), self._complete and all(one.exact for one in counts), counts[0].method,
            sum(lows) if whole else None, sum(highs) if whole else None,
        )  # fmt: skip

    def _output(self) -> tuple[int | None, int | None, str]:
        if self.declared.output_tokens is not None:
            point, high, source = self.declared.output_tokens, self.declared.output_tokens, "declared"
        elif self._traffic is not None:
            point, high, source = self._traffic.output_mean, self._traffic.output_p90, "measured"
        else:
            return None, None, ""
        limit = self.sent.limit
        return (point, high, source) if limit is None else (min(point, limit), min(high, limit), source)

    def measured_cached(self) -> int | None:
        """Cached tokens of an average call as measured or declared, within the static beginning; None: not known."""
        if self.counted is None or self.cacheable is None:
            return None
        if self._traffic is not None:
            self.cached_source = "measured"
            return min(self._traffic.cached_tokens, self.cacheable.usable or self.cacheable.tokens)
        if self.declared.cached_share is not None:
            self.cached_source = "declared"
            share = self.declared.cached_share * self.counted.tokens
            return min(share.numerator // share.denominator, self.cacheable.believed)
        return None

    def cost(self, tokens: int, output: int | None, cached: int) -> int | None:
        try:
            return self.priced.cost(tokens, output or 0, min(cached, tokens)) if self.priced else None
        except UsageError as error:
            self.lack = error.message
            return None

    def side(self, learn: Callable[[str, str], Band | None]) -> Side:
        call = None
        if self.counted is not None and self.priced is not None:
            point = self.cost(self.counted.tokens, self.output, self.cached)
            call = None if point is None else Amount(point)
            self.learned = learn(self.sent.name, self.priced.name) if call else None
            if call and self.learned:
                call = Amount(call.point, *self.learned.around(call.point))
            elif call and self.counted.low is not None and self.counted.high is not None:
                low = self.cost(self.counted.low, self.output, self.cached)
                high = self.cost(self.counted.high, self.output_high, self.cached)
                call = Amount(call.point, low, high)
        return Side(
            self.model, self.priced, self.counted, self.output, self.output_high, self.sent.limit, self.cacheable,
            self.cached, call,
        )  # fmt: skip


def count_all(readings: Iterable[Reading]) -> None:
    """Count every reading; the texts of one encoding together, since a call of the tokenizer is dear."""
    readings = list(readings)
    by_encoding: dict[str, list[tuple[None, Prompt]]] = {}
    for reading in readings:
        for encoding, prompt in reading.prompts():
            by_encoding.setdefault(encoding, []).append((None, prompt))
    for encoding, prompts in by_encoding.items():
        deque(ahead(prompts, (encoding,)), maxlen=0)
    for reading in readings:
        reading.count()


def share_cache(before: Reading | None, after: Reading | None) -> None:
    """Cached tokens of both sides: the share of what could be cached before is the share of what can be now."""
    for reading in (before, after):
        if reading is not None:
            reading.cached = reading.measured_cached() or 0
    if before is None or after is None or before.cacheable is None or after.cacheable is None:
        return
    declared_anew = before.cached_source == "declared" and before.declared.cached_share != after.declared.cached_share
    if before.cacheable.usable and after.cacheable.has_rule and not declared_anew:
        after.cached = before.cached * after.cacheable.usable // before.cacheable.usable


def lost_prefix(before: Reading, after: Reading, calls: int | None) -> tuple[BrokenPrefix | None, list[str]]:
    """The discount that is lost for good, and what is said of one that is lost once."""
    first, second = before.cacheable, after.cacheable
    if not (first and second and before.counted and after.counted and after.priced):
        return None, []
    at_most = not before.cached_source
    cached = first.usable if at_most else before.cached
    lost = broken(first, second, before.counted.tokens, after.counted.tokens)
    if lost and cached:
        tokens = after.counted.tokens
        kept = min(cached, tokens)
        now = min(kept, second.usable) if at_most else after.cached
        dearer, cheaper = after.cost(tokens, after.output, now), after.cost(tokens, after.output, kept)
        if dearer is not None and cheaper is not None and dearer > cheaper:
            nano = dearer - cheaper
            return lost._replace(
                lost_tokens=kept - now, call_nano=nano, month_nano=None if calls is None else nano * calls,
                basis="at most" if at_most else before.cached_source,
            ), []  # fmt: skip
    if not lost and cached and (at := first_difference(first, second)) is not None:
        return None, [f"first differs at about token {at:,} of the cached beginning: written to the cache once more"]
    return None, []
