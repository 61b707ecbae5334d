"""A rate card: everything needed to price one request, fixed for one model, tier and moment.

`card_id` is the hash of the canonical card and is kept in the ledger with the card itself, so that a row
can always be recomputed from what it was priced with.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from operator import mul
from typing import NamedTuple

from llmcost.core.digest import blake2b
from llmcost.core.money import FEMTO_PER_NANO, allocate, round_half_even
from llmcost.core.usage import BUCKETS, Usage

#: Where a bucket has no rate of its own it is billed like another, nearest first: a cached token without a
#: cached rate costs an input token, a reasoning token an output token. Providers' price lists read this way.
#: A cache write without a rate costs an input token where writing is not billed apart (OpenAI: "no additional
#: fee", https://platform.openai.com/docs/guides/prompt-caching).
FALLBACKS: dict[str, tuple[str, ...]] = {
    "cached": ("input",),
    "write_5m": ("input",),
    "cached_audio": ("input_audio",),
    "input_image": ("input",),
    "reasoning": ("output",),
    "output_image": ("output",),
}
#: Google's list names an audio price wherever it differs from the text price, and one price for all kinds of
#: token elsewhere (https://ai.google.dev/gemini-api/docs/pricing). OpenAI's audio costs many times its text.
GOOGLE_FALLBACKS: dict[str, tuple[str, ...]] = {
    **FALLBACKS,
    "input_audio": ("input",),
    "cached_audio": ("input_audio", "cached", "input"),
    "output_audio": ("output",),
}
#: Claude's cache writes as multiples of the base input price, for price lists that leave them out: "5-minute cache
#: write tokens are 1.25 times the base input tokens price, 1-hour cache write tokens are 2 times" it
#: (https://docs.claude.com/en/docs/build-with-claude/prompt-caching#pricing). As fractions.
CLAUDE_WRITES = {"write_5m": (5, 4), "write_1h": (2, 1)}
_INPUTS = 7

Costed = tuple[int, tuple[int, ...]]
"""(total nano-USD, nano-USD per COST_PARTS); the parts add up to the total."""


def derived_writes(model: str, rates: Collection[str]) -> tuple[str, ...]:
    """The cache-write buckets of `model` that have no rate of their own and take a multiple of its input rate."""
    if "claude" not in model.lower() or "input" not in rates:
        return ()
    return tuple(bucket for bucket in CLAUDE_WRITES if bucket not in rates)


def with_fallbacks(
    rates: Mapping[str, int], provider: str = "", derived: Collection[str] = ()
) -> tuple[int | None, ...]:
    """Rates in `BUCKETS` order; None where a bucket has neither a rate nor a stand-in. `derived`: see above."""
    fallbacks = GOOGLE_FALLBACKS if provider == "google" else FALLBACKS
    out: list[int | None] = []
    for bucket in BUCKETS:
        if bucket in derived:
            times, per = CLAUDE_WRITES[bucket]
            out.append(round_half_even(rates["input"] * times, per))
            continue
        stated = (rates.get(name) for name in (bucket, *fallbacks.get(bucket, ())))
        out.append(next((rate for rate in stated if rate is not None), None))
    return tuple(out)


#: input, cached, write_5m, output, reasoning.
_COMMON = (0, 1, 2, 7, 8)


class _WholeBand(NamedTuple):
    above: int
    rates: tuple[int, ...]
    """nano-USD, 0 where unknown."""
    common: bool
    """Whether every rate of `_COMMON` is known."""
    unknown: tuple[int, ...]


class Card:
    """Immutable. `bands` is ascending: (input tokens above which it applies, rate per bucket)."""

    __slots__ = (
        "_fee", "_whole", "bands", "card_id", "derived", "layer", "marginal", "model", "note", "per_request",
        "provider", "tier",
    )  # fmt: skip

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
        derived: tuple[str, ...] = (),
    ) -> None:
        self.provider, self.model, self.tier = provider, model, tier
        self.bands = bands
        self.per_request = per_request
        self.marginal = marginal
        self.layer = layer
        #: That the served tier has no rates of its own; empty where it has.
        self.note = note
        #: Buckets whose rate no price list states.
        self.derived = derived
        canonical = json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"))
        self.card_id = blake2b(canonical.encode(), digest_size=8).hexdigest()
        self._whole = self._whole_rates()
        self._fee = per_request // FEMTO_PER_NANO

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
            **({"derived": list(self.derived)} if self.derived else {}),
        }

    def assumed(self, usage: Usage) -> bool:
        """Whether the price of this usage rests on a rate that no price list states for it."""
        return bool(self.note) or any(getattr(usage, bucket) for bucket in self.derived)

    def _whole_rates(self) -> tuple[_WholeBand, ...] | None:
        """The bands when every rate is whole: no row needs rounding.

        None when one is not, or when a request may be split over bands.
        """
        fractional = any(rate and rate % FEMTO_PER_NANO for _, rates in self.bands for rate in rates)
        if fractional or self.per_request % FEMTO_PER_NANO or (self.marginal and len(self.bands) > 1):
            return None
        return tuple(
            _WholeBand(
                above,
                tuple((rate or 0) // FEMTO_PER_NANO for rate in rates),
                all(rates[bucket] is not None for bucket in _COMMON),
                tuple(bucket for bucket, rate in enumerate(rates) if rate is None),
            )
            for above, rates in self.bands
        )

    def cost(self, usage: Usage) -> Costed | None:
        """The request's cost, rounded half-even once; None when a used bucket has no known rate."""
        whole = self._whole
        if whole is None:
            return self._rounded(usage)
        given, cached, written, hour, audio, heard, image, out, reasoned, said, drawn, searches = usage
        usual = not (hour or audio or heard or image or said or drawn or searches)
        _, rates, common, unknown = whole[0]
        if len(whole) > 1:
            total = given + cached + written if usual else sum(usage[:_INPUTS])
            for band in whole[1:]:
                if total <= band[0]:
                    break
                _, rates, common, unknown = band
        if usual and common:
            # What nearly every request is; multiplying the other buckets' zeros takes longer than the rest.
            given *= rates[0]
            cached *= rates[1]
            written *= rates[2]
            out *= rates[7]
            reasoned *= rates[8]
            fee = self._fee
            parts = (given, cached, written, 0, 0, 0, 0, out, reasoned, 0, 0, 0, fee)
            return given + cached + written + out + reasoned + fee, parts
        for bucket in unknown:
            if usage[bucket]:
                return None
        all_parts = (*map(mul, usage, rates), self._fee)
        return sum(all_parts), all_parts

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
        """Buckets the request used that this card has no rate for, in the band (or bands) the request reaches."""
        total = usage.input_total
        reached = [rates for above, rates in self.bands if total > above] or [self.bands[0][1]]
        return [
            bucket
            for index, (bucket, count) in enumerate(zip(BUCKETS, usage, strict=True))
            if count
            and any(rates[index] is None for rates in (reached if self.marginal and index < _INPUTS else reached[-1:]))
        ]
