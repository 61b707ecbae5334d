"""Unusual spend: requests far above their app's others, and days or hours far from what an app usually costs.

docs/anomalies.md explains both rules.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import NamedTuple

from llmcost.analysis.outliers import DAILY, HOURLY, Outliers, Rhythm, outliers
from llmcost.core.instants import DAY_US, Granularity, Period, edges, local_midnight, shifted
from llmcost.core.money import NANO_PER_USD
from llmcost.ledger.measures import ROLLED, Amounts
from llmcost.ledger.protocol import Ledger, Query, StoredRequest

#: A request is dear above this many times the percentile of its app's requests of so many days.
_TIMES, _DAYS, _PERCENTILE = 2, 7, 95
#: So many dear requests are listed.
_LISTED = 10
#: A day or hour less than this away from the usual is no anomaly, whatever share of a small app it is.
_LEAST = 5 * NANO_PER_USD
#: What is usual is learnt from so many days, and for hours from these.
_HISTORY_DAYS, _HISTORY_DAYS_OF_HOURS = 70, 42
#: Hours are looked at of the dearest apps.
_APPS_BY_HOUR = 10
#: Dimensions that may explain an episode, how many of their values are told, and of how many episodes.
_EXPLAINING, _TOLD, _EXPLAINED = ("model", "team", "environment", "operation"), 3, 10
#: A value explains an episode when this share of the excess over so many weeks before is its own.
_EXPLAINS, _WEEKS = Fraction(1, 5), 4


class DearRequest(NamedTuple):
    """A request above twice `p95` of its app; nano-USD."""

    stored: StoredRequest
    p95: Fraction
    """The percentile that was asked for, 95 unless said otherwise."""
    mean: Fraction


class Explained(NamedTuple):
    dimension: str
    value: str
    excess: int
    """nano-USD."""


class Episode(NamedTuple):
    """Days or hours in a row that one app cost far more, or far less, than usual. Money in nano-USD."""

    app: str
    start: int
    """[start, end) in microseconds UTC."""
    end: int
    cost: int
    """Of its unusual days or hours, as are the next."""
    expected: int
    explained: tuple[Explained, ...]

    @property
    def excess(self) -> int:
        """Negative where less was spent than usual."""
        return self.cost - self.expected


class Anomalies(NamedTuple):
    requests: tuple[DearRequest, ...] = ()
    """The furthest above their threshold, that one first."""
    request_count: int = 0
    """How many there are in all."""
    request_cost: int = 0
    """nano-USD of all of them."""
    episodes: tuple[Episode, ...] = ()
    """Those of most money first."""


def anomalies(
    ledger: Ledger, period: Period, *, granularity: Granularity = "day", where: tuple[tuple[str, str], ...] = ()
) -> Anomalies | None:
    """What is unusual in a period; None where rows it needs were compacted. Within a snapshot of the ledger.

    Dear requests are those of its last seven days. Episodes are found by the day, and by the hour with granularity
    `hour`.
    """
    since = ledger.raw_since()
    if since is not None and period.start < since:
        return None
    start = max(period.start, shifted(period._replace(start=period.end), -_DAYS).start)
    dear, count, cost = _dear(ledger, Query(start, period.end, where=where), period.end, _PERCENTILE)
    rolled = all(name in ROLLED for name, _ in where)
    return Anomalies(dear, count, cost, _episodes(ledger, period, granularity, where, None if rolled else since))


def dear_requests(ledger: Ledger, now_us: int, percentile: int = _PERCENTILE) -> tuple[DearRequest, ...]:
    """Every request of the last 24 hours that costs more than twice the percentile of its app's last seven days."""
    with ledger.snapshot():
        return _dear(ledger, Query(now_us - DAY_US, now_us), now_us, percentile, limit=2**31)[0]


def _dear(
    ledger: Ledger, query: Query, end: int, percentile: int, limit: int = _LISTED
) -> tuple[tuple[DearRequest, ...], int, int]:
    start = max(end - _DAYS * DAY_US, ledger.raw_since() or 0)
    spreads = ledger.cost_percentiles(start, end, Fraction(percentile, 100))
    # An integer is above twice the percentile when it is above that, rounded down.
    found = ledger.dear(query, {app: int(_TIMES * spread.percentile) for app, spread in spreads.items()}, limit)
    listed = []
    for stored in found.top:
        spread = spreads[stored.priced.record.app]
        listed.append(DearRequest(stored, spread.percentile, spread.mean))
    return tuple(listed), found.requests, found.cost


