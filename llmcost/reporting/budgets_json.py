"""`budget check`, `status` and `list` as JSON; docs/budgets.md lists the keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from llmcost.core.instants import rfc3339
from llmcost.core.money import round_half_even, usd_text
from llmcost.core.text import redact
from llmcost.reporting.budgets import Outcome, runs_out, verdict_line

if TYPE_CHECKING:
    from llmcost.budgets.check import Standing
    from llmcost.budgets.config import BudgetFile, Remark
    from llmcost.budgets.model import Budget, Measure, Waiver
    from llmcost.pricing.currency import Currency


def render_json(outcome: Outcome) -> str:
    found, verdict = outcome.found, outcome.verdict
    return _dump(
        {
            "schema_version": 1,
            "as_of": rfc3339(found.as_of, found.zone),
            "tz": str(found.zone),
            "file": outcome.place or outcome.file.path,
            "newest_request": None if found.newest is None else rfc3339(found.newest, found.zone),
            "verdict": verdict.word,
            "exit_code": outcome.exit_code,
            "summary": verdict_line(outcome),
            "problems": [redact(problem) for problem in verdict.problems],
            "remarks": _remarks(outcome.file.remarks),
            "budgets": [
                _standing(s, mark, outcome.currency)
                for s, mark in zip(found.standings, verdict.marks, strict=True)
            ],
        }
    )  # fmt: skip


def _standing(s: Standing, mark: str, currency: Currency | None) -> dict[str, Any]:
    zone, measure = s.period.zone, s.limit.measure
    forecast = s.forecast
    day = runs_out(s)
    return {
        **_about(s.budget),
        "window": s.limit.window.name,
        "measure": measure,
        "hard": s.limit.hard,
        "start": rfc3339(s.period.start, zone),
        "end": rfc3339(s.period.end, zone),
        f"limit_{measure}": _amount(s.limit.amount, measure),
        f"spent_{measure}": _amount(s.spent, measure),
        f"reserved_{measure}": _amount(s.reserved, measure),
        f"forecast_{measure}": None if forecast is None else _amount(forecast.nano, measure),
        f"forecast_low_{measure}": None if forecast is None else _amount(forecast.low, measure),
        f"forecast_high_{measure}": None if forecast is None else _amount(forecast.high, measure),
        "forecast_method": None if forecast is None else forecast.method,
        "exhausted_on": None if day is None else day.isoformat(),
        "percent": _percent(s.spent, s.limit.amount),
        "state": s.state,
        "mark": mark,
        "threshold_reached": None if s.reached is None else float(s.reached),
        "throttle_at": None if s.limit.throttle_at is None else float(s.limit.throttle_at),
        "requests": s.requests,
        "unpriced_requests": s.unpriced,
        "waiver": None if s.waiver is None else {**_waiver(s.waiver), "holds": s.waived},
        "currency": _currency(currency or s.budget.currency),
    }


def _about(budget: Budget) -> dict[str, Any]:
    scope: dict[str, list[str]] = {}
    for dimension, value in budget.scope:
        scope.setdefault(dimension, []).append(redact(value))
    return {"name": redact(budget.name), "line": budget.line, "owner": redact(budget.owner) or None, "scope": scope}


def _amount(number: int, measure: Measure) -> str | int:
    return usd_text(number) if measure == "usd" else number


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {"until": waiver.until.isoformat(), "by": redact(waiver.by), "reason": redact(waiver.reason)}


def _currency(currency: Currency) -> dict[str, str]:
    return {"code": currency.code, "usd": currency.rate, "date": currency.date, "layer": currency.layer}


def _remarks(remarks: tuple[Remark, ...]) -> list[dict[str, Any]]:
    return [{"line": remark.line, "text": redact(remark.text)} for remark in remarks]


def _percent(part: int, whole: int) -> float | None:
    """To a tenth of a percent; None of a limit of zero."""
    return round_half_even(part * 1000, whole) / 10 if whole else None


def list_json(file: BudgetFile) -> str:
    budgets = [_budget(budget) for budget in file.budgets]
    return _dump({"schema_version": 1, "file": file.path, "remarks": _remarks(file.remarks), "budgets": budgets})


def _budget(budget: Budget) -> dict[str, Any]:
    return {
        **_about(budget),
        "tz": budget.timezone or None,
        "currency": _currency(budget.currency),
        "limits": [
            {
                "window": limit.window.name,
                "measure": limit.measure,
                "hard": limit.hard,
                f"limit_{limit.measure}": _amount(limit.amount, limit.measure),
                "throttle_at": None if limit.throttle_at is None else float(limit.throttle_at),
            }
            for limit in budget.limits
        ],
        "alert_thresholds": [float(threshold) for threshold in budget.thresholds],
        "notification_channels": [
            {"type": channel.type, "target": channel.shown.partition(": ")[2]} for channel in budget.channels
        ],
        "waivers": [_waiver(waiver) for waiver in budget.waivers],
    }


def _dump(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)
