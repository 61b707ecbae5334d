"""The sentences and figures of a report that its readable formats share."""

from __future__ import annotations

from llmcost.analysis.metrics import Metric
from llmcost.analysis.report import Report
from llmcost.core.instants import Period
from llmcost.ledger.measures import Sums
from llmcost.reporting.numbers import count, counted, decimal, percent, short, usd
from llmcost.reporting.view import cost_usd, days, name

LABELS = {
    "cost_usd": "cost",
    "cost_per_request_usd": "cost per request",
    "cost_per_1k_tokens_usd": "cost per 1k tokens",
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
    "requests": "requests",
    "tokens_per_request": "tokens per request",
    "time_to_first_token_ms": "time to first token",
    "time_per_token_ms": "time per token",
    "throughput_tokens_per_second": "throughput",
    "prompt_cache_token_share": "prompt-cache share of input tokens",
    "response_cache_hit_share": "response-cache hits",
}
_SPANS = {
    "week": "7 complete days", "day": "the last complete day", "month": "the last complete month",
}  # fmt: skip


def title(report: Report) -> str:
    period = report.question.compared.period
    label = _SPANS.get(period.label, period.label)
    return f"LLM spend, {days(period)} ({label}, {period.zone})"


def change(report: Report) -> str:
    """The comparison with the period before."""
    before = report.question.compared.before
    was = report.before["cost"]
    if not report.before["requests"]:
        return f"nothing recorded for {days(before)} to compare with"
    if cost_usd(report.sums) is None or cost_usd(report.before) is None:
        return f"{cost(report.before)} in {_length(before)} before ({days(before)}): no comparison without prices"
    against = f"{usd(was)} in {_length(before)} before ({days(before)})"
    if not was:
        return f"against {against}"
    return f"{percent(report.sums['cost'] - was, was, sign=True)} against {against}"


def _length(period: Period) -> str:
    whole = round((period.end - period.start) / 86_400_000_000)
    return f"the {whole} days" if whole > 1 else "the day" if whole == 1 else "the same time"


def volume(report: Report) -> str:
    usage = report.sums.usage
    each = next(m for m in report.metrics if m.key == "cost_per_request_usd")
    text = (
        f"{_requests(report.sums['requests'])}, {short(usage.tokens)} tokens"
        f" ({short(usage.input_total)} in, {short(usage.output_total)} out)"
    )
    return text if each.value is None else f"{text}, {usd(int(each.value))} per request"


def cautions(report: Report) -> list[str]:
    """What a reader must know before trusting the total."""
    sums = report.sums
    lines = []
    if sums["unpriced"]:
        models = ", ".join(name(group.key[1]) for group in report.unpriced[:3])
        more = f" and {counted(len(report.unpriced) - 3, 'more model')}" if len(report.unpriced) > 3 else ""
        free = sum(g.sums["requests"] - g.sums["unpriced"] for g in report.unpriced if not g.sums["cost"])
        more += f"; {count(free)} more cost nothing" if free else ""
        lines.append(f"not in the cost, for want of a price: {_requests(sums['unpriced'])} ({models}{more})")
    if report.covered.requests:
        lines.append(
            f"covered by subscriptions, at API prices in groups and changes: {_requests(report.covered.requests)}"
        )
    if sums["reported_only"]:
        lines.append(f"at the cost their log reported: {_requests(sums['reported_only'])}")
    if sums["assumed"]:
        lines.append(f"at stand-in rates, for want of rates of their own: {_requests(sums['assumed'])}")
    if sums["partials"]:
        lines.append(f"cut off while streaming, output perhaps incomplete: {_requests(sums['partials'])}")
    return lines


def _requests(number: int) -> str:
    return counted(number, "request")


def paid(report: Report) -> str:
    """What the period cost; what a subscription pays for stands apart, for it was not paid by the token."""
    covered = report.covered
    if not covered.requests or cost_usd(report.sums) is None:
        return cost(report.sums)
    return f"{usd(report.sums['cost'] - covered.cost)}, and {usd(covered.cost)} at API prices that subscriptions cover"


def cost(sums: Sums) -> str:
    """A group's cost; `unpriced` where all that it has lacks a price."""
    return "unpriced" if cost_usd(sums) is None else usd(sums["cost"])


def metric_value(metric: Metric) -> str:
    """A metric with its unit; `not recorded` where the logs lack it."""
    value = metric.value
    if value is None:
        return "not recorded"
    match metric.unit:
        case "usd":
            return usd(int(value))
        case "ms":
            return f"{decimal(value, 1 if value >= 10 else 2)} ms"
        case "share":
            return percent(value.numerator, value.denominator)
        case "tokens/s":
            return f"{decimal(value, 1)} tokens/s"
        case _:
            return count(value) if isinstance(value, int) else decimal(value, 0 if value >= 100 else 1)


def metric_basis(metric: Metric) -> str:
    """`of 900 of 1,000 requests` where a metric does not rest on all of them."""
    rests, of = metric.coverage
    return "" if rests in (of, 0) else f"from {count(rests)} of {count(of)} requests"
