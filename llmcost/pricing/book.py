"""The price book: layers in order of authority, and the card that prices one request.

Order: `--prices`, `./pricing.yaml`, the user's, the packaged one, the catalogue. The packaged book's closed,
dated prices are history the catalogue lacks; its open-ended ones give way to the catalogue, which is newer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from llmcost.core.errors import UsageError, nearest
from llmcost.core.providers import canonical_provider
from llmcost.core.usage import Usage
from llmcost.pricing.card import Card, Costed, derived_writes, with_fallbacks
from llmcost.pricing.currency import Currency
from llmcost.pricing.entry import Entry, Layer, Prices, Rate, Variant
from llmcost.pricing.match import Match, Names

#: Providers of a model that an error names.
_SELLERS = 5


class Priced(NamedTuple):
    """The card that applies to a name at a moment, and how it was found."""

    card: Card
    match: str
    layer: str


class Quote(NamedTuple):
    """What a request costs, or why that is not known."""

    cost: Costed | None
    priced: Priced | None
    reason: str = ""


class Resolved:
    """One name and tier, ready to price any number of requests at any time."""

    def __init__(self, candidates: Sequence[tuple[str, Match, bool | None]], tier: str) -> None:
        # (layer name, match, closed): closed True/False restricts to closed/open-ended prices, None to neither.
        self._candidates = candidates
        self._tier = tier
        cuts: set[int] = set()
        self._hours = []
        for _, match, _ in candidates:
            for prices in _all_prices(match.entry, tier):
                cuts.update(cut for cut in (prices.valid_from, prices.valid_to) if cut is not None)
                if prices.hours is not None:
                    self._hours.append(prices.hours)
        self._cuts = sorted(cuts)
        self._memo: dict[object, Priced | None] = {}
        self.dated = bool(self._cuts or self._hours)
        """Whether the card depends on the moment."""
        self._always = None if self.dated else self._resolve(0)

    def at(self, us: int) -> Priced | None:
        """The card in force at `us` (microseconds UTC), or None when no layer has a price then."""
        if not self.dated:
            return self._always
        key: object = bisect_right(self._cuts, us)
        if self._hours:
            key = (key, *(hours.active(us) for hours in self._hours))
        try:
            return self._memo[key]
        except KeyError:
            found = self._memo[key] = self._resolve(us)
            return found

    def _resolve(self, us: int) -> Priced | None:
        for layer, match, closed in self._candidates:
            entry = match.entry
            for prices in reversed(entry.prices):
                if prices.covers(us) and (closed is None or closed == (prices.valid_to is not None)):
                    return Priced(_card(entry, prices, self._tier, us, layer, match.how), match.how, layer)
        return None


class PriceBook:
    """Every layer, highest authority first. Immutable but for its memory of names already looked up."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)
        self._names = [Names(layer) for layer in layers]
        self._memo: dict[tuple[str, str, str], Resolved | None] = {}

    def resolve(self, provider: str, model: str, tier: str = "standard") -> Resolved | None:
        """Prices for `model` served by `provider` (empty: whoever owns the name); None when no layer knows it."""
        key = (provider, model, tier)
        try:
            return self._memo[key]
        except KeyError:
            candidates = list(self._candidates(provider, model))
            found = self._memo[key] = Resolved(candidates, tier) if candidates else None
            return found

    def _candidates(self, provider: str, model: str) -> Iterator[tuple[str, Match, bool | None]]:
        last: list[tuple[str, Match, bool | None]] = []
        for names in self._names:
            match = names.find(provider, model)
            if match is None:
                continue
            if names.layer.yields:
                yield names.layer.name, match, True
                last.append((names.layer.name, match, False))
            else:
                yield names.layer.name, match, None
        yield from last

    def currency(self, code: str) -> Currency | None:
        """The rate of a currency (ISO code, upper case), of the first layer that states one."""
        for layer in self.layers:
            if code in layer.currencies:
                usd, day = layer.currencies[code]
                return Currency(code, Fraction(usd), day, layer.name)
        return None

    def matches(self, provider: str, model: str) -> list[tuple[str, Match]]:
        """Every layer's match for a name, highest authority first (for `prices show` and `prices check`)."""
        return [(n.layer.name, m) for n in self._names if (m := n.find(provider, model))]

    def quote(self, provider: str, model: str, tier: str, us: int, usage: Usage) -> Quote:
        """Price one request; `reason` says why it could not be."""
        resolved = self.resolve(provider, model, tier)
        if resolved is None:
            return Quote(None, None, f"no price for model {model!r}")
        priced = resolved.at(us)
        if priced is None:
            return Quote(None, None, f"no price for model {model!r} at that time")
        cost = priced.card.cost(usage)
        if cost is None:
            missing = ", ".join(priced.card.missing(usage))
            return Quote(None, priced, f"model {model!r} has no rate for {missing}")
        return Quote(cost, priced)

    def provider_names(self) -> set[str]:
        """Whoever sells a model of this book under its own name or another's."""
        return {name for layer in self.layers for name in (*(e.provider for e in layer.entries), *layer.fallbacks)}

    def sellers(self, model: str) -> list[str]:
        """The providers that have a model of exactly that name, in alphabetical order."""
        return sorted({entry.provider for names in self._names for entry in names.called(model)})

    def model_names(self) -> list[str]:
        return [name for names in self._names for name in names.names()]


