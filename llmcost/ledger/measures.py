"""What the ledger adds up: the measures of requests, exact sums of them, and groups of those."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from llmcost.core.usage import BUCKETS, COST_PARTS, Usage

#: name -> (what it sums over requests, as SQL over a request row). The roll-ups hold exactly these.
MEASURES: dict[str, str] = {
    "requests": "1",
    "unpriced": "cost IS NULL",
    "reported_only": "card = 1",
    "assumed": "assumed",
    "errors": "status <> 'ok'",
    "partials": "flags & 2 <> 0",
    "hit_known": "cache_hit IS NOT NULL",
    "hits": "coalesce(cache_hit, 0)",
    "latency_n": "latency_us IS NOT NULL",
    "latency_us": "coalesce(latency_us, 0)",
    "ttft_n": "ttft_us IS NOT NULL",
    "ttft_us": "coalesce(ttft_us, 0)",
    # Time per token needs both times and a second token (docs/metrics.md).
    "tpot_n": "({timed})",
    "tpot_us": "CASE WHEN {timed} THEN latency_us - ttft_us ELSE 0 END",
    "tpot_tokens": "CASE WHEN {timed} THEN {out} - 1 ELSE 0 END",
    # Generation time is what follows the first token; without one, the whole latency.
    "gen_n": "({generated})",
    "gen_us": "CASE WHEN {generated} THEN latency_us - coalesce(ttft_us, 0) ELSE 0 END",
    "gen_tokens": "CASE WHEN {generated} THEN {out} ELSE 0 END",
    "cost": "coalesce(cost, 0)",
    "priced_tokens": "CASE WHEN cost IS NOT NULL THEN {tokens} ELSE 0 END",
    "reported_n": "reported IS NOT NULL",
    "reported": "coalesce(reported, 0)",
    **{f"t_{bucket}": bucket for bucket in BUCKETS},
    **{f"n_{part}": f"n_{part}" for part in COST_PARTS},
}
_OUT = "(output + reasoning + output_audio + output_image)"
_CONDITIONS = {
    "out": _OUT,
    "tokens": f"({' + '.join(BUCKETS[:-1])})",
    "timed": f"latency_us >= ttft_us AND {_OUT} > 1",
    "generated": f"latency_us > coalesce(ttft_us, 0) AND {_OUT} > 0",
}
MEASURES = {name: f"coalesce({sql.format(**_CONDITIONS)}, 0)" for name, sql in MEASURES.items()}
MEASURE_NAMES: tuple[str, ...] = tuple(MEASURES)
_INDEX = {name: index for index, name in enumerate(MEASURE_NAMES)}
_TOKENS_AT = _INDEX["t_input"]
_PARTS_AT = _INDEX["n_input"]


#: Dimensions whose totals are kept by the quarter-hour: queries by these alone cost little.
ROLLED = ("provider", "model", "app", "environment", "team", "operation", "tier")
#: What `Ledger.series` adds up -> the measures it is made of.
AMOUNTS: dict[str, tuple[str, ...]] = {
    "requests": ("requests",),
    "unpriced": ("unpriced",),
    "cost": ("cost",),
    "tokens": tuple(f"t_{bucket}" for bucket in BUCKETS[:-1]),
}


class Amounts(NamedTuple):
    """What limits count of some requests; the fields are those of AMOUNTS."""

    requests: int = 0
    unpriced: int = 0
    cost: int = 0
    """nano-USD of the priced ones."""
    tokens: int = 0

    def plus(self, other: Amounts) -> Amounts:
        return Amounts(*map(int.__add__, self, other))


class Sums:
    """Exact integer totals of one group, by the names in MEASURES (counts, tokens, nano-USD, microseconds)."""

    __slots__ = ("values",)

    def __init__(self, values: Iterable[int] = (0,) * len(MEASURE_NAMES)) -> None:
        self.values = tuple(values)

    @classmethod
    def total(cls, parts: Sequence[Sums]) -> Sums:
        return cls(map(sum, zip(*(part.values for part in parts), strict=True))) if parts else cls()

    def __getitem__(self, name: str) -> int:
        return self.values[_INDEX[name]]

    def __add__(self, other: Sums) -> Sums:
        return Sums([a + b for a, b in zip(self.values, other.values, strict=True)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sums) and self.values == other.values

    def __hash__(self) -> int:
        return hash(self.values)

    def __repr__(self) -> str:
        shown = {name: value for name, value in zip(MEASURE_NAMES, self.values, strict=True) if value}
        return f"Sums({shown})"

    @property
    def usage(self) -> Usage:
        return Usage(*self.values[_TOKENS_AT : _TOKENS_AT + len(BUCKETS)])

    @property
    def parts(self) -> dict[str, int]:
        """nano-USD per COST_PARTS."""
        return dict(zip(COST_PARTS, self.values[_PARTS_AT:], strict=True))


class Group(NamedTuple):
    """Totals of the requests that share `key`, whose values stand in the order of `Query.by`."""

    key: tuple[str, ...]
    sums: Sums
