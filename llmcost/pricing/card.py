"""A rate card: everything needed to price one request, fixed for one model, tier and moment.

`card_id` is the hash of the canonical card and is kept in the ledger with the card itself, so that a row
can always be recomputed from what it was priced with.
"""

from __future__ import annotations

import hashlib
import json
from operator import mul

from llmcost.core.money import FEMTO_PER_NANO, allocate
from llmcost.core.usage import BUCKETS, Usage

#: Where a bucket has no rate of its own it is billed like another, nearest first: a cached token without a
#: cached rate costs an input token, a reasoning token an output token. Providers' price lists read this way.
FALLBACKS: dict[str, tuple[str, ...]] = {
    "cached": ("input",),
    "write_5m": ("input",),
    "write_1h": ("write_5m", "input"),
    "input_audio": ("input",),
    "cached_audio": ("cached", "input_audio", "input"),
    "input_image": ("input",),
    "reasoning": ("output",),
    "output_audio": ("output",),
    "output_image": ("output",),
}
_INPUTS = 7
_ZERO_FEE = (0,)

Costed = tuple[int, tuple[int, ...]]
"""(total nano-USD, nano-USD per COST_PARTS); the parts add up to the total."""


def with_fallbacks(rates: dict[str, int]) -> tuple[int | None, ...]:
    """Rates in `BUCKETS` order; None where a bucket has neither a rate nor a stand-in."""
    out: list[int | None] = []
    for bucket in BUCKETS:
        rate = rates.get(bucket)
        for other in FALLBACKS.get(bucket, ()):
            if rate is None:
                rate = rates.get(other)
        out.append(rate)
    return tuple(out)


class Card:
    """Immutable. `bands` is ascending: (input tokens above which it applies, rate per bucket)."""

    __slots__ = ("_whole", "bands", "card_id", "layer", "marginal", "model", "note", "per_request", "provider", "tier")

    def __init__(
        self,
        provider: str,
        model: str,
        tier: str,
        bands: tuple[tuple[int, tuple[int | None, ...]], ...],
        *,
        per_request: int = 0,
        marginal: bool = False,
        layer: str = "",
        note: str = "",
    ) -> None:
        self.provider, self.model, self.tier = provider, model, tier
        self.bands = bands
        self.per_request = per_request
        self.marginal = marginal
        self.layer, self.note = layer, note
        canonical = json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"))
        self.card_id = hashlib.blake2b(canonical.encode(), digest_size=8).hexdigest()
        self._whole = self._whole_rates()

    def as_dict(self) -> dict[str, object]:
        """The canonical card: what is hashed, stored in the ledger and shown. Rates in femto-USD."""
        return {
            "provider": self.provider,
            "model": self.model,
            "tier": self.tier,
            "bands": [
                {"above": above, "rates": {b: r for b, r in zip(BUCKETS, rates, strict=True) if r is not None}}
                for above, rates in self.bands
            ],
            "per_request": self.per_request,
            "marginal": self.marginal,
            "note": self.note,
        }

    def _whole_rates(self) -> tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...] | None:
        """Per band (above, rates in nano-USD, buckets without a rate) when every rate is whole: no row needs rounding.

        None when one is not, or when a request may be split over bands.
        """
        fractional = any(rate and rate % FEMTO_PER_NANO for _, rates in self.bands for rate in rates)
        if fractional or self.per_request % FEMTO_PER_NANO or (self.marginal and len(self.bands) > 1):
            return None
        return tuple(
            (
                above,
                tuple((rate or 0) // FEMTO_PER_NANO for rate in rates),
                tuple(bucket for bucket, rate in enumerate(rates) if rate is None),
            )
            for above, rates in self.bands
        )

    def cost(self, usage: Usage) -> Costed | None:
        """The request's cost, rounded half-even once; None when a used bucket has no known rate."""
        whole = self._whole
        if whole is None:
            return self._rounded(usage)
        band = whole[0]
        if len(whole) > 1:
            total = sum(usage[:_INPUTS])
            for higher in whole[1:]:
                if total <= higher[0]:
                    break
                band = higher
        _, rates, unknown = band
        for bucket in unknown:
            if usage[bucket]:
                return None
        parts = (*map(mul, usage, rates), self.per_request // FEMTO_PER_NANO)
        return sum(parts), parts

    def _rounded(self, usage: Usage) -> Costed | None:
        divisor = 1
        if self.marginal and len(self.bands) > 1:
            divisor = sum(usage[:_INPUTS]) or 1
            femto = self._marginal(usage, divisor)
        else:
            femto = self._by_band(usage)
        if femto is None:
            return None
        femto.append(self.per_request * divisor)
        return allocate(femto, divisor)

    def _by_band(self, usage: Usage) -> list[int] | None:
        rates = self.bands[0][1]
        if len(self.bands) > 1:
            total = sum(usage[:_INPUTS])
            for above, band in self.bands[1:]:
                if total <= above:
                    break
                rates = band
        try:
            return list(map(mul, usage, rates))
        except TypeError:
            pass
        femto: list[int] = []
        for count, rate in zip(usage, rates, strict=True):
            if count and rate is None:
                return None
            femto.append(count * (rate or 0))
        return femto

    def _marginal(self, usage: Usage, total: int) -> list[int] | None:
        """Amounts times `total`, the request's input tokens (exact: a share of a band may be no whole token).

        Input tokens fill the bands from the bottom, each bucket in proportion to its share of the input.

        Output, whose share of a band is not defined by the input's length, pays the band the whole input reaches.
        """
        reached = self.bands[0][1]
        shares: list[tuple[int, tuple[int | None, ...]]] = []
        for index, (above, rates) in enumerate(self.bands):
            upper = self.bands[index + 1][0] if index + 1 < len(self.bands) else total
            if total > above or index == 0:
                reached = rates
                shares.append((max(0, min(total, upper) - above), rates))
        femto: list[int] = []
        for bucket, count in enumerate(usage):
            if not count:
                femto.append(0)
            elif bucket < _INPUTS:
                amount = 0
                for tokens, rates in shares:
                    rate = rates[bucket]
                    if rate is None:
                        return None
                    amount += count * tokens * rate
                femto.append(amount)
            else:
                rate = reached[bucket]
                if rate is None:
                    return None
                femto.append(count * rate * total)
        return femto

    def missing(self, usage: Usage) -> list[str]:
        """Buckets the request used that this card has no rate for."""
        rates = self.bands[-1][1]
        return [b for b, count, rate in zip(BUCKETS, usage, rates, strict=True) if count and rate is None]