def _episodes(
    ledger: Ledger, period: Period, granularity: Granularity, where: tuple[tuple[str, str], ...], since: int | None
) -> tuple[Episode, ...]:
    """`since`: before it nothing is known of what the filters ask for."""
    unit: Granularity = "hour" if granularity == "hour" else "day"
    zone = period.zone
    days = _HISTORY_DAYS_OF_HOURS if unit == "hour" else _HISTORY_DAYS
    history = max(local_midnight(period.first_day - timedelta(days=days), zone), since or 0)
    cuts = edges(Period(history, period.end, zone, ""), unit)
    first = bisect_right(cuts, period.start) - 1
    # Of a day or hour that is not over, less than usual says nothing.
    over = period.end in (edges(Period(period.end - 1, period.end + 1, zone, ""), unit))
    whole = len(cuts) - 2 + over
    rhythm = HOURLY if unit == "hour" else DAILY
    found: list[Episode] = []
    series: Iterable[tuple[tuple[str, ...], list[Amounts]]] = ledger.series(
        Query(0, 0, ("app",), where), cuts, tokens=False
    ).items()
    if unit == "hour":
        series = sorted(series, key=lambda each: -sum(one.cost for one in each[1]))[:_APPS_BY_HOUR]
    for (app,), amounts in series:
        for each in _unusual(amounts, first, whole, rhythm):
            start, end = cuts[each.first], cuts[each.last]
            found.append(Episode(app, start, end, round(each.amount), round(each.usual), ()))
    found.sort(key=lambda each: (-abs(each.excess), each.start, each.app))
    return (
        *(each._replace(explained=_explained(ledger, each, period, where, since)) for each in found[:_EXPLAINED]),
        *found[_EXPLAINED:],
    )


def _unusual(amounts: Sequence[Amounts], first: int, whole: int, rhythm: Rhythm) -> Iterator[Outliers]:
    """Outliers from index `first` on; of the points behind `whole`, only those above the usual."""
    # Before an app's first request it was not unusually cheap: it was not there.
    born = next((at for at, each in enumerate(amounts) if each.requests), len(amounts))
    costs = [float(each.cost) for each in amounts[born:]]
    if max(costs, default=0.0) < _LEAST:
        return
    start = max(0, first - born)
    until = max(0, whole - born)
    found = outliers(costs[:until], start=start, rhythm=rhythm, least=_LEAST)
    for each in found if until == len(costs) else outliers(costs, start=start, rhythm=rhythm, least=_LEAST):
        if each.amount > each.usual:
            yield each.behind(born)
    for each in found:
        here = each.behind(born)
        # Where prices are missing, a low cost is not known to be low.
        if each.amount < each.usual and not any(one.unpriced for one in amounts[here.first : here.last]):
            yield here


def _explained(
    ledger: Ledger, episode: Episode, period: Period, where: tuple[tuple[str, str], ...], since: int | None
) -> tuple[Explained, ...]:
    """Whose the excess is: against the mean of the same days or hours of the weeks before."""
    mine = (*(pair for pair in where if pair[0] != "app"), ("app", episode.app))
    window = Period(episode.start, episode.end, period.zone, "")
    weeks = -(-(episode.end - episode.start) // (7 * DAY_US))
    excess: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for back in range(_WEEKS + 1):
        share = Fraction(-1, _WEEKS) if back else Fraction(1)
        there = shifted(window, -7 * weeks * back)
        if there.start < (since or 0):
            return ()
        for group in ledger.sums(Query(there.start, there.end, _EXPLAINING, mine)):
            for pair in zip(_EXPLAINING, group.key, strict=True):
                excess[pair] += share * group.sums["cost"]
    values = Counter(dimension for dimension, _ in excess)
    told = [
        Explained(*pair, round(amount))
        for pair, amount in excess.items()
        # The only value that a dimension has explains nothing.
        if pair[1] and values[pair[0]] > 1 and amount / episode.excess >= _EXPLAINS
    ]
    return tuple(sorted(told, key=lambda each: (-abs(each.excess), each.dimension, each.value))[:_TOLD])
