"""What a limit counts, and where its window is heading: the forecast, fed from the ledger."""

from __future__ import annotations

from datetime import timedelta, tzinfo
from fractions import Fraction

from llmcost.analysis.forecast import KEPT_DAYS, Forecast, forecast
from llmcost.budgets.amounts import Series
from llmcost.budgets.model import Limit, Measure
from llmcost.core.instants import QUARTER_US, Period, from_us, local_midnight
from llmcost.ledger.measures import Amounts, Sums

_FIELDS: dict[Measure, str] = {"usd": "cost", "tokens": "tokens", "requests": "requests"}
#: Shorter windows are over before a daily total says anything of them; a rolling one ends now.
_FORECAST = ("week", "month", "quarter")


def counted(amounts: Amounts, measure: Measure) -> int:
    """What a limit counts of some requests: nano-USD, tokens or requests."""
    return int(getattr(amounts, _FIELDS[measure]))


def used(sums: Sums, measure: Measure) -> int:
    """As `counted`, of a query's sums."""
    return {"usd": sums["cost"], "requests": sums["requests"]}.get(measure, sums.usage.tokens)


class Days:
    """The local days a forecast is made from, up to the moment."""

    def __init__(self, now: int, zone: tzinfo) -> None:
        self.zone = zone
        self._now = now
        self.today = from_us(now, zone).date()
        days = (self.today + timedelta(days=at) for at in range(-KEPT_DAYS, 2))
        *self.midnights, self._tomorrow = (local_midnight(day, zone) for day in days)

    def cuts(self, limit: Limit, period: Period) -> set[int]:
        """Where a series must be cut for the limit; the last quarter-hour is in part still to come."""
        edges = {period.start, self._now // QUARTER_US * QUARTER_US, self._now + 1}
        return edges.union(self.midnights) if limit.window.unit in _FORECAST else edges

    def heading(self, series: Series, limit: Limit, period: Period, spent: int) -> Forecast | None:
        """`spent` at the window's end; None for short windows, and where too little is known."""
        if limit.window.unit not in _FORECAST:
            return None
        start = self.midnights[-1]
        return forecast(
            [counted(day, limit.measure) for day in series.daily(self.midnights)],
            today=self.today,
            passed=Fraction(self._now + 1 - start, self._tomorrow - start),
            today_nano=counted(series.between(start, self._now + 1), limit.measure),
            spent=spent,
            last=period.last_day,
        )