def price_or_error(
    book: PriceBook,
    model: str,
    us: int,
    *,
    provider: str = "",
    tier: str = "standard",
    what: str = "model",
    place: str = "",
) -> Priced:
    """The card of `model` at `us` (microseconds UTC); `what` and `place` say in the error where the name was read.

    Raises:
        UsageError: no price is known for it, or none at that time: unpriced is not free.
    """
    resolved = book.resolve(provider, model, tier)
    if (priced := resolved.at(us) if resolved is not None else None) is not None:
        return priced
    where = f" ({place})" if place else ""
    if resolved is not None:
        raise UsageError(
            f"no price for {what} {model!r} at that time{where}", f"`llmcost prices show {model}` shows its dates"
        )
    raise _unknown(book, model, provider, f"{what} {model!r}", where)


def _unknown(book: PriceBook, model: str, provider: str, called: str, where: str) -> UsageError:
    """Why nothing is found: nobody knows the provider, others sell the model, or nobody does."""
    from shlex import quote

    known = book.provider_names()
    if provider and canonical_provider(provider) not in known:
        return UsageError(
            f"unknown provider {provider!r} of {called}{where}{nearest(provider, known)}",
            "`llmcost prices list` shows providers",
        )
    of = f" of provider {provider!r}" if provider else ""
    if sellers := book.sellers(model):
        more = f" and {len(sellers) - _SELLERS} more" if len(sellers) > _SELLERS else ""
        return UsageError(
            f"no price for {called}{of}{where}",
            f"{', '.join(sellers[:_SELLERS])}{more} sell it: write PROVIDER/{model} for the price of one",
        )
    return UsageError(
        f"no price for {called}{of}{where}{nearest(model, book.model_names())}",
        "`llmcost prices list` shows the known names; "
        f"`llmcost prices add {quote(model)} --input … --output …` adds one",
    )


def _all_prices(entry: Entry, tier: str) -> Iterator[Prices]:
    yield from entry.prices
    for variant in entry.variants:
        if variant.tier == tier:
            yield variant.prices


def _card(entry: Entry, prices: Prices, tier: str, us: int, layer: str, how: str) -> Card:
    rates = dict(prices.rates)
    per_request = prices.per_request
    note = ""
    if tier != "standard":
        variants = () if how.startswith("reseller:") else entry.variants
        chosen = [v.prices for v in variants if v.tier == tier and v.prices.covers(us)]
        if not chosen:
            chosen = [v.prices for v in variants if v.tier == tier and _held_before(entry, prices, v, us)][:1]
        if not chosen:
            note = f"no {tier} rate known: standard rates"
        for variant in reversed(chosen):
            rates.update(variant.rates)
            per_request = variant.per_request or per_request
    derived = derived_writes(entry.model, rates)
    return Card(
        entry.provider, entry.model, tier, _bands(rates, entry.provider, derived),
        per_request=per_request, marginal=prices.marginal, layer=layer, note=note, derived=derived,
    )  # fmt: skip


def _held_before(entry: Entry, prices: Prices, variant: Variant, us: int) -> bool:
    """Whether a variant verified after `us` replaces the same base rates as `prices` has."""
    seen = variant.prices.valid_from
    if not variant.verified or seen is None or us >= seen:
        return False
    for later in reversed(entry.prices):
        if (
            later.hours == prices.hours
            and (later.valid_from is None or later.valid_from <= seen)
            and (later.valid_to is None or seen < later.valid_to)
        ):
            return all(later.rates.get(bucket) == prices.rates.get(bucket) for bucket in variant.prices.rates)
    return False


def _bands(
    rates: dict[str, Rate], provider: str, derived: tuple[str, ...]
) -> tuple[tuple[int, tuple[int | None, ...]], ...]:
    """Flatten per-bucket steps to bands: (input tokens above which it applies, rate of every bucket)."""
    starts = sorted({0, *(above for rate in rates.values() for above, _ in rate.steps)})
    return tuple(
        (
            start,
            with_fallbacks({bucket: _rate_above(rate, start) for bucket, rate in rates.items()}, provider, derived),
        )
        for start in starts
    )


def _rate_above(rate: Rate, start: int) -> int:
    value = rate.base
    for above, femto in rate.steps:
        if above <= start:
            value = femto
    return value
