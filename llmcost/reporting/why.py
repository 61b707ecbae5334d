"""Why spend changed and what was unusual, in the words and figures that readable formats share."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import tzinfo
from fractions import Fraction

from llmcost.analysis.anomalies import Anomalies, DearRequest, Episode
from llmcost.analysis.report import Report
from llmcost.analysis.variance import Variance
from llmcost.core.instants import DAY_US, from_us
from llmcost.core.money import round_half_even
from llmcost.reporting.numbers import counted, decimal, usd
from llmcost.reporting.view import name

CAUSES = {
    "price": "other prices",
    "volume": "more or fewer tokens",
    "mix": "other models or kinds of tokens",
    "new": "models newly used",
    "gone": "models no longer used",
    "unpriced": "missing prices",
}
VARIANCE_HEADER = ("app", "model", "change", "price", "volume", "mix", "new", "gone")
EPISODE_HEADER = ("app", "when", "cost", "usual", "times", "mostly")
REQUEST_HEADER = ("app", "when", "model", "cost", "times p95", "id")


def signed(nano: int) -> str:
    """+$1.20, -$0.50."""
    return f"+{usd(nano)}" if nano > 0 else usd(nano)


def told(variance: Variance) -> list[tuple[str, int]]:
    """(cause, nano-USD), largest first, without those of less than a hundredth of the largest."""
    causes = sorted(variance.causes.items(), key=lambda each: -abs(each[1]))
    return [(cause, nano) for cause, nano in causes if nano and abs(nano) * 100 >= abs(causes[0][1])]


def sentence(report: Report) -> str:
    """`+$20.00: +$25.00 more or fewer tokens, -$5.00 other prices`; empty without anything to compare."""
    if not report.before["requests"] or not report.variance.rows:
        return ""
    parts = [f"{signed(nano)} {_named(cause, nano)}" for cause, nano in told(report.variance)]
    return f"{signed(report.variance.change)}: {', '.join(parts)}" if parts else ""


def _named(cause: str, nano: int) -> str:
    if cause == "volume":
        return "more tokens" if nano > 0 else "fewer tokens"
    if cause == "price":
        return "higher prices" if nano > 0 else "lower prices"
    return CAUSES[cause]


def variance_rows(variance: Variance, top: int | None) -> list[tuple[str, ...]]:
    """Under VARIANCE_HEADER; what is unpriced stands under `price`, as it is."""
    return [
        (
            name(row.app), name(row.model), signed(row.change),
            "no price" if row.causes["unpriced"] else _amount(row.causes["price"]),
            *(_amount(row.causes[cause]) for cause in ("volume", "mix", "new", "gone")),
        )
        for row in variance.rows[:top]
        if row.change
    ]  # fmt: skip


def _amount(nano: int) -> str:
    return signed(nano) if nano else ""


def when(episode: Episode, zone: tzinfo, day: str = "{0.day} {0:%b}") -> str:
    """The days or hours of an episode: `18 Nov`, `18 Nov - 20 Nov`, `18 Nov 22:00 - 23:00`."""
    start, end, last = (from_us(us, zone) for us in (episode.start, episode.end, episode.end - 1))
    if episode.end - episode.start < DAY_US * 23 // 24:
        return f"{day.format(start)} {start:%H:%M} - {end:%H:%M}"
    return day.format(start) if start.date() == last.date() else f"{day.format(start)} - {day.format(last)}"


def times(episode: Episode) -> str:
    return f"{decimal(Fraction(episode.cost, episode.expected), 1)}x" if episode.expected else "new"


def mostly(episode: Episode) -> str:
    return ", ".join(f"{each.dimension} {name(each.value)} ({signed(each.excess)})" for each in episode.explained)


def episode_rows(episodes: Sequence[Episode], zone: tzinfo, top: int | None) -> list[tuple[str, ...]]:
    """Under EPISODE_HEADER."""
    return [
        (name(each.app), when(each, zone), usd(each.cost), usd(each.expected), times(each), mostly(each))
        for each in episodes[:top]
    ]


def request_rows(requests: Sequence[DearRequest], zone: tzinfo, top: int | None) -> list[tuple[str, ...]]:
    """Under REQUEST_HEADER."""
    return [
        (
            name(each.stored.priced.record.app), f"{from_us(each.stored.priced.record.ts, zone):%m-%d %H:%M:%S}",
            name(each.stored.priced.record.model), usd(each.stored.priced.cost), over(each),
            name(each.stored.priced.record.id),
        )
        for each in requests[:top]
    ]  # fmt: skip


def over(dear: DearRequest) -> str:
    """How many times the percentile it cost."""
    return f"{decimal(Fraction(dear.stored.priced.cost or 0) / dear.p95, 1)}x" if dear.p95 else "n/a"


def dear_sentence(found: Anomalies) -> str:
    """How many requests are dear, and what they cost."""
    return (
        f"{counted(found.request_count, 'request')} above twice the 95th percentile of their app"
        f" ({usd(found.request_cost)})"
    )


def drill(episode: Episode, zone: tzinfo) -> str:
    """The command that shows the requests of an episode."""
    since, until = (f"{from_us(us, zone):%Y-%m-%dT%H:%M}".removesuffix("T00:00") for us in (episode.start, episode.end))
    chosen = shlex.quote(f"app={name(episode.app) if episode.app else ''}")
    return f"llmcost requests --since {since} --until {until} --where {chosen}"


def rounded(amount: Fraction) -> int:
    """A fraction of nano-USD as whole ones."""
    return round_half_even(amount.numerator, amount.denominator)
