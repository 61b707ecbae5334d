"""The article's `CostAnalytics`: the same calls and keys, over the ledger and with its exact numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, TypedDict

from llmcost.analysis.anomalies import dear_requests
from llmcost.analysis.breakdown import Breakdown, breakdown
from llmcost.analysis.report import MAX_POINTS, dearest, granularity_for
from llmcost.core.errors import UsageError
from llmcost.core.instants import (
    Granularity,
    Period,
    days_before,
    edges,
    from_us,
    granularity_named,
    local_midnight,
    rfc3339,
    to_us,
    zone_named,
)
from llmcost.core.money import NANO_PER_USD, usd_text
from llmcost.core.record import dimension as dimension_named
from llmcost.ledger.measures import Amounts, Sums
from llmcost.ledger.protocol import Ledger, Query
from llmcost.ledger.sqlite import SqliteLedger


class TrendPoint(TypedDict):
    """A local hour, day, week or month. The article's names, whatever the granularity."""

    period: datetime
    """When it begins, in the analytics' zone."""
    daily_cost: Decimal | None
    daily_tokens: int
    unpriced_requests: int


class Summary(TypedDict):
    """Money in USD. Averages are None without requests (of the cost: without priced ones)."""

    total_cost: Decimal | None
    total_input: int
    total_output: int
    total_requests: int
    avg_cost_per_request: Decimal | None
    avg_tokens_per_request: float | None
    unpriced_requests: int


class Anomaly(TypedDict):
    """A request that cost more than twice its app's `p95_cost`. Money in USD."""

    timestamp: datetime
    request_id: str
    provider: str
    model: str
    app_id: str
    user: str
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    avg_cost: Decimal
    p95_cost: Decimal
    """The percentile that was asked for, 95 unless said otherwise."""


class CostReport(TypedDict):
    period: str
    summary: Summary
    by_model: list[dict[str, Any]]
    by_app: list[dict[str, Any]]
    trend: list[TrendPoint]
    anomalies: list[Anomaly]


def _now() -> int:
    return to_us(datetime.now(UTC))


