"""What is doubtful in a price book: old entries, contradictions, colliding names, prices that have run out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date
from typing import Literal, NamedTuple

from llmcost.core.instants import from_us, rfc3339
from llmcost.pricing.book import PriceBook
from llmcost.pricing.diff import rates_at
from llmcost.pricing.entry import Entry, Layer
from llmcost.pricing.match import Names

STALE_DAYS = 90
CATALOGUE = "catalogue"

Kind = Literal["stale", "contradicts", "alias", "expired", "unmodelled"]


class Finding(NamedTuple):
    """One doubt about one model; `message` names the values."""

    kind: Kind
    layer: str
    provider: str
    model: str
    message: str


def check(book: PriceBook, now_us: int) -> list[Finding]:
    """Findings in layer order. `now_us`: microseconds UTC.

    stale: in force, and last checked over 90 days ago; contradicts: another rate than the catalogue's now;
    alias: a name of one provider claimed twice in a layer; expired: an override with no price any more;
    unmodelled: a catalogue model priced only in units llmcost has no bucket for.
    """
    catalogue = next((layer for layer in book.layers if layer.name == CATALOGUE), None)
    names = Names(catalogue) if catalogue is not None else None
    findings: list[Finding] = []
    for layer in book.layers:
        if layer.name == CATALOGUE:
            findings.extend(_unmodelled(layer))
            continue
        findings.extend(_collisions(layer))
        for entry in layer.entries:
            findings.extend(_entry(layer, entry, names, now_us))
    return findings


def _entry(layer: Layer, entry: Entry, catalogue: Names | None, now_us: int) -> Iterator[Finding]:
    current = rates_at(entry, now_us)
    if current is None:
        ends = [prices.valid_to for prices in entry.prices]
        if not layer.yields and all(end is not None and end <= now_us for end in ends):
            last = max(end for end in ends if end is not None)
            yield _finding("expired", layer, entry, f"its last price ended {rfc3339(last)}")
        return
    if entry.checked:
        age = (from_us(now_us, UTC).date() - date.fromisoformat(entry.checked)).days
        if age > STALE_DAYS:
            yield _finding("stale", layer, entry, f"last checked {entry.checked}, {age} days ago")
    match = catalogue.find(entry.provider, entry.model) if catalogue is not None else None
    theirs = rates_at(match.entry, now_us) if match is not None else None
    for what, usd in (theirs or {}).items():
        if what in current and current[what] != usd:
            message = f"{what} is {current[what]} USD here and {usd} USD in the catalogue"
            yield _finding("contradicts", layer, entry, message)


def _collisions(layer: Layer) -> Iterator[Finding]:
    owners: dict[tuple[str, str], str] = {(e.provider, e.model.lower()): e.model for e in layer.entries}
    for entry in layer.entries:
        for alias in entry.aliases:
            owner = owners.setdefault((entry.provider, alias.lower()), entry.model)
            if owner != entry.model:
                yield _finding("alias", layer, entry, f"alias {alias!r} already means {owner!r}")


def _unmodelled(layer: Layer) -> Iterator[Finding]:
    for entry in layer.entries:
        if entry.unmodelled and not any(prices.rates or prices.per_request for prices in entry.prices):
            yield _finding("unmodelled", layer, entry, f"priced only by {', '.join(entry.unmodelled)}")


def _finding(kind: Kind, layer: Layer, entry: Entry, message: str) -> Finding:
    return Finding(kind, layer.name, entry.provider, entry.model, message)
