"""The ledger against providers' bills, by day and model. docs/reconcile.md explains what is compared with what.

Only stretches of time that a bill has lines for are compared: a bucket is its own day, so that no time zone is
guessed. Requests and billed lines are never added up together.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Literal, NamedTuple

from llmcost.analysis.gap import CAUSES, Side, gap
from llmcost.core.billed import Billed
from llmcost.core.instants import DAY_US, Period
from llmcost.core.money import NANO_PER_USD
from llmcost.core.usage import Usage
from llmcost.ledger.measures import Sums
from llmcost.ledger.protocol import Ledger, Query

State = Literal["matched", "differs", "only on the bill", "only in the ledger", "credit or tax"]
#: Of several bills of one provider, the first that is there counts.
SOURCES = ("csv", "openai-admin", "anthropic-admin", "focus", "reported")
_NO_USE = re.compile(r"\b(credit|tax|vat|gst|discount|refund|adjustment|fee|support)s?\b", re.IGNORECASE)
#: What names of one model differ by: a date, a version, a publisher in front.
_SUFFIX = re.compile(r"(?:[-@](?:\d{8}|\d{4}-\d{2}-\d{2}|latest|\d{3}))?(?:-v\d+(?::\d+)?)?$")
_PREFIX = re.compile(r"^(?:[a-z]{2,4}\.)?(?:anthropic|openai|meta|mistral|google|amazon|cohere)[./]")
_MOST_ROUNDING = Fraction(NANO_PER_USD, 200)


class Row(NamedTuple):
    """One model (or all of a provider's, where its bill names none) in one stretch of time. Money in nano-USD."""

    start: int
    """[start, end) in microseconds UTC."""
    end: int
    provider: str
    model: str
    """Empty: every model of the provider together."""
    bill: Fraction
    ledger: int
    state: State
    causes: dict[str, Fraction]
    requests: int
    """In the ledger."""
    unpriced: int

    @property
    def difference(self) -> Fraction:
        return self.bill - self.ledger


class Reconciliation(NamedTuple):
    period: Period
    rows: tuple[Row, ...]
    """In order of time; every row's causes add up to its difference."""
    sources: tuple[str, ...]
    ignored: tuple[str, ...]
    """Bills of the same use as another one that counted."""
    other_currencies: tuple[tuple[str, Decimal], ...]
    """(currency, sum) of lines that are not in USD, which are not compared."""
    not_billed: int
    """nano-USD of requests of times and providers no bill has lines for."""

    @property
    def bill(self) -> Fraction:
        return sum((row.bill for row in self.rows), Fraction())

    @property
    def ledger(self) -> int:
        return sum(row.ledger for row in self.rows)

    @property
    def causes(self) -> dict[str, Fraction]:
        return {cause: sum((row.causes[cause] for row in self.rows), Fraction()) for cause in CAUSES}


class Tolerance(NamedTuple):
    """A difference that is none: a share of the bill, or an amount in nano-USD."""

    share: Fraction = Fraction(1, 100)
    nano: int = 0

    def holds(self, difference: Fraction, bill: Fraction) -> bool:
        return abs(difference) <= max(abs(bill) * self.share, Fraction(self.nano))


def reconcile(
    ledger: Ledger,
    lines: Sequence[Billed],
    period: Period,
    *,
    where: tuple[tuple[str, str], ...] = (),
    tolerance: Tolerance = Tolerance(),  # noqa: B008 - a value
) -> Reconciliation:
    """Compare the lines that begin in `period` with the requests of their stretches of time."""
    dollars = [line for line in lines if line.cost is None or line.currency == "USD"]
    foreign: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.cost is not None and line.currency != "USD":
            foreign[line.currency] += line.cost
    chosen, ignored = _one_bill_each(dollars)
    windows: defaultdict[tuple[str, int, int], list[Billed]] = defaultdict(list)
    for line in chosen:
        windows[line.provider, *_window(line)].append(line)
    rows: list[Row] = []
    with ledger.snapshot():
        for (provider, start, end), found in sorted(windows.items(), key=lambda each: (each[0][1:], each[0][0])):
            rows += _compared(ledger, provider, start, end, found, where, tolerance)
        whole = sum(group.sums["cost"] for group in ledger.sums(Query(period.start, period.end, where=where)))
        within = sum(
            _cost(ledger, Query(max(start, period.start), min(end, period.end), where=(*where, ("provider", provider))))
            for provider, start, end in windows
        )
    sources = tuple(sorted({line.source for line in chosen}))
    return Reconciliation(
        period, tuple(_time_zones(rows)), sources, ignored, tuple(sorted(foreign.items())), whole - within
    )


def reported(ledger: Ledger, period: Period, where: tuple[tuple[str, str], ...] = ()) -> list[Billed]:
    """What the tools' own logs said that requests cost, as a bill by UTC day."""
    found = []
    start = period.start // DAY_US * DAY_US
    while start < period.end:
        end = start + DAY_US
        query = Query(max(start, period.start), min(end, period.end), ("provider", "model"), where)
        for (provider, model), sums in ledger.sums(query):
            if sums["reported_n"]:
                cost = Decimal(sums["reported"]) / NANO_PER_USD
                found.append(
                    Billed("reported", f"{start}", query.start, query.end, provider, cost, "USD", model=model,
                           requests=sums["reported_n"])
                )  # fmt: skip
        start = end
    return found


def base_name(model: str) -> str:
    """A model's name without date, version and publisher, which bills and logs say differently."""
    return _SUFFIX.sub("", _PREFIX.sub("", model.lower()))


def _one_bill_each(lines: Sequence[Billed]) -> tuple[list[Billed], tuple[str, ...]]:
    """The lines of each provider's best bill, and the sources left out."""
    priced: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line.cost is not None:
            priced[line.provider].add(line.source)
    rank = {name: number for number, name in enumerate(SOURCES)}
    best = {provider: min(names, key=lambda name: rank.get(name, 99)) for provider, names in priced.items()}
    kept = [line for line in lines if line.source == best.get(line.provider)]
    ignored = {name for provider, names in priced.items() for name in names if name != best[provider]}
    return kept, tuple(sorted(ignored))


def _window(line: Billed) -> tuple[int, int]:
    """Hours count towards their UTC day; longer buckets stand for themselves."""
    if line.end - line.start >= DAY_US:
        return line.start, line.end
    day = line.start // DAY_US * DAY_US
    whole = line.source == "reported" or line.end - line.start > DAY_US // 24
    return (line.start, line.end) if whole else (day, day + DAY_US)


def _compared(
    ledger: Ledger, provider: str, start: int, end: int, lines: Sequence[Billed],
    where: tuple[tuple[str, str], ...], tolerance: Tolerance,
) -> Iterator[Row]:  # fmt: skip
    apart = [line for line in lines if line.cost is not None and _is_no_use(line)]
    use = [line for line in lines if line not in apart]
    # A bill with a line that names no model is one of the provider's models together.
    together = any(line.cost is not None and not line.model for line in use)
    bills: defaultdict[str, list[Billed]] = defaultdict(list)
    for line in use:
        bills["" if together else base_name(line.model)].append(line)
    ours: defaultdict[str, list[Sums]] = defaultdict(list)
    tiers: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    names: dict[str, str] = {}
    models: defaultdict[str, list[str]] = defaultdict(list)
    query = Query(start, end, ("model", "tier"), (*where, ("provider", provider)))
    for (model, tier), sums in ledger.sums(query):
        key = "" if together else base_name(model)
        names.setdefault(key, model)
        models[key].append(model)
        ours[key].append(sums)
        tiers[key][tier] += sums.usage.tokens
    for key in sorted(bills.keys() | ours.keys()):
        priced = [line for line in bills.get(key, ()) if line.cost is not None]
        mine = Sums.total(ours[key]) if key in ours else None
        side = _side(bills[key]) if priced else None
        if side is None and mine is None:
            continue
        covered = _covered(ledger, start, end, provider, where, models[key]) if mine else 0
        causes = gap(side, mine, tiers[key], covered)
        paid, cost = side.cost if side else Fraction(), mine["cost"] if mine else 0
        state: State = "matched" if tolerance.holds(paid - cost, paid) else "differs"
        if side is None or mine is None:
            state = "only in the ledger" if side is None else "only on the bill"
        model = "" if together else names.get(key) or next((line.model for line in priced), "")
        requests, unpriced = (mine["requests"], mine["unpriced"]) if mine else (0, 0)
        yield Row(start, end, provider, model, paid, cost, state, causes, requests, unpriced)
    if apart:
        total = sum((_nano(line) for line in apart), Fraction())
        causes = dict.fromkeys(CAUSES, Fraction()) | {"credits_and_tax": total}
        yield Row(start, end, provider, "", total, 0, "credit or tax", causes, 0, 0)


def _covered(
    ledger: Ledger, start: int, end: int, provider: str, where: tuple[tuple[str, str], ...], models: Sequence[str]
) -> int:
    chosen = (*where, ("provider", provider), *(("model", model) for model in dict.fromkeys(models)))
    return ledger.covered(Query(start, end, where=chosen)).cost


def _is_no_use(line: Billed) -> bool:
    return line.cost is not None and not line.model and (line.cost < 0 or bool(_NO_USE.search(line.line_item)))


def _side(lines: Sequence[Billed]) -> Side:
    """One model's lines, of which some may tell the cost and others, of the same use, the tokens."""
    priced = [line for line in lines if line.cost is not None]
    used = [line.usage for line in lines if line.usage is not None]
    counted = [line.requests for line in lines if line.requests is not None]
    tiers: defaultdict[str, int] = defaultdict(int)
    for line in lines:
        if line.usage is not None and line.tier:
            tiers["standard" if line.tier == "default" else line.tier] += line.usage.tokens
    return Side(
        sum((_nano(line) for line in priced), Fraction()),
        sum((_rounding(line) for line in priced), Fraction()),
        Usage(*map(sum, zip(*used, strict=True))) if used else None,
        sum(counted) if counted else None,
        tiers,
    )


def _nano(line: Billed) -> Fraction:
    return Fraction(line.cost or 0) * NANO_PER_USD


def _rounding(line: Billed) -> Fraction:
    """Half a unit of the last place, at most half a cent."""
    exponent = (line.cost or Decimal(0)).normalize().as_tuple().exponent
    place = Fraction(10) ** int(exponent) * NANO_PER_USD / 2
    return min(place, _MOST_ROUNDING)


def _cost(ledger: Ledger, query: Query) -> int:
    return ledger.sums(query)[0].sums["cost"] if query.start < query.end else 0


def _time_zones(rows: Iterable[Row]) -> list[Row]:
    """Move what one stretch has too much of and the next too little into `time_zone`, where it adds up to nothing."""
    found = list(rows)
    places: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for at, row in enumerate(found):
        places[row.provider, base_name(row.model)].append(at)
    for here in places.values():
        for one, two in pairwise(here):
            if found[one].end == found[two].start:
                _shift(found, one, two)
    return found


_MOVABLE = ("calls", "extra_calls", "unexplained")


def _shift(rows: list[Row], one: int, two: int) -> None:
    causes: tuple[Mapping[str, Fraction], Mapping[str, Fraction]] = (rows[one].causes, rows[two].causes)
    first, second = (sum((each[name] for name in _MOVABLE), Fraction()) for each in causes)
    if first * second >= 0:
        return
    amount = min(abs(first), abs(second))
    for at, total in ((one, first), (two, second)):
        left, changed = amount, dict(rows[at].causes)
        sign = 1 if total > 0 else -1
        for name in _MOVABLE:
            part = min(left, max(Fraction(), changed[name] * sign))
            changed[name] -= part * sign
            left -= part
        changed["time_zone"] += (amount - left) * sign
        rows[at] = rows[at]._replace(causes=changed)