class CostAnalytics:
    """Where the money went. Costs are `Decimal` USD, None where requests are there and none has a price.

    Times without an offset are of the zone `tz`; a period reaches from `start_time` up to, not including, `end_time`.

    Args:
        metrics_store: the ledger, or its path, which each call opens and closes (for any number of threads).
        tz: the zone of days, weeks and months.
        clock: microseconds UTC.
    """

    def __init__(self, metrics_store: str | Path | Ledger, *, tz: str = "UTC", clock: Callable[[], int] = _now) -> None:
        self._store = metrics_store
        self._zone = zone_named(tz)
        self._clock = clock

    @property
    def zone(self) -> tzinfo:
        return self._zone

    def now_us(self) -> int:
        """Microseconds UTC by its clock."""
        return self._clock()

    def get_cost_by_dimension(
        self, start_time: datetime, end_time: datetime, dimension: str = "model"
    ) -> list[dict[str, Any]]:
        """Totals of each value of a dimension, dearest first.

        Each has the value under the dimension's name as it was asked for (`app_id`, `tag.KEY`), `total_cost`,
        `total_input`, `total_output`, `request_count` and `unpriced_requests`.

        Raises:
            UsageError: an unknown dimension, or an empty period.
        """
        period = self._period(start_time, end_time)
        with self.opened() as ledger:
            return _by_dimension(ledger, period, dimension)

    def get_cost_trend(self, days: int = 30, granularity: str = "day") -> list[TrendPoint]:
        """Cost and tokens of each hour, day, week or month of the last so many days, oldest first, empty ones included.

        Raises:
            UsageError: an unknown granularity, or one too fine for so many days; `days` is not positive.
        """
        with self.opened() as ledger:
            return self._trend(ledger, self._clock(), days, granularity_named(granularity))

    def identify_cost_anomalies(self, threshold_percentile: int = 95) -> list[Anomaly]:
        """Requests of the last 24 hours that cost more than twice the percentile of their app's last seven days.

        Raises:
            UsageError: no whole number from 1 to 100.
        """
        with self.opened() as ledger:
            return self._anomalies(ledger, self._clock(), threshold_percentile)

    def generate_cost_report(self, start_time: datetime, end_time: datetime) -> CostReport:
        """All of these, of one state of the ledger. Trend and anomalies are those up to `end_time`, or now if earlier.

        Raises:
            UsageError: an empty period.
        """
        period = self._period(start_time, end_time)
        upto = min(period.end, self._clock())
        with self.opened() as ledger, ledger.snapshot():
            return {
                "period": f"{rfc3339(period.start, self._zone)} to {rfc3339(period.end, self._zone)}",
                "summary": _summary(ledger.sums(Query(period.start, period.end))[0].sums),
                "by_model": _by_dimension(ledger, period, "model"),
                "by_app": _by_dimension(ledger, period, "app_id"),
                "trend": self._trend(ledger, upto, 30, "day"),
                "anomalies": self._anomalies(ledger, upto, 95),
            }

    def breakdown(self, start_time: datetime, end_time: datetime) -> Breakdown:
        """The values of the article's figure (`llmcost.live.visualization`).

        Raises:
            UsageError: an empty period.
        """
        period = self._period(start_time, end_time)
        with self.opened() as ledger:
            return breakdown(ledger, period, granularity_for(period))

    @contextmanager
    def opened(self) -> Iterator[Ledger]:
        """The ledger, to read."""
        if isinstance(self._store, str | Path):
            with closing(SqliteLedger(Path(self._store), write=False)) as opened:
                yield opened
        else:
            yield self._store

    def _period(self, start: datetime, end: datetime) -> Period:
        period = Period(self._us(start), self._us(end), self._zone, "period")
        if period.end <= period.start:
            raise UsageError(f"the period from {start} to {end} is empty", "end_time must be later")
        return period

    def _us(self, moment: datetime) -> int:
        zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=self._zone)
        return to_us(zoned.astimezone(UTC))

    def _trend(self, ledger: Ledger, upto: int, days: int, granularity: Granularity) -> list[TrendPoint]:
        if days < 1:
            raise UsageError(f"a trend of {days} days", "give one day or more")
        period = days_before(Period(upto, upto, self._zone, ""), days)
        cuts = edges(period, granularity)
        if len(cuts) > MAX_POINTS:
            raise UsageError(
                f"a trend by {granularity} would have {len(cuts) - 1:,} points", "use a coarser granularity"
            )
        nothing = [Amounts()] * (len(cuts) - 1)
        starts = [_begin(from_us(cut, self._zone), granularity, self._zone) for cut in cuts[:-1]]
        found = ledger.series(Query(period.start, period.end), cuts).get((), nothing)
        return [
            {
                "period": start,
                "daily_cost": _known(each.cost, each.unpriced),
                "daily_tokens": each.tokens,
                "unpriced_requests": each.unpriced,
            }
            for start, each in zip(starts, found, strict=True)
        ]

    def _anomalies(self, ledger: Ledger, upto: int, percentile: int) -> list[Anomaly]:
        if isinstance(percentile, bool) or not isinstance(percentile, int) or not 1 <= percentile <= 100:
            raise UsageError(f"not a percentile: {percentile!r}", "give a whole number from 1 to 100")
        found: list[Anomaly] = []
        for stored, p95, mean in dear_requests(ledger, upto, percentile=percentile):
            record = stored.priced.record
            cost = stored.priced.cost
            found.append({
                "timestamp": from_us(record.ts, self._zone),
                "request_id": record.id,
                "provider": record.provider,
                "model": record.model,
                "app_id": record.app,
                "user": record.user,
                "input_tokens": record.usage.input_total,
                "output_tokens": record.usage.output_total,
                "cost": None if cost is None else _usd(cost),
                "avg_cost": _ratio(mean),
                "p95_cost": _ratio(p95),
            })  # fmt: skip
        return found


def _by_dimension(ledger: Ledger, period: Period, asked: str) -> list[dict[str, Any]]:
    groups = ledger.sums(Query(period.start, period.end, (dimension_named(asked),)))
    return [
        {
            asked: group.key[0],
            "total_cost": _known(group.sums["cost"], group.sums["unpriced"]),
            "total_input": group.sums.usage.input_total,
            "total_output": group.sums.usage.output_total,
            "request_count": group.sums["requests"],
            "unpriced_requests": group.sums["unpriced"],
        }
        for group in dearest(groups)
    ]


def _summary(sums: Sums) -> Summary:
    requests, unpriced, usage = sums["requests"], sums["unpriced"], sums.usage
    priced = requests - unpriced
    return {
        "total_cost": _known(sums["cost"], unpriced),
        "total_input": usage.input_total,
        "total_output": usage.output_total,
        "total_requests": requests,
        "avg_cost_per_request": _ratio(Fraction(sums["cost"], priced)) if priced else None,
        "avg_tokens_per_request": usage.tokens / requests if requests else None,
        "unpriced_requests": unpriced,
    }


def _begin(moment: datetime, granularity: Granularity, zone: tzinfo) -> datetime:
    """The start of the local hour, day, week or month that a time is in."""
    if granularity == "hour":
        return moment.replace(minute=0, second=0, microsecond=0)
    day: date = moment.date()
    if granularity == "week":
        day -= timedelta(days=day.weekday())
    elif granularity == "month":
        day = day.replace(day=1)
    return from_us(local_midnight(day, zone), zone)


def _known(nano: int, unpriced: int) -> Decimal | None:
    """USD; None where all that there is lacks a price: unknown is not zero."""
    return None if unpriced and not nano else _usd(nano)


def _usd(nano: int) -> Decimal:
    return Decimal(usd_text(nano))


def _ratio(nano: Fraction) -> Decimal:
    """USD to 28 digits."""
    return Decimal(nano.numerator) / Decimal(nano.denominator) / NANO_PER_USD
