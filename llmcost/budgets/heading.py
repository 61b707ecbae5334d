"""Where a limit's window is heading: the forecast, fed from the ledger."""

from __future__ import annotations

from datetime import timedelta, tzinfo
from fractions import Fraction

from llmcost.analysis.forecast import KEPT_DAYS, Forecast, forecast
from llmcost.budgets.model import Limit, Measure
from llmcost.core.instants import DAY_US, Period, from_us, local_midnight
from llmcost.ledger.protocol import Ledger, Query, Sums

#: What the ledger calls a measure of ours.
_SERIES: dict[Measure, str] = {"usd": "cost", "tokens": "tokens", "requests": "requests"}


def used(sums: Sums, measure: Measure) -> int:
    """What a limit counts of some requests: nano-USD, tokens or requests."""
    return {"usd": sums["cost"], "requests": sums["requests"]}.get(measure, sums.usage.tokens)


class Heading:
    """Forecasts for the windows of one scope; its daily totals are read once per measure."""

    def __init__(self, ledger: Ledger, scope: tuple[tuple[str, str], ...], now: int, zone: tzinfo) -> None:
        self._ledger = ledger
        self._query = Query(0, 0, where=scope)
        self._now = now
        self._today = from_us(now, zone).date()
        first = self._today - timedelta(days=KEPT_DAYS)
        self._midnights = [local_midnight(first + timedelta(days=at), zone) for at in range(KEPT_DAYS + 2)]
        self._history: dict[Measure, list[int]] = {}
        self._spent_today: Sums | None = None

    def of(self, limit: Limit, period: Period, spent: int) -> Forecast | None:
        """`spent` at the window's end; None for windows of about a day, and where too little is known."""
        if period.end - period.start < 2 * DAY_US:
            return None
        history = self._history.get(limit.measure)
        if history is None:
            series = self._ledger.series(self._query, _SERIES[limit.measure], self._midnights[:-1])
            history = self._history[limit.measure] = series
        *_, start, end = self._midnights
        if self._spent_today is None:
            today = self._query._replace(start=start, end=self._now + 1)
            self._spent_today = self._ledger.sums(today)[0].sums
        return forecast(
            history, today=self._today, passed=Fraction(self._now + 1 - start, end - start),
            today_nano=used(self._spent_today, limit.measure), spent=spent, last=period.last_day,
        )  # fmt: skip
