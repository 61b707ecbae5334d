"""A report as JSON: the keys scripts rely on are listed in docs/report.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from llmcost.analysis.anomalies import Anomalies
from llmcost.analysis.report import Report
from llmcost.analysis.variance import Variance
from llmcost.core.instants import Period, rfc3339
from llmcost.core.money import usd_text
from llmcost.ledger.measures import Group, Sums
from llmcost.reporting import why
from llmcost.reporting.view import View, cost_usd, cut, number

SCHEMA_VERSION = 1


def render(report: Report, view: View) -> str:
    period, before = report.question.compared
    groups, rest, others = cut(report.groups, view.top)
    total = report.sums["cost"]
    by = report.question.by
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "period": {
            **_period(period), "label": period.label, "timezone": str(period.zone),
            "newest_request": None if report.newest_us is None else rfc3339(report.newest_us, period.zone),
        },
        "by": list(by),
        "where": [{"dimension": dimension, "value": value} for dimension, value in report.question.where],
        "summary": _summary(report),
        "before": {**_period(before), **_totals(report.before)},
        "groups": [
            {"key": dict(zip(by, group.key, strict=True)), **_totals(group.sums), "share": _share(group.sums, total)}
            for group in groups
        ],
        "other": None if rest is None else {"groups": others, **_totals(rest), "share": _share(rest, total)},
        "trend": [
            {
                "start": rfc3339(point.start, period.zone), "end": rfc3339(point.end, period.zone),
                **_totals(point.sums),
            }
            for point in report.trend
        ],
        "variance": _variance(report.variance),
        "anomalies": _anomalies(report.anomalies, period.zone),
        "unpriced": [
            {
                "provider": group.key[0], "model": group.key[1], "requests": group.sums["unpriced"],
            }
            for group in report.unpriced
        ],
        "price_layers": list(report.layers),
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=2)


def _variance(variance: Variance) -> dict[str, Any]:
    return {
        "change_usd": usd_text(variance.change),
        **_causes(variance.causes),
        "rows": [
            {
                "app": row.app, "provider": row.provider, "model": row.model, "cost_usd": usd_text(row.cost),
                "before_usd": usd_text(row.before), "change_usd": usd_text(row.change), **_causes(row.causes),
            }
            for row in variance.rows
        ],
    }  # fmt: skip


def _causes(causes: Mapping[str, int]) -> dict[str, str]:
    return {f"{cause}_usd": usd_text(nano) for cause, nano in causes.items()}


def _anomalies(found: Anomalies | None, zone: tzinfo) -> list[dict[str, Any]] | None:
    """Unusual days and hours first, then requests; each by the money it is about."""
    if found is None:
        return None
    return [
        *(
            {
                "kind": "spend", "app": each.app, "start": rfc3339(each.start, zone), "end": rfc3339(each.end, zone),
                "cost_usd": usd_text(each.cost), "expected_usd": usd_text(each.expected),
                "excess_usd": usd_text(each.excess),
                "explained": [
                    {"dimension": one.dimension, "value": one.value, "excess_usd": usd_text(one.excess)}
                    for one in each.explained
                ],
            }
            for each in found.episodes
        ),
        *(
            {
                "kind": "request", "app": record.app, "timestamp": rfc3339(record.ts, zone), "identity": record.id,
                "provider": record.provider, "model": record.model, "user": record.user, "session": record.session,
                "cost_usd": usd_text(each.stored.priced.cost or 0), "p95_usd": usd_text(why.rounded(each.p95)),
                "mean_usd": usd_text(why.rounded(each.mean)),
            }
            for each in found.requests
            for record in [each.stored.priced.record]
        ),
    ]  # fmt: skip


def _period(period: Period) -> dict[str, str]:
    return {"start": rfc3339(period.start, period.zone), "end": rfc3339(period.end, period.zone)}


def _totals(sums: Sums) -> dict[str, Any]:
    usage = sums.usage
    return {
        "cost_usd": cost_usd(sums),
        "requests": sums["requests"],
        "input_tokens": usage.input_total,
        "cached_input_tokens": usage.cached_total,
        "output_tokens": usage.output_total,
        "unpriced_requests": sums["unpriced"],
    }


def _summary(report: Report) -> dict[str, Any]:
    sums, usage = report.sums, report.sums.usage
    known = cost_usd(sums) is not None and cost_usd(report.before) is not None
    change = sums["cost"] - report.before["cost"]
    summary: dict[str, Any] = {
        **_totals(sums),
        "cache_write_tokens": usage.write_5m + usage.write_1h,
        "reasoning_tokens": usage.reasoning,
        "error_requests": sums["errors"],
        "partial_requests": sums["partials"],
        "assumed_rate_requests": sums["assumed"],
        "reported_cost_usd": usd_text(sums["reported"]) if sums["reported_n"] else None,
        "reported_cost_requests": sums["reported_n"],
        "cost_from_reports_requests": sums["reported_only"],
        "change_usd": usd_text(change) if known else None,
        "change_share": round(change / report.before["cost"], 6) if known and report.before["cost"] else None,
        "cost_parts_usd": {part: usd_text(nano) for part, nano in sums.parts.items() if nano},
        "cost_by_model": _costs(report.models),
        "cost_by_app": _costs(report.apps),
        "paid_usd": None if cost_usd(sums) is None else usd_text(sums["cost"] - report.covered.cost),
        "covered_requests": report.covered.requests,
        "covered_usd": usd_text(report.covered.cost),
        "dear_requests": None if report.anomalies is None else report.anomalies.request_count,
        "dear_requests_usd": None if report.anomalies is None else usd_text(report.anomalies.request_cost),
        "coverage": {},
    }
    for metric in report.metrics:
        if metric.unit == "usd":
            if metric.key not in summary:
                summary[metric.key] = None if metric.value is None else usd_text(int(metric.value))
        else:
            summary[metric.key] = number(metric)
        summary["coverage"][metric.key] = metric.coverage._asdict()
    return summary


def _costs(groups: Sequence[Group]) -> dict[str, str | None]:
    return {group.key[0]: cost_usd(group.sums) for group in groups}


def _share(sums: Sums, total: int) -> float | None:
    return round(sums["cost"] / total, 6) if total else None
